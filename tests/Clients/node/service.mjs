// Where the service is that tests/Clients/run.sh started, and what its models say.
function address(variable) {
  const value = process.env[variable];
  if (!value) throw new Error(`${variable} must be set: tests/Clients/run.sh does it`);
  return `${value}/v1`;
}

/** The demo model. */
export const demo = address('AKKACP_DEMO');

/** The model that does as it is told. */
export const scripted = address('AKKACP_SCRIPTED');

/** The same, for those with the key alone. */
export const keyed = scripted.replace(/\/v1$/, '/keyed/v1');

export const model = 'demo';

/** What the demo model was taught, and says without sampling. */
export const question = 'What is 3 + 4?';
export const answer = '3 + 4 = 7\n#### 7';
export const usage = { prompt_tokens: 17, completion_tokens: 12, total_tokens: 29 };

export const ask = (content = question) => [{ role: 'user', content }];

export async function all(stream) {
  const items = [];
  for await (const item of stream) items.push(item);
  return items;
}

/** Waits until the demo model computes nothing. */
export async function idle() {
  for (const end = Date.now() + 30_000; ; ) {
    const health = await (await fetch(new URL('/health', demo))).json();
    if (health.requests_running === 0) return;
    if (Date.now() > end) throw new Error(JSON.stringify(health));
    await new Promise(done => setTimeout(done, 20));
  }
}

// OpenAI's client against akkacp serve, or an application with MapAkkaCp. Node 22.18 or newer runs TypeScript as it is:
//   npm install && node chat.ts http://127.0.0.1:8080/v1 [KEY]
import OpenAI from 'openai';

const [baseURL = 'http://127.0.0.1:8080/v1', apiKey = 'none'] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, timeout: 30 * 60_000 });
const question = 'Ada has 61 shells. Ivan gives Ada 33 more. How many shells does Ada have now?';

// 1. Streamed, as it is written. A prompt of many thousand tokens takes minutes: the service keeps the stream alive meanwhile.
const stream = await client.chat.completions.create({
  model: 'demo',
  messages: [{ role: 'user', content: question }],
  temperature: 0,
  stream: true,
  stream_options: { include_usage: true },
});
for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta.content ?? '');
  if (chunk.usage) console.log(`\n(${chunk.usage.prompt_tokens} + ${chunk.usage.completion_tokens} tokens)`);
}

// 2. What is wrong is said by name, before anything is computed.
try {
  await client.chat.completions.create({ model: 'demo', messages: [], temperature: 0 });
} catch (error) {
  if (!(error instanceof OpenAI.BadRequestError)) throw error;
  console.log(`${error.status} ${error.param}: ${error.message}`);
}

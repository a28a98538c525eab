// The official client of JavaScript, npm's openai, in front of the demo model.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import OpenAI from 'openai';
import { all, answer, ask, demo, idle, model, question, scripted, usage } from './service.mjs';

const client = new OpenAI({ baseURL: demo, apiKey: 'none' });
const told = new OpenAI({ baseURL: scripted, apiKey: 'none' });
const chat = (body, options) => client.chat.completions.create({ model, messages: ask(), ...body }, options);
const textOf = chunks => chunks.map(chunk => chunk.choices[0]?.delta.content ?? '').join('');

suite('openai', () => {
  test('a whole answer has text, reason, counts and names', async () => {
    const whole = await chat();

    assert.deepEqual(whole.choices, [{
      index: 0, message: { role: 'assistant', content: answer, refusal: null }, logprobs: null, finish_reason: 'stop',
    }]);
    assert.deepEqual(whole.usage, { ...whole.usage, ...usage });
    assert.match(whole.id, /^chatcmpl-/);
    assert.equal(whole.object, 'chat.completion');
    assert.equal(whole.model, model);
    assert.ok(Math.abs(whole.created - Date.now() / 1000) < 60);
    assert.match(whole._request_id, /^req_/);
  });

  test('a stream is the whole answer, its role once, its reason once', async () => {
    const chunks = await all(await chat({ stream: true }));

    assert.equal(textOf(chunks), answer);
    assert.equal(new Set(chunks.map(chunk => chunk.id)).size, 1);
    assert.equal(new Set(chunks.map(chunk => chunk.created)).size, 1);
    assert.deepEqual(chunks.map(chunk => chunk.choices[0].delta.role).filter(Boolean), ['assistant']);
    assert.deepEqual(chunks.map(chunk => chunk.choices[0].finish_reason).filter(reason => reason !== null), ['stop']);
    assert.ok(chunks.every(chunk => chunk.object === 'chat.completion.chunk' && !('usage' in chunk)));
  });

  test('a stream counts tokens where it is asked to, in a chunk of its own', async () => {
    const chunks = await all(await chat({ stream: true, stream_options: { include_usage: true } }));

    assert.deepEqual(chunks.at(-1).choices, []);
    assert.deepEqual(chunks.at(-1).usage, { ...chunks.at(-1).usage, ...usage });
    assert.ok(chunks.slice(0, -1).every(chunk => chunk.usage === null));
  });

  test('stream() gives events, and the whole answer at its end', async () => {
    const heard = { deltas: '', content: [], chunks: 0, ended: false };
    const stream = client.chat.completions.stream({ model, messages: ask(), stream_options: { include_usage: true } })
      .on('content.delta', event => (heard.deltas += event.delta))
      .on('content', (_, snapshot) => heard.content.push(snapshot))
      .on('chunk', () => heard.chunks++)
      .on('end', () => (heard.ended = true));
    const final = await stream.finalChatCompletion();

    assert.equal(heard.deltas, answer);
    assert.equal(heard.content.at(-1), answer);
    assert.ok(heard.chunks > 5 && heard.ended);
    assert.equal(final.choices[0].message.content, answer);
    assert.equal(final.choices[0].finish_reason, 'stop');
    assert.deepEqual(await stream.totalUsage(), { ...(await stream.totalUsage()), ...usage });
    assert.equal(await stream.finalContent(), answer);
  });

  test('stream() takes several choices, each the one of its seed', async () => {
    const body = { model, messages: ask('tell me'), temperature: 1.5, seed: 11, max_tokens: 12 };
    const several = await client.chat.completions.stream({ ...body, n: 3 }).finalChatCompletion();
    const ones = await Promise.all([11, 12, 13].map(seed => chat({ ...body, seed })));

    assert.deepEqual(several.choices.map(choice => choice.index), [0, 1, 2]);
    assert.deepEqual(several.choices.map(choice => choice.message.content), ones.map(one => one.choices[0].message.content));
    assert.ok(new Set(several.choices.map(choice => choice.message.content)).size > 1);
  });

  test('a stream goes through toReadableStream and back', async () => {
    const stream = await chat({ stream: true });
    const { Stream } = await import('openai/streaming');
    const back = await all(Stream.fromReadableStream(stream.toReadableStream(), new AbortController()));

    assert.equal(textOf(back), answer);
  });

  test('stop strings end the answer, and no part of them shows', async () => {
    for (const [stop, text] of [[' =', '3 + 4'], [['4', 'x'], '3 + '], [['####'], '3 + 4 = 7\n']]) {
      const whole = await chat({ stop });
      const streamed = await all(await chat({ stop, stream: true }));
      assert.deepEqual([whole.choices[0].message.content, whole.choices[0].finish_reason], [text, 'stop']);
      assert.equal(textOf(streamed), text);
    }
  });

  test('an answer that is cut says so, by either name of the limit', async () => {
    for (const limit of [{ max_tokens: 3 }, { max_completion_tokens: 3 }]) {
      const { choices: [choice], usage: counted } = await chat(limit);
      assert.deepEqual([choice.message.content, choice.finish_reason, counted.completion_tokens], ['3 + ', 'length', 3]);
    }
  });

  test('seeds name answers, and without one they are random', async () => {
    const text = async seed =>
      (await chat({ messages: ask('tell me'), temperature: 2, max_tokens: 24, seed })).choices[0].message.content;

    assert.equal(await text(7), await text(7));
    assert.notEqual(await text(7), await text(8));
    assert.notEqual(await text(), await text());
  });

  test('log-probabilities are of the tokens of the answer, streamed as whole', async () => {
    const body = { logprobs: true, top_logprobs: 2 };
    const whole = (await chat(body)).choices[0].logprobs;
    const streamed = (await all(await chat({ ...body, stream: true }))).flatMap(chunk => chunk.choices[0].logprobs?.content ?? []);

    assert.deepEqual(streamed, whole.content);
    assert.equal(Buffer.from(whole.content.flatMap(token => token.bytes)).toString(), answer);
    assert.ok(whole.content.every(token => token.logprob <= 0 && token.top_logprobs.length === 2));
    assert.ok(whole.content.every(token => token.top_logprobs[0].token === token.token));
  });

  test('history takes answers as they came', async () => {
    const first = await chat();
    const messages = [...ask(), first.choices[0].message, ...ask('What is 2 + 2?')];
    const second = await chat({ messages });
    const roles = await told.chat.completions.create({
      model, messages: [{ role: 'developer', content: 'be short' }, ...ask('one'), first.choices[0].message, ...ask('roles')],
    });

    assert.ok(second.usage.prompt_tokens > first.usage.total_tokens);
    assert.equal(textOf(await all(await chat({ messages, stream: true }))), second.choices[0].message.content);
    assert.equal(roles.choices[0].message.content, 'system user assistant user');
  });

  test('a prompt that was computed is not computed again, and the answer is the same', async () => {
    const messages = ask(`${crypto.randomUUID()} ${'one more word '.repeat(60)}`);
    const [cold, warm] = [await chat({ messages, max_tokens: 12 }), await chat({ messages, max_tokens: 12 })];
    const streamed = await all(await chat({ messages, max_tokens: 12, stream: true, stream_options: { include_usage: true } }));

    assert.equal(cold.usage.prompt_tokens_details.cached_tokens, 0);
    assert.ok(warm.usage.prompt_tokens_details.cached_tokens > warm.usage.prompt_tokens / 2);
    assert.deepEqual(streamed.at(-1).usage, warm.usage);
    assert.deepEqual(warm.choices, cold.choices);
    assert.equal(textOf(streamed), cold.choices[0].message.content);
  });

  test('thoughts are apart from the answer', async () => {
    const body = { model, messages: ask('think it over | so it is') };
    const whole = (await told.chat.completions.create(body)).choices[0].message;
    const chunks = await all(await told.chat.completions.create({ ...body, stream: true }));

    assert.deepEqual([whole.reasoning_content, whole.content], ['it over', 'so it is']);
    assert.equal(chunks.map(chunk => chunk.choices[0].delta.reasoning_content ?? '').join(''), 'it over');
    assert.equal(textOf(chunks), 'so it is');
  });

  test('characters arrive whole', async () => {
    const text = '日本語 😀 naïve "quoted" \\ Ω';
    const chunks = await all(await told.chat.completions.create({ model, messages: ask(text), stream: true }));

    assert.equal(textOf(chunks), text);
    assert.ok(chunks.every(chunk => !/\uFFFD|[\uD800-\uDBFF]$/.test(chunk.choices[0]?.delta.content ?? '')));
  });

  test('models are listed and found', async () => {
    assert.deepEqual((await all(client.models.list())).map(entry => entry.id), [model]);
    const one = await client.models.retrieve(model);
    assert.deepEqual([one.id, one.object, one.owned_by], [model, 'model', 'akka-cp']);
  });

  test('raw answers have their headers', async () => {
    const { data, response } = await chat({ max_tokens: 1 }, {}).withResponse();

    assert.equal(data.choices[0].message.content, '3');
    assert.match(response.headers.get('x-request-id'), /^req_/);
    assert.match(response.headers.get('content-type'), /^application\/json/);
    const stream = await chat({ stream: true }).asResponse();
    assert.match(stream.headers.get('content-type'), /^text\/event-stream/);
    assert.match(await stream.text(), /\n\ndata: \[DONE\]\n\n$/);
  });

  test('thirty-two at once get their own answers', async () => {
    const texts = await Promise.all(Array.from({ length: 32 }, async (_, i) => {
      const body = { messages: ask(`What is ${i >> 1} + 4?`) };
      return i % 2 ? (await chat(body)).choices[0].message.content : textOf(await all(await chat({ ...body, stream: true })));
    }));

    for (let i = 0; i < 32; i += 2) assert.equal(texts[i], texts[i + 1]);
    assert.equal(texts[6], answer);
  });

  test('a client that leaves is gone, in a stream and before an answer', async () => {
    const endless = { messages: ask('tell me'), ignore_eos: true, max_tokens: 4000 };
    const stream = await chat({ ...endless, stream: true });
    let chunks = 0;
    for await (const _ of stream) {
      if (++chunks === 5) stream.controller.abort();
    }
    assert.ok(chunks >= 5 && chunks < 4000);
    await assert.rejects(chat(endless, { signal: AbortSignal.timeout(200) }), OpenAI.APIUserAbortError);
    await assert.rejects(chat(endless, { timeout: 200, maxRetries: 0 }), OpenAI.APIConnectionTimeoutError);
    const helper = client.chat.completions.stream({ model, ...endless });
    helper.once('content', () => helper.abort());
    await assert.rejects(helper.done(), OpenAI.APIUserAbortError);
    await idle();
  });
});

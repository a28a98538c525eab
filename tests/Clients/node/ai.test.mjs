// npm's ai (Vercel's SDK), with its provider for compatible services and with OpenAI's own in chat mode.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, generateText, isStepCount, streamText, tool } from 'ai';
import { z } from 'zod';
import { all, answer, demo, idle, keyed, model, question, scripted, usage } from './service.mjs';

const providers = {
  '@ai-sdk/openai-compatible': (baseURL, apiKey = 'none') =>
    createOpenAICompatible({ name: 'akkacp', baseURL, apiKey, includeUsage: true }).chatModel(model),
  '@ai-sdk/openai': (baseURL, apiKey = 'none') => createOpenAI({ baseURL, apiKey }).chat(model),
};
const counts = ({ inputTokens, outputTokens, totalTokens }) => [inputTokens, outputTokens, totalTokens];
const counted = [usage.prompt_tokens, usage.completion_tokens, usage.total_tokens];

for (const [name, at] of Object.entries(providers)) {
  suite(`ai with ${name}`, () => {
    test('a whole answer has text, reason, counts and names', async () => {
      const result = await generateText({ model: at(demo), prompt: question });

      assert.deepEqual([result.text, result.finishReason], [answer, 'stop']);
      assert.deepEqual(counts(result.usage), counted);
      assert.match(result.response.id, /^chatcmpl-/);
      assert.equal(result.response.modelId, model);
      assert.ok(Math.abs(result.response.timestamp - Date.now()) < 60_000);
      assert.deepEqual(result.warnings ?? [], []);
    });

    test('a stream is the whole answer', async () => {
      const result = streamText({ model: at(demo), prompt: question });
      const pieces = await all(result.textStream);

      assert.equal(pieces.join(''), answer);
      assert.ok(pieces.length > 5);
      assert.equal(await result.finishReason, 'stop');
      assert.deepEqual(counts(await result.usage), counted);
      assert.match((await result.response).id, /^chatcmpl-/);
    });

    test('settings are honoured', async () => {
      const ask = settings => generateText({ model: at(demo), prompt: 'tell me', maxOutputTokens: 24, ...settings });
      const sampled = { temperature: 1.9, topP: 0.99, presencePenalty: 0.5, frequencyPenalty: 0.5 };
      const [one, again, other] = await Promise.all([7, 7, 8].map(seed => ask({ ...sampled, seed })));
      const cut = await generateText({ model: at(demo), prompt: question, maxOutputTokens: 3 });
      const stopped = await generateText({ model: at(demo), prompt: question, stopSequences: [' ='] });

      assert.equal(one.text, again.text);
      assert.notEqual(one.text, other.text);
      assert.deepEqual([cut.text, cut.finishReason, cut.usage.outputTokens], ['3 + ', 'length', 3]);
      assert.deepEqual([stopped.text, stopped.finishReason], ['3 + 4', 'stop']);
    });

    test('history and instructions reach the model', async () => {
      const { text } = await generateText({
        model: at(scripted), instructions: 'be short', messages: [
          { role: 'user', content: [{ type: 'text', text: 'one' }] }, { role: 'assistant', content: 'two' },
          { role: 'user', content: 'roles' },
        ],
      });

      assert.equal(text, 'system user assistant user');
    });

    for (const isStreamed of [false, true]) {
      test(`tools are called and their results answered, ${isStreamed ? 'streamed' : 'whole'}`, async () => {
        const ran = [];
        const asked = {
          model: at(scripted), prompt: 'call add {"a": 2, "b": 40}\ncall shout {"text": "日本"}', stopWhen: isStepCount(4),
          tools: {
            add: tool({
              description: 'Adds', inputSchema: z.object({ a: z.number(), b: z.number() }),
              execute: async ({ a, b }) => (ran.push([a, b]), a + b),
            }),
            shout: tool({ inputSchema: z.object({ text: z.string() }), execute: async ({ text }) => `${text}!` }),
          },
        };
        const result = isStreamed ? streamText(asked) : await generateText(asked);
        const steps = await result.steps;

        assert.deepEqual(ran, [[2, 40]]);
        assert.equal(await result.text, 'results: 42, 日本!');
        assert.deepEqual(steps.map(step => step.finishReason), ['tool-calls', 'stop']);
        assert.deepEqual(
          steps[0].toolCalls.map(call => [call.toolName, call.input]), [['add', { a: 2, b: 40 }], ['shout', { text: '日本' }]]);
        assert.equal(new Set(steps[0].toolCalls.map(call => call.toolCallId)).size, 2);
      });
    }

    test('toolChoice none hides the tools', async () => {
      const { text, toolCalls } = await generateText({
        model: at(scripted), prompt: 'call add {}', toolChoice: 'none', tools: { add: tool({ inputSchema: z.object({}) }) },
      });

      assert.deepEqual([text, toolCalls], ['no tools', []]);
    });

    test('errors keep status and body', async () => {
      const errors = await Promise.all([
        generateText({ model: at(demo), prompt: question, temperature: -1 }),
        generateText({ model: at(keyed, 'sk-wrong'), prompt: question }),
      ].map(promise => promise.then(() => assert.fail('no error'), error => error)));

      assert.ok(errors.every(error => APICallError.isInstance(error)));
      assert.deepEqual(errors.map(error => error.statusCode), [400, 401]);
      assert.deepEqual(errors.map(error => JSON.parse(error.responseBody).error.param), ['temperature', null]);
      assert.ok(errors.every(error => !error.isRetryable));
    });

    test('a busy service is asked again', async () => {
      const { text } = await generateText({ model: at(scripted), prompt: `busy ${crypto.randomUUID()}`, maxRetries: 1 });

      assert.match(text, /^busy /);
    });

    test('a failure in a stream is an error part', async () => {
      const result = streamText({ model: at(scripted), prompt: 'fail in the middle', onError: () => {} });
      const parts = await all(result.stream);

      assert.equal(parts.filter(part => part.type === 'text-delta').map(part => part.text).join(''), 'in the middle');
      assert.ok(parts.some(part => part.type === 'error'), parts.map(part => part.type).join(' '));
    });

    test('a client that leaves is gone', async () => {
      const leave = new AbortController();
      const result = streamText({
        model: at(demo), prompt: 'tell me', temperature: 2, maxOutputTokens: 4000, abortSignal: leave.signal,
        onChunk: () => leave.abort(), onError: () => {},
      });
      const parts = await all(result.stream);

      assert.ok(parts.some(part => part.type === 'abort'), parts.map(part => part.type).join(' '));
      await idle();
    });
  });
}

suite('ai with @ai-sdk/openai-compatible, thoughts', () => {
  test('are apart from the answer, whole and streamed', async () => {
    const asked = { model: providers['@ai-sdk/openai-compatible'](scripted), prompt: 'think it over | so it is' };
    const whole = await generateText(asked);
    const streamed = streamText(asked);

    assert.deepEqual([whole.reasoningText, whole.text], ['it over', 'so it is']);
    assert.deepEqual([await streamed.reasoningText, await streamed.text], ['it over', 'so it is']);
  });
});

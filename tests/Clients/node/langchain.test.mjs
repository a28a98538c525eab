// npm's @langchain/openai.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { AIMessage, HumanMessage, SystemMessage, ToolMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import { z } from 'zod';
import { all, answer, demo, keyed, model, question, scripted, usage } from './service.mjs';

const at = (baseURL, settings) => new ChatOpenAI({ model, apiKey: 'none', configuration: { baseURL }, ...settings });
const counted = [usage.prompt_tokens, usage.completion_tokens, usage.total_tokens];
const counts = message =>
  [message.usage_metadata.input_tokens, message.usage_metadata.output_tokens, message.usage_metadata.total_tokens];
const add = tool(({ a, b }) => a + b, { name: 'add', description: 'Adds', schema: z.object({ a: z.number(), b: z.number() }) });

suite('@langchain/openai', () => {
  test('a whole answer has text, reason and counts', async () => {
    const message = await at(demo).invoke(question);

    assert.ok(message instanceof AIMessage);
    assert.equal(message.content, answer);
    assert.deepEqual(counts(message), counted);
    assert.equal(message.response_metadata.finish_reason, 'stop');
    assert.match(message.id, /^chatcmpl-/);
    assert.deepEqual(message.tool_calls, []);
  });

  test('a stream adds up to the whole answer', async () => {
    const chunks = await all(await at(demo).stream(question));
    const sum = chunks.reduce((left, right) => left.concat(right));

    assert.equal(sum.content, answer);
    assert.deepEqual(counts(sum), counted);
    assert.ok(chunks.length > 5);
  });

  test('settings are honoured', async () => {
    const text = async (seed, settings) =>
      (await at(demo, { temperature: 2, maxTokens: 24, ...settings }).invoke('tell me', { seed })).content;
    const cut = await at(demo, { maxTokens: 3 }).invoke(question);
    const stopped = await at(demo, { stop: [' ='] }).invoke(question);

    assert.equal(await text(7), await text(7));
    assert.notEqual(await text(7), await text(8));
    assert.deepEqual([cut.content, cut.response_metadata.finish_reason], ['3 + ', 'length']);
    assert.equal(stopped.content, '3 + 4');
  });

  test('log-probabilities are of the tokens', async () => {
    const message = await at(demo, { logprobs: true, topLogprobs: 2 }).invoke(question);

    assert.equal(message.response_metadata.logprobs.content.map(token => token.token).join(''), answer);
  });

  test('history reaches the model', async () => {
    const message = await at(scripted).invoke(
      [new SystemMessage('be short'), new HumanMessage('one'), new AIMessage('two'), new HumanMessage('roles')]);

    assert.equal(message.content, 'system user assistant user');
  });

  test('tools are called, whole and streamed, and their results answered', async () => {
    const bound = at(scripted).bindTools([add]);
    const messages = [new HumanMessage('call add {"a": 2, "b": 40}')];
    const whole = await bound.invoke(messages);
    const streamed = (await all(await bound.stream(messages))).reduce((left, right) => left.concat(right));
    const results = await Promise.all(whole.tool_calls.map(call => add.invoke(call)));
    const last = await bound.invoke([...messages, whole, ...results]);

    assert.deepEqual(whole.tool_calls.map(call => [call.name, call.args]), [['add', { a: 2, b: 40 }]]);
    assert.deepEqual(streamed.tool_calls.map(call => [call.name, call.args]), [['add', { a: 2, b: 40 }]]);
    assert.equal(whole.response_metadata.finish_reason, 'tool_calls');
    assert.ok(results[0] instanceof ToolMessage && results[0].tool_call_id === whole.tool_calls[0].id);
    assert.equal(last.content, 'results: 42');
  });

  test('tool_choice none hides the tools', async () => {
    const message = await at(scripted).bindTools([add], { tool_choice: 'none' }).invoke('call add {}');

    assert.deepEqual([message.content, message.tool_calls], ['no tools', []]);
  });

  test('batches keep their order', async () => {
    const messages = await at(scripted).batch(['one', 'two', 'three', 'four']);

    assert.deepEqual(messages.map(message => message.content), ['one', 'two', 'three', 'four']);
  });

  test('several choices are several generations', async () => {
    const several = at(demo, { n: 3, temperature: 2, maxTokens: 12 });
    const { generations: [choices], llmOutput } = await several.generate([[new HumanMessage('tell me')]]);

    assert.equal(choices.length, 3);
    assert.ok(new Set(choices.map(choice => choice.text)).size > 1);
    assert.ok(llmOutput.tokenUsage.completionTokens > 3);
  });

  test('errors keep status and code', async () => {
    const errors = await Promise.all([
      at(demo, { temperature: -1, maxRetries: 0 }).invoke(question),
      at(keyed, { apiKey: 'sk-wrong', maxRetries: 0 }).invoke(question),
    ].map(promise => promise.then(() => assert.fail('no error'), error => error)));

    assert.deepEqual(errors.map(error => error.status), [400, 401]);
    assert.deepEqual(errors.map(error => error.param ?? error.code), ['temperature', 'invalid_api_key']);
  });

  test('a client that leaves is gone', async () => {
    const leave = new AbortController();
    await assert.rejects(async () => {
      for await (const _ of await at(demo, { temperature: 2 }).stream('tell me', { signal: leave.signal })) leave.abort();
    });
  });
});

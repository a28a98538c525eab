// Tools with npm's openai, in front of a model that calls them.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import OpenAI from 'openai';
import { all, ask, model, scripted } from './service.mjs';

const client = new OpenAI({ baseURL: scripted, apiKey: 'none' });
const twoCalls = 'call add {"a": 1, "b": 2}\ncall shout {"text": "日本 \\"x\\""}';
const schema = (name, properties) => ({ type: 'function', function: { name, parameters: { type: 'object', properties } } });
const tools = [schema('add', { a: { type: 'integer' }, b: { type: 'integer' } }), schema('shout', { text: { type: 'string' } })];
const create = body => client.chat.completions.create({ model, messages: ask(twoCalls), tools, ...body });

// The same with what they do, for the helper that runs them.
const running = ran => [
  { type: 'function', function: { ...tools[0].function, parse: JSON.parse, function: ({ a, b }) => (ran.push([a, b]), String(a + b)) } },
  { type: 'function', function: { ...tools[1].function, parse: JSON.parse, function: ({ text }) => (ran.push(text), text.toUpperCase()) } },
];

suite('openai, tools', () => {
  test('calls have names, ids and JSON in a string', async () => {
    const { choices: [{ message, finish_reason }] } = await create();

    assert.equal(finish_reason, 'tool_calls');
    assert.equal(message.content, null);
    assert.deepEqual(message.tool_calls.map(call => [call.type, call.function.name]), [['function', 'add'], ['function', 'shout']]);
    assert.equal(new Set(message.tool_calls.map(call => call.id)).size, 2);
    assert.deepEqual(message.tool_calls.map(call => JSON.parse(call.function.arguments)), [{ a: 1, b: 2 }, { text: '日本 "x"' }]);
  });

  test('stream() puts streamed calls together', async () => {
    const whole = (await create()).choices[0].message.tool_calls;
    const done = [];
    const stream = client.chat.completions.stream({ model, messages: ask(twoCalls), tools })
      .on('tool_calls.function.arguments.done', event => done.push([event.index, event.name, event.arguments]));
    const final = await stream.finalChatCompletion();

    assert.deepEqual(done, whole.map((call, index) => [index, call.function.name, call.function.arguments]));
    assert.deepEqual(
      final.choices[0].message.tool_calls.map(call => [call.type, call.function.name, call.function.arguments]),
      whole.map(call => [call.type, call.function.name, call.function.arguments]));
    assert.equal(final.choices[0].finish_reason, 'tool_calls');
  });

  test('every delta of a call has its index, the first one its id, type and name', async () => {
    const deltas = (await all(await create({ stream: true }))).flatMap(chunk => chunk.choices[0].delta.tool_calls ?? []);
    const seen = new Set();
    for (const delta of deltas) {
      assert.equal(typeof delta.index, 'number');
      if (!seen.has(delta.index)) assert.ok(delta.id && delta.type === 'function' && delta.function.name);
      seen.add(delta.index);
    }
    assert.deepEqual([...seen], [0, 1]);
  });

  test('runTools calls what the model calls, and ends with its answer', async () => {
    const ran = [];
    const runner = client.chat.completions.runTools({ model, messages: ask(twoCalls), tools: running(ran), tool_choice: 'auto' });
    const results = [];
    runner.on('functionToolCallResult', result => results.push(result));

    assert.equal(await runner.finalContent(), 'results: 3, 日本 "X"');
    assert.deepEqual(ran, [[1, 2], '日本 "x"']);
    assert.deepEqual(results, ['3', '日本 "X"']);
    assert.deepEqual(runner.messages.map(message => message.role), ['user', 'assistant', 'tool', 'tool', 'assistant']);
  });

  test('runTools streams', async () => {
    const ran = [];
    const runner = client.chat.completions.runTools({ model, messages: ask(twoCalls), tools: running(ran), stream: true });
    const chunks = await all(runner);

    assert.equal(await runner.finalContent(), 'results: 3, 日本 "X"');
    assert.deepEqual(ran, [[1, 2], '日本 "x"']);
    assert.equal(new Set(chunks.map(chunk => chunk.id)).size, 2);
  });

  test('results without a helper go back in their order', async () => {
    const { message } = (await create()).choices[0];
    const results = message.tool_calls.map((call, i) => ({ role: 'tool', tool_call_id: call.id, content: `result ${i}` }));
    const next = await create({ messages: [...ask(twoCalls), message, ...results] });

    assert.deepEqual([next.choices[0].message.content, next.choices[0].finish_reason], ['results: result 0, result 1', 'stop']);
  });

  test('tool_choice none hides the tools', async () => {
    const { choices: [choice] } = await create({ tool_choice: 'none' });

    assert.deepEqual([choice.message.content, choice.finish_reason, choice.message.tool_calls], ['no tools', 'stop', undefined]);
  });

  test('a call that is cut is none', async () => {
    const { choices: [choice] } = await create({ max_tokens: 20 });

    assert.deepEqual([choice.finish_reason, choice.message.tool_calls], ['length', undefined]);
  });

  test('what must be forced is refused by its name', async () => {
    for (const [body, param] of [
      [{ tool_choice: 'required' }, 'tool_choice'],
      [{ tool_choice: { type: 'function', function: { name: 'add' } } }, 'tool_choice'],
      [{ parallel_tool_calls: false }, 'parallel_tool_calls'],
      [{ functions: [{ name: 'add' }] }, 'functions'],
    ]) {
      await assert.rejects(create(body), error => error instanceof OpenAI.BadRequestError && error.param === param);
    }
  });
});

// What npm's openai makes of refusals and failures.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import OpenAI from 'openai';
import { ask, demo, keyed, model, question, scripted } from './service.mjs';

const client = new OpenAI({ baseURL: demo, apiKey: 'none', maxRetries: 0 });
const told = new OpenAI({ baseURL: scripted, apiKey: 'none', maxRetries: 0 });
const chat = (body, from = client) => from.chat.completions.create({ model, messages: ask(), ...body });

async function failure(promise, kind) {
  const error = await promise.then(() => assert.fail('no error'), error => error);
  assert.ok(error instanceof kind, `${error}`);
  assert.deepEqual(Object.keys(error.error), ['message', 'type', 'param', 'code']);
  assert.match(error.requestID, /^req_/);
  return error;
}

suite('openai, errors', () => {
  test('a model that is not here is a NotFoundError', async () => {
    for (const call of [
      () => chat({ model: 'gpt-9' }), () => chat({ model: 'gpt-9', stream: true }), () => client.models.retrieve('gpt-9'),
    ]) {
      const error = await failure(call(), OpenAI.NotFoundError);
      assert.deepEqual([error.status, error.code, error.param], [404, 'model_not_found', 'model']);
    }
  });

  test('wrong values are BadRequestErrors that name their field', async () => {
    for (const [body, param] of [
      [{ temperature: -1 }, 'temperature'], [{ top_p: 1.5 }, 'top_p'], [{ n: 0 }, 'n'], [{ n: 1.5 }, 'n'],
      [{ max_tokens: 0 }, 'max_tokens'], [{ logprobs: true, top_logprobs: 21 }, 'top_logprobs'], [{ seed: 'x' }, 'seed'],
      [{ messages: [] }, 'messages'], [{ messages: [{ role: 'king', content: 'x' }] }, 'messages[0].role'],
      [{ repetition_penalti: 1 }, 'repetition_penalti'], [{ response_format: { type: 'json_object' } }, 'response_format'],
      [{ stream_options: { include_usage: true } }, 'stream_options'],
    ]) {
      const error = await failure(chat(body), OpenAI.BadRequestError);
      assert.deepEqual([error.status, error.param, error.type], [400, param, 'invalid_request_error'], JSON.stringify(body));
    }
  });

  test('too long a prompt has its code, in a stream too', async () => {
    for (const stream of [false, true]) {
      const error = await failure(chat({ messages: ask('word '.repeat(20_000)), stream }), OpenAI.BadRequestError);
      assert.deepEqual([error.code, error.param], ['context_length_exceeded', 'messages']);
      assert.ok(error.message.length < 4096 && !error.message.includes('word word'));
    }
  });

  test('a wrong key is an AuthenticationError', async () => {
    const wrong = new OpenAI({ baseURL: keyed, apiKey: 'sk-wrong' });
    const right = new OpenAI({ baseURL: keyed, apiKey: 'sk-right' });
    const error = await failure(chat({}, wrong), OpenAI.AuthenticationError);

    assert.deepEqual([error.status, error.code], [401, 'invalid_api_key']);
    assert.equal((await chat({}, right)).choices[0].message.content, question);
  });

  test('a busy service is an InternalServerError with its time, and is asked again', async () => {
    const busy = () => ({ messages: ask(`busy ${crypto.randomUUID()}`) });
    const error = await failure(chat(busy(), told), OpenAI.InternalServerError);
    assert.deepEqual([error.status, error.code, error.headers.get('retry-after')], [503, 'server_overloaded', '2']);
    await failure(chat({ ...busy(), stream: true }, told), OpenAI.InternalServerError);

    const patient = new OpenAI({ baseURL: scripted, apiKey: 'none', maxRetries: 1 });
    const start = performance.now();
    assert.match((await chat(busy(), patient)).choices[0].message.content, /^busy /);
    assert.ok(performance.now() - start > 1500);
  });

  test('a failure in a stream is an error, behind all that came before it', async () => {
    const stream = await chat({ messages: ask('fail in the middle'), stream: true }, told);
    let text = '';
    const error = await (async () => {
      for await (const chunk of stream) text += chunk.choices[0].delta.content ?? '';
    })().then(() => assert.fail('no error'), error => error);

    assert.equal(text, 'in the middle');
    assert.ok(error instanceof OpenAI.APIError, `${error}`);
    assert.deepEqual([error.code, error.type], ['generation_failed', 'server_error']);
    await assert.rejects(told.chat.completions.stream({ model, messages: ask('fail here') }).done(), OpenAI.OpenAIError);
  });

  test('a failure of a whole answer is an InternalServerError', async () => {
    const error = await failure(chat({ messages: ask('fail here') }, told), OpenAI.InternalServerError);
    assert.deepEqual([error.status, error.code], [500, 'generation_failed']);
  });

  test('what is not here is a NotFoundError', async () => {
    for (const call of [
      () => client.embeddings.create({ model, input: 'x' }), () => client.images.generate({ model, prompt: 'x' }),
      () => client.moderations.create({ input: 'x' }),
    ]) {
      assert.equal((await failure(call(), OpenAI.NotFoundError)).code, 'not_found');
    }
  });

  test('nobody there is an APIConnectionError', async () => {
    const nobody = new OpenAI({ baseURL: 'http://127.0.0.1:9/v1', apiKey: 'none', maxRetries: 0 });
    await assert.rejects(chat({}, nobody), OpenAI.APIConnectionError);
  });
});

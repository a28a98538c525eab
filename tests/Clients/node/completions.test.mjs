// Raw prompts, continued: npm's openai, ai's completion models and LangChain's OpenAI.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { OpenAI as LangChainOpenAI } from '@langchain/openai';
import { APICallError, generateText, streamText } from 'ai';
import OpenAI from 'openai';
import { all, answer, demo, model, question, usage } from './service.mjs';

const client = new OpenAI({ baseURL: demo, apiKey: 'none' });
const create = body => client.completions.create({ model, prompt, max_tokens: 40, temperature: 0, ...body });
const textOf = (chunks, index = 0) => chunks.flatMap(chunk => chunk.choices).filter(choice => choice.index === index)
  .map(choice => choice.text).join('');

// What the chat template makes of the question, so that the answer is known.
const prompt = `<|im_start|>user\n${question}<|im_end|>\n<|im_start|>assistant\n`;
const ids = async content => (await (await fetch(new URL('/tokenize', demo), {
  method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ content }),
})).json()).tokens;

suite('openai, completions', () => {
  test('a whole one has text, reason, counts and names', async () => {
    const whole = await create();

    assert.deepEqual(whole.choices, [{ index: 0, text: answer, logprobs: null, finish_reason: 'stop' }]);
    assert.deepEqual(whole.usage, { ...whole.usage, ...usage });
    assert.match(whole.id, /^cmpl-/);
    assert.deepEqual([whole.object, whole.model], ['text_completion', model]);
  });

  test('a stream is the whole one, and counts tokens where it is asked to', async () => {
    const chunks = await all(await create({ stream: true, stream_options: { include_usage: true } }));

    assert.equal(textOf(chunks), answer);
    assert.equal(new Set(chunks.map(chunk => chunk.id)).size, 1);
    assert.deepEqual(chunks.flatMap(chunk => chunk.choices).map(choice => choice.finish_reason).filter(Boolean), ['stop']);
    assert.deepEqual(chunks.at(-1).choices, []);
    assert.deepEqual(chunks.at(-1).usage, { ...chunks.at(-1).usage, ...usage });
  });

  test('text, ids and lists of them are the same prompt', async () => {
    const tokens = await ids(prompt);
    const texts = await Promise.all([prompt, tokens, [prompt], [tokens]].map(async one => (await create({ prompt: one })).choices[0].text));

    assert.deepEqual(texts, Array(4).fill(answer));
  });

  test('a batch has its prompts in order, n of each, whole as streamed', async () => {
    const body = { prompt: [prompt, 'tell me', prompt], n: 2, temperature: 1.5, seed: 5, max_tokens: 8 };
    const whole = await create(body);
    const chunks = await all(await create({ ...body, stream: true }));
    const second = await create({ ...body, prompt: 'tell me' });

    assert.deepEqual(whole.choices.map(choice => choice.index), [0, 1, 2, 3, 4, 5]);
    assert.deepEqual(whole.choices.map((_, index) => textOf(chunks, index)), whole.choices.map(choice => choice.text));
    assert.deepEqual(whole.choices.slice(2, 4).map(choice => choice.text), second.choices.map(choice => choice.text));
    assert.equal(whole.choices[0].text, whole.choices[4].text);
  });

  test('stops, limits and log-probabilities are honoured', async () => {
    const stopped = await create({ stop: ' =' });
    const cut = await create({ max_tokens: 3 });
    const { logprobs } = (await create({ logprobs: 2 })).choices[0];

    assert.deepEqual([stopped.choices[0].text, stopped.choices[0].finish_reason], ['3 + 4', 'stop']);
    assert.deepEqual([cut.choices[0].text, cut.choices[0].finish_reason, cut.usage.completion_tokens], ['3 + ', 'length', 3]);
    assert.equal(logprobs.tokens.join(''), answer);
    assert.deepEqual(logprobs.text_offset.map((offset, i) => answer.slice(offset, offset + logprobs.tokens[i].length)), logprobs.tokens);
    assert.ok(logprobs.token_logprobs.every((value, i) => value === logprobs.top_logprobs[i][logprobs.tokens[i]]));
    assert.ok(logprobs.top_logprobs.every(top => Object.keys(top).length <= 2));
  });

  test('what is wrong is refused by its name', async () => {
    for (const [body, param] of [
      [{ prompt: [] }, 'prompt'], [{ prompt: [[1], ['x']] }, 'prompt[1][0]'], [{ logprobs: 21 }, 'logprobs'], [{ echo: true }, 'echo'],
      [{ suffix: 'x' }, 'suffix'], [{ best_of: 2 }, 'best_of'], [{ prompt: [1e9] }, null],
    ]) {
      await assert.rejects(create(body), error => error instanceof OpenAI.BadRequestError && (param === null || error.param === param));
    }
  });
});

for (const [name, at] of Object.entries({
  '@ai-sdk/openai-compatible': createOpenAICompatible({ name: 'akkacp', baseURL: demo, apiKey: 'none', includeUsage: true })
    .completionModel(model),
  '@ai-sdk/openai': createOpenAI({ baseURL: demo, apiKey: 'none' }).completion(model),
})) {
  suite(`ai with ${name}, completions`, () => {
    const settings = { model: at, prompt: 'tell me', maxOutputTokens: 20, temperature: 1.5, seed: 3 };

    test('a stream is the whole one', async () => {
      const whole = await generateText(settings);
      const streamed = streamText(settings);

      assert.equal(await streamed.text, whole.text);
      assert.equal(await streamed.finishReason, whole.finishReason);
      assert.equal((await streamed.usage).totalTokens, whole.usage.totalTokens);
      assert.equal(whole.usage.totalTokens, whole.usage.inputTokens + whole.usage.outputTokens);
    });

    test('errors keep their status', async () => {
      await assert.rejects(
        generateText({ ...settings, temperature: -1 }), error => APICallError.isInstance(error) && error.statusCode === 400);
    });
  });
}

suite('@langchain/openai, completions', () => {
  const llm = new LangChainOpenAI({ model, apiKey: 'none', temperature: 0, maxTokens: 40, configuration: { baseURL: demo } });

  test('a whole one and a stream are the answer', async () => {
    assert.equal(await llm.invoke(prompt), answer);
    assert.equal((await all(await llm.stream(prompt))).join(''), answer);
  });

  test('several prompts keep their order', async () => {
    const { generations, llmOutput } = await llm.generate([prompt, 'tell me']);

    assert.deepEqual([generations.length, generations[0][0].text], [2, answer]);
    assert.equal(generations[0][0].generationInfo.finishReason, 'stop');
    assert.ok(llmOutput.tokenUsage.completionTokens > usage.completion_tokens);
  });
});

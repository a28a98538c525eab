// Writes tokenizer.json and cases.json of this folder: a small Qwen2-style tokenizer whose merges were learnt across piece
// borders, so that every wrong split shows in the ids, and the ids that HF tokenizers itself gives for random texts.
//     npm install @anush008/tokenizers@0.6.0 && NODE_PATH=node_modules node make-cases.js ../../../../models/demo/tokenizer.json .
const { Tokenizer } = require('@anush008/tokenizers');
const fs = require('fs');
const path = require('path');
const [template, folder] = process.argv.slice(2);

let state = 20260923;
const random = (n) => { state = (Math.imul(state, 1664525) + 1013904223) >>> 0; return Math.floor(state / 4294967296 * n); };
const pick = (list) => list[random(list.length)];

const pools = [
  'abcdeilmnorstuv', 'ABELRSTV', "'''\u2019", '0123456789', '      ', '\n\n\r\n\r\t', '.,!?-_()*#/=', '\u00e9\u00fc\u00df\u017f\u01c5',
  '\u0301\u0323\u0308\u0345', '\u00bd\u00b2\u0663\u2177', '\u00a0\u2003\u3000\u0085\u2028', '\u200b\u200d\ufeff\u180e\u0000\u001c',
  '\u4f60\u597d\u65e5\u672c', '\u1100\u1161\u11a8\ud55c\uac00', '\u0939\u093f\u0928\u094d', '\u05e9\u05dc\u0645\u0631', '\u212b\u1e9b\u0958',
].map((pool) => [...pool]).concat([['\u{20bb7}', '\u{10400}', '\u{1d538}'], ['\u{1d7d8}', '\u{1d7d9}', '\u{1f100}'],
  ['\u{1f642}', '\u{1f44d}', '\u{1f3fd}', '\u{1d15e}'], ["'s", "'LL", "'Re", "'\u017f", "'d"]]);
const specials = ['<|im_start|>', '<|im_end|>', '<think>', '</think>', '<think>!', '\u212bngstrom', 'A\u030angstrom', '<|im_end'];

function text(length, special) {
  let out = '';
  let pool = pick(pools);
  for (let i = 0; i < length; i++) {
    if (random(3) === 0) pool = pick(pools);
    out += special && random(12) === 0 ? pick(specials) : pick(pool);
  }
  return out;
}

const printable = (b) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
const symbols = [];
for (let b = 0, n = 0; b < 256; b++) symbols.push(String.fromCharCode(printable(b) ? b : 256 + n++));

function learnMerges(corpus, count) {
  let tokens = [...Buffer.from(corpus)].map((b) => symbols[b]);
  const merges = [];
  while (merges.length < count) {
    const counts = new Map();
    for (let i = 0; i + 1 < tokens.length; i++) {
      const pair = tokens[i] + ' ' + tokens[i + 1];
      counts.set(pair, (counts.get(pair) ?? 0) + 1);
    }
    const [best] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a));
    const [left, right] = best.split(' ');
    merges.push([left, right]);
    const next = [];
    for (let i = 0; i < tokens.length; i++) {
      if (tokens[i] === left && tokens[i + 1] === right) { next.push(left + right); i++; } else next.push(tokens[i]);
    }
    tokens = next;
  }
  return merges;
}

async function main() {
  const definition = JSON.parse(fs.readFileSync(template));
  const merges = learnMerges(text(30000, false), 600);
  const vocab = {};
  for (const token of [...symbols, ...merges.map(([l, r]) => l + r)]) vocab[token] ??= Object.keys(vocab).length;
  definition.model.vocab = vocab;
  definition.model.merges = merges;
  const token = (content, i, special, normalized) => ({
    id: Object.keys(vocab).length + i, content, single_word: false, lstrip: false, rstrip: false, normalized, special });
  definition.added_tokens = [
    ...['<|endoftext|>', '<|im_start|>', '<|im_end|>'].map((content, i) => token(content, i, true, false)),
    ...['<think>', '</think>', '<think>!'].map((content, i) => token(content, 3 + i, false, false)),
    token('\u00c5ngstrom', 6, false, true)];
  fs.writeFileSync(path.join(folder, 'tokenizer.json'), JSON.stringify(definition) + '\n');

  const tokenizer = Tokenizer.fromFile(path.join(folder, 'tokenizer.json'));
  const cases = [];
  for (let i = 0; i < 500; i++) {
    const source = text(1 + random(40), i % 4 === 0);
    const encoding = await tokenizer.encode(source, null, { addSpecialTokens: false });
    const ids = encoding.getIds();
    cases.push({ text: source, ids, decoded: await tokenizer.decode(ids, false) });
  }
  const escape = (json) => json.replace(/[^ -~]/g, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
  fs.writeFileSync(path.join(folder, 'cases.json'), '[\n' + cases.map((c) => escape(JSON.stringify(c))).join(',\n') + '\n]\n');
}

main();

/**
 * Owns: the input of the word-count bench, a pure function of the line's number; the same as the Flink peer's
 * (bench/flink/README.md has the definition, vectors.json the test vectors).
 */
const VOCABULARY_SIZE = 10_000;
const WORDS_PER_LINE = 10;

function xorshift32(state: number): number {
  let x = state;
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  return x >>> 0;
}

function fmix32(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function buildVocabulary(): readonly string[] {
  const words: string[] = [];
  const taken = new Set<string>();
  let state = 0x2545f491;
  while (words.length < VOCABULARY_SIZE) {
    state = xorshift32(state);
    const length = 3 + (state % 8);
    let word = "";
    for (let letter = 0; letter < length; letter++) {
      state = xorshift32(state);
      word += String.fromCharCode(97 + (state % 26));
    }
    if (taken.has(word)) continue;
    taken.add(word);
    words.push(word);
  }
  return words;
}

export const vocabulary = buildVocabulary();

// Filled anew for each line: joining measured faster than adding strings up.
const lineWords: string[] = new Array(WORDS_PER_LINE).fill("");

/** Line `index` (0 … 2^32-1): ten words joined by single spaces. */
export function line(index: number): string {
  let state = fmix32((index + 0x9e3779b9) | 0);
  if (state === 0) state = 0x6d2b79f5;
  for (let place = 0; place < WORDS_PER_LINE; place++) {
    state = xorshift32(state);
    lineWords[place] = vocabulary[state % VOCABULARY_SIZE] as string;
  }
  return lineWords.join(" ");
}

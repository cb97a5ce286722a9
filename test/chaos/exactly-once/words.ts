/** Owns: the input of a run, a function of its seed, and what the sinks have to hold at its end, made without the engine. */
import { seededRandom } from "../../../base/index.ts";

export type Count = { readonly word: string; readonly n: number };

const WORDS = 97;

export function wordsOf(seed: number, records: number): string[] {
  const random = seededRandom(seed);
  return Array.from({ length: records }, () => `w${Math.floor(random.next() * WORDS)}`);
}

/** 1 … n of each word, as sorted lines. */
export function expectedCounts(words: readonly string[]): string[] {
  const counts = new Map<string, number>();
  const lines: string[] = [];
  for (const word of words) {
    const n = (counts.get(word) ?? 0) + 1;
    counts.set(word, n);
    lines.push(countLine({ word, n }));
  }
  return lines.sort();
}

export const countLine = ({ word, n }: Count): string => `${word} ${n}`;

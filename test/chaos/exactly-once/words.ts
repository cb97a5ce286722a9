/** Owns: the input of a run, a function of its seed, and a count as a line (countedLines has what the sinks have to hold at the end). */
import { seededRandom } from "../../../base/index.ts";

export type Count = { readonly word: string; readonly n: number };

const WORDS = 97;

export function wordsOf(seed: number, records: number): string[] {
  const random = seededRandom(seed);
  return Array.from({ length: records }, () => `w${Math.floor(random.next() * WORDS)}`);
}

export const countLine = ({ word, n }: Count): string => `${word} ${n}`;

/** Owns: the input of a run, a function of its seed, and names of what comes of it (countedLines has what the sinks have to hold at the end). */
import { seededRandom } from "../../../base/index.ts";

export type Count = { readonly word: string; readonly n: number };

const WORDS = 97;

/** What Redis knows of each word: how much it counts. */
export function cacheOf(prefix: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Array.from({ length: WORDS }, (_, index) => [`${prefix}:w${index}`, "1"]));
}

/** The ledger's table of a table. */
export const ledgerOf = (table: string): string => `${table}_ledger`;

export function wordsOf(seed: number, records: number): string[] {
  const random = seededRandom(seed);
  return Array.from({ length: records }, () => `w${Math.floor(random.next() * WORDS)}`);
}

export const countLine = ({ word, n }: Count): string => `${word} ${n}`;

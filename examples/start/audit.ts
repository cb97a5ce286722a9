/**
 * Owns: what the job has written so far, row by row, and whether it is what it should be.
 * Called by: the acts (how far is it, who writes), the end (is it right).
 *
 * AU1 Exactly once means: a word that is there n times has the rows 1, 2, …, n, each one once. More than a right last count.
 * AU2 Only visible parts count: a part is visible when the checkpoint that it belongs to is complete.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

type Row = { readonly word: string; readonly count: number };

/** The rows of one word: bit `count` is set when that row was seen. */
type Seen = { bits: Uint32Array; distinct: number; highest: number; twice: number };

/** `part-<subtask>-<epoch>-<attempt>-<number>-…`, hidden ones too. */
const PART = /^\.?part-\d+-(\d+)-(\d+)-\d+-([0-9a-f]+)\.jsonl/;

export class Audit {
  readonly #folder: string;
  readonly #parts = new Set<string>();
  readonly #words = new Map<string, Seen>();
  #rows = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Rows in visible parts, as of the last `look`. */
  get rows(): number {
    return this.#rows;
  }

  /** Reads the parts that have become visible; returns how many rows there are now. */
  look(): number {
    for (const name of this.#names()) {
      if (name.startsWith(".") || this.#parts.has(name)) continue;
      this.#parts.add(name);
      for (const line of readFileSync(join(this.#folder, name), "utf8").split("\n")) {
        if (line !== "") this.#add(JSON.parse(line) as Row);
      }
    }
    return this.#rows;
  }

  /** Who has written parts, visible or not: an entry for each incarnation of the job that has had a record to write. */
  writers(): Set<string> {
    return new Set(
      this.#names().flatMap((name) => {
        const match = PART.exec(name);
        return match === null ? [] : [match.slice(1).join("-")];
      }),
    );
  }

  /** The count that a word has in the end; 0 when it was never written. */
  countOf(word: string): number {
    return this.#words.get(word)?.highest ?? 0;
  }

  /** A line for each word whose rows are not exactly 1 … n, n being the direct count. */
  differences(direct: ReadonlyMap<string, number>): string[] {
    const words = new Set([...direct.keys(), ...this.#words.keys()]);
    return [...words].flatMap((word) => differenceOf(word, direct.get(word) ?? 0, this.#words.get(word)) ?? []);
  }

  #add({ word, count }: Row): void {
    this.#rows++;
    let seen = this.#words.get(word);
    if (seen === undefined) {
      seen = { bits: new Uint32Array(1), distinct: 0, highest: 0, twice: 0 };
      this.#words.set(word, seen);
    }
    const place = count >>> 5;
    if (place >= seen.bits.length) {
      const bits = new Uint32Array(Math.max(place + 1, seen.bits.length * 2));
      bits.set(seen.bits);
      seen.bits = bits;
    }
    const bit = 1 << (count & 31);
    if (((seen.bits[place] as number) & bit) !== 0) {
      seen.twice++;
      return;
    }
    seen.bits[place] = (seen.bits[place] as number) | bit;
    seen.distinct++;
    seen.highest = Math.max(seen.highest, count);
  }

  #names(): string[] {
    try {
      return readdirSync(this.#folder);
    } catch {
      return []; // no sink has been opened yet
    }
  }
}

function differenceOf(word: string, wanted: number, seen: Seen | undefined): string | null {
  if (seen === undefined) return `"${word}" is there ${wanted} times, and the job never counted it`;
  const { distinct, highest, twice } = seen;
  if (highest === wanted && distinct === wanted && twice === 0) return null;
  const missing = highest - distinct;
  const rows = `${missing === 0 ? "" : `, ${missing} rows missing`}${twice === 0 ? "" : `, ${twice} rows twice`}`;
  return `"${word}" is there ${wanted} times, and the job's last count is ${highest}${rows}`;
}

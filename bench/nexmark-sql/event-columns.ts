/**
 * Owns: the memory of a batch of events, column by column, and the texts that columns refer to.
 * Called by: events.ts, which fills it.
 *
 * NXEC1 A text is not copied: its column refers to the bytes of the pool, as a row of Flink's peer refers to a text of its pool. Whatever copies it later is the engine's, and counted.
 */
import { t, type ValueType } from "streamjob";
import type { Column } from "../../runtime/record/index.ts";
import type { BigintColumn, Float64Column, TextColumn } from "../../runtime/record/columns/column.ts";
import { TextStore } from "../../runtime/record/columns/column-store.ts";

/** Texts to choose from. */
export type Pool = Pick<TextColumn, "bytes" | "words" | "starts" | "lengths"> & { readonly size: number };

export function poolOf(choices: readonly string[]): Pool {
  const store = new TextStore({ name: "pool", type: t.string as ValueType<unknown>, kind: "text" }, choices.length);
  for (const [at, text] of choices.entries()) store.putText(text, at);
  return { ...store.column(), size: choices.length };
}

/** Of whole numbers below 2^31: only their low words are written. */
export function numbersOf(capacity: number): BigintColumn {
  const values = new BigInt64Array(capacity);
  return { kind: "bigint", values, words: new Int32Array(values.buffer), nulls: null };
}

export function timesOf(capacity: number): Float64Column {
  return { kind: "float64", values: new Float64Array(capacity), nulls: null };
}

/** NXEC1 */
export class PooledTexts {
  readonly column: TextColumn;
  readonly #pool: Pool;

  constructor(pool: Pool, capacity: number) {
    const { bytes, words } = pool;
    this.#pool = pool;
    const [starts, lengths] = [new Int32Array(capacity), new Int32Array(capacity)];
    this.column = { kind: "text", bytes, words, starts, lengths, isWellFormed: true, nulls: null };
  }

  /** `dice`: unsigned numbers, each of which chooses a text; `shift`: bits of them that are not for this one. */
  fill(dice: Uint32Array, count: number, shift = 0): void {
    const { starts, lengths } = this.column;
    const { starts: from, lengths: of, size } = this.#pool;
    // A division for each text would take longer than all the rest.
    const mask = (size & (size - 1)) === 0 ? size - 1 : null;
    for (let at = 0; at < count; at++) {
      const roll = (dice[at] as number) >>> shift;
      const choice = mask === null ? roll % size : roll & mask;
      starts[at] = from[choice] as number;
      lengths[at] = of[choice] as number;
    }
  }
}

/** Of columns whose batch was released: who kept one reads nonsense. */
export function poison(columns: readonly Column[]): void {
  for (const column of columns) {
    if (column.kind === "text") column.lengths.fill(0);
    else if (column.kind === "bigint") column.words.fill(-1);
    else if (column.kind === "float64") column.values.fill(Number.NaN);
  }
}

/**
 * Owns: the rows of a result that changes, as they are now.
 *
 * LVT1 What takes a row back takes one that is equal to it, the last that came. What replaces it (+U) stands where the row stood that was taken back first.
 * LVT2 At most so many rows are kept: of more, the first that came are let go, and counted.
 */
import type { ResultChange, Texts } from "../../runtime/table/engine.ts";

export const LIVE_ROWS_MAX = 100_000;

export class LiveTable {
  /** By their places, which grow; null: a place that waits for what replaces its row. */
  readonly #rows = new Map<number, Texts | null>();
  /** Places of equal rows. */
  readonly #places = new Map<string, number[]>();
  readonly #waiting: number[] = [];
  readonly #rowsMax: number;
  #next = 0;
  #size = 0;
  #changes = 0;
  #dropped = 0;

  constructor(rowsMax = LIVE_ROWS_MAX) {
    this.#rowsMax = rowsMax;
  }

  get size(): number {
    return this.#size;
  }

  get changes(): number {
    return this.#changes;
  }

  /** LVT2 */
  get dropped(): number {
    return this.#dropped;
  }

  take({ kind, values }: ResultChange): void {
    this.#changes += 1;
    if (kind === "+I" || kind === "+U") this.#put(values, kind === "+U" ? this.#waiting.shift() : undefined);
    else this.#remove(values, kind === "-U");
  }

  rows(): readonly Texts[] {
    return [...this.#rows.values()].filter((row) => row !== null);
  }

  #put(values: Texts, place = this.#next++): void {
    this.#rows.set(place, values);
    const key = JSON.stringify(values);
    const places = this.#places.get(key);
    if (places === undefined) this.#places.set(key, [place]);
    else places.push(place);
    this.#size += 1;
    if (this.#size > this.#rowsMax) this.#dropFirst();
  }

  #remove(values: Texts, isReplaced: boolean): void {
    const key = JSON.stringify(values);
    const places = this.#places.get(key);
    const place = places?.pop();
    if (places?.length === 0) this.#places.delete(key);
    if (place === undefined) return;
    this.#size -= 1;
    if (!isReplaced) {
      this.#rows.delete(place);
      return;
    }
    this.#rows.set(place, null);
    this.#waiting.push(place);
  }

  #dropFirst(): void {
    for (const [place, values] of this.#rows) {
      if (values === null) continue;
      const key = JSON.stringify(values);
      const left = (this.#places.get(key) ?? []).filter((each) => each !== place);
      if (left.length === 0) this.#places.delete(key);
      else this.#places.set(key, left);
      this.#rows.delete(place);
      this.#size -= 1;
      this.#dropped += 1;
      return;
    }
  }
}

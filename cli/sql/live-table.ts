/**
 * Owns: the rows of a result that changes, as they are now.
 *
 * LVT1 What takes a row back takes one that is equal to it. What replaces it (+U) stands where the row stood that was taken back first.
 * LVT2 At most so many rows are kept: of more, the first that came are let go, and counted. So many places, and fewer, wait for what replaces their rows: a filter
 *     may let an old row through, and not the new one.
 */
import type { ResultChange, Texts } from "../../runtime/table/engine.ts";

export const LIVE_ROWS_MAX = 100_000;
const WAITING_MAX = 1000;

export class LiveTable {
  /** By their places, which grow; null: a place that waits for what replaces its row. */
  readonly #rows = new Map<number, Texts | null>();
  /** Places of equal rows. */
  readonly #equal = new Map<string, Set<number>>();
  readonly #waiting: number[] = [];
  readonly #rowsMax: number;
  /** No place is before it. */
  #first = 0;
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

  /** With those that wait. */
  get places(): number {
    return this.#rows.size;
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
    const equal = this.#equal.get(key);
    if (equal === undefined) this.#equal.set(key, new Set([place]));
    else equal.add(place);
    this.#size += 1;
    if (this.#size > this.#rowsMax) this.#dropFirst();
  }

  #remove(values: Texts, isReplaced: boolean): void {
    const [place] = this.#equal.get(JSON.stringify(values)) ?? [];
    if (place === undefined) return;
    this.#forget(place, values);
    if (!isReplaced) {
      this.#rows.delete(place);
      return;
    }
    this.#rows.set(place, null);
    this.#waiting.push(place);
    if (this.#waiting.length > Math.min(WAITING_MAX, this.#rowsMax)) this.#rows.delete(this.#waiting.shift() as number);
  }

  #dropFirst(): void {
    for (;;) {
      const place = this.#first++;
      const values = this.#rows.get(place);
      // What replaces a row that has no place any more comes last.
      if (values === null) this.#waiting.splice(this.#waiting.indexOf(place), 1);
      this.#rows.delete(place);
      if (values === undefined || values === null) continue;
      this.#forget(place, values);
      this.#dropped += 1;
      return;
    }
  }

  #forget(place: number, values: Texts): void {
    const key = JSON.stringify(values);
    const equal = this.#equal.get(key);
    equal?.delete(place);
    if (equal?.size === 0) this.#equal.delete(key);
    this.#size -= 1;
  }
}

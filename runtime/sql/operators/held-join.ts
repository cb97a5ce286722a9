/**
 * Owns: joins whose rows are held until all of them are there, and are joined once: of windows, when the watermark ends them.
 * Not here: joins of bounded inputs, whose rows may be more than memory holds (bounded-join.ts).
 *
 * SQJH1 Only final rows are emitted: nothing is taken back.
 * SQJH2 A window is joined once, with all windows that end with it: their rows are in one slice, by the last millisecond, and go with it. A row that comes when its window
 *     has ended is late: it is dropped and counted, after a restore, too (SQJW1).
 * SQJH3 A window may have many pairs: they are emitted some at a time, and where there is no room for more the next ones wait. No row and no barrier comes in between.
 */
import {
  type Counter,
  declarationOfRows,
  NO_SLOT,
  type OperatorContext,
  type OperatorFactory,
  type RowPageView,
  type RowTable,
} from "../../ports/index.ts";
import { type ColumnBatch, type Float64Column, MAX_WATERMARK, rowKinds } from "../../record/index.ts";
import type { JoinNode, WindowJoinNode } from "../plan/plan-tree.ts";
import type { SqlSession } from "../session.ts";
import { assertJoinable } from "./join-keys.ts";
import { type Arrived, JoinOperator } from "./join-operator.ts";
import { type SidePlans, sidePlans } from "./join-sides.ts";
import { isHalfJoin } from "./join-type.ts";
import { NOTHING } from "./pair-emitter.ts";
import { declarationOfWatermark, WatermarkMemory } from "./watermark-memory.ts";
import { lastInstantOfEnd } from "./window-ends.ts";
import { LATE_ROWS } from "./window-time.ts";

/** Records of which pairs are found at once. */
const RECORDS = 1024;

/** Of windows of a stream: in batch mode, where the start and the end of the window are keys like others, it is a bounded join. */
export function windowJoinOperator(node: WindowJoinNode, session: SqlSession): OperatorFactory<unknown, unknown> {
  assertJoinable(node);
  const plans = sidePlans(node, [false, false]);
  return {
    kind: "operator",
    name: "windowJoin",
    declares: [...plans.map(({ table }) => declarationOfRows(table)), declarationOfWatermark],
    create: () => new WindowJoin(node, plans, session),
  };
}

export abstract class HeldJoin extends JoinOperator {
  readonly #isSemi: boolean;
  readonly #isHalf: boolean;

  constructor(node: JoinNode | WindowJoinNode, plans: SidePlans, session: SqlSession) {
    super(node, plans, session);
    this.#isSemi = node.join === "SEMI";
    this.#isHalf = isHalfJoin(node.join);
  }

  protected hold(slice: number, { input, columns, hashes, rows }: Arrived): void {
    this.sides[input].table(slice).add({ columns, hashes, rows, count: rows.length }, null);
  }

  /** Emits the join of the rows of a slice, which are then gone: in portions (SQJH3). */
  protected *emitHeld(slice: number): Generator<void> {
    const [left, right] = [this.sides[0].table(slice), this.sides[1].table(slice)];
    const isMatched = this.matchesOf(right);
    for (const page of pagesOf(left)) yield* this.emitPairs(page, { right, isMatched, found: null });
    yield* this.emitUnmatched(right, isMatched);
    for (const side of this.sides) side.drop(slice);
  }

  /** Of the slots of the right table whether each has a match; null: nobody asks. */
  protected matchesOf(right: RowTable): Uint8Array | null {
    return this.plans[1].keeps ? new Uint8Array(right.next.length) : null;
  }

  /** Rows of the right table that have none. */
  protected *emitUnmatched(right: RowTable, isMatched: Uint8Array | null): Generator<void> {
    if (isMatched !== null)
      for (const { columns, rows, firstSlot } of pagesOf(right)) {
        this.emitter.begin({ input: 1, columns, own: null, other: null });
        for (const row of rows) if (isMatched[firstSlot + row] === 0) this.emitter.emit(rowKinds.insert, row, NOTHING);
        yield;
      }
    this.emitter.flush();
  }

  /**
   * Pairs of left rows with the right table, in portions of so many at most: a row may have very many (SQJH3). Where not all right rows are in the table, `found` learns which of the left ones
   * have a match, and nothing else is emitted of them.
   */
  protected *emitPairs({ columns, hashes, rows }: HeldRows, { right, isMatched, found }: Matched): Generator<void> {
    const arrived = this.arrived(0, columns, { hashes, rows });
    const first = this.firstIn(right, arrived);
    this.emitter.begin({ input: 0, columns, own: null, other: right });
    const { pairs } = this;
    /** Of the record that a portion ended within: where its pairs go on, and whether it has had a match. */
    let rest = NO_SLOT;
    let hadMatch = false;
    for (let at = 0; at < rows.length; ) {
      pairs.clear();
      const from = at;
      for (; at < rows.length && pairs.count < RECORDS; at++) {
        const start = rest === NO_SLOT ? (first[at] as number) : rest;
        rest = pairs.addSome(rows[at] as number, { first: start, next: right.next, most: RECORDS });
        pairs.endRecord();
        if (rest !== NO_SLOT) break;
      }
      // The record that is not complete; -1: all are.
      const cut = rest === NO_SLOT ? -1 : at;
      pairs.test(0, columns, right);
      for (let record = from, pair = 0; record < at || record === cut; record++) {
        const row = rows[record] as number;
        const to = pairs.ends[record - from] as number;
        const hasMatch: boolean = to > pair || (record === from && hadMatch);
        this.#emitMatches(row, { pair, to, isMatched });
        pair = to;
        if (record === cut && !(this.#isHalf && hasMatch)) {
          hadMatch = hasMatch;
          break;
        }
        hadMatch = false;
        if (found === null) this.#emitLeft(row, hasMatch);
        else if (hasMatch) found.set(record);
        if (record !== cut) continue;
        // One match is all that SEMI and ANTI ask for.
        rest = NO_SLOT;
        at += 1;
        break;
      }
      yield;
    }
  }

  #emitMatches(row: number, { pair, to, isMatched }: Found): void {
    if (this.#isHalf) return;
    const { slots } = this.pairs;
    for (let at = pair; at < to; at++) {
      const slot = slots[at] as number;
      if (isMatched !== null) isMatched[slot] = 1;
      this.emitter.emit(rowKinds.insert, row, slot);
    }
  }

  /** What is left to emit of left rows when it is known which have a match. */
  protected emitLeftRows({ columns, rows }: HeldRows, found: MatchBits): void {
    this.emitter.begin({ input: 0, columns, own: null, other: null });
    for (const [at, row] of rows.entries()) this.#emitLeft(row, found.has(at));
    this.emitter.flush();
  }

  /** SEMI and ANTI: the row itself; LEFT and FULL: the row without a match. */
  #emitLeft(row: number, hasMatch: boolean): void {
    const isEmitted = this.#isHalf ? this.#isSemi === hasMatch : !hasMatch && this.plans[0].keeps;
    if (isEmitted) this.emitter.emit(rowKinds.insert, row, NOTHING);
  }
}

/** Rows at all places of `rows`; `hashes` by place. */
export type HeldRows = Pick<RowPageView, "columns" | "hashes" | "rows">;

/** Of a record: its pairs from that one on. */
type Found = { readonly pair: number; readonly to: number; readonly isMatched: Uint8Array | null };

type Matched = {
  readonly right: RowTable;
  readonly isMatched: Uint8Array | null;
  readonly found: MatchBits | null;
};

/** Which of many left rows have a match, batch by batch. */
export class MatchBits {
  readonly #bits: Uint8Array;
  /** Rows of the batches before. */
  #first = 0;

  constructor(rows: number) {
    this.#bits = new Uint8Array((rows + 7) >> 3);
  }

  /** The batch at hand begins with that row. */
  beginAt(first: number): void {
    this.#first = first;
  }

  set(record: number): void {
    const at = this.#first + record;
    this.#bits[at >> 3] = (this.#bits[at >> 3] as number) | (1 << (at & 7));
  }

  has(record: number): boolean {
    const at = this.#first + record;
    return (((this.#bits[at >> 3] as number) >> (at & 7)) & 1) === 1;
  }
}

export function pagesOf(table: RowTable): readonly RowPageView[] {
  const pages: RowPageView[] = [];
  table.forEachPage((page) => void pages.push(page));
  return pages;
}

class WindowJoin extends HeldJoin {
  readonly #lastOf: readonly [(end: number) => number, (end: number) => number];
  readonly #ends: readonly [number, number];
  #watermark!: WatermarkMemory;
  #late!: Counter;
  /** What the watermark at hand still has to emit. */
  #ending: Generator<void> | null = null;

  constructor(node: WindowJoinNode, plans: SidePlans, session: SqlSession) {
    super(node, plans, session);
    this.#ends = [node.leftEnd, node.rightEnd];
    this.#lastOf = [lastInstantOfEnd(node.left, session), lastInstantOfEnd(node.right, session)];
  }

  protected override onOpen(context: OperatorContext): void {
    this.#watermark = new WatermarkMemory(context);
    this.#late = context.metrics.counter(LATE_ROWS);
  }

  protected onRecords(arrived: Arrived, { columns }: ColumnBatch): number {
    const { input, rows } = arrived;
    const { values } = columns[this.#ends[input]] as Float64Column;
    const lastOf = this.#lastOf[input];
    for (let at = 0, to = 0; at < rows.length; at = to) {
      const end = values[rows[at] as number] as number;
      // The rows of a batch are of one window, or of a few.
      for (to = at + 1; to < rows.length && values[rows[to] as number] === end; ) to += 1;
      const last = lastOf(end);
      if (last <= this.#watermark.current) this.#late.inc(to - at);
      else this.hold(last, { ...arrived, rows: rows.subarray(at, to) });
    }
    return rows.length;
  }

  reachWatermark(timestamp: number, mayGoOn: () => boolean): boolean {
    this.#ending ??= this.#endWindows(timestamp);
    while (this.#ending.next().done !== true) if (!mayGoOn()) return false;
    this.#ending = null;
    return true;
  }

  onWatermark(timestamp: number): void {
    this.#watermark.raise(timestamp);
  }

  *#endWindows(timestamp: number): Generator<void> {
    const slices = new Set([...this.sides[0].slices(), ...this.sides[1].slices()]);
    const over = [...slices].filter((last) => last <= timestamp || timestamp === MAX_WATERMARK);
    for (const last of over.sort((left, right) => left - right)) yield* this.emitHeld(last);
  }

  prepareSnapshot(): void {
    this.#watermark.save();
  }
}

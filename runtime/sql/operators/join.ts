/**
 * Owns: the join of two inputs whose rows may be taken back, at any time: inner, outer, semi and anti.
 * Does not own: what each side keeps (join-sides.ts), joins of windows (held-join.ts) and of bounded inputs (bounded-join.ts), those whose state expires (expiring-join.ts).
 *
 * SQJJ1 At any time the result is the join of the rows that the inputs have then. A row that has had no match, and has one now, is taken back with
 *     NULLs before it is emitted with its match; the other way round when it loses its last match.
 * SQJJ2 A row with NULL in a key is not kept.
 * SQJJ3 A row that is taken back and is not there changes nothing (SQJM1).
 * SQJJ4 Some records at a time: their pairs are found and tested first, which no record of the same input changes.
 */
import {
  declarationOfRows,
  NO_SLOT,
  type OperatorContext,
  type OperatorFactory,
  type RowTable,
} from "../../ports/index.ts";
import { type ColumnBatch, isAdded, rowKinds, TABLE_PAGE_BITS } from "../../record/index.ts";
import type { JoinNode, PlanMode } from "../plan/plan-tree.ts";
import type { SqlSession } from "../session.ts";
import { expiringJoin } from "./expiring-join.ts";
import { boundedJoin } from "./bounded-join.ts";
import { assertJoinable, assertKeyedUpserts } from "./join-keys.ts";
import { type Arrived, JoinOperator } from "./join-operator.ts";
import { JoinPairs } from "./join-pairs.ts";
import { countsMatches, hasNullIn, type SidePlans, sidePlans } from "./join-sides.ts";
import { isHalfJoin } from "./join-type.ts";
import { MissingRows } from "./missing-rows.ts";
import { NOTHING, ofTable } from "./pair-emitter.ts";
import type { RowKind } from "./emitted-rows.ts";

/** There is one. */
const SLICE = 0;
/** SQJJ4: when there are so many, they are joined. */
const PAIRS = 1024;
const SLOT_MASK = 2 ** TABLE_PAGE_BITS - 1;

/** In a query over bounded inputs only final rows are emitted. */
export function joinOperator(node: JoinNode, session: SqlSession, mode: PlanMode): OperatorFactory<unknown, unknown> {
  if (mode === "batch") return boundedJoin(node, session);
  return node.ttl === undefined ? changingJoin(node, session) : expiringJoin(node, session);
}

function changingJoin(node: JoinNode, session: SqlSession): OperatorFactory<unknown, unknown> {
  assertJoinable(node);
  assertKeyedUpserts(node.left, node.leftKeys);
  assertKeyedUpserts(node.right, node.rightKeys);
  const plans = sidePlans(node, countsMatches(node.join));
  return {
    kind: "operator",
    name: "join",
    declares: plans.map(({ table }) => declarationOfRows(table)),
    create: () => new ChangingJoin(node, plans, session),
  };
}

/** Records of the batch at hand that are to be kept and are not in the table yet. */
type Waiting = { rows: Int32Array; marks: Int32Array; count: number };
/** Pairs of one record. */
type Range = { readonly pairs: JoinPairs; readonly from: number; readonly to: number };

class ChangingJoin extends JoinOperator {
  readonly #isHalf: boolean;
  readonly #isSemi: boolean;
  readonly #keepsKinds: boolean;
  /** Of a row that an upsert takes the place of. */
  readonly #pairsBefore: JoinPairs;
  readonly #waiting: Waiting = { rows: new Int32Array(0), marks: new Int32Array(0), count: 0 };
  #missing!: MissingRows;
  #own!: RowTable;
  #other!: RowTable;

  constructor(node: JoinNode, plans: SidePlans, session: SqlSession) {
    super(node, plans, session);
    this.#isHalf = isHalfJoin(node.join);
    this.#isSemi = node.join === "SEMI";
    // An inner join changes as its inputs do. Elsewhere an update of one side may be something else in the result.
    this.#keepsKinds = node.join === "INNER" && node.changes === "retract";
    this.#pairsBefore = new JoinPairs(node, session);
  }

  protected override onOpen(context: OperatorContext): void {
    this.#missing = new MissingRows(context);
  }

  protected onRecords(arrived: Arrived, batch: ColumnBatch): number {
    const { input, rows, columns } = arrived;
    const [left, right] = [this.sides[0].table(SLICE), this.sides[1].table(SLICE)];
    this.#own = input === 0 ? left : right;
    this.#other = input === 0 ? right : left;
    this.#own.tidy();
    this.emitter.begin({ input, columns, own: this.#own, other: this.#other });
    this.#makeRoom(rows.length);
    const first = this.firstIn(this.#other, arrived);
    const { emission } = this.context;
    const { pairs } = this;
    let at = 0;
    while (at < rows.length) {
      const end = this.#findPairs(arrived, first, at);
      for (let record = 0, from = 0; at < end; at++, record++) {
        const to = pairs.ends[record] as number;
        const kind = batch.rowKindAt(rows[at] as number) as RowKind;
        this.#onRow(arrived, { at, kind, first: first[at] as number }, { pairs, from, to });
        from = to;
      }
      if (emission?.isFull() === true) break;
    }
    this.#keepWaiting(arrived);
    return at;
  }

  /** SQJJ4. Of the records from that one on; answers the number of the first one whose pairs are not there. */
  #findPairs({ input, rows, columns }: Arrived, first: Int32Array, from: number): number {
    const { pairs } = this;
    const { next } = this.#other;
    pairs.clear();
    let at = from;
    for (; at < rows.length && pairs.count < PAIRS; at++) {
      pairs.addChain(rows[at] as number, first[at] as number, next);
      pairs.endRecord();
    }
    pairs.test(input, columns, this.#other);
    return at;
  }

  #onRow(
    arrived: Arrived,
    { at, kind, first }: { readonly at: number; readonly kind: RowKind; readonly first: number },
    found: Range,
  ): void {
    const { input, rows, nullable } = arrived;
    const { keeps, changes } = this.plans[input];
    const row = rows[at] as number;
    // SQJJ2
    if (nullable.length > 0 && hasNullIn(nullable, row)) {
      if (keeps) this.emitter.emit(this.#plainKind(kind), row, NOTHING);
      return;
    }
    if (changes === "upsert") {
      const before = this.#take(arrived, at);
      const takes = isAdded(kind) ? rowKinds.updateBefore : kind;
      if (before !== NO_SLOT) this.#join(input, takes, ofTable(before), this.#pairsOf(input, before, first));
    } else if (!isAdded(kind)) {
      if (this.#take(arrived, at) === NO_SLOT) this.#missing.tell();
      else this.#join(input, kind, row, found);
    }
    if (isAdded(kind)) this.#keep(row, this.#join(input, kind, row, found));
  }

  /** Emits what comes and goes with a row; answers how many rows of the other side it is joined with. */
  #join(input: 0 | 1, kind: RowKind, row: number, { pairs, from, to }: Range): number {
    const step = isAdded(kind) ? 1 : -1;
    const matches = to - from;
    const plain = this.#plainKind(kind);
    const { emitter } = this;
    if (this.#isHalf) {
      if (input === 0) {
        if (this.#isSemi === matches > 0) emitter.emit(plain, row, NOTHING);
      } else {
        for (let pair = from; pair < to; pair++) this.#countHalf(pairs.slots[pair] as number, step);
      }
      return matches;
    }
    const keepsOther = this.plans[1 - input]?.keeps === true;
    for (let pair = from; pair < to; pair++) {
      const slot = pairs.slots[pair] as number;
      if (keepsOther) this.#pair({ kind: plain, row, slot }, step);
      else emitter.emit(plain, row, slot);
    }
    if (matches === 0 && this.plans[input].keeps) emitter.emit(plain, row, NOTHING);
    return matches;
  }

  /** SQJJ1 */
  #pair(
    { kind, row, slot }: { readonly kind: RowKind; readonly row: number; readonly slot: number },
    step: 1 | -1,
  ): void {
    const before = this.#other.markOf(slot);
    if (step === 1 && before === 0) this.emitter.emit(rowKinds.delete, NOTHING, slot);
    this.emitter.emit(kind, row, slot);
    this.#other.setMark(slot, before + step);
    if (before + step === 0) this.emitter.emit(rowKinds.insert, NOTHING, slot);
  }

  /** Of a left row of SEMI and ANTI: the first match came, or the last one went. */
  #countHalf(slot: number, step: 1 | -1): void {
    const before = this.#other.markOf(slot);
    this.#other.setMark(slot, before + step);
    if (before !== 0 && before + step !== 0) return;
    const isThere = this.#isSemi === before + step > 0;
    this.emitter.emit(isThere ? rowKinds.insert : rowKinds.delete, NOTHING, slot);
  }

  /** The slot of the row that is the same, which is not there any more; or NO_SLOT. */
  #take(arrived: Arrived, at: number): number {
    this.#keepWaiting(arrived);
    const { columns, hashes, rows } = arrived;
    const slot = this.#own.findSame({ columns, hashes, rows, count: rows.length }, at);
    if (slot !== NO_SLOT) this.#own.remove(slot);
    return slot;
  }

  /** Of a row that the own table has, or had. `first`: of the other table's rows with its key. */
  #pairsOf(input: 0 | 1, slot: number, first: number): Range {
    const pairs = this.#pairsBefore;
    const columns = this.plans[input].row.map((_column, field) => this.#own.columnOf(field, slot));
    pairs.clear();
    pairs.addChain(slot & SLOT_MASK, first, this.#other.next);
    pairs.endRecord();
    pairs.test(input, columns, this.#other);
    return { pairs, from: 0, to: pairs.count };
  }

  #keep(row: number, matches: number): void {
    const waiting = this.#waiting;
    waiting.rows[waiting.count] = row;
    waiting.marks[waiting.count] = matches;
    waiting.count += 1;
  }

  #keepWaiting({ columns, hashes }: Arrived): void {
    const { rows, marks, count } = this.#waiting;
    if (count === 0) return;
    this.#own.add({ columns, hashes, rows, count }, marks);
    this.#waiting.count = 0;
  }

  #makeRoom(records: number): void {
    if (this.#waiting.rows.length >= records) return;
    this.#waiting.rows = new Int32Array(records);
    this.#waiting.marks = new Int32Array(records);
  }

  #plainKind(kind: RowKind): RowKind {
    if (this.#keepsKinds) return kind;
    return isAdded(kind) ? rowKinds.insert : rowKinds.delete;
  }
}

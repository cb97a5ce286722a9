/**
 * Owns: operators that keep one row of a key: the first or the last one by time (deduplicate), and the newest version of an upsert (normalize).
 *
 * SQJD1 Of rows with equal times the first is the one that came first, the last the one that came last.
 * SQJD2 Of a bounded input the row is emitted when the input has ended; elsewhere as soon as it is known, and taken back when another takes its place.
 * SQJD3 What is taken back of an upsert is the row that was emitted, not the one that comes with the -D.
 * SQJD4 Of a key one change is emitted for a batch: versions that came and went within it are nobody's.
 */
import { assert } from "../../../base/index.ts";
import type { OperatorContext, OperatorFactory, ValueState } from "../../ports/index.ts";
import { describeType, isAdded, rowKinds, type ValueType } from "../../record/index.ts";
import { SteppedWork } from "../../spill/index.ts";
import type { DeduplicateNode, NormalizeNode, PlanColumn, PlanMode } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import { namesOf, sameValues, type SqlRow } from "../rows/sql-row.ts";
import { emittedByKey } from "./key-steps.ts";
import { KeyedRowsOperator } from "./keyed-rows.ts";
import type { RowKind } from "./emitted-rows.ts";
import { ROW_OF_KEY } from "./state-names.ts";
import { tableLatest } from "./table-latest.ts";

type LatestNode = DeduplicateNode | NormalizeNode;

const declaresOf = ({ input }: LatestNode) => [
  { name: ROW_OF_KEY, kind: "value", type: describeType(rowTypeOf(input.row)) },
];

export function deduplicateOperator(node: DeduplicateNode, mode: PlanMode): OperatorFactory<unknown, unknown> {
  assert(node.input.changes === "append", "a deduplicate takes rows that stay: rank those that change");
  // Keys of a table are never taken out of it one by one.
  const overTable = node.ttl === undefined ? tableLatest(node, mode) : null;
  if (overTable !== null) return overTable;
  return {
    kind: "operator",
    name: "deduplicate",
    declares: declaresOf(node),
    create: () => (mode === "batch" ? new BoundedDeduplicate(node) : new Deduplicate(node)),
  };
}

export function normalizeOperator(node: NormalizeNode): OperatorFactory<unknown, unknown> {
  return { kind: "operator", name: "normalize", declares: declaresOf(node), create: () => new Normalize(node) };
}

abstract class LatestRow extends KeyedRowsOperator {
  readonly #node: LatestNode;
  protected readonly names: readonly string[];
  protected state!: ValueState<SqlRow>;

  constructor(node: LatestNode) {
    super(node, [{ row: node.input.row, keys: node.by }]);
    this.#node = node;
    this.names = namesOf(node.input.row);
  }

  protected openStates(_context: OperatorContext): void {
    this.state = this.keyed.value({ name: ROW_OF_KEY, type: rowTypeOf(this.#node.input.row) as ValueType<SqlRow> });
  }

  /** Emits what the row is in the place of, and the row. */
  protected replace(before: SqlRow | undefined, row: SqlRow): void {
    if (before === undefined) {
      this.emitter.emit(rowKinds.insert, row, this.names);
    } else {
      this.emitter.emit(rowKinds.updateBefore, before, this.names);
      this.emitter.emit(rowKinds.updateAfter, row, this.names);
    }
  }
}

class Deduplicate extends LatestRow {
  readonly #keepsLast: boolean;
  /** Null: time is the clock, and rows come in its order. */
  readonly #time: string | null;
  /** Rows that are there since this batch, with those in whose place they are; undefined: there was none. */
  readonly #replaced = new Map<SqlRow, SqlRow | undefined>();

  constructor(node: DeduplicateNode) {
    super(node);
    this.#keepsLast = node.keep === "last";
    const time = node.input.row[node.time] as PlanColumn;
    this.#time = time.time === "proctime" ? null : time.name;
  }

  protected onRow(_input: number, _kind: RowKind, row: SqlRow): void {
    const before = this.state.value();
    if (before !== undefined && !this.#isBetter(row, before)) return;
    this.onBetter(before, row);
    this.state.update(row);
  }

  protected onBetter(before: SqlRow | undefined, row: SqlRow): void {
    const isNew = before !== undefined && this.#replaced.has(before);
    this.#replaced.set(row, isNew ? this.#replaced.get(before) : before);
    if (isNew) this.#replaced.delete(before);
  }

  /** SQJD4 */
  protected override onBatchEnd(): void {
    for (const [row, before] of this.#replaced) this.replace(before, row);
    this.#replaced.clear();
  }

  /** SQJD1 */
  #isBetter(row: SqlRow, before: SqlRow): boolean {
    if (this.#time === null) return this.#keepsLast;
    const [time, timeBefore] = [row[this.#time] as number, before[this.#time] as number];
    return this.#keepsLast ? time >= timeBefore : time < timeBefore;
  }
}

/** SQJD2 */
class BoundedDeduplicate extends Deduplicate {
  #work!: SteppedWork;

  protected override openStates(context: OperatorContext): void {
    super.openStates(context);
    this.#work = new SteppedWork(context.emission ?? null);
  }

  protected override onBetter(): void {}

  prepareSnapshot(): void {
    this.#work.finish();
  }

  endInput(): void {
    const { keyed, emitter } = this;
    this.#work.start(
      emittedByKey({ keyed, stateName: ROW_OF_KEY, emitter }, () => {
        const row = this.state.value();
        if (row !== undefined) emitter.emit(rowKinds.insert, row, this.names);
        this.state.clear();
        return [];
      }),
    );
  }

  close(): void {
    this.#work.close();
  }
}

class Normalize extends LatestRow {
  readonly #expires: boolean;

  constructor(node: NormalizeNode) {
    super(node);
    this.#expires = node.ttl !== undefined;
  }

  protected onRow(_input: number, kind: RowKind, row: SqlRow): void {
    // What it was before is in the state.
    if (kind === rowKinds.updateBefore) return;
    const before = this.state.value();
    if (isAdded(kind)) {
      // SQZO3
      if (before !== undefined && !this.#expires && sameValues(before, row, this.names)) return;
      this.replace(before, row);
      this.state.update(row);
    } else if (before !== undefined) {
      // SQJD3
      this.emitter.emit(rowKinds.delete, before, this.names);
      this.state.clear();
    }
  }
}

/**
 * Owns: OVER of bounded input: all rows of a partition are kept, and leave sorted at the end, with the results of their frames.
 *
 * SQOO1 Rows that are equal in the order keep the order in which they came. RANGE ends with the row's peers; without ORDER BY all rows are peers.
 */
import { assert } from "../../../base/index.ts";
import { type ColumnBatch, describeType } from "../../record/index.ts";
import type {
  KeyedOperatorState,
  ListState,
  OperatorContext,
  OperatorFactory,
  Output,
  StreamOperator,
} from "../../ports/index.ts";
import { SteppedWork } from "../../spill/index.ts";
import type { OverNode, PlanColumn } from "../plan/plan-tree.ts";
import { RowKeys } from "../rows/row-key.ts";
import { compareRows } from "../rows/row-order.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import type { SqlRow } from "../rows/sql-row.ts";
import { forEachKeyed, refuseRow } from "./batches-only.ts";
import { ChangeEmitter } from "./change-emitter.ts";
import { emittedByKey } from "./key-steps.ts";
import { OverResults } from "./over-results.ts";

const ROWS = "rows";
const NANOSECONDS = 1e6;

/** Of each row: the numbers of its first peer and behind its last one, and of the different values before it. */
type Peers = { readonly first: number; readonly end: number; readonly groups: number };

class SortedOver implements StreamOperator<unknown, unknown> {
  readonly #node: OverNode;
  readonly #results: OverResults;
  readonly #keys: RowKeys;
  readonly #compare: (left: SqlRow, right: SqlRow) => number;
  #keyed!: KeyedOperatorState;
  #rows!: ListState<SqlRow>;
  #emitter!: ChangeEmitter;
  #work!: SteppedWork;

  constructor(node: OverNode) {
    this.#node = node;
    this.#results = new OverResults(node);
    this.#keys = new RowKeys(node.input.row, node.partitionBy);
    this.#compare = compareRows(node.orderBy, node.input.row);
  }

  open({ keyed, emission }: OperatorContext, output: Output<unknown>): void {
    assert(keyed !== null, "rows come to OVER by their partition");
    this.#work = new SteppedWork(emission ?? null);
    this.#keyed = keyed;
    this.#rows = keyed.list<SqlRow>({ name: ROWS, type: rowTypeOf(this.#node.input.row) as never });
    this.#emitter = new ChangeEmitter({ row: this.#node.row, changes: "append" }, output);
  }

  process(): void {
    refuseRow();
  }

  processBatch(batch: ColumnBatch, from: number): number {
    forEachKeyed(batch, from, { keys: this.#keys, keyed: this.#keyed }, (row) => this.#rows.add(row));
    return batch.count;
  }

  prepareSnapshot(): void {
    this.#work.finish();
  }

  endInput(): void {
    this.#work.start(
      emittedByKey({ keyed: this.#keyed, stateName: ROWS, emitter: this.#emitter }, () => {
        const rows = this.#rows.get().toSorted(this.#compare);
        this.#rows.clear();
        return this.#emitted(rows);
      }),
    );
  }

  close(): void {
    this.#work.close();
  }

  /** The results of a partition, one at each step. */
  *#emitted(rows: readonly SqlRow[]): Generator<void> {
    const results = this.#results;
    const { unit } = this.#node.frame;
    const frame = results.create();
    const peersOf = this.#peersOf(rows);
    let [frameStart, frameEnd] = [0, 0];
    for (const [number, row] of rows.entries()) {
      const { first, end, groups } = peersOf[number] as Peers;
      const last = unit === "ROWS" ? number + 1 : end;
      for (; frameEnd < last; frameEnd++) results.add(frame, rows[frameEnd] as SqlRow);
      for (; !this.#isInFrame(rows, frameStart, number); frameStart++)
        results.retract(frame, rows[frameStart] as SqlRow);
      const values = results.values(row, frame, {
        number,
        firstPeer: first,
        groups,
        endOfPeers: end,
        size: rows.length,
        frameStart,
        frameEnd,
        rowAt: (wanted) => rows[wanted],
      });
      this.#emitter.insert(values);
      yield;
    }
  }

  #peersOf(rows: readonly SqlRow[]): readonly Peers[] {
    const peers: Peers[] = [];
    let groups = 0;
    for (let first = 0; first < rows.length; groups++) {
      let end = first + 1;
      while (end < rows.length && this.#compare(rows[first] as SqlRow, rows[end] as SqlRow) === 0) end += 1;
      for (let at = first; at < end; at++) peers.push({ first, end, groups });
      first = end;
    }
    return peers;
  }

  /** Whether the row numbered `start` is one of the frame of the row `number`. */
  #isInFrame(rows: readonly SqlRow[], start: number, number: number): boolean {
    const { unit, preceding } = this.#node.frame;
    if (preceding === null || start >= number) return true;
    if (unit === "ROWS") return number - start <= preceding;
    const [order] = this.#node.orderBy;
    assert(order !== undefined, "a RANGE of bounded length has an order");
    const { name } = this.#node.input.row[order.column] as PlanColumn;
    const [from, to] = [millisecondsOf(rows[start]?.[name]), millisecondsOf(rows[number]?.[name])];
    if (from === null || to === null) return from === to;
    return Math.abs(to - from) <= preceding;
  }
}

/** Of a date or time, as rows have it. */
function millisecondsOf(value: unknown): number | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "bigint") return Number(value) / NANOSECONDS;
  return Number(value);
}

/** In any order, of bounded input only. */
export function sortedOver(node: OverNode): OperatorFactory<unknown, unknown> {
  return {
    kind: "operator",
    name: "over",
    declares: [{ name: ROWS, kind: "list", type: describeType(rowTypeOf(node.input.row)) }],
    create: () => new SortedOver(node),
  };
}

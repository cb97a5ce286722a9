/**
 * Owns: what OVER adds to a row: the results of its calls, aggregates and others, in the order of the plan.
 * Called by: timed-over.ts, sorted-over.ts.
 */
import { type ValueType } from "../../record/index.ts";
import type { AggregateCall, OverNode } from "../plan/plan-tree.ts";
import { namesOf, type SqlRow } from "../rows/sql-row.ts";
import { Aggregation, type AggregationState } from "./aggregation.ts";
import {
  asksForSize,
  lookAhead,
  lookBack,
  lookBackOfAll,
  type OverCall,
  overCallOf,
  type Place,
} from "./over-calls.ts";

export class OverResults {
  readonly names: readonly string[];
  /** Of the aggregates' state. */
  readonly type: ValueType<AggregationState>;
  /** All calls are aggregates. */
  readonly areAggregates: boolean;
  /** One of the calls depends on how many rows the partition has. */
  readonly asksForSize: boolean;
  /** One of them depends on the row's last peer. */
  readonly asksForPeers: boolean;
  readonly #node: OverNode;
  readonly #aggregation: Aggregation;
  /** Of each call; null: an aggregate. */
  readonly #others: readonly (OverCall | null)[];
  readonly #row: SqlRow[] = [{}];

  /** Errors: JOB_GRAPH_INVALID. */
  constructor(node: OverNode) {
    const { calls, input, frame } = node;
    this.#node = node;
    this.names = namesOf(input.row);
    this.#others = calls.map((call) => overCallOf(call, input.row));
    const isRange = frame.unit === "RANGE";
    this.asksForSize = calls.some(asksForSize);
    this.asksForPeers = calls.some(
      ({ name }, at) => name === "CUME_DIST" || (isRange && (name === "NTH_VALUE" || this.#others[at] === null)),
    );
    this.areAggregates = this.#others.every((other) => other === null);
    const aggregates = calls.filter((_call, at) => this.#others[at] === null);
    this.#aggregation = new Aggregation(aggregates, input.row, { retracts: frame.preceding !== null });
    this.#aggregation.useRows(this.#row);
    this.type = this.#aggregation.type;
  }

  create(): AggregationState {
    return this.#aggregation.create();
  }

  /** The row comes into the frame. */
  add(state: AggregationState, row: SqlRow): void {
    this.#row[0] = row;
    this.#aggregation.add(state, 0);
  }

  /** It leaves it. */
  retract(state: AggregationState, row: SqlRow): void {
    this.#row[0] = row;
    this.#aggregation.retract(state, 0);
  }

  /** The row's values, then the results. */
  values(row: SqlRow, state: AggregationState, place: Place): readonly unknown[] {
    const values = this.names.map((name) => row[name]);
    const aggregates: unknown[] = [];
    this.#aggregation.results(state, aggregates);
    let next = 0;
    for (const other of this.#others) values.push(other === null ? aggregates[next++] : other(row, place));
    return values;
  }

  /** How many rows ahead of this one its calls look at, apart from the frame; null: all. */
  lookBack(row: SqlRow): number | null {
    let rows = 0;
    for (const call of this.#node.calls as readonly AggregateCall[]) {
      const back = lookBack(call, row, this.#node.input.row);
      if (back === null && this.#node.frame.preceding === null) return null;
      rows = Math.max(rows, back ?? 0);
    }
    return rows;
  }

  /** As `lookBack`, whichever row it is; null also where rows differ in it. */
  get lookBackOfAll(): number | null {
    const { calls, input, frame } = this.#node;
    const backs = calls
      .filter(({ name }) => name !== "NTH_VALUE" || frame.preceding === null)
      .map((call) => lookBackOfAll(call, input));
    return backs.reduce((most, back) => (most === null || back === null ? null : Math.max(most, back)), 0);
  }

  /** How many rows behind this one its calls look at. */
  lookAhead(row: SqlRow): number {
    return this.#node.calls.reduce((most, call) => Math.max(most, lookAhead(call, row, this.#node.input.row)), 0);
  }
}

/**
 * Owns: the calls of one aggregating operator together: their states as one value, and what a row of a batch does to it.
 * Called by: aggregate, windowAggregate, over.
 *
 * SQOB1 The state is a plain record: how many rows there are, then the state of each call.
 */
import {
  type Column,
  type ColumnBatch,
  type ColumnField,
  plainKey,
  t,
  type ValueType,
  valueAt,
} from "../../record/index.ts";
import type { KeyedOperatorState } from "../../ports/index.ts";
import type { AggregateCall, PlanRow } from "../plan/plan-tree.ts";
import type { Accumulator, AggregateInput } from "./accumulators/accumulator.ts";
import { accumulatorOf } from "./accumulators/aggregate-functions.ts";
import { StateCounts } from "./accumulators/value-counts.ts";

/** Rows minus rows taken back; and of each call its state, by the names of `Aggregation.type`. */
export type AggregationState = { rows: number; readonly [name: string]: unknown };
type RowObject = Readonly<Record<string, unknown>>;
type MutableState = { [name: string]: unknown };

type RunningCall = {
  readonly name: string;
  readonly call: AggregateCall;
  readonly accumulator: Accumulator;
  readonly input: AggregateInput;
};

export class Aggregation {
  readonly type: ValueType<AggregationState>;
  readonly #calls: readonly RunningCall[];
  readonly #counts: readonly StateCounts[];
  readonly #names: readonly string[];
  #objects: readonly RowObject[] | null = null;
  #columns: readonly Column[] = [];
  #fields: readonly ColumnField[] = [];

  /**
   * `row`: of the input. `retracts`: its rows may be taken back. `countsInState`: counts of values are map state of their own (SQON1): then states are only of the current key,
   * and are not merged. Errors: JOB_GRAPH_INVALID.
   */
  constructor(
    calls: readonly AggregateCall[],
    row: PlanRow,
    { retracts, countsInState = false }: { readonly retracts: boolean; readonly countsInState?: boolean },
  ) {
    this.#names = row.map(({ name }) => name);
    const counts: StateCounts[] = [];
    this.#counts = counts;
    this.#calls = calls.map((call, at) => ({
      name: `${call.name.toLowerCase()}${at}`,
      call,
      accumulator: accumulatorOf(call, row, {
        retracts,
        counts: (purpose, identities) => {
          if (!countsInState) return null;
          const made = new StateCounts(`${purpose}${at}`, identities);
          counts.push(made);
          return made;
        },
      }),
      input: { value: null, second: null, order: null },
    }));
    this.type = t.record({
      rows: t.int64,
      ...Object.fromEntries(this.#calls.map(({ name, accumulator }) => [name, accumulator.type])),
    }) as unknown as ValueType<AggregationState>;
  }

  /** Of the map states. */
  get declarations(): readonly StateCounts["declaration"][] {
    return this.#counts.map(({ declaration }) => declaration);
  }

  /** Before any row, where there are map states. */
  open(keyed: KeyedOperatorState): void {
    for (const counts of this.#counts) counts.open(keyed);
  }

  /** The current key has no rows any more. */
  clear(): void {
    for (const counts of this.#counts) counts.clear();
  }

  create(): AggregationState {
    const state: MutableState = { rows: 0 };
    for (const { name, accumulator } of this.#calls) state[name] = accumulator.create();
    return state as AggregationState;
  }

  /** What `add` and `retract` read from then on: rows of the batch, by place. */
  use({ columns, layout }: ColumnBatch): void {
    this.#objects = null;
    this.#columns = columns;
    this.#fields = layout.fields;
  }

  /** The same for row objects, by number. */
  useRows(rows: readonly RowObject[]): void {
    this.#objects = rows;
  }

  /** The row at that place. */
  add(state: AggregationState, row: number): void {
    state.rows += 1;
    for (const call of this.#calls) {
      const { name, accumulator } = call;
      if (this.#reads(call, row)) (state as MutableState)[name] = accumulator.add(state[name], call.input);
    }
  }

  retract(state: AggregationState, row: number): void {
    state.rows -= 1;
    for (const call of this.#calls) {
      const { name, accumulator } = call;
      if (this.#reads(call, row)) (state as MutableState)[name] = accumulator.retract(state[name], call.input);
    }
  }

  /** Adds up `right` into `left`; `right` stays as it is. */
  merge(left: AggregationState, right: AggregationState): void {
    left.rows += right.rows;
    for (const { name, accumulator } of this.#calls)
      (left as MutableState)[name] = accumulator.merge(left[name], right[name]);
  }

  /** One value for each call, appended to `values`. */
  results(state: AggregationState, values: unknown[]): void {
    for (const { name, accumulator } of this.#calls) values.push(accumulator.result(state[name]));
  }

  /** False: its FILTER leaves the row out. Otherwise its input is that of the row. */
  #reads({ call, input }: RunningCall, row: number): boolean {
    const { filter, arguments: places, order } = call;
    if (filter !== null && this.#value(filter, row) !== true) return false;
    const [first, second] = places;
    if (call.user !== undefined) input.values = places.map((place) => this.#value(place, row));
    if (first === undefined) {
      input.value = true;
      return true;
    }
    if (call.name === "COUNT" && second !== undefined) {
      input.value = this.#several(places, row);
      return true;
    }
    input.value = this.#value(first, row);
    if (second !== undefined) input.second = this.#value(second, row);
    if (order.length > 0)
      input.order = Object.fromEntries(order.map(({ column }) => [this.#names[column], this.#value(column, row)]));
    return true;
  }

  /** Null as soon as one is NULL. */
  #several(places: readonly number[], row: number): unknown {
    const values = places.map((place) => this.#value(place, row));
    return values.includes(null) ? null : values.map(plainKey);
  }

  #value(place: number, row: number): unknown {
    if (this.#objects !== null) return (this.#objects[row] as RowObject)[this.#names[place] as string];
    return valueAt(this.#columns[place] as Column, this.#fields[place] as ColumnField, row);
  }
}

/**
 * Owns: the port of an aggregate function that runs: its state as a plain value of a declared type, and what rows do to it.
 * Called by: aggregation.ts, which has one for each call of a query.
 *
 * SQOA1 `add`, `retract` and `merge` may change the state that they are given first, and answer the state that counts from then on. They keep nothing of their
 *     other arguments that may change later.
 * SQOA2 `retract` undoes an earlier `add` of an equal value; `merge` comes to what all adds of both, the left one's first, would have come to.
 * SQOA3 `result` is a value of its own: later changes of the state do not show in it.
 */
import type { ValueType } from "../../../record/index.ts";
import type { SqlType } from "../../types/sql-type.ts";
import type { Identities } from "./identity.ts";
import type { StateCounts } from "./value-counts.ts";

/** What a row brings: the call's first argument (of several: see aggregation.ts), its second, and what it is to be ordered by. */
type RowObject = Readonly<Record<string, unknown>>;

export type AggregateInput = {
  value: unknown;
  second: unknown;
  /** The columns that it is ordered by, by name; null: none. */
  order: RowObject | null;
  /** All arguments, of a function of the user. */
  values?: readonly unknown[];
};

export type Accumulator<S = unknown> = {
  readonly type: ValueType<unknown>;
  create(): S;
  add(state: S, input: AggregateInput): S;
  retract(state: S, input: AggregateInput): S;
  merge(left: S, right: S): S;
  /** As rows have a value of the call's type; null is NULL. */
  result(state: S): unknown;
};

export type AccumulatorSite = {
  /** Of the first argument; null: COUNT(*). */
  readonly argument: SqlType | null;
  readonly result: SqlType;
  /** Rows may be taken back: the state keeps what that takes. */
  readonly retracts: boolean;
  readonly ignoresNulls: boolean;
  /** Where the counts of values are to be (SQON1); null: in the accumulator's own state. */
  readonly counts: (purpose: string, identities: Identities) => StateCounts | null;
  /** Of the second argument; null: there is none. */
  readonly second: SqlType | null;
  /** Compares the `order` of two inputs; null: rows count in the order in which they come. */
  readonly compare: ((left: RowObject, right: RowObject) => number) | null;
};

/**
 * Owns: the form in which a process function declares its states, and the types of the handles that it is given for them.
 * Not here: making declarations and handles (room `operators`).
 *
 * DCS1 A state is known from the graph alone: name, kind and types. Checkpoints, preflight and `explain` use the same.
 */
import type { ValueType } from "../record/index.ts";
import type { KeyedStateStore, OperatorStateStore } from "./state.ts";

/** A state with a value for each key; made by `value`, `list`, `map`, `reducing` and `aggregating`. `H`: its handle. */
export interface KeyedStateSpec<H> {
  readonly scope: "keyed";
  readonly kind: "value" | "list" | "map" | "reducing" | "aggregating";
  /** Of the values, items or accumulators. */
  readonly type: ValueType<unknown>;
  /** Of a map: its keys. */
  readonly keyType: ValueType<unknown> | null;
  /** For the engine. */
  open(store: KeyedStateStore, name: string): H;
}

/** A list of the subtask, not by key; made by `operatorList`, `unionList` and `broadcastList`. */
export interface OperatorStateSpec<H> {
  readonly scope: "operator";
  /** Which of the three: it says how the items are shared out on restore. */
  readonly kind: "operator-list" | "union-list" | "broadcast-list";
  readonly type: ValueType<unknown>;
  readonly keyType: null;
  /** For the engine. */
  open(store: OperatorStateStore, name: string): H;
}

export type StateSpec<H> = KeyedStateSpec<H> | OperatorStateSpec<H>;

/** What `process` of a stream without keys may declare, by name. */
export type OperatorStates = Readonly<Record<string, OperatorStateSpec<unknown>>>;
/** What `process` of a keyed stream may declare, by name. */
export type KeyedStates = Readonly<Record<string, StateSpec<unknown>>>;
export type NoStates = Readonly<Record<never, never>>;

/** The handles of declared states, by the same names. */
export type StateHandles<S> = {
  readonly [N in keyof S]: S[N] extends { open(store: never, name: string): infer H } ? H : never;
};

/**
 * Owns: the form in which a process function declares its states, and the types of the handles that it is given for them.
 * Not here: making declarations and handles (room `operators`).
 *
 * DCS1 A state is known from the graph alone: name, kind and types. Checkpoints, preflight and `explain` use the same.
 */
import type { Key, ValueType } from "../record/index.ts";
import type { BroadcastState, KeyedStateStore, OperatorStateStore, ReadonlyBroadcastState } from "./state.ts";

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

/** A map that all subtasks hold, written by `processBroadcast` (CNF3); made by `broadcastMap`. */
export interface BroadcastStateSpec<K extends Key, V> {
  readonly scope: "broadcast";
  readonly kind: "broadcast-list";
  /** Of what checkpoints hold: a list of entries. */
  readonly type: ValueType<unknown>;
  readonly keyType: null;
  /** For the engine. */
  open(store: OperatorStateStore, name: string): BroadcastState<K, V>;
}

export type StateSpec<H> = KeyedStateSpec<H> | OperatorStateSpec<H> | AnyBroadcastSpec;

/** Of any key and value: a handle is both read and written, so neither `never` nor `unknown` alone fits all. */
type AnyBroadcastSpec = Omit<BroadcastStateSpec<Key, unknown>, "open"> & {
  open(store: OperatorStateStore, name: string): unknown;
};

/** What `process` of a stream without keys may declare, by name; `broadcastMap` where it is connected to a broadcast stream. */
export type OperatorStates = Readonly<Record<string, OperatorStateSpec<unknown> | AnyBroadcastSpec>>;
/** What `process` of a keyed stream may declare, by name. */
export type KeyedStates = Readonly<Record<string, StateSpec<unknown>>>;
export type NoStates = Readonly<Record<never, never>>;

/** The handles of declared states, by the same names. Broadcast state is for reading. */
export type StateHandles<S> = {
  readonly [N in keyof S]: S[N] extends BroadcastStateSpec<infer K, infer V>
    ? ReadonlyBroadcastState<K, V>
    : S[N] extends { open(store: never, name: string): infer H }
      ? H
      : never;
};

/** The handles that `processBroadcast` has: of states without keys. */
export type BroadcastHandles<S> = {
  readonly [N in keyof S as S[N] extends { readonly scope: "keyed" } ? never : N]: S[N] extends {
    open(store: never, name: string): infer H;
  }
    ? H
    : never;
};

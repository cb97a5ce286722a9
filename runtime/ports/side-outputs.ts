/**
 * Owns: the form in which a process function declares outputs beside its main one, and the types of what it emits into them.
 *
 * SIO1 A side output is known from the graph alone: name and type. What nobody takes from one is dropped.
 */
import type { ValueOf, ValueType } from "../record/index.ts";
import type { Emitter } from "./functions.ts";

/** By name: the type of the records, as in `{ rejected: t.string }`. */
export type SideOutputTypes = Readonly<Record<string, ValueType<unknown>>>;
export type NoSideOutputs = Readonly<Record<never, never>>;

/** The emitters of declared side outputs, by the same names. */
export type SideOutputEmitters<X> = {
  readonly [N in keyof X]: X[N] extends ValueType<unknown> ? Emitter<ValueOf<X[N]>> : never;
};

/**
 * Owns: the options that every operation of the job API takes as its last argument.
 */
import { StreamError } from "../../base/index.ts";
import type { ValueType } from "../record/index.ts";
import { rejectUnknownNames } from "./unknown-names.ts";

export type OperatorOptions = {
  /**
   * Names the operator's state across versions of the job: give one to every operator with state. Unique in the job, 1 to 255
   * characters. Default: derived from the place in the graph, which changes when operators are added or removed before it.
   */
  readonly uid?: string;
  /** For people: in vertex names, messages, logs. Default: the operation's name. */
  readonly name?: string;
  /** Number of subtasks. Default: the job's. */
  readonly parallelism?: number;
  /** Number of key groups, fixed for the life of the state. Default: the restored state's, or derived from the parallelism. */
  readonly maxParallelism?: number;
  /** `always` (default): runs in one chain with neighbours where it can; `head`: starts a chain; `never`: alone. */
  readonly chaining?: "always" | "head" | "never";
};

/** With the type of the records that come out, which must then be what the function returns. */
export type TypedOptions<O> = OperatorOptions & { readonly type: ValueType<O> };

/** Without: records are encoded by the generic codec, more slowly, where they leave the thread. */
export type UntypedOptions = OperatorOptions & { readonly type?: undefined };

/**
 * What an operation without a `type` gives: a stream when it can be inferred what its function emits; calls of an emitter do not say it.
 */
export type Inferred<O, Stream> = 0 extends 1 & O // any
  ? Stream
  : unknown extends O
    ? "what the function emits cannot be inferred: give the operation a type, such as { type: t.string }"
    : Stream;

const NAMES = ["uid", "name", "parallelism", "maxParallelism", "chaining"];

/** Job modules run without a type check: a misspelt option is an error here (OPTION_UNKNOWN). */
export function checkOperatorOptions(operation: string, options: object, further: readonly string[] = []): void {
  rejectUnknownNames(operation, options, [...NAMES, ...further]);
}

/** Throws OPTION_INVALID when a declared type is none, such as a plain object of fields. */
export function checkType(operation: string, type: ValueType<unknown>): void {
  if (typeof type?.kind === "string" && typeof type.nullable === "boolean") return;
  throw new StreamError(
    "OPTION_INVALID",
    `${operation}: the type is not one of t's; write for example type: t.record({ word: t.string, count: t.int64 })`,
    { destiny: "terminal" },
  );
}

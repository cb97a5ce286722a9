/**
 * Owns: functions of SQL as a module of TypeScript declares them: scalarFunction, tableFunction, aggregateFunction.
 * Not here: what they are in a query (bound-function.ts), how they are called (running-functions.ts).
 *
 * SQZA1 A parameter that is not nullable never gets NULL: of a NULL the result is NULL, of a table function there are no rows, and an aggregate leaves the row out.
 * SQZA2 A function is synchronous. What has to wait is done in `open`, which is awaited before the first row, once in each subtask.
 */
import { StreamError } from "../../../base/index.ts";
import type { Clock, Log } from "../../../base/index.ts";
import type { MetricGroup } from "../../ports/index.ts";
import { describeType, findMisfit, type ValueOf, type ValueType } from "../../record/index.ts";

type Type = ValueType<unknown>;
type Types = readonly Type[];
/** What a function with these parameters is called with. */
export type ArgumentsOf<A extends Types> = { readonly [I in keyof A]: ValueOf<A[I]> };

/** What `open` sees: where the function runs. */
export type FunctionContext = {
  /** Of the operator that calls it. */
  readonly uid: string;
  readonly subtask: number;
  readonly parallelism: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: MetricGroup;
};

/** A function that `open` has made; `close` is called once, at the end of the task. */
export type OpenedFunction<F> = { readonly call: F; readonly close?: () => void | Promise<void> };

type Open<F> = (context: FunctionContext) => OpenedFunction<F> | Promise<OpenedFunction<F>>;

type Declared<A extends Types, R> = {
  /** In their order. */
  readonly arguments: A;
  readonly returns: ValueType<R>;
  /** False: equal arguments may give other results. Such a function is called for each row, and refused over rows that change. Default true. */
  readonly deterministic?: boolean;
};

/** `call`, or `open`, which makes it for one subtask. */
type Callable<F> =
  | { readonly call: F; readonly open?: undefined }
  | { readonly open: Open<F>; readonly call?: undefined };

export type ScalarFunctionOptions<A extends Types, R> = Declared<A, R> & Callable<(...values: ArgumentsOf<A>) => R>;
/** `returns`: of each row. A record's fields are its columns; of other types there is one column. */
export type TableFunctionOptions<A extends Types, R> = Declared<A, R> &
  Callable<(...values: ArgumentsOf<A>) => Iterable<R>>;

export type AggregateFunctionOptions<A extends Types, S, R> = Declared<A, R> & {
  /** Of the state of a group: it is in checkpoints, and restored at any parallelism. */
  readonly accumulator: ValueType<S>;
  readonly create: () => S;
  /** May change the state, or answer the one that counts from then on. */
  readonly add: (state: S, ...values: ArgumentsOf<A>) => S | void;
  /** Undoes an `add` of equal values. Without it: only over rows that are never taken back. */
  readonly retract?: (state: S, ...values: ArgumentsOf<A>) => S | void;
  /** All of `right` comes to `left`; `right` stays as it is. Without it: no windows but TUMBLE. */
  readonly merge?: (left: S, right: S) => S | void;
  readonly result: (state: S) => R;
};

export type Call = (...values: readonly unknown[]) => unknown;

type Definition<F extends string, T> = {
  readonly kind: "sqlFunction";
  readonly form: F;
  readonly parameters: Types;
  readonly returns: Type;
  readonly isDeterministic: boolean;
} & Readonly<T>;

/** `call` is null where there is `open`. */
type Opening = { readonly call: Call | null; readonly open: Open<Call> | null };

export type ScalarFunction = Definition<"scalar", Opening>;
export type TableFunction = Definition<"table", Opening>;
export type AggregateFunction = Definition<
  "aggregate",
  {
    accumulator: Type;
    create: () => unknown;
    add: Call;
    retract: Call | null;
    merge: Call | null;
    result: Call;
  }
>;
export type FunctionDefinition = ScalarFunction | TableFunction | AggregateFunction;

/** One value for the values of a row. Errors: OPTION_INVALID. */
export function scalarFunction<const A extends Types, R>(options: ScalarFunctionOptions<A, R>): ScalarFunction {
  return { ...declared("scalarFunction", options), form: "scalar", ...opening("scalarFunction", options) };
}

/** Any number of rows for the values of one: `call` answers an array, or is a generator. Errors: OPTION_INVALID. */
export function tableFunction<const A extends Types, R>(options: TableFunctionOptions<A, R>): TableFunction {
  return { ...declared("tableFunction", options), form: "table", ...opening("tableFunction", options) };
}

/** One value for the rows of a group. Errors: OPTION_INVALID. */
export function aggregateFunction<const A extends Types, S, R>(
  options: AggregateFunctionOptions<A, S, R>,
): AggregateFunction {
  const { accumulator, create, add, retract, merge, result } = options;
  const what = "aggregateFunction";
  requireType(what, "accumulator", accumulator);
  for (const [name, each] of Object.entries({ create, add, result })) requireFunction(what, name, each);
  for (const [name, each] of Object.entries({ retract, merge }))
    if (each !== undefined) requireFunction(what, name, each);
  const misfit = findMisfit(accumulator as Type, create());
  if (misfit !== null)
    throw invalid(
      what,
      `create gives ${misfit.found}${misfit.path === "" ? "" : ` at ${misfit.path}`}, and the accumulator is ${describeType(accumulator as Type)}`,
    );
  return {
    ...declared(what, options),
    form: "aggregate",
    accumulator: accumulator as Type,
    create,
    add: add as Call,
    retract: (retract ?? null) as Call | null,
    merge: (merge ?? null) as Call | null,
    result: result as Call,
  };
}

/** Also of one that another copy of this package has made. */
export function isFunctionDefinition(value: unknown): value is FunctionDefinition {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "sqlFunction";
}

function declared(
  what: string,
  { arguments: parameters, returns, deterministic = true }: Declared<Types, unknown>,
): Pick<FunctionDefinition, "kind" | "parameters" | "returns" | "isDeterministic"> {
  if (!Array.isArray(parameters))
    throw invalid(what, "arguments is no list of types; write arguments: [t.string, t.int32]");
  for (const [index, type] of parameters.entries()) requireType(what, `argument ${index + 1}`, type);
  requireType(what, "returns", returns);
  if (typeof deterministic !== "boolean") throw invalid(what, "deterministic is true or false");
  return { kind: "sqlFunction", parameters, returns, isDeterministic: deterministic };
}

function opening(what: string, { call, open }: { readonly call?: unknown; readonly open?: unknown }): Opening {
  if ((call === undefined) === (open === undefined))
    throw invalid(what, "it needs call, or open, which gives { call }; one of the two");
  if (open === undefined) requireFunction(what, "call", call);
  else if (typeof open !== "function") throw invalid(what, "open is no function");
  return { call: (call ?? null) as Call | null, open: (open ?? null) as Open<Call> | null };
}

function requireType(what: string, name: string, type: unknown): void {
  const isType = typeof type === "object" && type !== null && "kind" in type && "nullable" in type;
  if (!isType) throw invalid(what, `${name} is no type; take one of t, such as t.string or t.nullable(t.int32)`);
}

/** SQZA2. */
function requireFunction(what: string, name: string, value: unknown): void {
  if (typeof value !== "function") throw invalid(what, `${name} is no function`);
  if (Object.prototype.toString.call(value).startsWith("[object Async"))
    throw invalid(what, `${name} is async, and nothing is awaited for each row; what has to wait belongs into open`);
}

const invalid = (what: string, why: string): StreamError =>
  new StreamError("OPTION_INVALID", `${what}: ${why}`, { destiny: "terminal" });

/**
 * Owns: functions of the user while they run: opened and closed with their operator, called with values of rows, their results looked at.
 *
 * SQZD1 What a function throws, or gives wrongly, is USER_FUNCTION_FAILED with the function's name and the values that it was called with.
 * SQZD2 An operator opens a function once, however many calls of it its expressions have, and closes what it has opened: also where another one cannot be closed, or
 *     the task has ended meanwhile.
 */
import { assert, isPromiseLike, StreamError } from "../../../base/index.ts";
import type { OperatorContext } from "../../ports/index.ts";
import { describeType, findMisfit, type ValueType } from "../../record/index.ts";
import type { BoundFunction, ScalarUserFunction, TableUserFunction } from "./bound-function.ts";
import type { Call, OpenedFunction } from "./definition.ts";
import { type Convert, fitsFinder, valueReader, valueWriter } from "./function-values.ts";

type Callable = ScalarUserFunction | TableUserFunction;
/** `call`: null until it is open. */
type OpenSlot = { readonly bound: Callable; call: Call | null; close: OpenedFunction<Call>["close"] };

/** Rows that a table function gives for one. */
const ROWS_MAX = 1_000_000;

/** Of one operator in one subtask. */
export class RunningFunctions {
  readonly #slots = new Map<Callable["definition"], OpenSlot>();
  #isClosed = false;

  /** What is called with values as rows have them. Before `open` it may be made, and not called. */
  callOf(bound: Callable): Call {
    const { call, open } = bound.definition;
    if (open === null) return rowCall(bound, { bound, call, close: undefined });
    const slot = this.#slots.get(bound.definition) ?? { bound, call: null, close: undefined };
    this.#slots.set(bound.definition, slot);
    return rowCall(bound, slot);
  }

  /** Resolves when all that were asked for are open; nothing to wait for: undefined. */
  open({ uid, subtask, parallelism, clock, log, metrics }: OperatorContext): Promise<void> | undefined {
    if (this.#slots.size === 0) return undefined;
    return this.#openAll({ uid, subtask, parallelism, clock, log, metrics });
  }

  /** Errors: the first one of a function, when all were tried. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const failures: unknown[] = [];
    for (const slot of this.#slots.values()) {
      const { close } = slot;
      slot.close = undefined;
      try {
        await close?.();
      } catch (error) {
        failures.push(failure(`the function ${slot.bound.name} could not be closed: ${reasonOf(error)}`, error));
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  async #openAll(context: Parameters<NonNullable<Callable["definition"]["open"]>>[0]): Promise<void> {
    for (const slot of this.#slots.values()) {
      const { bound } = slot;
      try {
        const opened = await bound.definition.open?.(context);
        if (typeof opened?.call !== "function") throw new TypeError("open gives no { call }");
        slot.call = opened.call;
        slot.close = () => opened.close?.();
        if (this.#isClosed) return await this.close();
      } catch (error) {
        throw failure(`the function ${bound.name} could not be opened: ${reasonOf(error)}`, error);
      }
    }
  }
}

function openCall({ bound, call }: OpenSlot): Call {
  assert(call !== null, `the function ${bound.name} is open before it is called`);
  return call;
}

/** SQZD1. Of a table function: an array of rows. */
function rowCall(bound: Callable, slot: OpenSlot): Call {
  const readers = bound.definition.parameters.map(valueReader);
  return bound.definition.form === "table" ? tableCall(bound, slot, readers) : scalarCall(bound, slot, readers);
}

type Readers = readonly (Convert | null)[];

/** No list of values is made for those that there are most: calls are for every row. */
function scalarCall(bound: Callable, slot: OpenSlot, readers: Readers): Call {
  const take = resultTaker(bound, bound.definition.returns, true);
  const [first = null, second = null] = readers;
  if (readers.length === 1)
    return (a) => {
      let result: unknown;
      try {
        result = openCall(slot)(first === null ? a : first(a));
      } catch (error) {
        throw callFailure(bound, [a], error);
      }
      return take(result, a);
    };
  if (readers.length === 2)
    return (a, b) => {
      let result: unknown;
      try {
        result = openCall(slot)(first === null ? a : first(a), second === null ? b : second(b));
      } catch (error) {
        throw callFailure(bound, [a, b], error);
      }
      return take(result, a, b);
    };
  return (...values) => {
    let result: unknown;
    try {
      result = openCall(slot)(...read(values, readers));
    } catch (error) {
      throw callFailure(bound, values, error);
    }
    return take(result, ...values);
  };
}

const read = (values: readonly unknown[], readers: Readers): readonly unknown[] =>
  values.map((value, index) => {
    const reader = readers[index] ?? null;
    return reader === null ? value : reader(value);
  });

function tableCall(bound: Callable, slot: OpenSlot, readers: Readers): Call {
  const take = resultTaker(bound, bound.definition.returns, false);
  return (...values) => {
    let rows: readonly unknown[];
    try {
      // A generator runs here.
      rows = collected(openCall(slot)(...read(values, readers)));
    } catch (error) {
      throw callFailure(bound, values, error);
    }
    return rows.map((row) => take(row, ...values));
  };
}

function collected(result: unknown): readonly unknown[] {
  if (isPromiseLike(result)) throw promised(result);
  if (typeof result !== "object" || result === null || !(Symbol.iterator in result))
    throw new TypeError(`it gives ${shown(result)}, and a table function gives an array, or is a generator`);
  const rows: unknown[] = [];
  for (const row of result as Iterable<unknown>) {
    if (rows.length === ROWS_MAX) throw new RangeError(`it gives more than ${ROWS_MAX} rows for one`);
    rows.push(row);
  }
  return rows;
}

/** What is wrong with a promise. It may be rejected later, which would be an error that nobody takes. */
export function promised(promise: unknown): TypeError {
  Promise.resolve(promise).catch(() => {});
  return new TypeError("it gives a promise, and nothing is awaited for each row");
}

/** `values`: of the call, for the message. */
type Take = (result: unknown, ...values: readonly unknown[]) => unknown;

/** Checks a result, and makes it a value of a row. */
export function resultTaker(bound: BoundFunction, type: ValueType<unknown>, isWhole: boolean): Take {
  const fits = fitsFinder(type);
  const write: Convert | null = valueWriter(type, isWhole);
  return (result, ...values) => {
    const value = result === undefined && type.nullable ? null : result;
    if (!fits(value)) throw misfitFailure(bound, type, value, values);
    return write === null ? value : write(value);
  };
}

function misfitFailure(
  bound: BoundFunction,
  type: ValueType<unknown>,
  ...[value, values]: [unknown, readonly unknown[]]
): StreamError {
  if (isPromiseLike(value)) return callFailure(bound, values, promised(value));
  const misfit = findMisfit(type, value);
  const path = misfit === null || misfit.path === "" ? "" : ` at ${misfit.path}`;
  return failure(
    `the function ${bound.name} gives ${misfit?.found}${path} of ${valuesText(values)}, and is declared to give ${describeType(type)}`,
  );
}

export function callFailure(bound: BoundFunction, values: readonly unknown[], error: unknown): StreamError {
  return failure(`the function ${bound.name} failed on ${valuesText(values)}: ${reasonOf(error)}`, error);
}

const failure = (message: string, cause?: unknown): StreamError =>
  new StreamError("USER_FUNCTION_FAILED", message, { cause });

const reasonOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : shown(error);

const valuesText = (values: readonly unknown[]): string => `(${values.map(shown).join(", ")})`;

const SHOWN_MAX = 100;

/** Of anything: what it cannot be shown as must not hide the failure that it belongs to. */
function shown(value: unknown): string {
  if (value === null) return "NULL";
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" && typeof value !== "string") return String(value);
  let text: string | undefined;
  try {
    text = JSON.stringify(value, (_key, part: unknown) =>
      typeof part === "bigint"
        ? String(part)
        : part instanceof Map
          ? Object.fromEntries(part)
          : part instanceof Uint8Array
            ? `${part.length} bytes`
            : part,
    );
  } catch {
    // A circle.
  }
  if (text === undefined) return "an object";
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX)}…`;
}

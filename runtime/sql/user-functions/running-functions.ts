/**
 * Owns: functions of the user while they run: opened and closed with their operator, called with values of rows, their results looked at.
 *
 * SQZD1 What a function throws, or gives wrongly, is USER_FUNCTION_FAILED with the function's name and the values that it was called with.
 * SQZD2 An operator opens a function once, however many calls of it its expressions have.
 */
import { isPromiseLike, StreamError } from "../../../base/index.ts";
import type { OperatorContext } from "../../ports/index.ts";
import { describeType, type ValueType } from "../../record/index.ts";
import type { BoundFunction, ScalarUserFunction, TableUserFunction } from "./bound-function.ts";
import type { Call, OpenedFunction } from "./definition.ts";
import { type Convert, misfitFinder, valueReader, valueWriter } from "./function-values.ts";

type Callable = ScalarUserFunction | TableUserFunction;
type Slot = { readonly bound: Callable; opened: OpenedFunction<Call> | null };

/** Of one operator in one subtask. */
export class RunningFunctions {
  readonly #slots = new Map<Callable["definition"], Slot>();

  /** What is called with values as rows have them. Before `open` it may be made, and not called. */
  callOf(bound: Callable): Call {
    const { call } = bound.definition;
    if (call !== null) return rowCall(bound, () => call);
    const slot = this.#slots.get(bound.definition) ?? { bound, opened: null };
    this.#slots.set(bound.definition, slot);
    return rowCall(bound, () => openedCall(slot));
  }

  /** Resolves when all that were asked for are open; nothing to wait for: undefined. */
  open({ uid, subtask, parallelism, clock, log, metrics }: OperatorContext): Promise<void> | undefined {
    if (this.#slots.size === 0) return undefined;
    return this.#openAll({ uid, subtask, parallelism, clock, log, metrics });
  }

  async close(): Promise<void> {
    for (const { opened } of this.#slots.values()) await opened?.close?.();
  }

  async #openAll(context: Parameters<NonNullable<Callable["definition"]["open"]>>[0]): Promise<void> {
    for (const slot of this.#slots.values()) {
      const { bound } = slot;
      try {
        const opened = await bound.definition.open?.(context);
        if (typeof opened?.call !== "function") throw new TypeError("open gives no { call }");
        slot.opened = opened;
      } catch (error) {
        throw failure(`the function ${bound.name} could not be opened: ${reasonOf(error)}`, error);
      }
    }
  }
}

function openedCall({ bound, opened }: Slot): Call {
  if (opened === null) throw failure(`the function ${bound.name} was called before it was open`);
  return opened.call;
}

/** SQZD1. Of a table function: an array of rows. */
function rowCall(bound: Callable, find: () => Call): Call {
  const { definition } = bound;
  const readers = definition.parameters.map(valueReader);
  const take = definition.form === "table" ? rowsTaker(bound) : resultTaker(bound, definition.returns, true);
  const read = readers.every((reader) => reader === null)
    ? null
    : (values: readonly unknown[]) => values.map((value, index) => readers[index]?.(value) ?? value);
  return (...values) => {
    let result: unknown;
    try {
      const given = read === null ? values : read(values);
      result = find()(...given);
      // A generator runs here.
      if (definition.form === "table") result = collected(result);
    } catch (error) {
      throw callFailure(bound, values, error);
    }
    return take(result, values);
  };
}

function collected(result: unknown): readonly unknown[] {
  if (typeof result === "object" && result !== null && Symbol.iterator in result)
    return [...(result as Iterable<unknown>)];
  if (isPromiseLike(result)) throw new TypeError("it gives a promise, and nothing is awaited for each row");
  throw new TypeError(`it gives ${shown(result)}, and a table function gives an array, or is a generator`);
}

type Take = (result: unknown, values: readonly unknown[]) => unknown;

function rowsTaker(bound: BoundFunction): Take {
  const take = resultTaker(bound, bound.definition.returns, false);
  return (rows, values) => (rows as readonly unknown[]).map((row) => take(row, values));
}

/** Checks a result, and makes it a value of a row. */
export function resultTaker(bound: BoundFunction, type: ValueType<unknown>, isWhole: boolean): Take {
  const misfitOf = misfitFinder(type);
  const write: Convert | null = valueWriter(type, isWhole);
  return (result, values) => {
    const value = result === undefined && type.nullable ? null : result;
    const misfit = misfitOf(value);
    if (misfit !== null) {
      const found = isPromiseLike(result) ? "a promise, and nothing is awaited for each row" : misfit.found;
      throw failure(
        `the function ${bound.name} gives ${found}${misfit.path === "" ? "" : ` at ${misfit.path}`} of ${valuesText(values)}, and is declared to give ${describeType(type)}`,
      );
    }
    return write === null ? value : write(value);
  };
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

function shown(value: unknown): string {
  if (value === null) return "NULL";
  if (typeof value === "bigint") return String(value);
  if (typeof value === "function") return "a function";
  const text =
    value === undefined
      ? "undefined"
      : JSON.stringify(value, (_key, part: unknown) =>
          typeof part === "bigint"
            ? String(part)
            : part instanceof Map
              ? Object.fromEntries(part)
              : part instanceof Uint8Array
                ? `${part.length} bytes`
                : part,
        );
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX)}…`;
}

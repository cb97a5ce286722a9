/**
 * Owns: checking the values that come into a state, so that what cannot be stored is refused by the call that brings it and not by
 *       a checkpoint later, or never.
 * Called by: the states, for every update (hot path: a countdown).
 *
 * STG1 Of the first FIRST_VALUES values of a state and of every STRIDE-th after that everything is checked; of every object whether
 *     it is an instance of a class. The snapshot checks all, by encoding.
 * STG2 After a value with many items so many values are not looked at, so that a value that grows item by item costs no more for each of them.
 */
import { StreamError } from "../../../base/index.ts";
import { findMisfit, type Misfit, remedyFor, type ValueType } from "../../record/index.ts";
import { describeMeta, type StateMeta } from "../snapshot/state-meta.ts";

const FIRST_VALUES = 256;
/** A prime, so that a pattern in the data is not always missed. */
const STRIDE = 127;
/** Levels of records in which items are counted. */
const NESTED_MAX = 3;

export class StateGuard {
  #countdown = 0;
  #checked = 0;

  /** What does not fit, or null; null for values that are not looked at. */
  find(value: unknown, type: ValueType<unknown>): Misfit | null {
    if (this.#countdown > 0 && !isForeign(value)) {
      this.#countdown -= 1;
      return null;
    }
    this.#checked += 1;
    const items = itemsOf(value, NESTED_MAX);
    if (items > STRIDE) this.#countdown = items;
    else if (this.#checked >= FIRST_VALUES && this.#countdown === 0) this.#countdown = STRIDE - 1;
    return findMisfit(type, value);
  }
}

/** Items of arrays and Maps, of those in fields too, so many levels down. */
function itemsOf(value: unknown, levels: number): number {
  if (typeof value !== "object" || value === null) return 0;
  if (Array.isArray(value)) return value.length;
  if (value instanceof Map) return value.size;
  if (levels === 0 || Object.getPrototypeOf(value) !== Object.prototype) return 0;
  let items = 0;
  for (const field of Object.values(value)) items += itemsOf(field, levels - 1);
  return items;
}

/** `where`: ` at key "k"`, or nothing. */
export function refusedByState(uid: string, meta: StateMeta, found: Misfit, where = ""): StreamError {
  const { path, found: what, expected } = found;
  return new StreamError(
    "VALUE_NOT_SERIALIZABLE",
    `state "${meta.name}" (${describeMeta(meta)}) of operator "${uid}" was given a value${where} that${path === "" ? "" : ` at ${path}`} is ${what}, but the declared type is ${expected}; ${remedyFor(what, expected)}`,
    { destiny: "terminal" },
  );
}

/** Nothing but a look at the prototype; arrays and the like are checked as often as others. */
function isForeign(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return typeof value === "function";
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype !== Object.prototype && prototype !== Array.prototype;
}

/**
 * Owns: keeping a value as it is while others hold it too: copies, and freezing what was emitted.
 * Not here: which values are frozen, and when (value-guard.ts); what is plain (plain-value.ts).
 *
 * PTV1 A copy is equal to its value (as VX1 says) and shares nothing that can change with it; it is never frozen.
 * PTV2 After `freezeValue` nobody can change what it returned: plain objects and arrays are frozen at every depth. Bytes, Map, Set and
 *     Date cannot be: a value with one inside is copied, and the copy is frozen around them; who made the value can change
 *     only the original.
 * PTV3 Both throw VALUE_NOT_SERIALIZABLE for what is not plain; a frozen instance of a class would be an error far from its cause.
 */
import type { StreamError } from "../../base/index.ts";
import { DateValue, DEPTH_MAX, findImpurity, formOfObject, notPlain } from "./plain-value.ts";
import { setOwn } from "./value-codec.ts";

type AnyRow = Record<string, unknown>;

/** A copy of a plain value (PTV1). `what` names it in the error. */
export function copyOf(value: unknown, what = "a value"): unknown {
  if (typeof value !== "object" || value === null) {
    if (typeof value === "function" || typeof value === "symbol") throw impure(what, value);
    return value;
  }
  try {
    return copyObject(value, 0);
  } catch (error) {
    throw error === NOT_PLAIN ? impure(what, value) : error;
  }
}

/** The value, deeply frozen, or a frozen copy (PTV2). `what` names it in the error. */
export function freezeValue(value: unknown, what = "a value"): unknown {
  if (typeof value !== "object" || value === null) {
    if (typeof value === "function" || typeof value === "symbol") throw impure(what, value);
    return value;
  }
  try {
    if (isFlat(value)) return Object.freeze(value);
    if (canFreeze(value, 0)) {
      freezeDeep(value);
      return value;
    }
    const copy = copyObject(value, 0);
    freezeDeep(copy);
    return copy;
  } catch (error) {
    throw error === NOT_PLAIN ? impure(what, value) : error;
  }
}

/** What state hands out: the value itself, or a copy that may be changed when the value was frozen because it was emitted. */
export function thawed(value: unknown): unknown {
  return typeof value === "object" && value !== null && Object.isFrozen(value) ? copyOf(value) : value;
}

/** Thrown inside this file only, without the cost of a stack. */
const NOT_PLAIN = { reason: "not plain" };

function impure(what: string, value: unknown): StreamError {
  return notPlain(what, findImpurity(value) ?? { path: "", what: "something that cannot be copied" });
}

/** The usual record: a literal with nothing but primitives. */
function isFlat(value: object): boolean {
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  for (const name in value) {
    const kind = typeof (value as AnyRow)[name];
    if (kind === "object" ? (value as AnyRow)[name] !== null : kind === "function" || kind === "symbol") return false;
  }
  return true;
}

/** False when something inside cannot be frozen. Asked first, so that a value is frozen whole or not at all. */
function canFreeze(value: unknown, depth: number): boolean {
  if (typeof value === "function" || typeof value === "symbol") throw NOT_PLAIN;
  if (typeof value !== "object" || value === null) return true;
  if (depth > DEPTH_MAX) throw NOT_PLAIN;
  const form = formOfObject(value);
  if (form === null) throw NOT_PLAIN;
  if (form === "array") {
    for (let index = 0; index < (value as unknown[]).length; index++)
      if (!canFreeze((value as unknown[])[index], depth + 1)) return false;
    return true;
  }
  if (form !== "object" && form !== "bare") return form === "regexp";
  for (const name in value) if (!canFreeze((value as AnyRow)[name], depth + 1)) return false;
  return true;
}

function freezeDeep(value: object): void {
  const form = formOfObject(value);
  if (form === "array") {
    for (const item of value as unknown[]) if (typeof item === "object" && item !== null) freezeDeep(item);
  } else if (form === "object" || form === "bare") {
    for (const name in value) {
      const item = (value as AnyRow)[name];
      if (typeof item === "object" && item !== null) freezeDeep(item);
    }
  } else return;
  Object.freeze(value);
}

function copyAny(value: unknown, depth: number): unknown {
  if (typeof value === "function" || typeof value === "symbol") throw NOT_PLAIN;
  return typeof value !== "object" || value === null ? value : copyObject(value, depth);
}

function copyObject(value: object, depth: number): object {
  if (depth > DEPTH_MAX) throw NOT_PLAIN;
  switch (formOfObject(value)) {
    case "object":
      return copyFields(value as AnyRow, depth);
    case "bare":
      return copyFields(value as AnyRow, depth, Object.create(null) as AnyRow);
    case "array":
      return copyArray(value as unknown[], depth);
    case "map": {
      const copy = new Map<unknown, unknown>();
      for (const [key, item] of value as ReadonlyMap<unknown, unknown>)
        copy.set(copyAny(key, depth + 1), copyAny(item, depth + 1));
      return copy;
    }
    case "set": {
      const copy = new Set<unknown>();
      for (const item of value as ReadonlySet<unknown>) copy.add(copyAny(item, depth + 1));
      return copy;
    }
    case "date":
      return new DateValue((value as Date).getTime());
    case "regexp":
      return new RegExp(value as RegExp);
    case "buffer":
      return Buffer.from(value as Buffer);
    case "typed":
      return (value as Uint8Array).slice();
    case "arraybuffer":
      return (value as ArrayBuffer).slice(0);
    case null:
      throw NOT_PLAIN;
  }
}

function copyFields(value: AnyRow, depth: number, target?: AnyRow): AnyRow {
  // Spread keeps the hidden class, and an own `__proto__`; only the fields that are objects need a second look.
  const copy: AnyRow = target === undefined ? { ...value } : Object.assign(target, value);
  for (const name in copy) {
    const item = copy[name];
    const kind = typeof item;
    if (kind === "object" ? item !== null : kind === "function" || kind === "symbol")
      setOwn(copy, name, copyAny(item, depth + 1));
  }
  return copy;
}

function copyArray(values: readonly unknown[], depth: number): unknown[] {
  // `slice` keeps holes.
  const copy = values.slice();
  for (let index = 0; index < copy.length; index++) {
    const item = copy[index];
    const kind = typeof item;
    if (kind === "object" ? item !== null : kind === "function" || kind === "symbol")
      copy[index] = copyAny(item, depth + 1);
  }
  return copy;
}

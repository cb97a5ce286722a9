/**
 * Owns: copies of state values that a snapshot keeps while the user may change the original in place (K2), and of long keys.
 *
 * VC1 A copy encodes to what the original would have encoded to at that moment.
 * VC2 Plain objects, arrays, bytes, dates, maps and sets are copied directly (about 10 times faster than encoding); whatever
 *     else there is (instances of classes) goes through the codec, which also says what cannot be stored.
 */
import { decodeValues, encodeValues, type ValueType } from "../record/index.ts";

const NOT_PLAIN: unique symbol = Symbol("not plain");

/** A copy that shares nothing mutable with `value`. Throws VALUE_NOT_SERIALIZABLE when it cannot be stored at all. */
export function copyValue(type: ValueType<unknown>, value: unknown): unknown {
  try {
    const copy = copyPlain(value);
    if (copy !== NOT_PLAIN) return copy;
  } catch (error) {
    // A cycle: the codec below refuses it in words.
    if (!(error instanceof RangeError)) throw error;
  }
  return decodeValues(type, encodeValues(type, [value]))[0];
}

function copyPlain(value: unknown): unknown {
  if (typeof value === "function") return NOT_PLAIN;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return copyArray(value);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return copyObject(value as Record<string, unknown>);
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (prototype === Date.prototype) return new Date((value as Date).getTime());
  if (prototype === Map.prototype) return copyMap(value as Map<unknown, unknown>);
  if (prototype === Set.prototype) return copySet(value as Set<unknown>);
  return NOT_PLAIN;
}

function copyArray(values: readonly unknown[]): unknown {
  const copy: unknown[] = new Array(values.length);
  for (let index = 0; index < values.length; index++) {
    const item = copyPlain(values[index]);
    if (item === NOT_PLAIN) return NOT_PLAIN;
    copy[index] = item;
  }
  return copy;
}

function copyObject(value: Record<string, unknown>): unknown {
  // Spread keeps the hidden class; only the fields that are objects need a second look.
  const copy: Record<string, unknown> = { ...value };
  for (const name in copy) {
    const item = copy[name];
    if (typeof item !== "object" && typeof item !== "function") continue;
    const inner = copyPlain(item);
    // Assigning an own field "__proto__" would set the prototype instead.
    if (inner === NOT_PLAIN || name === "__proto__") return NOT_PLAIN;
    copy[name] = inner;
  }
  return copy;
}

function copyMap(value: ReadonlyMap<unknown, unknown>): unknown {
  const copy = new Map<unknown, unknown>();
  for (const [key, item] of value) {
    const keyCopy = copyPlain(key);
    const itemCopy = copyPlain(item);
    if (keyCopy === NOT_PLAIN || itemCopy === NOT_PLAIN) return NOT_PLAIN;
    copy.set(keyCopy, itemCopy);
  }
  return copy;
}

function copySet(value: ReadonlySet<unknown>): unknown {
  const copy = new Set<unknown>();
  for (const item of value) {
    const itemCopy = copyPlain(item);
    if (itemCopy === NOT_PLAIN) return NOT_PLAIN;
    copy.add(itemCopy);
  }
  return copy;
}

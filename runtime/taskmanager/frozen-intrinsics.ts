/**
 * Owns: fixing what the language and Node provide, in a slot's thread, once the job's module is loaded.
 * Called by: slot-program.ts. Not in the main threads: no function of a job runs there.
 *
 * FI1 The engine shares one global scope with the job's code, so a function that replaces `Map.prototype.get`, `JSON.parse` or an
 *     array's iterator breaks the engine, mostly without an error. After the freeze such an assignment throws a TypeError at
 *     the line that does it. Polyfills at load still work: they are there before.
 * FI2 Only what is there is fixed: a property that exists cannot be replaced or deleted. New ones may be added, but not to the
 *     prototypes of Object and Array, where they would appear in every `for … in`, nor of binary arrays, where they would hide what
 *     these inherit.
 * FI3 What ordinary code overrides by assignment on its own objects stays assignable, or `error.name = "…"` would throw: Error's
 *     fields, `constructor`, `toString` and its like, and all of Object.prototype and Function.prototype but call, apply and bind.
 *     The engine does not depend on those.
 * FI4 Changing the properties of a prototype leaves V8 with a slow form of it (word count took twice the processor time). Made the
 *     prototype of something once more, it becomes fast again.
 */

import { assert } from "../../base/index.ts";

const ASSIGNABLE: ReadonlySet<PropertyKey> = new Set([
  "constructor",
  "toString",
  "toLocaleString",
  "valueOf",
  "toJSON",
  "name",
  "message",
  "length",
]);

/** Constructors and namespaces of the language; those that a version lacks are left out. */
const NAMES =
  "Array ArrayBuffer SharedArrayBuffer Atomics BigInt BigInt64Array BigUint64Array Boolean DataView Date FinalizationRegistry " +
  "Float32Array Float64Array Int16Array Int32Array Int8Array Iterator JSON Map Math Number Promise Proxy Reflect RegExp Set String " +
  "Symbol Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakRef WeakSet TextEncoder TextDecoder URL URLSearchParams " +
  "AbortController AbortSignal Event EventTarget MessageChannel MessagePort Performance Buffer";

const FUNCTIONS =
  "setTimeout clearTimeout setInterval clearInterval setImmediate clearImmediate queueMicrotask structuredClone";

const CLOSED = [
  Object,
  Array,
  Buffer,
  Uint8Array,
  Int32Array,
  Float64Array,
  BigInt64Array,
  Int8Array,
  Uint16Array,
  Int16Array,
].concat([Uint32Array, Float32Array, BigUint64Array, Uint8ClampedArray] as never);

/** Fixes them all. Calling it again does nothing more. */
export function freezeIntrinsics(): void {
  const scope = globalThis as unknown as Record<string, unknown>;
  for (const name of NAMES.split(" ")) fixWithPrototype(scope[name]);
  for (const hidden of hiddenPrototypes()) fix(hidden, ASSIGNABLE);
  fix(scope["performance"] as object, ASSIGNABLE);
  for (const name of ["call", "apply", "bind", Symbol.hasInstance]) fixProperty(Function.prototype, name);
  for (const name of ["keys", "values", "entries", "assign", "freeze", "hasOwn", "fromEntries", "is", "create"])
    fixProperty(Object, name);
  for (const name of ["defineProperty", "getPrototypeOf", "setPrototypeOf", "getOwnPropertyDescriptor"])
    fixProperty(Object, name);
  makeFast(Function.prototype);
  makeFast(Object);
  // No others: libraries set fetch and its like when they are first used.
  for (const name of `${NAMES} ${FUNCTIONS}`.split(" ")) fixProperty(globalThis, name);
  for (const { prototype } of CLOSED) {
    Object.preventExtensions(prototype);
    makeFast(prototype);
  }
}

/** Prototypes that have no name: of iterators, generators, async functions, typed arrays. */
function hiddenPrototypes(): readonly object[] {
  const parent = (value: object): object => Object.getPrototypeOf(value) as object;
  function* generator(): Generator<undefined> {
    yield undefined;
  }
  async function* asyncGenerator(): AsyncGenerator<undefined> {
    yield undefined;
  }
  const iterators = [[].values(), new Map().values(), new Set().values(), "".matchAll(/x/g), ""[Symbol.iterator]()];
  return [
    ...iterators.map(parent),
    parent(parent([].values())),
    parent(parent(generator())),
    parent(parent(asyncGenerator())),
    parent(Uint8Array),
    parent(Uint8Array.prototype),
  ];
}

function fixWithPrototype(value: unknown): void {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return;
  fix(value, ASSIGNABLE);
  const { prototype } = value as { prototype?: unknown };
  if (typeof prototype === "object" && prototype !== null) fix(prototype, ASSIGNABLE);
}

function fix(target: object, assignable: ReadonlySet<PropertyKey>): void {
  for (const key of Reflect.ownKeys(target)) if (!assignable.has(key)) fixProperty(target, key);
  makeFast(target);
}

/** FI4 */
function makeFast(target: object): void {
  const child = Object.create(target) as { readonly [name: string]: unknown };
  assert(child["noSuchProperty"] === undefined, "there is no such property");
}

function fixProperty(target: object, key: PropertyKey): void {
  const property = Reflect.getOwnPropertyDescriptor(target, key);
  if (property?.configurable !== true) return;
  if (property.get !== undefined || property.set !== undefined) {
    Reflect.defineProperty(target, key, { configurable: false });
  } else if (typeof property.value === "function" || key === Symbol.iterator) {
    Reflect.defineProperty(target, key, { configurable: false, writable: false });
  }
}

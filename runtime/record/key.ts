/**
 * Owns: which values may be keys, their 32-bit hash, and the key group of a hash.
 *
 * KE0 Whatever is no key is KEY_INVALID, by its type and place: never are two different things one key. Composite keys are literals
 *     and arrays, without holes, getters, hidden properties and cycles. -0 and 0 are one key; NaN is none, because it equals nothing.
 * KE1 The same key has the same hash in every process and version: state files depend on it.
 * KE2 keyGroup = (hash >>> 0) mod maxParallelism; subtask = floor(keyGroup * parallelism / maxParallelism) (SP-7).
 * KE3 The ranges of all subtasks are disjoint and cover every key group.
 */
import { assert, StreamError } from "../../base/index.ts";
import { ownString } from "./own-string.ts";
import { hasHiddenProperties, hasSymbols, preview, propertyPath } from "./plain-value.ts";
import { setOwn } from "./value-codec.ts";

/** What a key selector may return. Objects and arrays are compared by content. */
export type Key = string | number | bigint | boolean | null | { readonly [name: string]: Key } | readonly Key[];

/** A key in the form that a Map compares by content: primitives as they are, the others as a canonical string. */
export type KeyIdentity = string | number | bigint | boolean | null;

/** Inclusive bounds of key groups. */
export type KeyGroupRange = { readonly first: number; readonly last: number };

export const DEFAULT_MAX_PARALLELISM_LOWER = 128;
export const MAX_PARALLELISM_UPPER = 32768;
const KEY_DEPTH_MAX = 32;

/** The identity of a key; the NUL in front keeps a composite key apart from every string a person writes. */
export function keyIdentity(key: Key): KeyIdentity {
  if (typeof key === "string" || typeof key === "boolean" || typeof key === "bigint" || key === null) return key;
  if (typeof key === "number") {
    if (Number.isNaN(key)) throw keyError("", key);
    return key === 0 ? 0 : key;
  }
  if (typeof key !== "object") throw keyError("", key);
  return `\u0000${canonical(key, "", 0)}`;
}

/** The hash of a key: spread over all 32 bits, equal for equal keys (KE1). */
export function keyHash(key: Key): number {
  // Apart, so that the usual key's path is short enough to be inlined where it is called for every record.
  return typeof key === "string" ? hashString(key) : hashOther(key);
}

function hashOther(key: Exclude<Key, string>): number {
  if (typeof key === "number") return hashNumber(key);
  if (typeof key === "boolean") return mix(key ? 1231 : 1237);
  if (typeof key === "bigint") return mix(hashString(key.toString()) ^ 0x6b69);
  if (key === null) return mix(0x6e75);
  return hashString(keyIdentity(key) as string);
}

export function keyGroupOfHash(hash: number, maxParallelism: number): number {
  // A power of two is the usual case, and a division costs as much as hashing a short key.
  const mask = maxParallelism - 1;
  return (maxParallelism & mask) === 0 ? hash & mask : (hash >>> 0) % maxParallelism;
}

export function subtaskOfKeyGroup(keyGroup: number, parallelism: number, maxParallelism: number): number {
  return Math.floor((keyGroup * parallelism) / maxParallelism);
}

/** The key groups that a subtask owns; `first > last` never happens while parallelism ≤ maxParallelism. */
export function keyGroupRange(subtask: number, parallelism: number, maxParallelism: number): KeyGroupRange {
  assert(parallelism <= maxParallelism, `parallelism ${parallelism} above maxParallelism ${maxParallelism}`);
  return {
    first: Math.ceil((subtask * maxParallelism) / parallelism),
    last: Math.floor(((subtask + 1) * maxParallelism - 1) / parallelism),
  };
}

/** clamp(roundUpPow2(p + p/2), 128, 32768) (SP-7). */
export function defaultMaxParallelism(parallelism: number): number {
  let power = DEFAULT_MAX_PARALLELISM_LOWER;
  while (power < parallelism + Math.floor(parallelism / 2) && power < MAX_PARALLELISM_UPPER) power *= 2;
  return power;
}

/** FNV-1a over UTF-16 units, which `mix` of it and the length ends (KE1). */
export const TEXT_HASH_FIRST = 0x811c9dc5;
export const TEXT_HASH_FACTOR = 0x01000193;

function hashString(text: string): number {
  let hash = TEXT_HASH_FIRST;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), TEXT_HASH_FACTOR);
  return mix(hash ^ text.length);
}

const numberBits = new DataView(new ArrayBuffer(8));

export function hashNumber(value: number): number {
  if ((value | 0) === value) return mix(value | 0);
  if (Number.isNaN(value)) throw keyError("", value);
  numberBits.setFloat64(0, value);
  return mix(numberBits.getInt32(0) ^ Math.imul(numberBits.getInt32(4), 0x9e3779b1));
}

/** murmur3's finaliser: every input bit changes about half of the output bits. */
export function mix(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** What a key is within the identity of a composite one. */
export function canonicalKey(key: Key): string {
  return canonical(key, "", 0);
}

function canonical(key: unknown, path: string, depth: number): string {
  if (key === null) return "n";
  switch (typeof key) {
    case "string":
      return JSON.stringify(key);
    case "boolean":
      return key ? "T" : "F";
    case "bigint":
      return `${key}n`;
    case "number":
      if (Number.isNaN(key)) throw keyError(path, key);
      return key === 0 ? "0" : String(key);
    case "object":
      if (depth > KEY_DEPTH_MAX) throw keyError(path, key);
      if (Array.isArray(key)) return canonicalArray(key, path, depth);
      return canonicalObject(key, path, depth);
    default:
      throw keyError(path, key);
  }
}

function canonicalArray(key: readonly unknown[], path: string, depth: number): string {
  if (Object.getPrototypeOf(key) !== Array.prototype || Object.keys(key).length !== key.length || hasSymbols(key))
    throw keyError(path, key);
  return `[${key.map((item, index) => canonical(item, `${path}[${index}]`, depth + 1)).join(",")}]`;
}

function canonicalObject(key: object, path: string, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(key);
  const names = Object.keys(key);
  if ((prototype !== Object.prototype && prototype !== null) || hasHiddenProperties(key, names))
    throw keyError(path, key);
  const parts = names
    .sort()
    .map(
      (name) =>
        `${JSON.stringify(name)}:${canonical((key as Record<string, unknown>)[name], `${path}${propertyPath(name)}`, depth + 1)}`,
    );
  return `{${parts.join(",")}}`;
}

/** A key to be kept for long: it does not change with the record it was taken from, and is the same for 0 and -0. */
export function ownKey(key: Key): Key {
  if (typeof key === "string") return ownString(key);
  if (typeof key === "number") return key === 0 ? 0 : key;
  if (typeof key !== "object" || key === null) return key;
  if (Array.isArray(key)) return Object.freeze(key.map(ownKey));
  const copy: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(key)) setOwn(copy, name, ownKey(item as Key));
  return Object.freeze(copy) as Key;
}

function keyError(path: string, key: unknown): StreamError {
  const found = Array.isArray(key) ? "an array with holes, properties, or itself in it" : preview(key);
  return new StreamError(
    "KEY_INVALID",
    `a key${path === "" ? "" : ` has at ${path} what`} is ${key === undefined ? "undefined" : found}; a key is a string, number (not NaN), bigint, boolean, null, or a plain object or array of them: take the part that tells records apart, as in keyBy((order) => order.at.getTime())`,
    { destiny: "terminal" },
  );
}

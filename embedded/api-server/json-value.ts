/**
 * Owns: values as the API server holds them: plain JSON, deep-frozen, sharing what did not change with the version before.
 * Does not own: what the values mean. Called by: every file of this folder.
 *
 * JV1 What comes in is copied, so a caller that changes its object later changes nothing here; what is held is frozen.
 * JV2 A copy equal to the version before *is* the version before, in whole and in each part: a write costs memory for what
 *     it changed, and "nothing changed" is one comparison of references.
 */
import { ApiError } from "../../operator/kubernetes/api/index.ts";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** An object as it is held. */
export interface StoredObject extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: StoredMetadata;
}

export interface StoredMetadata extends JsonObject {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly creationTimestamp: string;
}

/** Deeper input is refused: no manifest is, and a recursion must end. */
const DEPTH_MAX = 200;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isList(value: unknown): value is readonly Json[] {
  return Array.isArray(value);
}

/** The object under a key, or an empty one. */
export function objectAt(value: JsonObject | undefined, key: string): JsonObject {
  const child = value?.[key];
  return isObject(child) ? child : EMPTY;
}

export function listAt(value: JsonObject | undefined, key: string): readonly Json[] {
  const child = value?.[key];
  return isList(child) ? child : [];
}

export function textAt(value: JsonObject | undefined, key: string): string {
  const child = value?.[key];
  return typeof child === "string" ? child : "";
}

export const EMPTY: JsonObject = Object.freeze({});

/** A frozen copy; parts equal to those of `like` are `like`'s own (JV2). Members that are undefined are left out. Errors: BadRequest. */
export function frozenCopy(value: unknown, like?: Json): Json {
  return copy(value, like, 0);
}

function copy(value: unknown, like: Json | undefined, depth: number): Json {
  if (value !== undefined && value === like && Object.isFrozen(value)) return value as Json;
  if (depth > DEPTH_MAX) throw new ApiError("BadRequest", `an object is nested deeper than ${DEPTH_MAX} levels`);
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") {
    if (Number.isFinite(value)) return value;
    throw new ApiError("BadRequest", `an object holds the number ${value}, which JSON does not have`);
  }
  if (Array.isArray(value)) return copyList(value, isList(like) ? like : undefined, depth);
  if (typeof value === "object") return copyObject(value, isObject(like) ? like : undefined, depth);
  throw new ApiError("BadRequest", `an object holds a ${typeof value}, which JSON does not have`);
}

function copyList(value: readonly unknown[], like: readonly Json[] | undefined, depth: number): readonly Json[] {
  const list = value.map((item, index) => copy(item, like?.[index], depth + 1));
  if (like !== undefined && like.length === list.length && list.every((item, index) => item === like[index])) {
    return like;
  }
  return Object.freeze(list);
}

function copyObject(value: object, like: JsonObject | undefined, depth: number): JsonObject {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new ApiError("BadRequest", `an object holds a ${value.constructor.name}; it may hold plain values only`);
  }
  const result: Record<string, Json> = {};
  let members = 0;
  let isLike = like !== undefined;
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    if (key === "__proto__")
      throw new ApiError("BadRequest", "an object has a member __proto__, which is not accepted");
    const known = like !== undefined && Object.hasOwn(like, key) ? like[key] : undefined;
    const copied = copy(member, known, depth + 1);
    result[key] = copied;
    members++;
    isLike &&= copied === known;
  }
  if (like !== undefined && isLike && Object.keys(like).length === members) return like;
  return Object.freeze(result);
}

/** Whether two values are equal; members may be in any order. */
export function isEqual(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (isList(a)) return isList(b) && a.length === b.length && a.every((item, index) => isEqual(item, b[index]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key], b[key]));
}

/** The object without some members. */
export function without(value: JsonObject, ...keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
}

/**
 * Owns: what server-side apply does with values: which fields a value has, what differs between two, merging one into another,
 * taking fields out. Does not own: who owns what (managed-fields.ts). Pure.
 *
 * FM1 Every value is seen through its shape: members and entries one by one, all else as a whole.
 * FM2 A list that is to be seen by entries but holds two with the same keys, or one without, is seen as a whole where it is already
 *     held, and refused where it is applied.
 */
import { ApiError } from "../../operator/kubernetes/api/index.ts";
import { childrenOf, type FieldSet, isMember, LEAF, NO_FIELDS, node } from "./field-set.ts";
import { type FieldShape, shapeOfMember } from "./field-shape.ts";
import { isEqual, isList, isObject, type Json, type JsonObject } from "./json-value.ts";

/** The parts of a value by their names in a field set; null: it has none and is seen as a whole. */
type Parts = ReadonlyMap<string, { readonly value: Json; readonly shape: FieldShape }>;

function partsOf(value: Json | undefined, shape: FieldShape): Parts | null {
  if (shape.kind === "members" && isObject(value)) {
    return new Map(
      Object.entries(value).map(([name, member]) => [
        `f:${name}`,
        { value: member, shape: shapeOfMember(shape, name) },
      ]),
    );
  }
  if (shape.kind === "set" && isList(value)) {
    return new Map(value.map((item) => [`v:${JSON.stringify(item)}`, { value: item, shape: { kind: "atomic" } }]));
  }
  if (shape.kind !== "entries" || !isList(value)) return null;
  const parts = new Map<string, { value: Json; shape: FieldShape }>();
  for (const item of value) {
    const key = entryKey(item, shape);
    if (key === null || parts.has(key)) return null;
    parts.set(key, { value: item, shape: shape.entry });
  }
  return parts;
}

function entryKey(item: Json, shape: FieldShape & { kind: "entries" }): string | null {
  if (!isObject(item)) return null;
  const keys: Record<string, Json> = {};
  for (const [name, assumed] of Object.entries(shape.keys)) {
    const value = item[name] ?? assumed;
    if (value === undefined || value === null) return null;
    keys[name] = value;
  }
  return `k:${JSON.stringify(keys)}`;
}

/** All fields of a value. An entry of a list and an object that is empty are fields of their own. */
export function fieldsOf(value: Json, shape: FieldShape): FieldSet {
  return fieldsBelow(value, shape, false, false) ?? NO_FIELDS;
}

/** As `fieldsOf`, where every object is a field of its own too: of a value that was not there before. */
function fieldsOfNew(value: Json, shape: FieldShape): FieldSet {
  return fieldsBelow(value, shape, true, true) ?? LEAF;
}

function fieldsBelow(value: Json, shape: FieldShape, isPart: boolean, withObjects: boolean): FieldSet | undefined {
  const parts = partsOf(value, shape);
  if (parts === null || (parts.size === 0 && isPart)) return LEAF;
  const children = new Map<string, FieldSet>();
  for (const [key, part] of parts) {
    const isEntry = key.startsWith("k:");
    const below = fieldsBelow(part.value, part.shape, true, withObjects) ?? LEAF;
    children.set(key, isEntry ? (node(true, childrenOf(below)) ?? LEAF) : below);
  }
  return node(isPart && withObjects, children);
}

export type FieldDifference = {
  /** Fields that are new or have another value. */
  readonly changed: FieldSet;
  readonly removed: FieldSet;
};

/** What differs; parts that are the very same value are not looked into. */
export function differenceOf(before: Json, after: Json, shape: FieldShape): FieldDifference {
  const { changed, removed } = differ(before, after, shape);
  return { changed: changed ?? NO_FIELDS, removed: removed ?? NO_FIELDS };
}

function differ(
  before: Json | undefined,
  after: Json | undefined,
  shape: FieldShape,
): { changed?: FieldSet | undefined; removed?: FieldSet | undefined } {
  if (before === after) return {};
  if (before === undefined) return after === undefined ? {} : { changed: fieldsOfNew(after, shape) };
  if (after === undefined) return { removed: fieldsOfNew(before, shape) };
  const partsBefore = partsOf(before, shape);
  const partsAfter = partsOf(after, shape);
  if (partsBefore === null || partsAfter === null) return isEqual(before, after) ? {} : { changed: LEAF };
  const changed = new Map<string, FieldSet>();
  const removed = new Map<string, FieldSet>();
  for (const key of new Set([...partsBefore.keys(), ...partsAfter.keys()])) {
    const a = partsBefore.get(key);
    const b = partsAfter.get(key);
    const below = differ(a?.value, b?.value, b?.shape ?? a?.shape ?? shape);
    if (below.changed !== undefined) changed.set(key, below.changed);
    if (below.removed !== undefined) removed.set(key, below.removed);
  }
  return { changed: node(false, changed), removed: node(false, removed) };
}

/** `live` with all that `config` says. Errors: Invalid for a list by keys with two equal entries, or with one that lacks a key. */
export function merge(live: Json | undefined, config: Json, shape: FieldShape, path = ""): Json {
  if (shape.kind === "members" && isObject(config)) {
    const result: Record<string, Json> = isObject(live) ? { ...live } : {};
    for (const [name, value] of Object.entries(config)) {
      result[name] = merge(
        isObject(live) ? live[name] : undefined,
        value,
        shapeOfMember(shape, name),
        `${path}.${name}`,
      );
    }
    return result;
  }
  if ((shape.kind !== "set" && shape.kind !== "entries") || !isList(config)) return config;
  const given = partsOf(config, shape);
  if (given === null || given.size !== config.length) throw notByKeys(config, shape, path);
  const present = partsOf(live, shape);
  const merged = new Map(
    [...given].map(([key, part]) => [
      key,
      merge(present?.get(key)?.value, part.value, part.shape, `${path}[${key.slice(2)}]`),
    ]),
  );
  if (present !== null) insertKept(merged, present);
  return [...merged.values()];
}

/** Entries that were not given keep their place after the one that they stood behind. */
function insertKept(merged: Map<string, Json>, present: Parts): void {
  const order = [...merged.entries()];
  let behind = -1;
  for (const [key, part] of present) {
    const at = order.findIndex(([each]) => each === key);
    if (at >= 0) {
      behind = at;
      continue;
    }
    order.splice(++behind, 0, [key, part.value]);
  }
  merged.clear();
  for (const [key, value] of order) merged.set(key, value);
}

function notByKeys(config: readonly Json[], shape: FieldShape, path: string): ApiError {
  const keys = shape.kind === "entries" ? Object.keys(shape.keys).join(", ") : "value";
  return new ApiError(
    "Invalid",
    `${path}: the ${config.length} entries of this list are told apart by ${keys}: each must have it, and no two may be equal`,
    { causes: [{ field: path.slice(1), message: `duplicate entries, or entries without ${keys}` }] },
  );
}

/** The value without some fields. An object that loses all it had goes too; undefined: nothing is left. */
export function takeOut(value: Json, fields: FieldSet, kept: FieldSet, shape: FieldShape): Json | undefined {
  const parts = partsOf(value, shape);
  if (parts === null) return value;
  const toTake = childrenOf(fields);
  const toKeep = childrenOf(kept);
  const left = new Map<string, Json>();
  let isChanged = false;
  for (const [key, part] of parts) {
    const taken = toTake.get(key);
    const rest = taken === undefined ? part.value : takeOutPart(part.value, taken, toKeep.get(key), part.shape, shape);
    if (rest !== undefined) left.set(key, rest);
    isChanged ||= rest !== part.value;
  }
  if (!isChanged) return value;
  if (left.size === 0) return undefined;
  return shape.kind === "members"
    ? Object.fromEntries([...left].map(([key, rest]) => [key.slice(2), rest]))
    : [...left.values()];
}

function takeOutPart(
  value: Json,
  taken: FieldSet,
  kept: FieldSet | undefined,
  shape: FieldShape,
  around: FieldShape,
): Json | undefined {
  // It goes as a whole, unless somebody else owns it or something in it.
  if (isMember(taken) && kept === undefined) return undefined;
  if (around.kind !== "entries") return takeOut(value, taken, kept ?? NO_FIELDS, shape);
  // An entry that stays keeps what tells it apart.
  const free = new Map([...childrenOf(taken)].filter(([key]) => !Object.hasOwn(around.keys, key.slice(2))));
  return takeOut(value, node(false, free) ?? NO_FIELDS, kept ?? NO_FIELDS, shape);
}

export function asObject(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

/**
 * Owns: whether a value fits a declared type, and where it does not: the same verdict as the codec's, for values that are not
 *       encoded (they stay in a thread) and for the first ones, which are looked at closely.
 * Not here: encoding (column.ts, batch-codec.ts), who checks which records (taskmanager).
 *
 * TYC1 A value fits exactly when it comes back equal from its columns: nothing missing, nothing beside the declared fields, each
 *     field of its kind; what is declared as `t.any` is plain (PLV1).
 */
import type { Misfit } from "./misfit.ts";
import { DateValue, findImpurity, hasHiddenProperties, oddProperty, preview, propertyPath } from "./plain-value.ts";
import { describeType, type Field, itemOf, keyOf, literalsOf, type ValueType } from "./value-type.ts";

/** The first part of a value that does not fit, or null. */
export function findMisfit(type: ValueType<unknown>, value: unknown): Misfit | null {
  if (type.kind === "any") {
    const impure = findImpurity(value);
    return impure === null ? null : { path: impure.path, found: impure.what, expected: "any (plain data)" };
  }
  if (value === null && type.nullable) return null;
  if (type.kind === "record") return findInRecord(type, value);
  if (type.kind === "list") return findInList(type, value);
  if (type.kind === "map") return findInMap(type, value);
  return fitsScalar(type, value) ? null : { path: "", found: preview(value), expected: describeType(type) };
}

function fitsScalar(type: ValueType<unknown>, value: unknown): boolean {
  switch (type.kind) {
    case "string":
      return typeof value === "string";
    case "int32":
      return isInt32(value);
    case "int64":
    case "timestamp":
      return Number.isSafeInteger(value);
    case "float64":
      return typeof value === "number";
    case "bigint":
      return typeof value === "bigint" && BigInt.asIntN(64, value) === value;
    case "boolean":
      return typeof value === "boolean";
    case "bytes":
      return isBytes(value);
    case "decimal":
      return typeof value === "bigint";
    case "date":
      return isDate(value);
    case "literal":
      return !Object.is(value, -0) && literalsOf(type).some((each) => each === value);
    case "any":
    case "record":
    case "list":
    case "map":
      return true;
  }
}

/** The `typeof` whose values all fit the type; a text that is no `typeof` when there is none. */
export function primitiveOf({ kind }: ValueType<unknown>): string {
  if (kind === "string" || kind === "boolean") return kind;
  return kind === "float64" ? "number" : "none";
}

/** -0 is none: it would come back as 0. */
export function isInt32(value: unknown): value is number {
  return typeof value === "number" && (value | 0) === value && (value !== 0 || 1 / value > 0);
}

/** A Uint8Array or a Buffer, not a class of the user's over them. */
export function isBytes(value: unknown): value is Uint8Array {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Uint8Array.prototype || prototype === Buffer.prototype;
}

/** A Date, not a class of the user's over it, and nothing beside its time. */
export function isDate(value: unknown): value is Date {
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== DateValue.prototype) return false;
  return oddProperty(value, "date") === null;
}

function findInList(type: ValueType<unknown>, value: unknown): Misfit | null {
  const expected = describeType(type);
  if (!Array.isArray(value) || Object.getPrototypeOf(value) !== Array.prototype)
    return { path: "", found: preview(value), expected };
  const item = itemOf(type);
  for (let index = 0; index < value.length; index++) {
    if (value[index] === undefined && !Object.hasOwn(value, index))
      return { path: `[${index}]`, found: "a hole of the array", expected: describeType(item) };
    const inner = findMisfit(item, value[index]);
    if (inner !== null) return { ...inner, path: `[${index}]${inner.path}` };
  }
  return findBeside(value, "array");
}

function findInMap(type: ValueType<unknown>, value: unknown): Misfit | null {
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Map.prototype)
    return { path: "", found: preview(value), expected: describeType(type) };
  const key = keyOf(type);
  const item = itemOf(type);
  for (const [name, each] of value as ReadonlyMap<unknown, unknown>) {
    const inKey = findMisfit(key, name);
    if (inKey !== null) return { ...inKey, path: `<key of the Map>${inKey.path}` };
    const inner = findMisfit(item, each);
    if (inner !== null) return { ...inner, path: `.get(${preview(name)})${inner.path}` };
  }
  return findBeside(value, "map");
}

/** Properties beside elements or entries, such as those of the result of `match`. */
function findBeside(value: object, form: "array" | "map"): Misfit | null {
  const odd = oddProperty(value, form);
  return odd === null ? null : { path: odd.path, found: odd.what, expected: "plain data" };
}

function findInRecord(type: ValueType<unknown>, value: unknown): Misfit | null {
  const expected = describeType(type);
  if (typeof value !== "object" || value === null) return { path: "", found: preview(value), expected };
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return { path: "", found: preview(value), expected };
  const fields = type.fields as readonly Field[];
  const record = value as Readonly<Record<string, unknown>>;
  const names = Object.keys(record);
  let there = 0;
  for (const field of fields) {
    if (Object.hasOwn(record, field.name)) there += 1;
    else if (field.optional === true) continue;
    else return { ...(findNameMisfit(fields, names) as Misfit), expected };
    const value = record[field.name];
    if (value === undefined && field.optional === true) continue;
    const inner = findMisfit(field.type, value);
    if (inner !== null) return { ...inner, path: `${propertyPath(field.name)}${inner.path}` };
  }
  if (there !== names.length) return { ...(findNameMisfit(fields, names) as Misfit), expected };
  return findHidden(record, names);
}

/** A getter, a hidden property, a property named by a symbol: no column carries them. */
function findHidden(record: object, names: readonly string[]): Misfit | null {
  if (!hasHiddenProperties(record, names)) return null;
  const { path, what } = findImpurity(record) ?? { path: "", what: "an object with hidden properties" };
  return { path, found: what, expected: "plain data" };
}

/** Which name is missing or too many, without `expected`; null when the names are the declared ones. */
export function findNameMisfit(fields: readonly Field[], names: readonly string[]): Misfit | null {
  for (const { name, type, optional } of fields) {
    if (optional !== true && !names.includes(name))
      return { path: propertyPath(name), found: "missing", expected: describeType(type) };
  }
  for (const name of names) {
    if (!fields.some((field) => field.name === name))
      return { path: propertyPath(name), found: "not declared", expected: "no such field" };
  }
  return null;
}

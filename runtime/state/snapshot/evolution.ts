/**
 * Owns: whether values written with one type can be used with another, and how they are changed (SP-12).
 *
 * EV1 Fields may be added when they are nullable (old values get null) or optional (old values lack them), and removed (dropped);
 *     a type may become nullable, a field optional; a literal may get more values. Everything else (another kind, a renamed
 *     field, null no longer allowed, another scale) is refused: nothing is converted by guess.
 * EV2 Records change at any depth by the same rule, also in lists and as values of maps.
 */
import { StreamError } from "../../../base/index.ts";
import { type Field, itemOf, keyOf, literalsOf, sameType, type ValueType } from "../../record/index.ts";
import { describeMeta, type StateMeta } from "./state-meta.ts";

export type Evolution =
  | { readonly kind: "same" }
  | { readonly kind: "convert"; readonly convert: (value: unknown) => unknown }
  | { readonly kind: "refused"; readonly reason: string };

type AnyRow = Record<string, unknown>;

export function planEvolution(from: ValueType<unknown>, to: ValueType<unknown>, path = "the value"): Evolution {
  if (sameType(from, to)) return { kind: "same" };
  if (from.kind !== to.kind) return { kind: "refused", reason: `${path} was ${from.kind} and is ${to.kind} now` };
  if (from.nullable && !to.nullable) return { kind: "refused", reason: `${path} could be null and no longer can` };
  switch (to.kind) {
    case "record":
      return planRecord(from.fields ?? [], to.fields ?? []);
    case "list":
      return planItems(from, to, `an item of ${path}`, convertList);
    case "map":
      if (!sameType(keyOf(from), keyOf(to)))
        return { kind: "refused", reason: `the type of the keys of ${path} changed` };
      return planItems(from, to, `a value of ${path}`, convertMap);
    case "literal": {
      const gone = literalsOf(from).find((value) => !literalsOf(to).includes(value));
      if (gone === undefined) return { kind: "same" };
      return { kind: "refused", reason: `${path} could be ${JSON.stringify(gone)} and no longer can` };
    }
    case "decimal":
      if (from.scale === to.scale) return { kind: "same" };
      return { kind: "refused", reason: `${path} had ${from.scale} digits after the point and has ${to.scale} now` };
    default:
      return { kind: "same" };
  }
}

function planRecord(from: readonly Field[], to: readonly Field[]): Evolution {
  const readers: { readonly name: string; readonly read: (row: AnyRow) => unknown }[] = [];
  for (const { name, type, optional } of to) {
    const old = from.find((field) => field.name === name);
    if (old === undefined) {
      if (optional === true) continue;
      if (!type.nullable)
        return { kind: "refused", reason: `field "${name}" is new and neither nullable nor optional` };
      readers.push({ name, read: () => null });
      continue;
    }
    if (old.optional === true && optional !== true)
      return { kind: "refused", reason: `field "${name}" could be missing and no longer can` };
    const inner = planEvolution(old.type, type, `field "${name}"`);
    if (inner.kind === "refused") return inner;
    readers.push({ name, read: inner.kind === "same" ? (row) => row[name] : (row) => inner.convert(row[name]) });
  }
  return { kind: "convert", convert: (value) => convertRow(value, readers) };
}

function convertRow(value: unknown, readers: readonly { name: string; read: (row: AnyRow) => unknown }[]): unknown {
  if (value === null || value === undefined) return value;
  const row: AnyRow = {};
  for (const { name, read } of readers) {
    const converted = read(value as AnyRow);
    // `null` is for added fields; a field that is undefined was optional, and there or not.
    if (converted !== undefined || Object.hasOwn(value, name)) row[name] = converted;
  }
  return row;
}

type Convert = (value: unknown) => unknown;

function planItems(
  from: ValueType<unknown>,
  to: ValueType<unknown>,
  path: string,
  convertAll: (value: object, convert: Convert) => unknown,
): Evolution {
  const inner = planEvolution(itemOf(from), itemOf(to), path);
  if (inner.kind !== "convert") return inner;
  const convert: Convert = (value) =>
    typeof value === "object" && value !== null ? convertAll(value, inner.convert) : value;
  return { kind: "convert", convert };
}

function convertList(value: object, convert: Convert): unknown {
  return (value as readonly unknown[]).map(convert);
}

function convertMap(value: object, convert: Convert): unknown {
  return new Map(Array.from(value as ReadonlyMap<unknown, unknown>, ([key, item]) => [key, convert(item)]));
}

/** How a restored state becomes the declared one; throws STATE_INCOMPATIBLE naming uid, state, both types, and what to do. */
export function planMetaEvolution(
  uid: string,
  from: StateMeta,
  to: StateMeta,
): Exclude<Evolution, { kind: "refused" }> {
  if (from.kind !== to.kind) throw incompatible(uid, from, to, `it was ${from.kind} state and is ${to.kind} state now`);
  if (from.keyType !== null && to.keyType !== null && !sameType(from.keyType, to.keyType)) {
    throw incompatible(uid, from, to, "the type of its keys changed");
  }
  const plan = planEvolution(from.type, to.type);
  if (plan.kind === "refused") throw incompatible(uid, from, to, plan.reason);
  return plan;
}

/**
 * The type that holds the values of both: subtasks of one operator can have written one state with two versions of its type
 * when only some of them had declared it again since an upgrade. Null when there is none.
 */
export function unionType(left: ValueType<unknown>, right: ValueType<unknown>): ValueType<unknown> | null {
  if (left.kind !== right.kind) return null;
  const nullable = left.nullable || right.nullable;
  switch (left.kind) {
    case "record":
      return unionRecord(left.fields ?? [], right.fields ?? [], nullable);
    case "list":
    case "map": {
      const item = unionType(itemOf(left), itemOf(right));
      const haveSameKeys = left.kind === "list" || sameType(keyOf(left), keyOf(right));
      return item === null || !haveSameKeys ? null : { ...left, nullable, item };
    }
    case "literal":
      return { ...left, nullable, literals: [...new Set([...literalsOf(left), ...literalsOf(right)])] };
    case "decimal":
      return left.scale === right.scale ? { ...left, nullable } : null;
    default:
      return { ...left, nullable };
  }
}

function unionRecord(left: readonly Field[], right: readonly Field[], nullable: boolean): ValueType<unknown> | null {
  const fields: Field[] = [];
  for (const field of left) {
    const other = right.find(({ name }) => name === field.name);
    const type = other === undefined ? field.type : unionType(field.type, other.type);
    if (type === null) return null;
    const isOptional = field.optional === true || other?.optional === true;
    if (other === undefined) fields.push(mayBeNew(field));
    else fields.push({ name: field.name, type, ...(isOptional ? { optional: true } : {}) });
  }
  for (const field of right) if (!left.some(({ name }) => name === field.name)) fields.push(mayBeNew(field));
  return { kind: "record", nullable, fields };
}

/** A field that some of the values do not have. */
function mayBeNew(field: Field): Field {
  return field.optional === true ? field : { name: field.name, type: { ...field.type, nullable: true } };
}

export function incompatible(uid: string, from: StateMeta, to: StateMeta, reason: string): StreamError {
  return new StreamError(
    "STATE_INCOMPATIBLE",
    `state "${to.name}" of operator "${uid}" was written as ${from.kind} state of ${describeMeta(from)}, but is declared as ${to.kind} state of ${describeMeta(to)}: ${reason}; declare the old type (only nullable fields may be added, fields may be removed), give the new state another name, or start without this savepoint`,
    { destiny: "terminal" },
  );
}

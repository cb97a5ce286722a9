/**
 * Owns: whether values written with one type can be used with another, and how they are changed (SP-12).
 *
 * EV1 Fields may be added when they are nullable (old values get null) and removed (dropped); a type may become nullable.
 *     Everything else (another kind, a renamed field, null no longer allowed) is refused: nothing is converted by guess.
 * EV2 Records change at any depth by the same rule.
 */
import { StreamError } from "../../../base/index.ts";
import { type Field, sameType, type ValueType } from "../../record/index.ts";
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
  if (to.fields === undefined) return { kind: "same" };
  const readers: { readonly name: string; readonly read: (row: AnyRow) => unknown }[] = [];
  for (const { name, type } of to.fields) {
    const old = (from.fields as readonly Field[]).find((field) => field.name === name);
    if (old === undefined) {
      if (!type.nullable) return { kind: "refused", reason: `field "${name}" is new and not nullable` };
      readers.push({ name, read: () => null });
      continue;
    }
    const inner = planEvolution(old.type, type, `field "${name}"`);
    if (inner.kind === "refused") return inner;
    readers.push({ name, read: inner.kind === "same" ? (row) => row[name] : (row) => inner.convert(row[name]) });
  }
  return { kind: "convert", convert: (value) => convertRow(value, readers) };
}

function convertRow(value: unknown, readers: readonly { name: string; read: (row: AnyRow) => unknown }[]): unknown {
  if (value === null || value === undefined) return value;
  const row: AnyRow = {};
  for (const { name, read } of readers) row[name] = read(value as AnyRow);
  return row;
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
  if (left.fields === undefined || right.fields === undefined) return { ...left, nullable };
  const fields: Field[] = [];
  for (const { name, type } of left.fields) {
    const other = right.fields.find((field) => field.name === name);
    const both = other === undefined ? { ...type, nullable: true } : unionType(type, other.type);
    if (both === null) return null;
    fields.push({ name, type: both });
  }
  for (const { name, type } of right.fields) {
    if (!left.fields.some((field) => field.name === name)) fields.push({ name, type: { ...type, nullable: true } });
  }
  return { kind: "record", nullable, fields };
}

export function incompatible(uid: string, from: StateMeta, to: StateMeta, reason: string): StreamError {
  return new StreamError(
    "STATE_INCOMPATIBLE",
    `state "${to.name}" of operator "${uid}" was written as ${from.kind} state of ${describeMeta(from)}, but is declared as ${to.kind} state of ${describeMeta(to)}: ${reason}; declare the old type (only nullable fields may be added, fields may be removed), give the new state another name, or start without this savepoint`,
    { destiny: "terminal" },
  );
}

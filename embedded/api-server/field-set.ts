/**
 * Owns: sets of fields in Kubernetes' own form (FieldsV1), and the algebra over them. Pure.
 *
 * A set is a tree: `f:<name>` is a member of an object, `k:{"name":"x"}` an entry of a list by its keys, `v:"x"` a value of a set.
 * A node is in the set when it has no children, or the child `.`; the root is a node that is never in it.
 *
 * FIS1 Sets are never changed; keys are sorted, so equal sets have equal text.
 */
import { EMPTY, isObject, type Json, type JsonObject } from "./json-value.ts";

export type FieldSet = JsonObject;

export const NO_FIELDS: FieldSet = EMPTY;
/** A field without parts. */
export const LEAF: FieldSet = EMPTY;

const SELF = ".";

/** A node from what is below it; undefined: nothing at all. */
export function node(isMember: boolean, children: ReadonlyMap<string, FieldSet>): FieldSet | undefined {
  if (children.size === 0) return isMember ? LEAF : undefined;
  const result: Record<string, Json> = isMember ? { [SELF]: EMPTY } : {};
  for (const key of [...children.keys()].sort()) result[key] = children.get(key) ?? LEAF;
  return result;
}

export function isMember(set: FieldSet): boolean {
  return Object.hasOwn(set, SELF) || Object.keys(set).length === 0;
}

export function childrenOf(set: FieldSet | undefined): ReadonlyMap<string, FieldSet> {
  const children = new Map<string, FieldSet>();
  for (const [key, child] of Object.entries(set ?? NO_FIELDS)) {
    if (key !== SELF && isObject(child)) children.set(key, child);
  }
  return children;
}

/** For roots: an empty root is the empty set, though an empty node below it is a field. */
export function isNothing(root: FieldSet): boolean {
  return Object.keys(root).length === 0;
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (isNothing(a)) return b;
  if (isNothing(b)) return a;
  return unionBelow(a, b, false) ?? NO_FIELDS;
}

/** What is in `a` and not in `b`. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return isNothing(a) || isNothing(b) ? a : (combineBelow(a, b, false, (inA, inB) => inA && !inB, true) ?? NO_FIELDS);
}

/** What is in both. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  if (isNothing(a) || isNothing(b)) return NO_FIELDS;
  return combineBelow(a, b, false, (inA, inB) => inA && inB, false) ?? NO_FIELDS;
}

/** Every field of the set, as paths in the form that people read: .spec.containers[name="x"].image */
export function pathsOf(root: FieldSet, prefix = ""): string[] {
  return [...childrenOf(root)].flatMap(([key, child]) => {
    const path = `${prefix}${pathPart(key)}`;
    return [...(isMember(child) ? [path] : []), ...pathsOf(child, path)];
  });
}

function pathPart(key: string): string {
  const rest = key.slice(2);
  if (key.startsWith("f:")) return `.${rest}`;
  if (key.startsWith("v:")) return `[=${rest}]`;
  const keys = JSON.parse(rest) as Record<string, Json>;
  return `[${Object.entries(keys)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(",")}]`;
}

function unionBelow(a: FieldSet, b: FieldSet, isBelowRoot: boolean): FieldSet | undefined {
  const children = new Map(childrenOf(a));
  for (const [key, child] of childrenOf(b)) {
    const known = children.get(key);
    children.set(key, known === undefined ? child : (unionBelow(known, child, true) ?? LEAF));
  }
  return node(isBelowRoot && (isMember(a) || isMember(b)), children);
}

function combineBelow(
  a: FieldSet,
  b: FieldSet,
  isBelowRoot: boolean,
  choose: (inA: boolean, inB: boolean) => boolean,
  keepOnlyA: boolean,
): FieldSet | undefined {
  const children = new Map<string, FieldSet>();
  const others = childrenOf(b);
  for (const [key, child] of childrenOf(a)) {
    const other = others.get(key);
    const combined =
      other === undefined ? (keepOnlyA ? child : undefined) : combineBelow(child, other, true, choose, keepOnlyA);
    if (combined !== undefined) children.set(key, combined);
  }
  return node(isBelowRoot && choose(isMember(a), isMember(b)), children);
}

/**
 * Owns: what a manifest changes of a StreamJob's spec, field by field as people write it, each with its cost and why. Pure.
 * Does not own: the costs (operator/reconcile), what follows from them (change-outlook.ts).
 *
 * SD1 Every field that is written differently has a row, also when it means the same: a default that is written out costs nothing.
 * SD2 What changes without being written (a default that is made of another field, the order of a list of names) has a row, too.
 */
import { type StreamJobSpec, withDefaults } from "../../crds/index.ts";
import { type ChangeCost, compareSpecs, costOf, specChecks } from "../../operator/reconcile/index.ts";

export type FieldChange = {
  readonly field: string;
  readonly from: string;
  readonly to: string;
  readonly cost: ChangeCost;
  readonly why: string;
};

export type SpecDiff = { readonly fields: readonly FieldChange[]; readonly cost: ChangeCost };

const MEANS_THE_SAME = "written differently, same meaning";
const VALUE_LENGTH_MAX = 60;

/** Both have to be valid. */
export function diffSpecs(from: StreamJobSpec, to: StreamJobSpec): SpecDiff {
  const [before, after] = [withDefaults(from), withDefaults(to)];
  const changes = compareSpecs(before, after);
  const written = changedLeaves(leavesOf(from), leavesOf(to));
  const fields = written.map(({ path, was, is }): FieldChange => {
    const check = specChecks.find(
      ({ field }) => path === field || path.startsWith(`${field}.`) || path.startsWith(`${field}[`),
    );
    const change = changes.find(({ field }) => field === check?.field);
    return {
      field: path,
      from: was === undefined ? absent(path, check?.field, check?.read(before)) : valueText(was),
      to: is === undefined ? absent(path, check?.field, check?.read(after)) : valueText(is),
      cost: change?.cost ?? "none",
      why: change?.why ?? MEANS_THE_SAME,
    };
  });
  // SD2
  const derived = changes.filter(
    ({ field }) =>
      !fields.some(
        (each) => each.field === field || each.field.startsWith(`${field}.`) || each.field.startsWith(`${field}[`),
      ),
  );
  for (const { field, cost, why } of derived) {
    const check = specChecks.find((each) => each.field === field);
    const [was, is] = [check?.read(before), check?.read(after)];
    // Of things written by their names only the order can differ.
    const [from, to] =
      isPlain(was) && isPlain(is)
        ? [`${valueText(was)} (default)`, `${valueText(is)} (default)`]
        : ["(order)", "(another order)"];
    fields.push({ field, from, to, cost, why });
  }
  return { fields, cost: costOf(changes) };
}

type Leaf = { readonly path: string; readonly value: unknown };
type ChangedLeaf = { readonly path: string; readonly was: unknown; readonly is: unknown };

/** Differences of any two values, by path: for objects without costs. */
export function changedValues(from: unknown, to: unknown): readonly { field: string; from: string; to: string }[] {
  return changedLeaves(leavesOf(from), leavesOf(to)).map(({ path, was, is }) => ({
    field: path,
    from: was === undefined ? "(none)" : valueText(was),
    to: is === undefined ? "(none)" : valueText(is),
  }));
}

function changedLeaves(from: readonly Leaf[], to: readonly Leaf[]): readonly ChangedLeaf[] {
  const before = new Map(from.map(({ path, value }) => [path, value]));
  const after = new Map(to.map(({ path, value }) => [path, value]));
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((path) => ({ path, was: before.get(path), is: after.get(path) }))
    .filter(({ was, is }) => JSON.stringify(was) !== JSON.stringify(is));
}

/** Fields of lists of named things go by the name, since their order means nothing. */
function leavesOf(value: unknown, path = ""): Leaf[] {
  if (Array.isArray(value)) {
    if (value.length === 0) return [{ path, value }];
    return value.flatMap((item: unknown, index) => leavesOf(item, `${path}[${nameOf(item) ?? index}]`));
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value);
    if (entries.length === 0) return path === "" ? [] : [{ path, value }];
    return entries.flatMap(([name, inner]) => leavesOf(inner, path === "" ? name : `${path}.${name}`));
  }
  return [{ path, value }];
}

function nameOf(item: unknown): string | null {
  const name = typeof item === "object" && item !== null && "name" in item ? item.name : null;
  return typeof name === "string" ? name : null;
}

/** Fields in which what is absent is just not there. */
const WITHOUT_DEFAULTS = /^(?:job|config|imagePullSecrets|restore)\b|\b(?:resources|podTemplate)\b|Nonce$/;

function absent(path: string, field: string | undefined, resolved: unknown): string {
  if (WITHOUT_DEFAULTS.test(path)) return "(none)";
  return path === field && isPlain(resolved) ? `${valueText(resolved)} (default)` : "(default)";
}

function isPlain(value: unknown): boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function valueText(value: unknown): string {
  const text = typeof value === "string" && /^[\w./:%+-]+$/.test(value) ? value : (JSON.stringify(value) ?? "(none)");
  return text.length <= VALUE_LENGTH_MAX ? text : `${text.slice(0, VALUE_LENGTH_MAX - 1)}…`;
}

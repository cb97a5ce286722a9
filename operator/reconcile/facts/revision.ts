/**
 * Owns: what of a spec an incarnation runs with, its hash, and its way into and out of a ControllerRevision.
 *
 * REV1 The hash is of the spec as it was written, without defaults and whatever the order of its keys: an operator of another
 *     version computes the same (P-31). Whether two revisions differ in effect is asked of their resolved specs (spec-changes.ts).
 */
import { type StreamJobSpec, withDefaults, type ResolvedSpec } from "../../../crds/index.ts";
import { hexDigest } from "../../../base/index.ts";
import { revisionName } from "../../engine/index.ts";
import type { Observed, SpecRevision } from "./observed.ts";

/** Fields that only the operator reads: a change of them changes no incarnation. */
const operatorOnly = ["state", "savepoints", "savepointNonce", "upgrade", "recovery", "deletion", "restore"] as const;

/** The part of the spec that an incarnation runs with. */
export function runtimePart(spec: StreamJobSpec): StreamJobSpec {
  const part: Record<string, unknown> = { ...spec };
  for (const field of operatorOnly) delete part[field];
  return part as StreamJobSpec;
}

export const revisionHash = (spec: StreamJobSpec): string => hexDigest(10, canonicalJson(runtimePart(spec)));

/** The spec of a kept revision together with what is in force now of the fields that are not in it. */
export function resolveRevision(revision: SpecRevision, current: StreamJobSpec): ResolvedSpec {
  const operatorPart: Record<string, unknown> = {};
  for (const field of operatorOnly) if (current[field] !== undefined) operatorPart[field] = current[field];
  return withDefaults({ ...revision.spec, ...operatorPart } as StreamJobSpec);
}

/** By its name; null: it is not there (any more). */
export function findRevision(observed: Observed, name: string): SpecRevision | null {
  return observed.revisions.find((revision) => revision.name === name) ?? null;
}

/** A revision that is not kept yet counts as well: the one that the object has now. */
export function revisionByName(observed: Observed, name: string): SpecRevision | null {
  const found = findRevision(observed, name);
  if (found !== null) return found;
  const { spec, metadata } = observed.job;
  const hash = revisionHash(spec);
  if (revisionName(metadata.name, hash) !== name) return null;
  return { name, hash, number: nextNumber(observed), generation: metadata.generation ?? 0, spec: runtimePart(spec) };
}

export const nextNumber = (observed: Observed): number => (observed.revisions.at(-1)?.number ?? 0) + 1;

/** JSON with sorted keys, so that equal values are equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner,
  );
}

/** Whether two values are the same JSON, whatever the order of keys; a field that is undefined is one that is absent. */
export function isSameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, index) => isSameJson(item, b[index]));
  }
  const [one, other] = [a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>];
  for (const key in one) if (!isSameJson(one[key], other[key])) return false;
  for (const key in other) if (other[key] !== undefined && one[key] === undefined) return false;
  return true;
}

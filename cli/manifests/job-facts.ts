/**
 * Owns: what a StreamJob's objects say, read for people: status, conditions, kept revisions; ages in words.
 */
import { type Condition, JOB_LABEL, type StreamJob, type StreamJobConditionType } from "../../crds/index.ts";
import type { ControllerRevision, KubernetesApi } from "../../operator/kubernetes/api/index.ts";
import type { SpecRevision } from "../../operator/reconcile/index.ts";
import { isOwnedBy } from "../../operator/engine/index.ts";
import { listAll } from "./named-objects.ts";

type WithConditions = { readonly conditions: readonly Condition[] };

/** null: it was never said. */
export function conditionOf({ conditions }: WithConditions, type: StreamJobConditionType): Condition | null {
  return conditions.find((condition) => condition.type === type) ?? null;
}

export function holds(status: WithConditions, type: StreamJobConditionType): boolean {
  return conditionOf(status, type)?.status === "True";
}

/** Revisions of this very job that can be read, by number. */
export async function revisionsOf(api: KubernetesApi, job: StreamJob): Promise<readonly SpecRevision[]> {
  const { name, namespace, uid } = job.metadata;
  const kept = await listAll(api, "ControllerRevision", { namespace, labels: { [JOB_LABEL]: name } });
  return kept
    .filter((revision) => isOwnedBy(revision, uid))
    .flatMap((revision) => specRevision(name, revision) ?? [])
    .toSorted((a, b) => a.number - b.number);
}

function specRevision(job: string, { metadata, revision, data }: ControllerRevision): SpecRevision | null {
  const { generation, spec } = (data ?? {}) as { readonly generation?: unknown; readonly spec?: unknown };
  if (typeof generation !== "number" || typeof spec !== "object" || spec === null) return null;
  const hash = metadata.name.slice(job.length + 1);
  return { name: metadata.name, hash, number: revision, generation, spec: spec as SpecRevision["spec"] };
}

/** As kubectl shows ages: the largest unit, two while it is small. `-` without a time. */
export function ageText(time: string | undefined, nowMs: number): string {
  if (time === undefined) return "-";
  const seconds = Math.max(0, Math.floor((nowMs - Date.parse(time)) / 1000));
  if (Number.isNaN(seconds)) return "-";
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}

/** 1536 is "1.5 KiB". */
export function bytesText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

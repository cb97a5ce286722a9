/**
 * Owns: StreamJobs and snapshots as rows of a table; the columns are those of the custom resources (`kubectl get`).
 */
import {
  readSnapshotStatus,
  readStreamJobStatus,
  snapshotWithDefaults,
  type StreamJob,
  type StreamJobSnapshot,
} from "../../../crds/index.ts";
import { ageText, conditionOf } from "./job-facts.ts";

export type TableOptions = { readonly isWide: boolean; readonly hasNamespace: boolean; readonly nowMs: number };

export function jobHeadings({ isWide, hasNamespace }: TableOptions): string[] {
  const place = hasNamespace ? ["NAMESPACE"] : [];
  const wide = isWide ? ["GENERATION", "INCARNATION", "RESTARTS", "JOB ID", "WHY"] : [];
  return [...place, "NAME", "READY", "STATE", "PARALLELISM", "LAST CHECKPOINT", "UPGRADE", "AGE", ...wide];
}

export function jobRow(job: StreamJob, { isWide, hasNamespace, nowMs }: TableOptions): string[] {
  const { namespace, name, creationTimestamp, generation = 0 } = job.metadata;
  const read = readStreamJobStatus(job.status);
  const place = hasNamespace ? [namespace] : [];
  const parallelism = String(job.spec.parallelism ?? 1);
  const age = ageText(creationTimestamp, nowMs);
  if (read.kind === "unreadable") return [...place, name, "Unknown", "unreadable status", parallelism, "-", "-", age];
  const { status } = read;
  const ready = conditionOf(status, "Ready");
  // What was said about an older spec is not said about this one.
  const isCurrent = status.observedGeneration >= generation;
  const row = [
    ...place,
    name,
    ready === null || !isCurrent ? "Unknown" : ready.status,
    status.phase,
    parallelism,
    ageText(status.lastCheckpoint?.time, nowMs),
    status.upgrade?.step ?? "-",
    age,
  ];
  if (!isWide) return row;
  const { active, restarts } = status;
  const runs = active === undefined ? "-" : String(active.generation);
  const why = ready?.status === "True" ? "" : (ready?.message ?? "not looked at yet");
  return [
    ...row,
    runs === String(generation) ? runs : `${runs} of ${generation}`,
    active === undefined ? "-" : String(active.incarnation),
    String(restarts),
    status.jobId ?? "-",
    why,
  ];
}

export function snapshotHeadings({ isWide, hasNamespace }: TableOptions): string[] {
  const place = hasNamespace ? ["NAMESPACE"] : [];
  return [...place, "NAME", "JOB", "ORIGIN", "STATE", "AGE", ...(isWide ? ["LOCATION", "WHY"] : [])];
}

export function snapshotRow(snapshot: StreamJobSnapshot, { isWide, hasNamespace, nowMs }: TableOptions): string[] {
  const { namespace, name, creationTimestamp } = snapshot.metadata;
  const { jobName, origin } = snapshotWithDefaults(snapshot.spec);
  const read = readSnapshotStatus(snapshot.status);
  const place = hasNamespace ? [namespace] : [];
  const age = ageText(creationTimestamp, nowMs);
  if (read.kind === "unreadable") return [...place, name, jobName, origin, "unreadable status", age];
  const { phase, location, message } = read.status;
  return [
    ...place,
    name,
    jobName,
    origin,
    phase,
    age,
    ...(isWide ? [location ?? "-", phase === "Completed" ? "" : (message ?? "")] : []),
  ];
}

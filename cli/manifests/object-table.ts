/**
 * Owns: StreamJobs and snapshots as rows of a table; the columns are those of the custom resources (`kubectl get`,
 * where one is called LAST CHECKPOINT: here a row has to fit into 80 characters),
 * which cannot ask: there the parallelism is the wanted one, and the last checkpoint may be minutes old.
 */
import {
  readSnapshotStatus,
  readStreamJobStatus,
  snapshotWithDefaults,
  type StreamJob,
  type StreamJobSnapshot,
} from "../../crds/index.ts";
import { ageText, conditionOf } from "./job-facts.ts";
import { type LiveFacts, parallelismText } from "./live-facts.ts";

export type TableOptions = { readonly isWide: boolean; readonly hasNamespace: boolean; readonly nowMs: number };

export function jobHeadings({ isWide, hasNamespace }: TableOptions): string[] {
  const place = hasNamespace ? ["NAMESPACE"] : [];
  const wide = isWide ? ["GENERATION", "INCARNATION", "RESTARTS", "JOB ID", "WHY"] : [];
  return [...place, "NAME", "READY", "STATE", "PARALLELISM", "CHECKPOINT", "OPERATION", "AGE", ...wide];
}

/** `live`: what was asked for this row. The age of a checkpoint that could not be asked for ends with `?`. */
export function jobRow(job: StreamJob, live: LiveFacts, { isWide, hasNamespace, nowMs }: TableOptions): string[] {
  const { namespace, name, creationTimestamp, generation = 0 } = job.metadata;
  const read = readStreamJobStatus(job.status);
  const place = hasNamespace ? [namespace] : [];
  const parallelism = parallelismText(job, live);
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
    checkpointAge(live, nowMs),
    status.operation?.step ?? "-",
    age,
  ];
  if (!isWide) return row;
  const { active, restarts } = status;
  const runs = active === undefined ? "-" : String(active.generation);
  const why = ready?.status === "True" ? "" : (ready?.message ?? "not observed yet");
  return [
    ...row,
    runs === String(generation) ? runs : `${runs} of ${generation}`,
    active === undefined ? "-" : String(active.incarnation),
    String(restarts),
    status.jobId ?? "-",
    why,
  ];
}

function checkpointAge({ lastCheckpoint, isCheckpointCurrent }: LiveFacts, nowMs: number): string {
  if (isCheckpointCurrent) return ageText(lastCheckpoint?.time, nowMs);
  return lastCheckpoint === null ? "?" : `${ageText(lastCheckpoint.time, nowMs)}?`;
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

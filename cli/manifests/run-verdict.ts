/**
 * Owns: whether the jobs of a `run` have come to their end, and whether others still need its control plane. Pure.
 *
 * RV1 A job has ended when it is finished, deleted, or FAILED with nobody to start it again; a suspended one has not, nor one that
 *     finished before its manifest asked for a version that does not run: a person can go on with it.
 * RV2 What was said about an older spec is no end of the newer one.
 * RV3 Another job needs the control plane while pods of it run or are about to: not when it has ended, is suspended, or cannot start
 *     before a person does something.
 */
import { readStreamJobStatus, type StreamJob } from "../../crds/index.ts";
import { holds } from "./job-facts.ts";

export type JobEnd = "finished" | "failed" | "deleted";

/** null: it goes on. `generation`: that of the manifest applied last. */
export function endOf(job: StreamJob, generation: number): JobEnd | null {
  const { metadata, spec } = job;
  const read = readStreamJobStatus(job.status);
  if (read.kind === "unreadable") return null;
  const { status } = read;
  const ended = status.active?.ended ?? null;
  const isOld = status.observedGeneration < Math.max(generation, metadata.generation ?? 0);
  if (ended === null || isOld || status.operation !== undefined || spec.state === "suspended") return null;
  if (metadata.deletionTimestamp !== undefined) return null;
  const isStalled = holds(status, "Stalled");
  if (ended.status === "FAILED") return isStalled ? "failed" : null;
  return isStalled ? null : "finished";
}

/** RV3 */
export function needsControlPlane(job: StreamJob): boolean {
  const { metadata, spec } = job;
  const read = readStreamJobStatus(job.status);
  // Nobody knows what runs of it: nothing of it is ended.
  if (read.kind === "unreadable") return true;
  const { active, observedGeneration, operation } = read.status;
  if (active !== undefined && active.ended === null) return true;
  if (metadata.deletionTimestamp !== undefined || operation !== undefined) return true;
  if (observedGeneration < (metadata.generation ?? 0)) return true;
  if (spec.state === "suspended" || holds(read.status, "Stalled") || holds(read.status, "Paused")) return false;
  return endOf(job, 0) === null;
}

/**
 * Owns: whether the jobs of a `run` have come to their end. Pure.
 *
 * RV1 A job has ended when it is finished, deleted, or FAILED with nobody to start it again; a suspended one has not, nor one that
 *     finished before its manifest asked for a version that does not run: a person can go on with it.
 * RV2 What was said about an older spec is no end of the newer one.
 */
import { readStreamJobStatus, type StreamJob } from "../../../crds/index.ts";
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
  if (ended === null || isOld || status.upgrade !== undefined || spec.state === "suspended") return null;
  if (metadata.deletionTimestamp !== undefined) return null;
  const isStalled = holds(status, "Stalled");
  if (ended.status === "FAILED") return isStalled ? "failed" : null;
  return isStalled ? null : "finished";
}

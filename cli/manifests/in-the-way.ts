/**
 * Owns: why what a command asks for does not happen now, or not at all, in words for its confirmation. Pure.
 *
 * IW1 A confirmation says what will happen: a request that waits for something names it, one that changes nothing says so.
 */
import {
  CLEANUP_FINALIZER,
  PAUSED_ANNOTATION,
  readSnapshotStatus,
  snapshotWithDefaults,
  type StreamJob,
  type StreamJobSnapshot,
} from "../../crds/index.ts";
import { statusOf } from "../../operator/reconcile/index.ts";
import { namespaceFlag } from "./command-context.ts";

/** What keeps a change of the StreamJob from being carried out now; null: nothing. */
export function delayOf({ metadata }: StreamJob): string | null {
  const { name, namespace, annotations, deletionTimestamp } = metadata;
  if (deletionTimestamp !== undefined) return `this has no effect: ${name} is being deleted`;
  if (annotations?.[PAUSED_ANNOTATION] !== "true") return null;
  return `${name} is paused, so this waits for \`streamjob unpause ${name}${namespaceFlag(namespace)}\``;
}

/**
 * Why a snapshot that is deleted stays for now; null: it goes at once. `jobs`: the StreamJobs of its namespace. The same as the
 * operator's rule (RETE1, RETE2), as far as objects say it.
 */
export function snapshotStays(snapshot: StreamJobSnapshot, jobs: readonly StreamJob[]): string | null {
  const { metadata, spec } = snapshot;
  const { disposeOnDelete, jobName } = snapshotWithDefaults(spec);
  if (!(metadata.finalizers ?? []).includes(CLEANUP_FINALIZER)) return null;
  const owner = jobs.find((job) => job.metadata.name === jobName);
  if (owner === undefined) return null;
  const status = statusOf(owner);
  if (owner.metadata.annotations?.[PAUSED_ANNOTATION] === "true") return `${jobName} is paused`;
  if (status.savepoint?.name === metadata.name) return "its savepoint is being taken";
  const read = readSnapshotStatus(snapshot.status);
  const location = read.kind === "read" ? read.status.location : undefined;
  if (!disposeOnDelete || location === undefined) return null;
  for (const job of jobs) {
    const why = needOf(job, metadata.name, location);
    if (why !== null) return why;
  }
  const { active } = status;
  if (active !== undefined && active.ended === null) return null;
  const flag = namespaceFlag(owner.metadata.namespace);
  return `only a running job deletes files, and ${jobName} does not run; \`streamjob resume ${jobName}${flag}\`, or keep the files with spec.disposeOnDelete: false`;
}

/** Why the StreamJob needs the savepoint; null: it does not. */
function needOf(job: StreamJob, snapshot: string, location: string): string | null {
  const { name } = job.metadata;
  const { restore } = job.spec;
  if (restore?.snapshot === snapshot || restore?.path === location) return `spec.restore of ${name} names it`;
  const { operation, resume, active, lastSavepoint } = statusOf(job);
  const points = [operation?.restore, resume].flatMap((point) => point ?? []);
  const isNamed = points.some(
    (point) =>
      (point.kind === "path" && point.path === location) || (point.kind === "latest" && point.savepoint === location),
  );
  if (isNamed || operation?.savepoint?.path === location) {
    return operation === undefined ? `${name} resumes from it` : `the ${operation.kind} of ${name} starts from it`;
  }
  const isYoung = active !== undefined && active.stableAt === null && active.ended === null;
  return isYoung && lastSavepoint?.path === location ? `${name} was started from it and is not stable yet` : null;
}

/**
 * Owns: statuses and verdicts of stored objects, each found out once per version of the object (objects never change, KA1).
 */
import {
  type ReadStatus,
  readSnapshotStatus,
  readStreamJobStatus,
  type StreamJob,
  type StreamJobSnapshot,
  type StreamJobSnapshotStatus,
  type StreamJobStatus,
  type ValidatedStreamJob,
  validateStreamJob,
} from "../../crds/index.ts";

/** Status of a StreamJob, read leniently. */
export const statusOf: (job: StreamJob) => ReadStatus<StreamJobStatus> = oncePerObject((job: StreamJob) =>
  readStreamJobStatus(job.status),
);

/** The status of a StreamJob; null: it cannot be understood. */
export function storedStatus(job: StreamJob): StreamJobStatus | null {
  const stored = statusOf(job);
  return stored.kind === "read" ? stored.status : null;
}

/** Status of a snapshot, read leniently. */
export const snapshotStatusOf: (snapshot: StreamJobSnapshot) => ReadStatus<StreamJobSnapshotStatus> = oncePerObject(
  (snapshot: StreamJobSnapshot) => readSnapshotStatus(snapshot.status),
);

/** Whether the spec can be acted upon. */
export const verdictOf: (job: StreamJob) => ValidatedStreamJob = oncePerObject((job: StreamJob) =>
  validateStreamJob(job),
);

function oncePerObject<T extends object, R>(find: (object: T) => R): (object: T) => R {
  const found = new WeakMap<T, { readonly value: R }>();
  return (object) => {
    const known = found.get(object);
    if (known !== undefined) return known.value;
    const value = find(object);
    found.set(object, { value });
    return value;
  };
}

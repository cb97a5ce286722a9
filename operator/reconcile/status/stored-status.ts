/**
 * Owns: reading the statuses that the operator wrote.
 *
 * STST1 A status that cannot be read is an error, never an empty one: an operator that forgot what runs would start it again.
 * STST2 Each version of an object is read once, however often it is asked: objects never change (KA1).
 */
import {
  type Issue,
  type ReadStatus,
  readSnapshotStatus,
  readStreamJobStatus,
  type StreamJob,
  type StreamJobSnapshot,
  type StreamJobSnapshotStatus,
  type StreamJobStatus,
} from "../../../crds/index.ts";
import { oncePerObject, StreamError } from "../../../base/index.ts";

/** The status of a StreamJob, or why there is none to go by. */
export const readStatusOf: (job: StreamJob) => ReadStatus<StreamJobStatus> = oncePerObject(({ status }: StreamJob) =>
  readStreamJobStatus(status),
);

/** The status of a StreamJobSnapshot, or why there is none to go by. */
export const readSnapshotStatusOf: (snapshot: StreamJobSnapshot) => ReadStatus<StreamJobSnapshotStatus> = oncePerObject(
  ({ status }: StreamJobSnapshot) => readSnapshotStatus(status),
);

/** Errors: STATUS_UNREADABLE. */
export function statusOf(job: StreamJob): StreamJobStatus {
  const read = readStatusOf(job);
  if (read.kind === "read") return read.status;
  throw unreadable("StreamJob", job.metadata.name, read.issues);
}

/** Errors: STATUS_UNREADABLE. */
export function snapshotStatusOf(snapshot: StreamJobSnapshot): StreamJobSnapshotStatus {
  const read = readSnapshotStatusOf(snapshot);
  if (read.kind === "read") return read.status;
  throw unreadable("StreamJobSnapshot", snapshot.metadata.name, read.issues);
}

function unreadable(kind: string, name: string, issues: readonly Issue[]): StreamError {
  const what = issues.map(({ path, message }) => `${path}: ${message}`).join("; ");
  return new StreamError(
    "STATUS_UNREADABLE",
    `the status of ${kind} ${name} cannot be read (${what}); the operator does nothing for it: correct or remove those fields`,
  );
}

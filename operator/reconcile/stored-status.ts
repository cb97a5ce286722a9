/**
 * Owns: reading the statuses that the operator wrote.
 *
 * SS1 A status that cannot be read is an error, never an empty one: an operator that forgot what runs would start it again.
 */
import {
  type Issue,
  readSnapshotStatus,
  readStreamJobStatus,
  type StreamJob,
  type StreamJobSnapshot,
  type StreamJobSnapshotStatus,
  type StreamJobStatus,
} from "../../crds/index.ts";
import { StreamError } from "../../runtime/base/index.ts";

/** Errors: STATUS_UNREADABLE. */
export function statusOf(job: StreamJob): StreamJobStatus {
  const read = readStreamJobStatus(job.status);
  if (read.kind === "read") return read.status;
  throw unreadable("StreamJob", job.metadata.name, read.issues);
}

/** Errors: STATUS_UNREADABLE. */
export function snapshotStatusOf(snapshot: StreamJobSnapshot): StreamJobSnapshotStatus {
  const read = readSnapshotStatus(snapshot.status);
  if (read.kind === "read") return read.status;
  throw unreadable("StreamJobSnapshot", snapshot.metadata.name, read.issues);
}

function unreadable(kind: string, name: string, issues: readonly Issue[]): StreamError {
  const what = issues.map(({ path, message }) => `${path}: ${message}`).join("; ");
  return new StreamError(
    "STATUS_UNREADABLE",
    `the status of ${kind} ${name} is not one that this operator wrote (${what}); nothing is done for it: correct or remove those fields`,
  );
}

/** Owns: StreamJobSnapshots that the operator makes, and writes of their status. */
import { CLEANUP_FINALIZER, JOB_LABEL, STREAM_JOB_API_VERSION, type StreamJobSnapshot } from "../../../crds/index.ts";
import type { Action } from "../actions/plan.ts";
import type { Situation } from "../facts/situation.ts";
import { snapshotStatusOf } from "../status/stored-status.ts";

type Origin = "manual" | "scheduled" | "upgrade";

/** Held until its files are gone when it is deleted. */
export function newSnapshot(situation: Situation, name: string, origin: Origin, path?: string): StreamJobSnapshot {
  const { metadata, ...rest } = freeSnapshot(situation, name, origin, path);
  return { ...rest, metadata: { ...metadata, finalizers: [CLEANUP_FINALIZER] } };
}

/** Without an owner: savepoints outlive the job that made them (P-29). Without finalizer: nothing has to let it go. */
export function freeSnapshot({ job }: Situation, name: string, origin: Origin, path?: string): StreamJobSnapshot {
  return {
    apiVersion: STREAM_JOB_API_VERSION,
    kind: "StreamJobSnapshot",
    metadata: { name, namespace: job.metadata.namespace, labels: { [JOB_LABEL]: job.metadata.name } },
    spec: { jobRef: { name: job.metadata.name }, origin, ...(path === undefined ? {} : { path }) },
  };
}

/** Bound to the version that was looked at. */
export function snapshotStatusWrite(
  snapshot: StreamJobSnapshot,
  status: NonNullable<StreamJobSnapshot["status"]>,
): Action {
  const { name, resourceVersion } = snapshot.metadata;
  return { kind: "writeSnapshotStatus", name, resourceVersion: resourceVersion ?? "", status };
}

/** What is in the way, in its status; nothing when it says so already. */
export function snapshotMessageWrite(snapshot: StreamJobSnapshot, message: string): readonly Action[] {
  const status = snapshotStatusOf(snapshot);
  return status.message === message ? [] : [snapshotStatusWrite(snapshot, { ...status, message })];
}

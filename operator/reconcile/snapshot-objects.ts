/** Owns: StreamJobSnapshots that the operator makes, and writes of their status. */
import { CLEANUP_FINALIZER, JOB_LABEL, STREAM_JOB_API_VERSION, type StreamJobSnapshot } from "../../crds/index.ts";
import type { Action } from "./plan.ts";
import type { Situation } from "./situation.ts";

/** Without an owner: savepoints outlive the job that made them (S29). */
export function newSnapshot(
  { job }: Situation,
  name: string,
  origin: "manual" | "scheduled" | "upgrade",
  path?: string,
): StreamJobSnapshot {
  return {
    apiVersion: STREAM_JOB_API_VERSION,
    kind: "StreamJobSnapshot",
    metadata: {
      name,
      namespace: job.metadata.namespace,
      labels: { [JOB_LABEL]: job.metadata.name },
      finalizers: [CLEANUP_FINALIZER],
    },
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

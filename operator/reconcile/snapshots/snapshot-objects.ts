/**
 * Owns: StreamJobSnapshots that the operator makes, and writes of their status.
 *
 * SNO1 A status says by conditions what its phase says, so that kstatus (Flux, Helm 4) and `kubectl wait` know when a savepoint is complete.
 */
import {
  CLEANUP_FINALIZER,
  type Condition,
  JOB_LABEL,
  STREAM_JOB_API_VERSION,
  type StreamJobSnapshot,
} from "../../../crds/index.ts";
import type { Action } from "../actions/plan.ts";
import type { Situation } from "../facts/situation.ts";
import { snapshotStatusOf } from "../status/stored-status.ts";

type StoredStatus = NonNullable<StreamJobSnapshot["status"]>;
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

/** Bound to the version that was looked at. `now`: of conditions that change. */
export function snapshotStatusWrite(snapshot: StreamJobSnapshot, status: StoredStatus, now: string): Action {
  const { name, resourceVersion } = snapshot.metadata;
  const before = snapshotStatusOf(snapshot).conditions;
  return {
    kind: "writeSnapshotStatus",
    name,
    resourceVersion: resourceVersion ?? "",
    status: withConditions(status, now, before),
  };
}

/** What is in the way, in its status; nothing when it says so already. */
export function snapshotMessageWrite(snapshot: StreamJobSnapshot, message: string, now: string): readonly Action[] {
  const status = snapshotStatusOf(snapshot);
  return status.message === message ? [] : [snapshotStatusWrite(snapshot, { ...status, message }, now)];
}

/** What is final stays so when the object is changed, but it is of the new generation then. */
export function snapshotGenerationWrites({ observed }: Situation, now: string): readonly Action[] {
  return observed.snapshots.flatMap((snapshot) => {
    const { generation = 0, deletionTimestamp } = snapshot.metadata;
    const status = snapshotStatusOf(snapshot);
    const isFinal = status.phase === "Completed" || status.phase === "Failed";
    if (!isFinal || deletionTimestamp !== undefined || status.observedGeneration === generation) return [];
    return [snapshotStatusWrite(snapshot, { ...status, observedGeneration: generation }, now)];
  });
}

/** SNO1. `before`: what did not change keeps its time. */
export function withConditions(
  status: StoredStatus,
  now: string,
  before: readonly Condition[] = [],
): NonNullable<StreamJobSnapshot["status"]> {
  const { phase = "Pending", message, location, observedGeneration = 0 } = status;
  const words = {
    Pending: "waiting until the savepoint can be taken",
    InProgress: "the savepoint is being taken",
    Completed: `the savepoint is in ${location ?? "an unknown place"}`,
    Failed: "the savepoint failed",
  } as const;
  const isUnderWay = phase === "Pending" || phase === "InProgress";
  const holds = { Ready: phase === "Completed", Reconciling: isUnderWay, Stalled: phase === "Failed" };
  const conditions = Object.entries(holds).map(([type, is]): Condition => {
    const value = is ? "True" : "False";
    const same = before.find((one) => one.type === type && one.status === value);
    return {
      type,
      status: value,
      reason: phase,
      message: message ?? words[phase],
      lastTransitionTime: same?.lastTransitionTime ?? now,
      observedGeneration: Math.max(0, observedGeneration),
    };
  });
  return { ...status, conditions };
}

/**
 * Owns: what a driven job's snapshot keeps: its states, and the world around it at that moment.
 * Called by: job-driver.ts.
 */
import type { OperatorState } from "../checkpoint/index.ts";
import type { MemoryObjectStore } from "../storage/index.ts";
import type { SinkTarget } from "./collecting-sink.ts";
import type { SourceScript } from "./scripted-source.ts";

/** A savepoint of a driven job, in memory: for `restore`, as often as wanted. */
export type JobSnapshot = {
  readonly checkpointId: number;
  /** uids of the operators that have state in it. */
  readonly uids: readonly string[];
};

export type SnapshotParts = {
  readonly epoch: number;
  readonly operators: readonly OperatorState[];
  readonly store: MemoryObjectStore;
  readonly scripts: ReadonlyMap<string, SourceScript>;
  readonly targets: ReadonlyMap<string, SinkTarget>;
  readonly nowMs: number;
};

const partsOf = new WeakMap<JobSnapshot, SnapshotParts>();

export function makeSnapshot(checkpointId: number, parts: SnapshotParts): JobSnapshot {
  const uids = parts.operators
    .filter(
      ({ subtasks, enumerator }) =>
        enumerator !== undefined || subtasks.some(({ keyed, operator }) => keyed !== null || operator.length > 0),
    )
    .map(({ uid }) => uid);
  const snapshot = { checkpointId, uids };
  partsOf.set(snapshot, parts);
  return snapshot;
}

/** null: it is not one that `snapshot()` gave. */
export function partsOfSnapshot(snapshot: JobSnapshot): SnapshotParts | null {
  return partsOf.get(snapshot) ?? null;
}

/**
 * Owns: the port through which REST and tests look at and steer one JobManager. All times in epoch milliseconds.
 * Not here: HTTP and wire names (runtime/rest, contract).
 *
 * JC1 Views are snapshots: plain values that the caller may keep.
 * JC2 A trigger with a `triggerId` seen before returns that trigger and starts nothing (promises P-5, P-9).
 */
import type { ErrorInfo, JobId, TaskManagerId, VertexId } from "../../base/index.ts";
import type { JobConfiguration } from "../graph/index.ts";
import type { CheckpointTimings, TaskMetrics } from "../rpc/index.ts";

/** Flink's JobStatus. */
export type JobStatus =
  | "INITIALIZING"
  | "CREATED"
  | "RUNNING"
  | "FAILING"
  | "FAILED"
  | "CANCELLING"
  | "CANCELED"
  | "FINISHED"
  | "RESTARTING"
  | "SUSPENDED"
  | "RECONCILING";

/** Flink's ExecutionState. */
export type ExecutionState =
  | "CREATED"
  | "SCHEDULED"
  | "DEPLOYING"
  | "INITIALIZING"
  | "RUNNING"
  | "FINISHED"
  | "CANCELING"
  | "CANCELED"
  | "FAILED"
  | "RECONCILING";

/** Each per second, over the last minute. */
export type IoRates = {
  readonly recordsIn: number;
  readonly recordsOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
};

export type SubtaskView = {
  readonly subtask: number;
  readonly attempt: number;
  readonly state: ExecutionState;
  readonly taskManagerId: TaskManagerId | null;
  readonly metrics: TaskMetrics | null;
  /** null: not known yet. */
  readonly rates: IoRates | null;
};

export type VertexView = {
  readonly id: VertexId;
  readonly name: string;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly subtasks: readonly SubtaskView[];
};

export type JobView = {
  readonly jobId: JobId;
  readonly name: string;
  readonly status: JobStatus;
  readonly epoch: number;
  /** Of the JobManager process, fresh with every start; not that of the operating system. */
  readonly processId: string;
  readonly startedMs: number;
  readonly endedMs: number | null;
  /** When each status was last entered; absent = never. */
  readonly statusTimes: Readonly<Partial<Record<JobStatus, number>>>;
  readonly configuration: JobConfiguration;
  readonly vertices: readonly VertexView[];
  /** [from vertex index, to vertex index, partitioning kind] */
  readonly edges: readonly (readonly [number, number, string])[];
  readonly restarts: number;
  /** Why it failed, when it did. */
  readonly failure: ErrorInfo | null;
};

export type CheckpointStatus = "in_progress" | "completed" | "failed";

export type SubtaskCheckpointView = {
  readonly vertex: VertexId;
  readonly subtask: number;
  readonly ackMs: number;
  readonly timings: CheckpointTimings;
};

export type CheckpointView = {
  readonly id: number;
  readonly kind: "checkpoint" | "savepoint" | "stop" | "drain";
  readonly status: CheckpointStatus;
  readonly triggeredMs: number;
  /** When it was completed or failed. */
  readonly endedMs: number | null;
  readonly latestAckMs: number | null;
  /** Bytes of all state it refers to. */
  /** Of all files that the state has, and of those that were written for it. */
  readonly stateBytes: number;
  readonly writtenBytes: number;
  readonly subtasks: number;
  readonly acknowledged: number;
  /** URI of the manifest or savepoint folder, once completed and while it exists. */
  readonly externalPath: string | null;
  readonly discarded: boolean;
  readonly failure: string | null;
  readonly acks: readonly SubtaskCheckpointView[];
};

export type CheckpointsView = {
  readonly counts: {
    readonly completed: number;
    readonly failed: number;
    readonly inProgress: number;
    readonly restored: number;
  };
  /** Newest first; at most 50. */
  readonly history: readonly CheckpointView[];
  readonly latestCompleted: CheckpointView | null;
  readonly latestSavepoint: CheckpointView | null;
  readonly latestFailed: CheckpointView | null;
  readonly restored: {
    readonly id: number;
    readonly restoredMs: number;
    readonly isSavepoint: boolean;
    readonly externalPath: string;
  } | null;
  /** Since a checkpoint was completed last: how many have failed (CC5), why the newest did, or cannot be written yet; null: none. */
  readonly trouble: { readonly failures: number; readonly reason: string; readonly sinceMs: number } | null;
};

export type ExceptionEntry = {
  readonly error: ErrorInfo;
  readonly timeMs: number;
  /** `Source: lines -> flatMap (1/2) - attempt 3`, or null when no task is to blame. */
  readonly taskName: string | null;
  readonly taskManagerId: TaskManagerId | null;
};

export type TaskManagerView = {
  readonly id: TaskManagerId;
  readonly host: string;
  readonly pid: number;
  readonly slots: number;
  readonly freeSlots: number;
  readonly lastHeartbeatMs: number;
};

export type SavepointRequest = {
  readonly kind: "savepoint" | "stop" | "drain";
  /** Store URI or path; null: the job's default (SP-1 refuses when there is none). */
  readonly targetDirectory: string | null;
  /** The savepoint's own folder, used as it is (TRD2); absent or null: a fresh one in the directory. */
  readonly targetPath?: string | null;
  /** 32 hex digits; null: a fresh one. */
  readonly triggerId: string | null;
};

export type TriggerState =
  | { readonly kind: "inProgress" }
  /** `location`: URI of the savepoint's folder, or of the checkpoint's manifest. */
  | { readonly kind: "completed"; readonly location: string; readonly checkpointId: number }
  | { readonly kind: "failed"; readonly error: ErrorInfo };

export type TriggerAnswer =
  | { readonly kind: "accepted"; readonly triggerId: string }
  /** Wrong state of the job, no target, …: nothing was started. */
  | { readonly kind: "refused"; readonly error: ErrorInfo };

export interface JobControl {
  job(): JobView;
  checkpoints(): CheckpointsView;
  /** Newest first; at most 32. */
  exceptions(): readonly ExceptionEntry[];
  taskManagers(): readonly TaskManagerView[];
  triggerSavepoint(request: SavepointRequest): TriggerAnswer;
  triggerCheckpoint(triggerId: string | null): TriggerAnswer;
  /** null: no such trigger. */
  trigger(triggerId: string): TriggerState | null;
  /** Deletes a savepoint (or retained checkpoint) at a location; only paths that hold one are touched. */
  disposeSavepoint(location: string): Promise<void>;
  /** `discard`: its checkpoints go with it, whatever the job's options say. */
  cancel(how?: { readonly discard: boolean }): "accepted" | "alreadyTerminal";
}

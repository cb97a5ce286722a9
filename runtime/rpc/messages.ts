/**
 * Owns: every message between a JobManager and its TaskManagers.
 * Not here: bytes and sockets (connection.ts).
 *
 * MES1 A TaskManager connects to the JobManager, registers, and keeps that one connection; when it closes, each side takes the
 *    other for lost. Both send a heartbeat every `heartbeatIntervalMs` and take silence of `heartbeatTimeoutMs` as loss.
 * MES2 Every message of the JobManager carries its epoch. A TaskManager that has seen a higher epoch answers `fenced` and does
 *    nothing; a higher one than it serves makes it drop the tasks of the lower one first.
 * MES3 Deployment has two steps: `deploy` restores and opens tasks (`ready`), `start` makes them run once all of the region are.
 * MES4 A task is named (vertex, subtask, attempt); messages about an attempt that is not there any more are ignored.
 * MES5 `prepare` may come before any deployment: each slot loads the job, opens the store and says `prepared`, so that a deployment finds
 *    both ready.
 * MES6 `endOfData` is for good; `stopped` holds until the task says `running` again. So a stop that fails leaves no task that counts as
 *    being at the end of its data.
 * MES8 A TaskManager that is about to end says `leaving` and works on; `shutdown` tells it that nothing of the job is left with it.
 *    Behind the barrier of a `handover` a task stands still as behind that of a stop, until it is cancelled, or runs on after
 *    `checkpointAborted`.
 * MES9 `assignSplits` goes to one task, on the connection on which the barrier of the next checkpoint follows, and is done in that order: so a
 *     split is in a reader's snapshot exactly when it was sent before the barrier. `splitRequest` comes after the reader's `readerStarted`.
 * MES7 A port is an address, not a name: another job's process may have got it. `register` names the job, whose id belongs to one
 *    incarnation, and the JobManager of another job answers `refused`; its own first message, `registered` or `shutdown`, names its
 *    job too, and a TaskManager of another does nothing that it says.
 */
import type { ErrorInfo, JobId, OperatorId, TaskManagerId } from "../../base/index.ts";
import type { OperatorRestore, StateDeclaration, SubtaskState } from "../checkpoint/index.ts";
import type { OperatorMetrics } from "../metrics/index.ts";

export type TaskRef = {
  /** JobVertex.index */
  readonly vertex: number;
  readonly subtask: number;
  /** Rises with every (re)start of the task's region; unique in an epoch. */
  readonly attempt: number;
};

/** Where a task's slot listens for data. */
export type SlotLocation = {
  readonly taskManagerId: TaskManagerId;
  /** Place of the slot in its TaskManager, from 0. */
  readonly slot: number;
  readonly host: string;
  readonly dataPort: number;
};

export type Placement = { readonly task: TaskRef; readonly location: SlotLocation };

/**
 * What is run; other kinds will come. `path`: absolute, the same on every machine. A program that came in a ConfigMap is a module at the path where it
 * is mounted.
 */
export type Program = { readonly kind: "module"; readonly path: string };

/** What a process needs to build the job graph by itself: all load the same module (SG1). */
export type JobSource = {
  readonly jobId: JobId;
  /** Of earlier incarnations that this one has taken over from. */
  readonly predecessors: readonly JobId[];
  /** Those of them whose logs were fenced; the others are known by a state of theirs alone. Absent: none. */
  readonly fenced?: readonly JobId[];
  readonly program: Program;
  /** Overrides from the command line, `key -> value` (options.ts). */
  readonly options: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  /** Adopted from restored state where the job does not say (SP-8): vertex index -> maxParallelism. */
  readonly maxParallelism: readonly number[];
  readonly fingerprint: string;
};

/** A file of the `memory` back end on its way between the tasks and the JobManager's memory store. */
export type InlineFile = { readonly storeUri: string; readonly key: string; readonly base64: string };

export type TaskDeployment = {
  readonly task: TaskRef;
  readonly slot: number;
  /** One entry per operator of the chain that has something to restore; empty: starts without state. */
  readonly restore: readonly OperatorRestore[];
  /** True when the job starts from a checkpoint or savepoint: an operator with no entry was not in it. */
  readonly isRestored: boolean;
  /** For a source that starts without state: its share of the discovered splits. */
  readonly splits: readonly unknown[] | null;
  /** `inlineOnly`: the files that `restore` refers to in the JobManager's memory; else empty. */
  readonly inlineFiles: readonly InlineFile[];
};

/** Store URIs the tasks write to: the job's root. `memory`: blobs of at most 5 MB go inline in the acknowledgement (CK-17). */
export type StateTarget = { readonly storeUri: string; readonly inlineOnly: boolean };

export type FromJobManager =
  | {
      readonly kind: "registered";
      readonly epoch: number;
      readonly jobId: JobId;
      readonly heartbeatIntervalMs: number;
      readonly heartbeatTimeoutMs: number;
    }
  | { readonly kind: "heartbeat"; readonly epoch: number }
  | {
      readonly kind: "deploy";
      readonly epoch: number;
      readonly job: JobSource;
      readonly target: StateTarget;
      readonly tasks: readonly TaskDeployment[];
      /** Every task of the regions concerned, also on other TaskManagers. */
      readonly placements: readonly Placement[];
    }
  /** For every slot. An older JobManager names no target. */
  | { readonly kind: "prepare"; readonly epoch: number; readonly job: JobSource; readonly target?: StateTarget }
  | {
      readonly kind: "start";
      readonly epoch: number;
      readonly tasks: readonly TaskRef[];
      /** As if the barrier of a stop had just gone through: they read nothing, and wait for `finish`. */
      readonly asStopped: boolean;
    }
  | { readonly kind: "cancel"; readonly epoch: number; readonly tasks: readonly TaskRef[] }
  | {
      readonly kind: "triggerCheckpoint";
      readonly epoch: number;
      readonly checkpointId: number;
      readonly checkpointKind: "checkpoint" | "savepoint" | "stop" | "drain" | "handover";
      readonly aligned: boolean;
      /** Store URI of a savepoint's own folder, else null. */
      readonly target: string | null;
      readonly triggeredMs: number;
      /** The newest complete checkpoint, whose files this one may refer to; absent: it refers to none. */
      readonly base?: number;
      /** Source tasks on this TaskManager. */
      readonly tasks: readonly TaskRef[];
    }
  /** Splits for a source's reader, which has an enumerator (MES9). `noMore`: none will follow. `tasks`: one. */
  | {
      readonly kind: "assignSplits";
      readonly epoch: number;
      readonly tasks: readonly TaskRef[];
      readonly splits: readonly unknown[];
      readonly noMore: boolean;
    }
  /** The lowest watermark of a group of aligned sources; null: all are idle (WM-4). `tasks`: one. */
  | {
      readonly kind: "alignWatermarks";
      readonly epoch: number;
      readonly tasks: readonly TaskRef[];
      readonly group: string;
      readonly lowest: number | null;
    }
  | {
      readonly kind: "checkpointComplete";
      readonly epoch: number;
      readonly checkpointId: number;
      readonly tasks: readonly TaskRef[];
    }
  | {
      readonly kind: "checkpointAborted";
      readonly epoch: number;
      readonly checkpointId: number;
      readonly tasks: readonly TaskRef[];
    }
  /** All tasks have ended their data and what the final checkpoint held is committed: close and report `finished`. */
  | { readonly kind: "finish"; readonly epoch: number; readonly tasks: readonly TaskRef[] }
  | { readonly kind: "shutdown"; readonly epoch: number; readonly jobId: JobId }
  /** The answer to a `register` that names another job; the connection closes behind it. `jobId`: the sender's. */
  | { readonly kind: "refused"; readonly epoch: number; readonly jobId: JobId };

/** Time shares since the last report: busy + backPressured + idle = 1 (BP-2). */
export type TaskMetrics = {
  readonly task: TaskRef;
  readonly recordsIn: number;
  readonly recordsOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly busyRatio: number;
  readonly backPressuredRatio: number;
  readonly idleRatio: number;
  /** Epoch milliseconds, or null before the first. */
  readonly watermark: number | null;
  /** Set when the task makes no progress: what it waits for, and how long. Absent or null: it does, or has nothing to do. */
  readonly stuck?: { readonly on: string; readonly forMs: number } | null;
  /** What code of the job registered, of each operator of the chain, in its order. Absent: none of them registered any. */
  readonly operators?: readonly OperatorMetrics[];
};

export type TaskState =
  /** Restored, opened and connected; waits for `start`. */
  | { readonly kind: "ready" }
  | { readonly kind: "running" }
  /**
   * The barrier of a stop-with-savepoint has gone through: it reads nothing, and waits for `finish`, or for `checkpointAborted`, after
   * which it says `running` again (MES6).
   */
  | { readonly kind: "stopped" }
  /** Its data have ended and its operators have finished; it still takes part in checkpoints and waits for `finish`. */
  | { readonly kind: "endOfData" }
  | { readonly kind: "finished" }
  | { readonly kind: "canceled" }
  | { readonly kind: "failed"; readonly error: ErrorInfo };

export type OperatorAck = {
  readonly operatorId: OperatorId;
  readonly state: SubtaskState;
  readonly declarations: readonly StateDeclaration[];
};

export type CheckpointTimings = {
  readonly alignmentMs: number;
  /** The part during which the task processed nothing. */
  readonly syncMs: number;
  readonly asyncMs: number;
  /** Of all files that the state has. */
  readonly stateBytes: number;
  /** Of those that were written for this checkpoint; absent: of all. */
  readonly writtenBytes?: number;
};

export type ToJobManager =
  | {
      readonly kind: "register";
      readonly jobId: JobId;
      readonly taskManagerId: TaskManagerId;
      readonly pid: number;
      readonly host: string;
      /** Data port of each slot. */
      readonly dataPorts: readonly number[];
    }
  | { readonly kind: "heartbeat"; readonly metrics: readonly TaskMetrics[] }
  /** A slot has loaded the job, or could not. */
  | { readonly kind: "prepared"; readonly epoch: number; readonly slot: number; readonly error: ErrorInfo | null }
  /** The sender is about to end (MES8). */
  | { readonly kind: "leaving"; readonly epoch: number }
  /** The sender serves a higher epoch: stop (MES2). */
  | { readonly kind: "fenced"; readonly epoch: number }
  | { readonly kind: "taskState"; readonly epoch: number; readonly task: TaskRef; readonly state: TaskState }
  | {
      readonly kind: "checkpointAck";
      readonly epoch: number;
      readonly task: TaskRef;
      readonly checkpointId: number;
      readonly operators: readonly OperatorAck[];
      readonly committables: number;
      /** `inlineOnly`: the files that the states refer to; else empty. */
      readonly inlineFiles: readonly InlineFile[];
      readonly timings: CheckpointTimings;
    }
  | {
      readonly kind: "checkpointDeclined";
      readonly epoch: number;
      readonly task: TaskRef;
      readonly checkpointId: number;
      /** A failure in the synchronous phase also fails the task (CK-5). */
      readonly phase: "sync" | "async";
      readonly error: ErrorInfo;
    }
  /** The reader of a source with an enumerator runs. `splits`: what it was restored with; empty without state. */
  | {
      readonly kind: "readerStarted";
      readonly epoch: number;
      readonly task: TaskRef;
      readonly splits: readonly unknown[];
    }
  /** It wants more. */
  | { readonly kind: "splitRequest"; readonly epoch: number; readonly task: TaskRef }
  /** Of a source whose watermarks are aligned with others of that group; null: it is idle. */
  | {
      readonly kind: "watermarkReport";
      readonly epoch: number;
      readonly task: TaskRef;
      readonly group: string;
      readonly watermark: number | null;
      /** How often it wants to be told the lowest. */
      readonly updateMs: number;
    }
  /** The answer to `checkpointComplete`: all commits of this task are done. */
  | { readonly kind: "committed"; readonly epoch: number; readonly task: TaskRef; readonly checkpointId: number };

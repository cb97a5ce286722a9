/**
 * Owns: what the runner and its child processes tell each other, over the channel that Node opens for a child.
 *
 * PM1 The channel is the children's leash: when it closes, because the runner let go or died, the child ends.
 */
import type { ErrorInfo } from "../base/index.ts";
import type { MemorySettings } from "../settings/index.ts";
import type { JobStatus } from "../runtime/jobmanager/index.ts";

export type JobManagerConfig = {
  readonly jobId: string;
  /** Absolute path. */
  readonly module: string;
  readonly options: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  /** Store URI of the job's root. */
  readonly storeUri: string;
  readonly rpcPort: number;
  readonly restPort: number;
  /** How many are being started beside it. */
  readonly taskManagers: number;
  /** Where to start from when the store holds nothing of this job; null: without state. */
  readonly restore: { readonly path: string; readonly allowNonRestoredState: boolean } | null;
  readonly version: string;
};

export type TaskManagerConfig = {
  readonly jobId: string;
  readonly taskManagerId: string;
  readonly jobManagerPort: number;
  readonly slots: number;
  /** What the job's options say about memory. */
  readonly memory: MemorySettings;
};

/** What happened to the job, as the JobManager's process saw it. */
export type JobEvent =
  | {
      readonly kind: "status";
      readonly status: JobStatus;
      readonly atMs: number;
      readonly tasks: number;
      readonly taskManagers: number;
    }
  | { readonly kind: "restored"; readonly checkpointId: number; readonly isSavepoint: boolean; readonly path: string }
  | {
      readonly kind: "failure";
      readonly error: ErrorInfo;
      readonly taskName: string | null;
      readonly taskManagerId: string | null;
    }
  | { readonly kind: "checkpoint"; readonly checkpointId: number; readonly path: string | null }
  | {
      readonly kind: "checkpointFailed";
      readonly checkpointId: number;
      readonly isSavepoint: boolean;
      readonly reason: string;
    }
  | { readonly kind: "savepoint"; readonly path: string };

export type TerminalStatus = "FINISHED" | "CANCELED" | "FAILED";

export type FromChild =
  /** The JobManager serves its ports; a TaskManager's slots listen. */
  | { readonly kind: "listening" }
  /** The process cannot do its work; it exits with `exitCodes.refused`. */
  | { readonly kind: "refused"; readonly error: ErrorInfo }
  | { readonly kind: "event"; readonly event: JobEvent }
  /** The job has ended; the process exits soon. */
  | {
      readonly kind: "terminal";
      readonly status: TerminalStatus;
      readonly restarts: number;
      /** Of a FAILED job. */
      readonly failure: ErrorInfo | null;
      /** The newest one that still exists. */
      readonly lastCheckpoint: string | null;
    };

export type ToChild =
  | { readonly kind: "start"; readonly config: JobManagerConfig | TaskManagerConfig }
  /** To the JobManager. */
  | { readonly kind: "cancel" };

/** Exit codes of the child processes. Any other, and every signal, is a crash: the runner starts the process again. */
export const exitCodes = {
  /** JobManager: the job FINISHED or was CANCELED; TaskManager: told to end. */
  done: 0,
  /** JobManager: the job FAILED. */
  failed: 1,
  /** JobManager: another one has taken over; it wrote nothing more. */
  fenced: 3,
  /** `refused` was sent. */
  refused: 4,
  /** The runner is gone. */
  orphaned: 5,
  /** An error that nobody caught (EX_SOFTWARE). */
  crashed: 70,
} as const;

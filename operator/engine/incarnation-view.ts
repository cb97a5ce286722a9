/**
 * Owns: what an engine tells of one incarnation, in the operator's words. Shapes only.
 * Does not own: how it is asked (jobmanager-api.ts), what follows from it (operator/reconcile).
 */
import type { RestorePoint } from "../../crds/index.ts";

/**
 * loading: it loads the job. standby: it waits for its activation. activating: it finds the state to start from.
 * active: its job is deployed, or being so. ended: the job is over, or another incarnation has taken over. refused: `error` says why.
 */
export type IncarnationPhase = "loading" | "standby" | "activating" | "active" | "ended" | "refused";

/** A job's status; the names of Flink. */
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

/** `code`: one of docs/errors.md; null: an error without a code. */
export type IncarnationFailure = {
  readonly code: string | null;
  readonly message: string;
  readonly destiny: "retry" | "terminal";
};

/** What lets an incarnation run, once and for good. `predecessors`: stores of the incarnations that it fences first. */
export type Activation = {
  readonly activationId: string;
  readonly from: RestorePoint;
  readonly predecessors: readonly string[];
};

/** One incarnation as its JobManager tells it. Times in epoch milliseconds. */
export type IncarnationView = {
  readonly jobId: string;
  readonly phase: IncarnationPhase;
  /** Refused: why. Ended: FENCED, or null. Else what is being tried again, or a TaskManager's trouble with the job. */
  readonly error: IncarnationFailure | null;
  /** Rises with every start of the JobManager; 0: it does not lead yet. */
  readonly epoch: number;
  readonly taskManagers: number;
  /** Of them, those that have loaded the job in every slot. */
  readonly taskManagersReady: number;
  readonly activation: (Activation & { readonly acceptedMs: number }) | null;
  /** Uids of operators whose state it left behind when it was started last. */
  readonly leftOut: readonly string[];
  /** Its job has sinks that keep transactions in other systems, which are to be settled when it is gone for good. Absent: no. */
  readonly settlesOnDeletion?: boolean | undefined;
  /** null until it is active. */
  readonly job: {
    readonly status: JobStatus;
    /** By the restart strategy, since this JobManager started. */
    readonly restarts: number;
    readonly startedMs: number;
    readonly endedMs: number | null;
    readonly failure: IncarnationFailure | null;
  } | null;
  /** Its own newest completed one, savepoints among them; never the one that it was restored from. */
  readonly lastCheckpoint: {
    readonly id: number;
    readonly timeMs: number;
    readonly path: string;
    readonly sizeBytes: number;
  } | null;
  /** What is wrong with its periodic checkpoints now; null or absent: nothing is known to be wrong. */
  readonly checkpointTrouble?:
    | { readonly failures: number; readonly sinceMs: number; readonly reason: string }
    | null
    | undefined;
  /** Its own. */
  readonly completedCheckpoints: number;
  /** null: none yet. */
  readonly firstCheckpointMs: number | null;
  readonly lastSavepoint: { readonly timeMs: number; readonly path: string } | null;
  /** How the job ended, once that is durable. `savepoint`: the one that it was stopped with. */
  readonly result: {
    readonly status: "FINISHED" | "CANCELED" | "FAILED";
    readonly savepoint: string | null;
  } | null;
};

/** Whether a state fits the new version. `from`: what would be restored now; null: it would start without state. */
export type PreflightView =
  | { readonly kind: "compatible"; readonly from: string | null }
  | { readonly kind: "incompatible"; readonly reasons: readonly string[] };

/** Something that a job threw. `message`: its first line. */
export type JobException = {
  /** Epoch milliseconds. */
  readonly timeMs: number;
  readonly message: string;
  /** null: not of one task. */
  readonly taskName: string | null;
};

/**
 * Owns: the port to an incarnation's JobManager: the few calls that the operator makes.
 * Implemented by: operator/engine-native; the bench of the controller has one without processes.
 *
 * JA1 No call waits for the job: triggers are asked for and polled, each call has its own short deadline (P-33).
 * JA2 What is not an answer (no connection, a time-out, a body that cannot be understood, another job's id) is
 *     `unreachable`, a value; never an exception, never "there is none" (P-11).
 */
import type { RestorePoint } from "../../crds/index.ts";
import type { Activation, IncarnationView, JobException, PreflightView } from "./incarnation-view.ts";

/** Which JobManager: its address is found by namespace and name, its answers are checked against jobId. */
export type JobManagerTarget = {
  readonly namespace: string;
  /** `wc` of incarnation 3 of StreamJob wc. */
  readonly job: string;
  readonly incarnation: number;
  readonly jobId: string;
};

export type Answer<T> =
  | { readonly kind: "answer"; readonly value: T }
  /** It answers, and says no: HTTP status and its words. */
  | { readonly kind: "refused"; readonly status: number; readonly message: string }
  | { readonly kind: "unreachable"; readonly message: string };

export type SavepointTrigger = {
  readonly triggerId: string;
  /** Store URI or path: exactly this folder. */
  readonly target: string;
};

export type TriggerState =
  | { readonly kind: "inProgress" }
  | { readonly kind: "completed"; readonly location: string }
  | { readonly kind: "failed"; readonly message: string };

export interface JobManagerApi {
  incarnation(target: JobManagerTarget, signal: AbortSignal): Promise<Answer<IncarnationView>>;
  preflight(target: JobManagerTarget, from: RestorePoint, signal: AbortSignal): Promise<Answer<PreflightView>>;
  activate(target: JobManagerTarget, activation: Activation, signal: AbortSignal): Promise<Answer<void>>;
  stop(target: JobManagerTarget, trigger: SavepointTrigger, signal: AbortSignal): Promise<Answer<void>>;
  savepoint(target: JobManagerTarget, trigger: SavepointTrigger, signal: AbortSignal): Promise<Answer<void>>;
  /** A checkpoint now, which the job would take later by itself. Nobody asks what became of it: the incarnation tells. */
  checkpoint(target: JobManagerTarget, triggerId: string, signal: AbortSignal): Promise<Answer<void>>;
  /** `value` null: it knows no such trigger. Of stops too. */
  trigger(target: JobManagerTarget, triggerId: string, signal: AbortSignal): Promise<Answer<TriggerState | null>>;
  /** Ends the job and deletes its checkpoints; savepoints stay. */
  cancel(target: JobManagerTarget, signal: AbortSignal): Promise<Answer<void>>;
  disposeSavepoint(
    target: JobManagerTarget,
    request: { readonly triggerId: string; readonly location: string },
    signal: AbortSignal,
  ): Promise<Answer<void>>;
  disposal(target: JobManagerTarget, triggerId: string, signal: AbortSignal): Promise<Answer<TriggerState | null>>;
  /** Deletes the state in the store of an incarnation before this one. */
  collect(
    target: JobManagerTarget,
    request: { readonly triggerId: string; readonly storeUri: string },
    signal: AbortSignal,
  ): Promise<Answer<void>>;
  collection(target: JobManagerTarget, triggerId: string, signal: AbortSignal): Promise<Answer<TriggerState | null>>;
  /** For events; newest first. */
  exceptions(target: JobManagerTarget, signal: AbortSignal): Promise<Answer<readonly JobException[]>>;
}

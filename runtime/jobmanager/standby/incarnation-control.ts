/**
 * Owns: the port through which an operator's requests reach an incarnation's JobManager.
 * Implemented by: incarnation.ts. Called by: rest.
 */
import type { JobId } from "../../../base/index.ts";
import type {
  ActivationRequest,
  IncarnationMessage,
  PreflightAnswer,
  RestoreMessage,
} from "../../../contract/index.ts";

export type ActivationOutcome =
  /** Now or earlier: it is in the store. */
  | { readonly kind: "accepted" }
  /** Another one was accepted before. */
  | { readonly kind: "taken"; readonly activationId: string }
  /** The phase does not allow one. `reason`: a sentence. */
  | { readonly kind: "refused"; readonly reason: string };

export interface IncarnationControl {
  readonly jobId: JobId;
  incarnation(): Omit<IncarnationMessage, "version">;
  /** Reads only. Errors: JOB_STATE_CONFLICT while the job is not loaded; STORE_UNAVAILABLE. */
  preflight(from: RestoreMessage): Promise<PreflightAnswer>;
  /** The same request again is accepted again. Errors: STORE_UNAVAILABLE, STORE_FULL: ask again. */
  activate(request: ActivationRequest): Promise<ActivationOutcome>;
  /**
   * Deletes the state in the store of an incarnation that this one, or one before it, has taken over from. May be asked again.
   * Errors: JOB_STATE_CONFLICT until this one has a checkpoint of its own; STATE_IN_USE; STORE_UNAVAILABLE: ask again.
   */
  collect(storeUri: string): Promise<void>;
}

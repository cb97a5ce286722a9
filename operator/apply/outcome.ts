/**
 * Owns: how carrying out a plan ends, and the one way in which an action gives up.
 */
import type { Action } from "../reconcile/index.ts";

/** `status`: writing the status, which is no action of the plan but comes before all of them. */
export type ActionKind = Action["kind"] | "writeStatus";

export type ApplyOutcome =
  /** All of it is done. `changes`: how many things were written or called. */
  | { readonly kind: "done"; readonly changes: number }
  /** What was looked at is not so any more: look again, at once. */
  | { readonly kind: "outdated"; readonly action: ActionKind; readonly reason: string }
  /** An action did not succeed; what comes after it was not begun (PL3). */
  | { readonly kind: "stopped"; readonly action: ActionKind; readonly reason: string; readonly error: unknown }
  /** This process may write no more (S32). */
  | { readonly kind: "notLeading"; readonly action: ActionKind; readonly reason: string };

/** Thrown inside this room only: an action that ends the plan, with why. */
export class ActionStopped extends Error {
  readonly isOutdated: boolean;

  constructor(reason: string, isOutdated = false) {
    super(reason);
    this.name = "ActionStopped";
    this.isOutdated = isOutdated;
  }
}

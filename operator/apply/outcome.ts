/**
 * Owns: how carrying out a plan ends, and the one way in which an action gives up.
 */
import type { Action } from "../reconcile/index.ts";
import type { Refused } from "./refusal-memory.ts";

/** `status`: writing the status, which is no action of the plan but comes before all of them. */
export type ActionKind = Action["kind"] | "writeStatus";

export type ApplyOutcome =
  /** All of it is done. `changes`: how many things were written or called. */
  | { readonly kind: "done"; readonly changes: number }
  /** What was looked at is not so any more: look again, at once. */
  | { readonly kind: "outdated"; readonly action: ActionKind; readonly reason: string }
  /** Some actions did not succeed; all that is not built on them is done (PL3). */
  | { readonly kind: "refused"; readonly refused: readonly Refused[]; readonly reason: string }
  /** An action did not succeed, and nothing after it was begun, or what it needs is yet to come. */
  | { readonly kind: "stopped"; readonly action: ActionKind; readonly reason: string; readonly error: unknown }
  /** This process may write no more (P-32). */
  | { readonly kind: "notLeading"; readonly action: ActionKind; readonly reason: string };

/** Why an action gives up: its object has changed; something has to go first; it can never be done like this; nobody answers. */
export type StopKind = "outdated" | "waiting" | "refused" | "refusedForGood" | "unanswered";

/** Thrown inside this room only: an action that gives up, with why. */
export class ActionStopped extends Error {
  readonly kind: StopKind;

  constructor(reason: string, kind: StopKind) {
    super(reason);
    this.name = "ActionStopped";
    this.kind = kind;
  }

  get isOutdated(): boolean {
    return this.kind === "outdated";
  }
}

/**
 * Owns: what a step of an operation is to the loop that runs it.
 *
 * STEP1 A step only moves the record by what was observed; it does nothing itself. What is done for a step is in ../children.ts and
 *     ../calls.ts, by the record alone.
 */
import type { Operation } from "../../../crds/index.ts";
import type { Draft } from "../status/draft.ts";
import type { Situation } from "../facts/situation.ts";

export type StepContext = { readonly draft: Draft; readonly situation: Situation; readonly operation: Operation };

export type StepOutcome =
  /** The step is done: on to the next. */
  | { readonly kind: "done" }
  /** Something is yet to happen; the draft says what and when to look. */
  | { readonly kind: "waiting" }
  /** The record has been replaced or ended: decide anew. */
  | { readonly kind: "changed" };

export const done: StepOutcome = { kind: "done" };
export const waiting: StepOutcome = { kind: "waiting" };
export const changed: StepOutcome = { kind: "changed" };

/**
 * Owns: what a step of an operation is: all that is particular to it is in its one file; steps.ts lists them, operation.ts orders them.
 *
 * STEP1 A step moves the record by what was observed, and does nothing itself. What is done for it follows from the record alone: its
 *     calls, and the incarnations that it keeps.
 */
import type { Operation } from "../../../crds/index.ts";
import type { Engine } from "../../engine/index.ts";
import type { Action } from "../actions/plan.ts";
import type { IncarnationFacts, Situation, Version } from "../facts/situation.ts";
import type { Draft } from "../status/draft.ts";

export type StepContext = {
  readonly draft: Draft;
  readonly situation: Situation;
  readonly operation: Operation;
  /** Of `operation.from`: what runs, or ran before. */
  readonly old: IncarnationFacts;
  /** Of `operation.to`: what is to run. */
  readonly next: IncarnationFacts;
  /** Of `operation.revision`: what it is to run; null: it is not kept any more. */
  readonly version: Version | null;
};

/** The operation in progress, with what is known of those that it is about. */
export function contextOf(draft: Draft, situation: Situation, operation: Operation): StepContext {
  return {
    draft,
    situation,
    operation,
    old: situation.incarnation(operation.from),
    next: situation.incarnation(operation.to),
    version: situation.version(operation.revision),
  };
}

export type StepOutcome =
  /** The step is done: on to the next. */
  | { readonly kind: "done" }
  /** Something is yet to happen; the draft says what and when to look. */
  | { readonly kind: "waiting" }
  /** The record has been replaced or ended: decide anew. */
  | { readonly kind: "changed" };

/** What the engine is asked by a look in a step, beside what its incarnations tell: what became of the stop; whether the state fits. */
export type StepQuestion = "stopTrigger" | "preflight";

export type Step = {
  /** Whether the engine has it; any has it when absent. One that is not there is passed over (ENG2). */
  readonly isPossible?: (engine: Engine) => boolean;
  /** Enters the step: writes the record with it. */
  readonly enter: (context: StepContext) => StepOutcome;
  /** Moves the record on by what was observed. */
  readonly advance: (context: StepContext) => StepOutcome;
  /** What JobManagers are to be told in it; nothing when absent. */
  readonly calls?: (context: StepContext) => readonly Action[];
  /** What observe is to ask in it; nothing when absent. */
  readonly asks?: (operation: Operation) => StepQuestion | null;
  /** Whose pods are wanted from this step on, where it changes that: before the first step, those of `from` and not those of `to`. */
  readonly keeps?: { readonly to?: boolean; readonly from?: boolean };
  /** The new incarnation holds the state in it: the operation is not turned to anything else any more. */
  readonly holdsState?: true;
  /** The old job ends in it: what it ended with is the step's to find out. */
  readonly endsOld?: true;
  /** Whether nothing has been asked of the old job yet, although the step has begun; never when absent. */
  readonly isUnasked?: (context: StepContext) => boolean;
  /** Whether all that was asked of the old job has come to nothing, and nothing more is asked of it yet; never when absent. */
  readonly isBetweenTries?: (context: StepContext) => boolean;
  /** Whether the new version waits for something that will not come; never when absent. */
  readonly isStuck?: (context: StepContext) => boolean;
};

/** Enters a step of which there is nothing to write but that it began. */
export const entering =
  (step: Operation["step"], message: string) =>
  ({ draft }: StepContext): StepOutcome => {
    draft.enter(step, message);
    return changed;
  };

export const isPossible = ({ isPossible: of }: Step, { settings }: Situation): boolean =>
  of?.(settings.engine) !== false;

export const done: StepOutcome = { kind: "done" };
export const waiting: StepOutcome = { kind: "waiting" };
export const changed: StepOutcome = { kind: "changed" };

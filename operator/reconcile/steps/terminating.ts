/**
 * Owns: step Terminating: every pod but those of the incarnation that is to come goes, and is waited for.
 *
 * TE1 A pod is gone when its object is: one that is terminating may still be running (P-12).
 * TE2 Suspend and delete end with it.
 */
import type { Action } from "../actions/plan.ts";
import { isCancelPending } from "../operation/cancel.ts";
import { endDelete, endSuspend } from "../operation/endings.ts";
import { settlementCalls } from "../operation/settlement.ts";
import { isDeletingState, stateDeletionCalls } from "../operation/state-deletion.ts";
import { done, entering, type Step, type StepContext, type StepOutcome, waiting } from "./step.ts";

const POLL_MS = 200;

export const terminating: Step = {
  enter: entering("Terminating", "deleting the old pods"),
  advance,
  calls,
  keeps: { from: false },
  endsOld: true,
};

function advance(context: StepContext): StepOutcome {
  const { draft, situation, operation } = context;
  const pods = situation.observed.incarnations
    .filter(({ number }) => number !== operation.to)
    .flatMap((incarnation) => incarnation.pods);
  if (pods.length > 0) {
    const names = pods.slice(0, 3).map(({ metadata }) => metadata.name);
    const more = pods.length > names.length ? ` and ${pods.length - names.length} more` : "";
    draft.wait(`waiting for pods to terminate: ${names.join(", ")}${more}`, POLL_MS);
    return waiting;
  }
  const sets = situation.observed.incarnations.filter(
    ({ number, jobManagerSet, taskManagerSet }) =>
      number !== operation.to && (jobManagerSet !== null || taskManagerSet !== null),
  );
  if (sets.length > 0) {
    draft.wait(`waiting for the StatefulSets of incarnation ${sets[0]?.number} to be deleted`, POLL_MS);
    return waiting;
  }
  if (operation.kind === "suspend") return endSuspend(context);
  if (operation.kind === "delete") return endDelete(context);
  return done;
}

/** The job of a deletion deletes its own checkpoints, before its pods go (cancel.ts). */
function calls({ draft, situation }: StepContext): readonly Action[] {
  const settling = settlementCalls(draft, situation);
  if (settling.length > 0) return settling;
  if (isDeletingState(draft)) return stateDeletionCalls(draft, situation);
  const { active } = draft.status;
  if (!isCancelPending(draft, situation) || active === undefined) return [];
  const { view } = situation.incarnation(active.incarnation);
  if (view.kind !== "answering" || view.incarnation.phase !== "active") return [];
  return [{ kind: "cancelJob", incarnation: active.incarnation, jobId: active.jobId }];
}

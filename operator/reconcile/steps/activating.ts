/**
 * Owns: step Activating: the new incarnation is told what to start from and whom to fence; from then on it holds the state.
 */
import { parseTime } from "../../../crds/index.ts";
import { failActivated } from "../operation/failure.ts";
import { tellLeftOut, withPermissionHint } from "../operation/left-state.ts";
import { enterActivating } from "../operation/milestones.ts";
import type { Action } from "../actions/plan.ts";
import { refusalOf } from "../actions/refusals.ts";
import { done, type Step, type StepContext, type StepOutcome, waiting } from "./step.ts";
import { unknownFate } from "./unknown-fate.ts";

const POLL_MS = 20;
const SLOW_POLL_MS = 1000;

export const activating: Step = {
  enter: enterActivating,
  advance,
  calls,
  holdsState: true,
};

function advance(context: StepContext): StepOutcome {
  const { draft, situation, operation } = context;
  const { view } = context.next;
  if (view.kind !== "answering") {
    const limitMs = context.version?.spec.upgrade.deployTimeoutMs;
    const isLate = limitMs !== undefined && draft.nowMs - parseTime(operation.stepSince) > limitMs;
    // The call may have reached it: it is not known whether it runs.
    if (isLate && view.kind === "unreachable") return unknownFate(context);
    const why = view.kind === "unreachable" ? "does not answer" : "has no pod";
    draft.wait(`the JobManager of incarnation ${operation.to} ${why}`, SLOW_POLL_MS);
    return waiting;
  }
  const { phase, activation, error } = view.incarnation;
  if (activation !== null && activation.activationId !== operation.activationId) {
    const message = `incarnation ${operation.to} was activated by another operation (${activation.activationId})`;
    return failActivated(context, message, { wasAccepted: true });
  }
  if (phase === "refused") {
    const text = error?.message ?? "the JobManager refuses and gives no reason";
    const message = withPermissionHint(text, draft.status, situation.job);
    return failActivated(context, message, { wasAccepted: activation !== null });
  }
  if (activation !== null && (phase === "active" || phase === "ended")) {
    tellLeftOut(draft, view.incarnation.leftOut);
    return done;
  }
  const refusal = refusalOf(situation.observed, "activate", operation.activationId);
  if (refusal?.isFinal === true) return failActivated(context, refusal.message, { wasAccepted: false });
  const progress = `activating incarnation ${operation.to}`;
  if (refusal !== null) draft.blocked = { reason: "ActivationRefused", message: refusal.message };
  draft.wait(
    refusal === null ? progress : `${progress}: ${refusal.message}`,
    refusal === null ? POLL_MS : SLOW_POLL_MS,
  );
  return waiting;
}

function calls({ draft, operation, next: { view } }: StepContext): readonly Action[] {
  const { active } = draft.status;
  if (operation.to === null || active === undefined || operation.restore === null) return [];
  if (view.kind !== "answering" || view.incarnation.phase !== "standby") return [];
  if (view.incarnation.activation !== null) return [];
  const { activationId, restore, predecessors } = operation;
  const activation = { activationId, from: restore, predecessors: [...predecessors] };
  return [{ kind: "activate", incarnation: operation.to, jobId: active.jobId, activation }];
}

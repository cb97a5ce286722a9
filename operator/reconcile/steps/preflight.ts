/**
 * Owns: step Preflight: the new version is asked whether it accepts the state that there is, before anything is stopped.
 */
import { refuseTarget } from "../operation/failure.ts";
import { withPermissionHint } from "../operation/left-state.ts";
import { restoreOf } from "../operation/restore-choice.ts";
import { done, entering, type Step, type StepContext, type StepOutcome, waiting } from "./step.ts";

const POLL_MS = 200;

export const preflight: Step = {
  isPossible: ({ canPreflight }) => canPreflight,
  enter: entering("Preflight", "checking whether the new version accepts the state"),
  advance,
  asks: () => "preflight",
  isStuck: ({ situation }) => situation.observed.preflight?.kind === "incompatible",
};

function advance(context: StepContext): StepOutcome {
  const { draft, situation, operation } = context;
  // Also when the old job has FINISHED since: there is no state that could be asked about (REC2).
  if (restoreOf(context).kind === "none") return done;
  const answer = situation.observed.preflight;
  if (answer === null || answer.kind === "unanswered") {
    const why = answer === null ? "" : `, which cannot say it yet: ${answer.reason}`;
    draft.wait(`checking whether incarnation ${operation.to} accepts the state${why}`, POLL_MS);
    return waiting;
  }
  if (answer.kind === "compatible") return done;
  const reasons = withPermissionHint(answer.reasons.join("; "), draft.status, situation.job);
  return refuseTarget(context, `the new version does not accept the state: ${reasons}`);
}

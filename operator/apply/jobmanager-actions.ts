/**
 * Owns: calls to JobManagers that change something.
 *
 * JOA1 All of them may be sent again (PL2). Silence is no refusal: what is not answered is told by what is observed, and asked again.
 * JOA2 A refusal of the request itself is for good (isForGood): only another request, under another id, may be accepted.
 */
import { type Answer, disposalTriggerId, isForGood } from "../engine/index.ts";
import type { Action } from "../reconcile/index.ts";
import { type ActionContext, targetOf } from "./action-context.ts";
import { ActionStopped } from "./outcome.ts";

type JobManagerAction = Extract<
  Action,
  {
    readonly kind:
      | "triggerStop"
      | "triggerSavepoint"
      | "triggerCheckpoint"
      | "activate"
      | "cancelJob"
      | "disposeSavepoint"
      | "collectStore";
  }
>;

const CONFLICT = 409;

export async function callJobManager(context: ActionContext, action: JobManagerAction): Promise<void> {
  const answer = await send(context, action);
  if (answer.kind === "answer") return;
  // The job has ended already, which is what was wanted.
  if (action.kind === "cancelJob" && answer.kind === "refused" && answer.status === CONFLICT) return;
  const who = `the JobManager of incarnation ${action.incarnation}`;
  if (answer.kind === "unreachable") throw new ActionStopped(`${who} is unreachable: ${answer.message}`, "waiting");
  const message = `${who} refused the call (${answer.status}): ${answer.message}`;
  throw new ActionStopped(message, isForGood(answer.status) ? "refusedForGood" : "refused");
}

function send(context: ActionContext, action: JobManagerAction): Promise<Answer<void>> {
  const { jobManagers, signal } = context;
  const target = targetOf(context, action.incarnation);
  switch (action.kind) {
    case "triggerStop":
      return jobManagers.stop({ ...target, jobId: action.jobId }, action, signal);
    case "triggerSavepoint":
      return jobManagers.savepoint({ ...target, jobId: action.jobId }, action, signal);
    case "triggerCheckpoint":
      return jobManagers.checkpoint({ ...target, jobId: action.jobId }, action.triggerId, signal);
    case "activate":
      return jobManagers.activate({ ...target, jobId: action.jobId }, action.activation, signal);
    case "cancelJob":
      return jobManagers.cancel({ ...target, jobId: action.jobId }, signal);
    case "disposeSavepoint":
      return jobManagers.disposeSavepoint(
        target,
        { triggerId: disposalTriggerId(action.location), location: action.location },
        signal,
      );
    case "collectStore":
      return jobManagers.collect(target, action, signal);
  }
}

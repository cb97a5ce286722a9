/** Owns: what is said when an incarnation that was or may have been activated cannot be reached for too long: a person has to look. */
import { statefulSetName } from "../../engine/index.ts";
import { type StepContext, type StepOutcome, waiting } from "./step.ts";

const POLL_MS = 1000;

/** Only a person can see whether it is the network or the process that stands still; nothing is deleted (P-11). */
export function unknownFate({ draft, operation, situation }: StepContext): StepOutcome {
  const { namespace, name } = situation.job.metadata;
  const pod = `${statefulSetName(name, operation.to ?? 0, "jobmanager")}-0`;
  const message =
    `incarnation ${operation.to} cannot be reached, so it is unknown whether it runs, and the operator waits (its log says why); ` +
    `check the network between the operator and the pod; if the pod hangs: kubectl delete pod -n ${namespace} ${pod}`;
  draft.stalled = { reason: "Unreachable", message };
  draft.wait(message, POLL_MS);
  return waiting;
}

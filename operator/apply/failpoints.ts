/**
 * Owns: the names of the operator's failpoints. What a failpoint does is in base/failpoint.ts.
 */
import { declareFailpoints } from "../../base/index.ts";

/** Everything that the operator does to the world outside of it, by the names of its actions; each has a failpoint before and after. */
export const operatorSteps = [
  "write-status",
  "add-finalizer",
  "remove-finalizer",
  "remove-annotation",
  "create-revision",
  "delete-revision",
  "apply-child",
  "try-pod",
  "issue-certificates",
  "delete-child",
  "trigger-stop",
  "trigger-savepoint",
  "trigger-checkpoint",
  "activate",
  "cancel-job",
  "create-snapshot",
  "write-snapshot-status",
  "dispose-savepoint",
  "collect-store",
  "hold-snapshot",
  "release-snapshot",
  "delete-snapshot",
] as const;

export type OperatorStep = (typeof operatorSteps)[number];
export type OperatorFailpointName = `op:${"before" | "after"}-${OperatorStep}`;

/** Every name that the operator reaches. */
export const operatorFailpointNames: readonly OperatorFailpointName[] = operatorSteps.flatMap(
  (step) => [`op:before-${step}`, `op:after-${step}`] as const,
);

/** Marks a place of the operator. Errors: an Error where a test asked for one. */
export const failpoint = declareFailpoints(operatorFailpointNames, (message) => new Error(message));

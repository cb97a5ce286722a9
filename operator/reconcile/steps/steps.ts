/** Owns: which steps there are, each in its own file. Their order in an operation: ../operation/operation.ts. */
import type { Operation, OperationStep } from "../../../crds/index.ts";
import { activating } from "./activating.ts";
import { preflight } from "./preflight.ts";
import { proving } from "./proving.ts";
import { standby } from "./standby.ts";
import type { Step, StepQuestion } from "./step.ts";
import { stopping } from "./stopping.ts";
import { terminating } from "./terminating.ts";

export const steps: Readonly<Record<OperationStep, Step>> = {
  Standby: standby,
  Preflight: preflight,
  Stopping: stopping,
  Terminating: terminating,
  Activating: activating,
  Proving: proving,
};

/** What is to be asked for the operation in progress; null: nothing beside what its incarnations tell. */
export function questionOf(operation: Operation | undefined): StepQuestion | null {
  return (operation && steps[operation.step].asks?.(operation)) ?? null;
}

/** Owns: how suspend and delete end, when the last pod has gone. */
import type { ResumePoint } from "../../crds/index.ts";
import { restoreOf } from "./restore-choice.ts";
import { changed, type StepContext, type StepOutcome, waiting } from "./steps/step.ts";

/** The exact point to resume from is written in the same breath as the job leaves the status (S24). */
export function endSuspend(context: StepContext): StepOutcome {
  const { draft, operation } = context;
  const { active } = draft.status;
  const restore = restoreOf(context);
  const resume: ResumePoint = {
    ...restore,
    revision: active?.revision ?? operation.revision,
    generation: active?.generation ?? operation.toGeneration,
    at: draft.now,
  };
  draft.history("suspended", operation.message);
  draft.event("Normal", "Suspended", `suspended; it will resume from ${describeRestore(restore)}`);
  draft.set({ resume, active: undefined, upgrade: undefined, incarnation: undefined, recovery: undefined });
  return changed;
}

/** The finalizer goes by the actions, because nothing is left to wait for. */
export function endDelete({ draft }: StepContext): StepOutcome {
  draft.wait("everything is gone; the finalizer is removed", 1000);
  return waiting;
}

export function describeRestore(restore: ReturnType<typeof restoreOf>): string {
  switch (restore.kind) {
    case "none":
      return "nothing: without state";
    case "path":
      return restore.path;
    case "latest":
      return restore.savepoint ?? `the newest checkpoint in ${restore.storeUri}`;
  }
}

/** Owns: how suspend and delete end, when the last pod has gone. */
import { CLEANUP_FINALIZER, JOB_LABEL, type ResumePoint, type StreamJobSnapshot } from "../../../crds/index.ts";
import { hasFinished } from "../status/active.ts";
import { restoreOf } from "./restore-choice.ts";
import { settleTransactions } from "./settlement.ts";
import { deleteState } from "./state-deletion.ts";
import { snapshotStatusOf } from "../status/stored-status.ts";
import { changed, type StepContext, type StepOutcome, waiting } from "../steps/step.ts";

/** The exact point to resume from is written in the same breath as the job leaves the status (P-24). */
export function endSuspend(context: StepContext): StepOutcome {
  const { draft, operation } = context;
  const { active } = draft.status;
  if (hasFinished(active)) {
    draft.event(
      "Normal",
      "JobFinished",
      "the job had processed all of its input before it could be suspended, and stays FINISHED",
    );
    draft.set({ operation: undefined });
    return changed;
  }
  const restore = restoreOf(context);
  const resume: ResumePoint = {
    ...restore,
    revision: active?.revision ?? operation.revision,
    generation: active?.generation ?? operation.toGeneration,
    at: draft.now,
  };
  draft.history("suspended", `it will resume from ${describeRestore(restore)}`);
  draft.event("Normal", "Suspended", `suspended; it will resume from ${describeRestore(restore)}`);
  draft.set({ resume, active: undefined, operation: undefined, incarnation: undefined, recovery: undefined });
  return changed;
}

/** The finalizer goes by the actions, because nothing is left to wait for. */
export function endDelete(context: StepContext): StepOutcome {
  const { draft, operation, situation } = context;
  const settled = settleTransactions(context, isOrphaning(draft, situation));
  if (settled === "waiting") return waiting;
  // OST3
  const isKept = settled === "left" || isOrphaning(draft, situation);
  if (deleteState(context, isKept) === "waiting") return waiting;
  draft.wait("all objects are gone; removing the finalizer", 1000);
  const path = operation.savepoint?.path;
  const state = path ? `; its state is in savepoint ${path}` : "";
  if (isOrphaning(draft, situation)) {
    const { name } = situation.job.metadata;
    const how = `to end them, delete the StatefulSets with the label ${JOB_LABEL}=${name}`;
    draft.event(
      "Warning",
      "Deleted",
      `the StreamJob is removed, and its orphaned pods keep running unmanaged: ${how}${state}`,
    );
  } else draft.event("Normal", "Deleted", `no pod of the job runs any more${state}`);
  const kept = situation.observed.snapshots.flatMap((snapshot) => {
    const { location } = snapshotStatusOf(snapshot);
    return isHalfGone(snapshot) && location !== undefined ? [location] : [];
  });
  if (kept.length > 0) {
    draft.event(
      "Warning",
      "SavepointKept",
      `the StreamJob is removed before the files of these savepoints: ${kept.join(", ")}`,
    );
  }
  return waiting;
}

/** Its job had not ended, nobody stopped it, and yet nothing that it owns is there: `--cascade=orphan` leaves it running. */
function isOrphaning({ status }: StepContext["draft"], { job }: StepContext["situation"]): boolean {
  if ((job.metadata.finalizers ?? []).includes("orphan")) return true;
  const isFirstLook = job.status?.operation?.kind !== "delete";
  return isFirstLook && status.active !== undefined && status.active.ended === null;
}

/** Being deleted, with files that were to go first. */
function isHalfGone(snapshot: StreamJobSnapshot): boolean {
  const { deletionTimestamp, finalizers = [] } = snapshot.metadata;
  return deletionTimestamp !== undefined && finalizers.includes(CLEANUP_FINALIZER);
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

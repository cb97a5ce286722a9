/**
 * Owns: what a change of mind does to an operation in progress.
 *
 * REO1 Before the old job is touched, or when it had ended anyway, the operation is dropped: what is wanted now is decided anew (P-21).
 * REO2 After that it is finished, unless what was wanted is a deletion or a suspension, to which the same savepoint leads, or the new
 *     version cannot even load: then a newer one takes its place, with the same state.
 * REO3 A version that failed is tried again when somebody puts it back in place of one that cannot even load: there is nothing else left
 *     to run, and the spec was changed in between.
 */
import type { Operation, ResolvedSpec } from "../../crds/index.ts";
import type { Draft } from "./draft.ts";
import { activationIdOf } from "./ids.ts";
import { hasTouchedOld } from "./operation.ts";
import { initialRestoreOf } from "./restore-choice.ts";
import { isSameJson } from "./revision.ts";
import { incarnationNumbered, type Situation, specOfRevision, stopTriggerOf } from "./situation.ts";
import { compareSpecs, costOf, needsIncarnation } from "./spec-changes.ts";

export function reviseOperation(draft: Draft, situation: Situation): void {
  const { upgrade } = draft.status;
  if (upgrade === undefined || upgrade.kind === "delete") return;
  const isActivated = upgrade.step === "Activating" || upgrade.step === "Proving";
  const { target } = situation;
  if (situation.job.metadata.deletionTimestamp !== undefined) return turnToDelete(draft, situation, upgrade);
  if (isActivated) return;
  const isTouched = hasTouchedOld(upgrade, draft.status.active);
  if ((!isTouched || isUnasked(situation, upgrade)) && isLost(situation, upgrade))
    return drop(draft, "its spec changed before its revision was stored");
  if (target.kind === "invalid") return;
  const isSuspendWanted = target.spec.state === "suspended";
  if (upgrade.kind === "suspend") {
    if (!isSuspendWanted && !isTouched) drop(draft, "spec.state is running again");
    return;
  }
  if (isSuspendWanted) {
    if (upgrade.from === null || !isTouched) return drop(draft, "the job will be suspended");
    draft.operation({
      kind: "suspend",
      to: null,
      toGeneration: target.generation,
      message: "the job will be suspended",
    });
    // Steps that a suspension has not: its end comes next.
    if (upgrade.step !== "Stopping") draft.enter("Terminating", "the job will be suspended");
    return;
  }
  if (isAskedAnew(draft, situation, upgrade)) draft.set({ failed: undefined });
  if (isOtherRestore(draft, situation, upgrade, target.spec)) return drop(draft, "spec.restore has changed");
  if (target.revision === upgrade.revision || upgrade.revision === draft.status.failed?.revision) return;
  // A version that failed is no target (SI2): what is being done instead of it goes on.
  if (draft.status.failed?.revision === target.revision || isSame(situation, upgrade, target.spec)) return;
  if (upgrade.kind !== "rollback" && !isTouched)
    return drop(draft, `the spec is at generation ${target.generation} now`);
  if (isStuck(situation, upgrade)) retarget(draft, situation, upgrade);
}

/** A stop under way goes on for a deletion that wants a savepoint: its trigger is never joined by a second one (P-5). */
function turnToDelete(draft: Draft, { target, generation }: Situation, upgrade: Operation): void {
  const message = "the StreamJob is being deleted";
  const isWanted = target.kind === "valid" && target.spec.deletion.savepoint;
  if (upgrade.step !== "Stopping" || upgrade.savepoint === null || !isWanted) return drop(draft, message);
  draft.operation({ kind: "delete", to: null, toGeneration: generation, stepSince: draft.now, message });
}

/** The operator died between the record and its ControllerRevision, and the spec that it was made of is there no more. */
function isLost({ observed }: Situation, upgrade: Operation): boolean {
  return upgrade.to !== null && specOfRevision(observed, upgrade.revision) === null;
}

/** The job is still to be asked to stop: it runs, and its JobManager knows of no stop. */
function isUnasked(situation: Situation, upgrade: Operation): boolean {
  if (upgrade.step !== "Stopping" || upgrade.attempt > 0) return false;
  const trigger = stopTriggerOf(situation, upgrade);
  const view = incarnationNumbered(situation.observed, upgrade.from)?.jobManager;
  const isRunning = view?.kind === "answering" && view.incarnation.job?.status === "RUNNING";
  return isRunning && (trigger === null || trigger.kind === "unknown");
}

/** `restore` was corrected while the first version could not start from what it said before (P-15). */
function isOtherRestore(draft: Draft, { observed }: Situation, upgrade: Operation, spec: ResolvedSpec): boolean {
  if (upgrade.kind !== "deploy") return false;
  const wanted = initialRestoreOf(draft.status, observed, spec);
  return wanted !== null && !isSameJson(wanted, upgrade.restore);
}

function isSame(situation: Situation, upgrade: Operation, wanted: Parameters<typeof compareSpecs>[1]): boolean {
  const revision = specOfRevision(situation.observed, upgrade.revision);
  return revision !== null && !needsIncarnation(costOf(compareSpecs(revision.spec, wanted)));
}

function drop(draft: Draft, why: string): void {
  const { upgrade } = draft.status;
  if (upgrade === undefined) return;
  draft.history("superseded", why);
  draft.event("Normal", "Superseded", `${upgrade.kind} of generation ${upgrade.toGeneration} is abandoned: ${why}`);
  draft.set({ upgrade: undefined });
}

/** The new version waits for something that will not come. */
function isStuck({ observed }: Situation, upgrade: Operation): boolean {
  if (upgrade.step !== "Standby" && upgrade.step !== "Preflight") return false;
  const view = incarnationNumbered(observed, upgrade.to)?.jobManager;
  if (upgrade.step === "Preflight") return observed.preflight?.kind === "incompatible";
  return view?.kind !== "answering" || view.incarnation.phase === "refused";
}

/** REO3 */
function isAskedAnew({ status: { failed } }: Draft, situation: Situation, upgrade: Operation): boolean {
  const { target } = situation;
  if (target.kind !== "valid" || failed?.revision !== target.revision || upgrade.kind === "rollback") return false;
  const { toGeneration } = upgrade;
  return failed.generation < toGeneration && toGeneration < target.generation && isStuck(situation, upgrade);
}

/** The same operation with another version: fresh pods, the same state. */
function retarget(draft: Draft, { target }: Situation, upgrade: Operation): void {
  if (target.kind !== "valid") return;
  const to = draft.status.incarnations + 1;
  draft.set({ incarnations: to });
  draft.operation({
    kind: upgrade.kind === "rollback" ? "recreate" : upgrade.kind,
    to,
    toGeneration: target.generation,
    revision: target.revision,
    activationId: activationIdOf(upgrade.upgradeId, to),
  });
  // What was made for the version before goes first: never pods of two incarnations where none are to be (P-12).
  draft.enter("Terminating", `generation ${target.generation} replaces ${upgrade.toGeneration}`);
  draft.event("Normal", "Superseded", `generation ${target.generation} replaces ${upgrade.toGeneration}`);
}

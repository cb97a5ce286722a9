/**
 * Owns: what a change of mind does to an operation in progress.
 *
 * RO1 Before the old job is touched the operation is dropped: what is wanted now is decided anew (S21).
 * RO2 After that it is finished, unless what was wanted is a deletion or a suspension, to which the same savepoint leads, or the new
 *     version cannot even load: then a newer one takes its place, with the same state.
 */
import type { Operation } from "../../crds/index.ts";
import type { Draft } from "./draft.ts";
import { activationIdOf } from "./ids.ts";
import { hasTouchedOld } from "./operation.ts";
import { incarnationNumbered, type Situation, specOfRevision } from "./situation.ts";
import { compareSpecs, costOf, needsIncarnation } from "./spec-changes.ts";

export function reviseOperation(draft: Draft, situation: Situation): void {
  const { upgrade } = draft.status;
  if (upgrade === undefined || upgrade.kind === "delete") return;
  const isActivated = upgrade.step === "Activating" || upgrade.step === "Proving";
  if (situation.job.metadata.deletionTimestamp !== undefined) return drop(draft, "the StreamJob is deleted");
  const { target } = situation;
  if (target.kind === "invalid" || isActivated) return;
  const isSuspendWanted = target.spec.state === "suspended";
  if (upgrade.kind === "suspend") {
    if (!isSuspendWanted && !isUnderWay(upgrade)) drop(draft, "the job is to run");
    return;
  }
  if (isSuspendWanted) {
    if (upgrade.from === null || !isUnderWay(upgrade)) return drop(draft, "the job is to be suspended");
    draft.operation({
      kind: "suspend",
      to: null,
      toGeneration: target.generation,
      message: "the job is to be suspended",
    });
    // Steps that a suspension has not: its end comes next.
    if (upgrade.step !== "Stopping") draft.enter("Terminating", "the job is to be suspended");
    return;
  }
  if (target.revision === upgrade.revision || upgrade.revision === draft.status.failed?.revision) return;
  const isBack = upgrade.kind === "upgrade" && draft.status.failed?.revision === target.revision;
  if (isBack || isSame(situation, upgrade, target.spec)) return;
  if (upgrade.kind !== "rollback" && !hasTouchedOld(upgrade))
    return drop(draft, `generation ${target.generation} is wanted now`);
  if (isStuck(draft, situation, upgrade) && target.revision !== draft.status.failed?.revision) {
    retarget(draft, situation, upgrade);
  }
}

function isSame(situation: Situation, upgrade: Operation, wanted: Parameters<typeof compareSpecs>[1]): boolean {
  const revision = specOfRevision(situation.observed, upgrade.revision);
  return revision !== null && !needsIncarnation(costOf(compareSpecs(revision.spec, wanted)));
}

/** The old job has been asked to stop, or its pods to go. */
const isUnderWay = (upgrade: Operation): boolean => hasTouchedOld(upgrade);

function drop(draft: Draft, why: string): void {
  const { upgrade } = draft.status;
  if (upgrade === undefined) return;
  draft.history("superseded", why);
  draft.event("Normal", "Superseded", `${upgrade.kind} of generation ${upgrade.toGeneration} is given up: ${why}`);
  draft.set({ upgrade: undefined });
}

/** The new version waits for something that will not come. */
function isStuck(_draft: Draft, { observed }: Situation, upgrade: Operation): boolean {
  if (upgrade.step !== "Standby" && upgrade.step !== "Preflight") return false;
  const view = incarnationNumbered(observed, upgrade.to)?.jobManager;
  if (upgrade.step === "Preflight") return observed.preflight?.kind === "incompatible";
  return view?.kind !== "answering" || view.incarnation.phase === "refused";
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
  draft.enter("Standby", `generation ${target.generation} takes the place of ${upgrade.toGeneration}`);
  draft.event("Normal", "Superseded", `generation ${target.generation} takes the place of ${upgrade.toGeneration}`);
}

/**
 * Owns: what a change of mind does to an operation in progress.
 *
 * REO1 Before the old job is touched, when it had ended anyway, or while it runs on after a stop that failed, the operation is dropped:
 *     what is wanted now is decided anew (P-21, P-34).
 * REO2 After that it is finished, unless what was wanted is a deletion or a suspension, to which the same savepoint leads, or the new
 *     version cannot even load: then a newer one takes its place, with the same state.
 * REO3 A version that failed is tried again when somebody puts it back in place of one that cannot even load: there is nothing else left
 *     to run, and the spec was changed in between.
 */
import type { Operation, ResolvedSpec } from "../../../crds/index.ts";
import type { Draft } from "../status/draft.ts";
import { activationIdOf } from "../facts/ids.ts";
import { hasTouchedOld, stepsOf } from "./operation.ts";
import { initialRestoreOf } from "./restore-choice.ts";
import { isSameJson } from "../facts/revision.ts";
import type { Situation } from "../facts/situation.ts";
import { compareSpecs, costOf, needsIncarnation } from "../facts/spec-changes.ts";
import { contextOf, type StepContext } from "../steps/step.ts";
import { questionOf, steps } from "../steps/steps.ts";

export function reviseOperation(draft: Draft, situation: Situation): void {
  const { operation } = draft.status;
  if (operation === undefined || operation.kind === "delete") return;
  const { target } = situation;
  const step = steps[operation.step];
  const context = contextOf(draft, situation, operation);
  if (situation.job.metadata.deletionTimestamp !== undefined) return turnToDelete(draft, situation, operation);
  if (step.holdsState === true) return;
  const isTouched = hasTouchedOld(operation, draft.status.active) && step.isBetweenTries?.(context) !== true;
  if ((!isTouched || step.isUnasked?.(context) === true) && isLost(context))
    return drop(draft, "its spec changed before its revision was stored");
  if (target.kind === "invalid") return;
  const isSuspendWanted = target.spec.state === "suspended";
  if (operation.kind === "suspend") {
    if (!isSuspendWanted && !isTouched) drop(draft, "spec.state is running again");
    return;
  }
  if (isSuspendWanted) {
    if (operation.from === null || !isTouched) return drop(draft, "the job will be suspended");
    const message = "the job will be suspended";
    // Pods that go without a savepoint, as a recreation has it, leave the newest checkpoint to resume from.
    const mode = operation.mode === "savepoint" && operation.savepoint === null ? "last-state" : operation.mode;
    draft.operation({ kind: "suspend", to: null, toGeneration: target.generation, mode, message });
    // A step that a suspension has not: its end comes next.
    const suspension = stepsOf({ ...operation, kind: "suspend" });
    if (!suspension.includes(operation.step)) draft.enter(suspension.at(-1) ?? operation.step, message);
    return;
  }
  const isStuck = step.isStuck?.(context) === true;
  if (isStuck && isAskedAnew(context)) draft.set({ failed: undefined });
  if (isOtherRestore(draft, situation, operation, target.spec)) return drop(draft, "spec.restore has changed");
  if (target.revision === operation.revision || operation.revision === draft.status.failed?.revision) return;
  // A version that failed is no target (SI2): what is being done instead of it goes on.
  if (draft.status.failed?.revision === target.revision) return;
  if (!isTouched && isBack(draft, situation, operation, target.spec)) return drop(draft, "its change was taken back");
  if (isSame(situation, operation, target.spec)) return;
  if (operation.kind !== "rollback" && !isTouched)
    return drop(draft, `the spec is at generation ${target.generation} now`);
  if (isStuck) retarget(draft, situation, operation);
}

/** A stop under way goes on for a deletion that wants a savepoint: its trigger is never joined by a second one (P-5). */
function turnToDelete(draft: Draft, { target, generation }: Situation, operation: Operation): void {
  const message = "the StreamJob is being deleted";
  const isWanted = target.kind === "valid" && target.spec.deletion.savepoint;
  if (questionOf(operation) !== "stopTrigger" || !isWanted) return drop(draft, message);
  draft.operation({ kind: "delete", to: null, toGeneration: generation, stepSince: draft.now, message });
}

/** The operator died between the record and its ControllerRevision, and the spec that it was made of is there no more. */
function isLost({ operation, version }: StepContext): boolean {
  return operation.to !== null && version === null;
}

/** `restore` was corrected while the first version could not start from what it said before (P-15). */
function isOtherRestore(draft: Draft, { observed }: Situation, operation: Operation, spec: ResolvedSpec): boolean {
  if (operation.kind !== "deploy") return false;
  const wanted = initialRestoreOf(draft.status, observed, spec);
  return wanted !== null && !isSameJson(wanted, operation.restore);
}

function isSame(
  situation: Situation,
  { revision: of }: Pick<Operation, "revision">,
  wanted: Parameters<typeof compareSpecs>[1],
): boolean {
  const revision = situation.version(of);
  return revision !== null && !needsIncarnation(costOf(compareSpecs(revision.spec, wanted)));
}

/** What runs is what is wanted: also when a restart is asked for no more, which is no change by itself. */
function isBack(draft: Draft, situation: Situation, operation: Operation, wanted: ResolvedSpec): boolean {
  const { active } = draft.status;
  if (operation.kind !== "upgrade" || active === undefined || active.ended !== null) return false;
  return isSame(situation, active, wanted);
}

function drop(draft: Draft, why: string): void {
  const { operation } = draft.status;
  if (operation === undefined) return;
  draft.history("superseded", why);
  draft.event("Normal", "Superseded", `${operation.kind} of generation ${operation.toGeneration} is abandoned: ${why}`);
  draft.set({ operation: undefined });
}

/** REO3 */
function isAskedAnew({ draft, situation: { target }, operation }: StepContext): boolean {
  const { failed } = draft.status;
  if (target.kind !== "valid" || failed?.revision !== target.revision || operation.kind === "rollback") return false;
  const { toGeneration } = operation;
  return failed.generation < toGeneration && toGeneration < target.generation;
}

/** The same operation with another version: fresh pods, the same state. */
function retarget(draft: Draft, { target }: Situation, operation: Operation): void {
  if (target.kind !== "valid") return;
  const to = draft.status.incarnations + 1;
  draft.set({ incarnations: to });
  draft.operation({
    kind: operation.kind === "rollback" ? "recreate" : operation.kind,
    to,
    toGeneration: target.generation,
    revision: target.revision,
    activationId: activationIdOf(operation.operationId, to),
  });
  // What was made for the version before goes first: never pods of two incarnations where none are to be (P-12).
  draft.enter("Terminating", `generation ${target.generation} replaces ${operation.toGeneration}`);
  draft.event("Normal", "Superseded", `generation ${target.generation} replaces ${operation.toGeneration}`);
}

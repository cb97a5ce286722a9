/**
 * Owns: what is done for a status, given what is there: level by level, not by what changed.
 *
 * AF1 Children of an incarnation are made when it is wanted and taken away when it is not; what is there is left alone (P-1).
 * AF2 What is being deleted is neither adopted nor made again until it is gone (P-19).
 * AF3 Nothing is taken away of an incarnation that did not answer but may be running, unless the record says that it is over (P-11).
 */
import { CLEANUP_FINALIZER, ROLLBACK_TO_ANNOTATION } from "../../../crds/index.ts";
import { childrenOf, removalsOf, wantedIncarnations } from "./children.ts";
import { noteCancelled } from "../operation/cancel.ts";
import type { Draft } from "../status/draft.ts";
import { jobChildren } from "./job-children.ts";
import { missingPods } from "./missing-pods.ts";
import { isEndingDeletion } from "../operation/operation.ts";
import type { Parts } from "../parts.ts";
import type { Action } from "./plan.ts";
import { contextOf } from "../steps/step.ts";
import { isSettlementDue, settledIncarnation } from "../operation/settlement.ts";
import { isDeletingState } from "../operation/state-deletion.ts";
import { unwantedPods } from "../storage/storage-pods.ts";
import { steps } from "../steps/steps.ts";
import { revisionsFor } from "./revisions.ts";
import { isEmptied, type Situation } from "../facts/situation.ts";

/** `snapshotActions`: what is to be done for snapshots; of a StreamJob that goes they are let go before it. */
export function actionsFor(
  draft: Draft,
  situation: Situation,
  snapshotActions: readonly Action[],
  parts: Parts,
): readonly Action[] {
  const { job, observed } = situation;
  const hasFinalizer = (job.metadata.finalizers ?? []).includes(CLEANUP_FINALIZER);
  const isDeleting = job.metadata.deletionTimestamp !== undefined;
  if (isDeleting && !hasFinalizer) return [];
  const isBusy = isSettlementDue(draft) || isDeletingState(draft);
  if (isDeleting && isEndingDeletion(draft.status.operation) && isEmptied(observed) && !isBusy) {
    draft.storagePods.clear();
    return [...snapshotActions, ...unwantedPods(draft, situation), { kind: "removeFinalizer" }];
  }
  noteCancelled(draft, situation);
  const wanted = wantedIncarnations(draft, situation);
  const actions: Action[] = [];
  if (!hasFinalizer) actions.push({ kind: "addFinalizer" });
  actions.push(...parts.run("revisions", () => revisionsFor(draft, situation), []));
  actions.push(...parts.run("calls to JobManagers", () => callsFor(draft, situation), []));
  for (const incarnation of observed.incarnations) {
    if (!wanted.has(incarnation.number)) actions.push(...removalsOf(incarnation, settledIncarnation(draft)));
  }
  for (const number of [...wanted].sort((a, b) => a - b)) {
    actions.push(...parts.run(`pods of incarnation ${number}`, () => childrenOf(draft, situation, number), []));
  }
  if (!isEndingDeletion(draft.status.operation)) {
    for (const incarnation of observed.incarnations) {
      if (wanted.has(incarnation.number)) actions.push(...missingPods(incarnation));
    }
  }
  actions.push(...parts.run("Services and budgets", () => jobChildren(draft, situation), []));
  const order = job.metadata.annotations?.[ROLLBACK_TO_ANNOTATION];
  if (order !== undefined && (isCarriedOut(draft, order) || isAtRest(draft))) {
    actions.push({ kind: "removeAnnotation", annotation: ROLLBACK_TO_ANNOTATION });
  }
  return [...actions, ...snapshotActions, ...unwantedPods(draft, situation)];
}

function callsFor(draft: Draft, situation: Situation): readonly Action[] {
  const { operation } = draft.status;
  return (operation && steps[operation.step].calls?.(contextOf(draft, situation, operation))) ?? [];
}

/** Suspended: an order to roll back is refused, and not kept for the time when it is resumed. */
function isAtRest({ status: { active, operation, resume } }: Draft): boolean {
  return active === undefined && operation === undefined && resume !== undefined;
}

/** An order to roll back. Begun counts: the record goes on by itself. So does having failed: it is not tried again. */
export function isCarriedOut({ status }: Draft, revision: string): boolean {
  const { operation, active, failed } = status;
  return operation?.revision === revision || active?.revision === revision || failed?.revision === revision;
}

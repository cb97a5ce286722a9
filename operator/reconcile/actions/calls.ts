/**
 * Owns: what JobManagers are asked for the operation in progress.
 *
 * CA1 A trigger is asked for only of a job that can take it, and only while it is not known there: at most one stop is in flight, and
 *     the same id in every try (P-5, P-9).
 * CA2 A new incarnation that takes no checkpoint by itself soon is asked for one, from when the record says so (PRO2): its interval may be
 *     longer than the time that it has to prove itself.
 */
import { parseTime } from "../../../crds/index.ts";
import { retryLeftMs } from "../facts/policy.ts";
import { isCancelPending } from "../operation/cancel.ts";
import type { Draft } from "../status/draft.ts";
import type { Action } from "./plan.ts";
import { firstCheckpointTriggerId } from "../facts/ids.ts";
import { incarnationNumbered, type Situation, stopTriggerOf } from "../facts/situation.ts";

/** A checkpoint that did not complete is asked for again under another id. */
const CHECKPOINT_RETRY_MS = 30_000;

export function callsFor(draft: Draft, situation: Situation): readonly Action[] {
  const { operation, active } = draft.status;
  if (operation === undefined) return [];
  if (operation.step === "Stopping") return stopCall(draft, situation);
  if (operation.step === "Activating" && operation.to !== null && active !== undefined && operation.restore !== null) {
    const view = incarnationNumbered(situation.observed, operation.to)?.jobManager;
    if (view?.kind !== "answering" || view.incarnation.phase !== "standby") return [];
    if (view.incarnation.activation !== null) return [];
    const { activationId, restore, predecessors } = operation;
    const activation = { activationId, from: restore, predecessors: [...predecessors] };
    return [{ kind: "activate", incarnation: operation.to, jobId: active.jobId, activation }];
  }
  if (operation.step === "Proving") return firstCheckpointCall(draft, situation);
  if (isCancelPending(draft, situation) && active !== undefined) {
    const view = incarnationNumbered(situation.observed, active.incarnation)?.jobManager;
    if (view?.kind !== "answering" || view.incarnation.phase !== "active") return [];
    return [{ kind: "cancelJob", incarnation: active.incarnation, jobId: active.jobId }];
  }
  return [];
}

/** CA2 */
function firstCheckpointCall({ status, nowMs }: Draft, { observed }: Situation): readonly Action[] {
  const { operation, active } = status;
  if (operation === undefined || operation.to === null || active === undefined) return [];
  const view = incarnationNumbered(observed, operation.to)?.jobManager;
  if (view?.kind !== "answering" || view.incarnation.completedCheckpoints > 0) return [];
  if (view.incarnation.job?.status !== "RUNNING" || operation.checkpointAskedAt === undefined) return [];
  const tries = Math.floor((nowMs - parseTime(operation.checkpointAskedAt)) / CHECKPOINT_RETRY_MS);
  const triggerId = firstCheckpointTriggerId(active.activationId, tries);
  return [{ kind: "triggerCheckpoint", incarnation: operation.to, jobId: active.jobId, triggerId }];
}

function stopCall(draft: Draft, situation: Situation): readonly Action[] {
  const { observed } = situation;
  const { operation, active, savepoint } = draft.status;
  if (operation === undefined || active === undefined || operation.savepoint === null || operation.from === null)
    return [];
  if (operation.savepoint.path !== null || savepoint !== undefined) return [];
  if (retryLeftMs(draft, situation, operation) > 0) return [];
  const trigger = stopTriggerOf(situation, operation);
  if (trigger !== null && trigger.kind !== "unknown") return [];
  const view = incarnationNumbered(observed, operation.from)?.jobManager;
  if (view?.kind !== "answering" || view.incarnation.job?.status !== "RUNNING") return [];
  const { triggerId } = operation;
  // Before it is sent, in the same write: who asked nobody has to tell an end by the stop from one without it (STO5).
  if (operation.stopAskedOf !== view.incarnation.epoch) draft.operation({ stopAskedOf: view.incarnation.epoch });
  return [
    {
      kind: "triggerStop",
      incarnation: operation.from,
      jobId: active.jobId,
      triggerId,
      target: operation.savepoint.target,
    },
  ];
}

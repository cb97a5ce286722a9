/**
 * Owns: savepoints that are taken while the job runs on, by nonce, by object or by schedule.
 * Not here: those of operations (operation-savepoint.ts), which are removed (retention.ts), when the schedule is due (schedule.ts).
 *
 * SN1 At most one savepoint is in flight, and none while the job is being stopped (P-5).
 * SN2 The status names a savepoint's trigger and folder before it is asked for; what the JobManager says decides, never time.
 * SN3 A savepoint that a job completed is the object's for good, whatever becomes of the job.
 * SN4 A request is a change of `savepointNonce`'s value in this very StreamJob: its object is named by the StreamJob's uid and by how many
 *     requests there were before. A savepoint waits until the incarnation that runs has proved itself.
 * SN5 A time of a schedule counts from when the operator found that schedule, and not while the job is suspended.
 */
import { snapshotWithDefaults, type StreamJobSnapshot } from "../../../crds/index.ts";
import { hexDigest } from "../../../base/index.ts";
import { recordOfDeletion } from "./deletion-record.ts";
import type { Draft } from "../status/draft.ts";
import { savepointDirectory, savepointTarget, snapshotTriggerId } from "../facts/ids.ts";
import { hasTouchedOld } from "../operation/operation.ts";
import { listSavepoint, noteSavepoint, unlistedSavepoint } from "./operation-savepoint.ts";
import type { Action } from "../actions/plan.ts";
import { deletionsOf, holdsOf, isHeld, retentionOf } from "./retention.ts";
import { refusalOf } from "../actions/refusals.ts";
import { dueAt } from "./schedule.ts";
import { isEmptied, type Situation } from "../facts/situation.ts";
import {
  newSnapshot,
  snapshotGenerationWrites,
  snapshotMessageWrite,
  snapshotStatusWrite,
} from "./snapshot-objects.ts";
import { snapshotStatusOf } from "../status/stored-status.ts";

const POLL_MS = 100;
const SLOW_POLL_MS = 1000;

export function planSnapshots(draft: Draft, situation: Situation): readonly Action[] {
  const isDeleting = situation.job.metadata.deletionTimestamp !== undefined;
  const actions: Action[] = [];
  if (!isDeleting) {
    noteSavepoint(draft, situation);
    actions.push(...listSavepoint(draft, situation));
    actions.push(...byNonce(draft, situation), ...bySchedule(draft, situation));
    const taken = draft.status.savepoint?.name;
    actions.push(...inFlight(draft, situation), ...next(draft, situation, taken));
    actions.push(...retentionOf(draft, situation), ...holdsOf(situation));
    actions.push(...snapshotGenerationWrites(situation, draft.now));
  } else {
    actions.push(...inFlight(draft, situation), ...recordOfDeletion(draft, situation));
    if (isEmptied(situation.observed)) actions.push(...unlistedSavepoint(draft, situation));
  }
  return [...actions, ...deletionsOf(draft, situation, { isDeleting })];
}

function byNonce(draft: Draft, situation: Situation): readonly Action[] {
  const { target, observed } = situation;
  const { active, handled } = draft.status;
  if (target.kind !== "valid") return [];
  const nonce = target.spec.savepointNonce;
  // SN4. The same value is a new request when it comes back.
  if (nonce === null && handled.savepointNonce !== undefined) {
    const { savepointNonce: _, ...rest } = handled;
    draft.set({ handled: rest });
  }
  if (nonce === null || nonce === handled.savepointNonce) return [];
  if (active === undefined || active.ended !== null) return [];
  const { name: jobName, uid } = situation.job.metadata;
  const requests = handled.savepointRequests ?? 0;
  const name = `${jobName}-manual-${hexDigest(8, uid ?? "", nonce, requests)}`;
  if (observed.snapshots.some(({ metadata }) => metadata.name === name)) {
    draft.set({ handled: { ...handled, savepointNonce: nonce, savepointRequests: requests + 1 } });
    return [];
  }
  return [{ kind: "createSnapshot", snapshot: newSnapshot(situation, name, "manual") }];
}

function bySchedule(draft: Draft, situation: Situation): readonly Action[] {
  const { target, observed, job } = situation;
  if (target.kind !== "valid") return [];
  const { schedule } = target.spec.savepoints;
  noticeSchedule(draft, schedule);
  const { active, handled, savepoint } = draft.status;
  if (schedule === null || active === undefined || active.ended !== null || active.firstCheckpointAt === null)
    return [];
  const due = dueAt(schedule, handled.scheduledAt ?? draft.now, draft.nowMs);
  if (due === null) return [];
  if (due.ms > draft.nowMs) {
    draft.wakeIn(due.ms - draft.nowMs);
    return [];
  }
  // Times that were missed are made up for by one. Its name is of the first of them, so that it is the same in every try.
  const name = `${job.metadata.name}-scheduled-${Math.floor(due.ms / 60_000)}`;
  if (observed.snapshots.some(({ metadata }) => metadata.name === name)) {
    draft.set({ handled: { ...handled, scheduledAt: draft.now } });
    return [];
  }
  if (savepoint !== undefined) return [];
  return [{ kind: "createSnapshot", snapshot: newSnapshot(situation, name, "scheduled") }];
}

/** SN5 */
function noticeSchedule(draft: Draft, schedule: string | null): void {
  const { schedule: before, scheduledAt: _, ...rest } = draft.status.handled;
  if ((before ?? null) === schedule) return;
  draft.set({ handled: schedule === null ? rest : { ...rest, schedule, scheduledAt: draft.now } });
}

/** SN2 */
function inFlight(draft: Draft, situation: Situation): readonly Action[] {
  const { savepoint, active } = draft.status;
  if (savepoint === undefined) return [];
  const { observed } = situation;
  const snapshot = observed.snapshots.find(({ metadata }) => metadata.name === savepoint.name);
  const isSame = observed.job.status?.savepoint?.triggerId === savepoint.triggerId;
  const trigger = isSame ? observed.savepointTrigger : null;
  const { view } = situation.incarnation(active?.incarnation);
  draft.wakeIn(view.kind === "answering" ? POLL_MS : SLOW_POLL_MS);
  const end = (phase: "Completed" | "Failed", message: string, location?: string): readonly Action[] => {
    draft.set({ savepoint: undefined });
    if (location !== undefined) {
      draft.set({ lastSavepoint: { name: savepoint.name, path: location, time: draft.now } });
    }
    draft.event(
      phase === "Failed" ? "Warning" : "Normal",
      phase === "Failed" ? "SavepointFailed" : "SavepointCompleted",
      `${savepoint.name}: ${message}`,
    );
    if (snapshot === undefined) return [];
    return [
      snapshotStatusWrite(
        snapshot,
        {
          phase,
          message,
          completedAt: draft.now,
          startedAt: savepoint.startedAt,
          triggerId: savepoint.triggerId,
          observedGeneration: snapshot.metadata.generation ?? 0,
          ...(location === undefined ? {} : { location }),
          ...(active === undefined ? {} : { jobId: active.jobId, incarnation: active.incarnation }),
        },
        draft.now,
      ),
    ];
  };
  if (trigger?.kind === "completed")
    return end("Completed", `the savepoint is in ${trigger.location}`, trigger.location);
  if (trigger?.kind === "failed") return end("Failed", trigger.message);
  const refusal = refusalOf(observed, "triggerSavepoint", savepoint.triggerId);
  if (refusal?.isFinal === true) return end("Failed", refusal.message);
  if (isOver(draft)) return end("Failed", "the job ended before the savepoint was taken");
  if (trigger !== null && trigger.kind !== "unknown") return [];
  if (active === undefined || view.kind !== "answering" || view.incarnation.job?.status !== "RUNNING") return [];
  const { triggerId, target } = savepoint;
  // Of the moment, as of a job that restarts: it is asked for again.
  const told =
    refusal === null || snapshot === undefined ? [] : snapshotMessageWrite(snapshot, refusal.message, draft.now);
  const { jobId, incarnation } = active;
  return [...told, { kind: "triggerSavepoint", incarnation, jobId, triggerId, target }];
}

/** Nobody will complete it any more: the job that was asked has ended, another runs, or its pods are told to go. */
function isOver({ status }: Draft): boolean {
  const { active, operation, savepoint } = status;
  if (active === undefined || active.ended !== null) return true;
  // Of a status that does not say it: none is asked for in these steps.
  const asked = savepoint?.incarnation ?? (operation?.to === active.incarnation ? null : active.incarnation);
  return asked !== active.incarnation || (operation?.step === "Terminating" && operation.from === asked);
}

/** SN4. It has been activated, and has no checkpoint of its own yet. */
function isProvingItself({ active, operation }: Draft["status"]): boolean {
  return active !== undefined && operation?.to === active.incarnation;
}

/** SN1. `taken`: the one that was in flight; if it is over, its object is yet to say so. */
function next(draft: Draft, situation: Situation, taken: string | undefined): readonly Action[] {
  const { savepoint, lastSavepoint, operation, active } = draft.status;
  const { job, target, settings, observed } = situation;
  if (savepoint !== undefined || active === undefined || active.ended !== null || target.kind !== "valid") return [];
  // A stop is a savepoint itself, a job that has been stopped can take none, and a new version has to prove itself first.
  if (operation !== undefined && (isProvingItself(draft.status) || hasTouchedOld(operation, active))) return [];
  // The status names one savepoint: the last one's object first.
  if (lastSavepoint?.unlisted !== undefined) return [];
  const pending = observed.snapshots
    .filter((snapshot) => {
      const { phase } = snapshotStatusOf(snapshot);
      const isOpen = phase === "Pending" || phase === "InProgress";
      const isWanted = snapshot.metadata.deletionTimestamp === undefined && snapshot.spec.origin !== "upgrade";
      return isOpen && isWanted && snapshot.metadata.name !== taken;
    })
    .sort(byCreation);
  if (pending.some((snapshot) => !isHeld(snapshot))) draft.wakeIn(POLL_MS);
  const snapshot = pending.find(isHeld);
  if (snapshot === undefined) return [];
  const { name, uid } = snapshot.metadata;
  const triggerId = snapshotTriggerId(uid ?? name, active.incarnation);
  const directory = savepointDirectory(job, target.spec, settings);
  const folder = snapshotWithDefaults(snapshot.spec).path ?? savepointTarget(directory, triggerId);
  const { jobId, incarnation } = active;
  draft.set({ savepoint: { name, triggerId, target: folder, startedAt: draft.now, incarnation } });
  draft.wakeIn(POLL_MS);
  return [
    snapshotStatusWrite(
      snapshot,
      {
        phase: "InProgress",
        triggerId,
        jobId,
        incarnation,
        startedAt: draft.now,
        observedGeneration: snapshot.metadata.generation ?? 0,
      },
      draft.now,
    ),
  ];
}

function byCreation(a: StreamJobSnapshot, b: StreamJobSnapshot): number {
  const key = ({ metadata }: StreamJobSnapshot): string => `${metadata.creationTimestamp ?? ""}/${metadata.name}`;
  return key(a) < key(b) ? -1 : 1;
}

/**
 * Owns: the decision of one look: what the status is to say and what is to be done.
 *
 * RE1 Two stages. First the record is moved on by facts (learn, revise, choose, steps); then actions follow from the record and what
 *     is there, level by level (actions/actions.ts). Nothing is remembered but in the status, so an operator may die anywhere (P-3).
 * RE2 Pure: the same observation at the same time gives the same plan; the order of lists does not matter.
 * RE4 Whatever throws costs only the part in which it does, and is told in Stalled; what runs is healed all the same (parts.ts, P-38).
 *     Only a status that cannot be read is an error of the whole: nothing may be written over it.
 * RE3 When nothing changed, the plan is empty: no write in a quiet cluster (I6).
 *
 * Read on: facts/ (what is known), operation/next-operation.ts (what is due), operation/operation.ts (its steps), steps/ (when each is
 * done), actions/actions.ts (what is done for it), status/conclusion.ts (what the status says).
 */
import { PAUSED_ANNOTATION, parseTime, type StreamJob, type StreamJobStatus } from "../../crds/index.ts";
import { assert } from "../../base/index.ts";
import { actionsFor } from "./actions/actions.ts";
import { renewalsOf } from "./actions/children.ts";
import { learnOfActive } from "./status/learn-of-active.ts";
import { conclude, concludeFailed } from "./status/conclusion.ts";
import { Draft } from "./status/draft.ts";
import { exceptionEvents } from "./status/exception-events.ts";
import { noticePermission } from "./operation/left-state.ts";
import { completeOperation } from "./operation/milestones.ts";
import { chooseOperation } from "./operation/next-operation.ts";
import { stepAfter } from "./operation/operation.ts";
import type { Observed } from "./facts/observed.ts";
import { Parts } from "./parts.ts";
import type { Plan } from "./actions/plan.ts";
import { CHECKPOINT_REFRESH_MS, STEADY_POLL_MS, YOUNG_POLL_MS } from "./facts/policy.ts";
import { refusalEvents, tellRefusals } from "./actions/refusals.ts";
import { reviseOperation } from "./operation/revise-operation.ts";
import { isSameJson } from "./facts/revision.ts";
import type { ReconcileSettings } from "./facts/settings.ts";
import { type Situation, situationOf } from "./facts/situation.ts";
import { collectSuperseded } from "./storage/superseded-stores.ts";
import { answerStorageRequest } from "./storage/storage-requests.ts";
import { planSnapshots } from "./snapshots/snapshots.ts";
import { contextOf, done, isPossible, type StepContext, type StepOutcome } from "./steps/step.ts";
import { steps } from "./steps/steps.ts";
import { statusOf } from "./status/stored-status.ts";

/** No chain of steps is longer; a longer one is a circle. */
const MOVES_MAX = 24;

export function reconcile(observed: Observed, settings: ReconcileSettings, nowMs: number): Plan {
  const situation = situationOf(observed, settings, nowMs);
  const before = statusOf(observed.job);
  const draft = new Draft(before, nowMs);
  const isPaused = isPausedJob(observed.job);
  const parts = new Parts(draft);
  if (isPaused) {
    const actions = parts.run("certificates", () => renewalsOf(draft, situation), []);
    concludeAll(draft, situation, parts, { isPaused });
    return planOf(draft, { before, parts, actions, told: [], dueAfterMs: draft.wakeAfterMs });
  }
  learn(draft, situation, parts);
  // Nothing new is begun on facts that could not be had.
  if (parts.failures.length === 0) parts.run("what is to be done next", () => moveOn(draft, situation), undefined);
  const snapshotActions = parts.run("snapshots", () => planSnapshots(draft, situation), []);
  const collections = parts.run("state of earlier incarnations", () => collectSuperseded(draft, situation), []);
  const asked = parts.run("what is asked about stores", () => answerStorageRequest(draft, situation), []);
  const actions = [...actionsFor(draft, situation, snapshotActions, parts), ...collections, ...asked];
  parts.run("what was refused", () => tellRefusals(draft, situation), undefined);
  concludeAll(draft, situation, parts, { isPaused });
  const dueAfterMs = draft.wakeAfterMs;
  draft.wakeIn(pollMs(draft));
  const told = [...refusalEvents(situation), ...exceptionEvents(situation)];
  return planOf(draft, { before, parts, actions, told, dueAfterMs });
}

/** A StreamJob that is being deleted is not paused: it goes. */
export function isPausedJob({ metadata }: StreamJob): boolean {
  return metadata.annotations?.[PAUSED_ANNOTATION] === "true" && metadata.deletionTimestamp === undefined;
}

/** What was learnt of what runs, and what it means for the operation in progress. Called by preview.ts, too. */
export function learn(draft: Draft, situation: Situation, parts: Parts): void {
  draft.set({ observedGeneration: situation.generation });
  parts.run("what may be left out", () => noticePermission(draft, situation.target), undefined);
  parts.run("what runs", () => learnOfActive(draft, situation), undefined);
  parts.run("the operation in progress", () => reviseOperation(draft, situation), undefined);
}

function concludeAll(draft: Draft, situation: Situation, parts: Parts, how: { readonly isPaused: boolean }): void {
  if (situation.failure !== null) parts.failures.unshift(situation.failure);
  parts.tell(situation.generation);
  const before = parts.failures.length;
  parts.run("the conclusion", () => conclude(draft, situation, how), undefined);
  if (parts.failures.length === before) return;
  parts.tell(situation.generation);
  concludeFailed(draft, situation);
}

function moveOn(draft: Draft, situation: Situation): void {
  for (let moves = 0; moves < MOVES_MAX; moves++) {
    const { operation } = draft.status;
    if (operation === undefined) {
      if (!chooseOperation(draft, situation)) return;
      continue;
    }
    const context = contextOf(draft, situation, operation);
    const step = steps[operation.step];
    const outcome = isPossible(step, situation) ? step.advance(context) : done;
    if (outcome.kind === "waiting") return;
    if (outcome.kind === "changed") continue;
    if (advance(contextOf(draft, situation, draft.status.operation ?? operation)).kind === "waiting") return;
  }
  assert(
    false,
    `the operation of ${situation.job.metadata.name} does not settle: ${JSON.stringify(draft.status.operation)}`,
  );
}

function advance(context: StepContext): StepOutcome {
  const next = stepAfter(context.operation);
  if (next === null) return completeOperation(context);
  return steps[next].enter(context);
}

function pollMs(draft: Draft): number {
  const { active, operation } = draft.status;
  if (operation !== undefined) return YOUNG_POLL_MS;
  return active !== undefined && active.ended === null && active.stableAt === null ? YOUNG_POLL_MS : STEADY_POLL_MS;
}

type Ending = {
  readonly before: StreamJobStatus;
  readonly parts: Parts;
  readonly actions: Plan["actions"];
  /** Events of what was observed, told whether the status changes or not. */
  readonly told: Plan["events"];
  readonly dueAfterMs: Plan["dueAfterMs"];
};

/** RE3. A newer checkpoint alone is written now and then only. */
function planOf(draft: Draft, { before, parts, actions, told, dueAfterMs }: Ending): Plan {
  const { status: after, events, nowMs, wakeAfterMs } = draft;
  const isSame = isSameJson(before, after);
  const isOnlyCheckpoint =
    !isSame &&
    before.lastCheckpoint !== undefined &&
    nowMs - parseTime(before.lastCheckpoint.time) < CHECKPOINT_REFRESH_MS &&
    isSameJson(before, { ...after, lastCheckpoint: before.lastCheckpoint });
  const isWritten = !isSame && !isOnlyCheckpoint;
  return {
    status: isWritten ? after : null,
    actions,
    events: [...(isWritten ? events : []), ...told],
    ...(parts.failures.length === 0 ? {} : { failures: parts.failures }),
    wakeAfterMs,
    dueAfterMs,
  };
}

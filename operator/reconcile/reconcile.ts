/**
 * Owns: the decision of one look: what the status is to say and what is to be done.
 *
 * RE1 Two stages. First the record is moved on by facts (learn, revise, choose, steps); then actions follow from the record and what
 *     is there, level by level (actions.ts). Nothing is remembered but in the status, so an operator may die anywhere (P-3).
 * RE2 Pure: the same observation at the same time gives the same plan; the order of lists does not matter.
 * RE4 Whatever throws costs only the part in which it does, and is told in Stalled; what runs is healed all the same (parts.ts, P-38).
 *     Only a status that cannot be read is an error of the whole: nothing may be written over it.
 * RE3 When nothing changed, the plan is empty: no write in a quiet cluster (I6).
 *
 * Read on: next-operation.ts (what is due), operation.ts (its steps), steps/ (when each is done), actions.ts (what is done for it).
 */
import { PAUSED_ANNOTATION, parseTime, type OperationStep, type StreamJobStatus } from "../../crds/index.ts";
import { assert } from "../../base/index.ts";
import { actionsFor } from "./actions.ts";
import { learnOfActive } from "./active.ts";
import { conclude, concludeFailed } from "./conclusion.ts";
import { Draft } from "./draft.ts";
import { exceptionEvents } from "./exception-events.ts";
import { noticePermission } from "./left-state.ts";
import { completeOperation, enterActivating } from "./milestones.ts";
import { chooseOperation } from "./next-operation.ts";
import { stepAfter } from "./operation.ts";
import type { Observed } from "./observed.ts";
import { Parts } from "./parts.ts";
import type { Plan } from "./plan.ts";
import { CHECKPOINT_REFRESH_MS, STEADY_POLL_MS, YOUNG_POLL_MS } from "./policy.ts";
import { refusalEvents, tellRefusals } from "./refusals.ts";
import { reviseOperation } from "./revise-operation.ts";
import { isSameJson } from "./revision.ts";
import type { ReconcileSettings } from "./settings.ts";
import { type Situation, situationOf } from "./situation.ts";
import { planSnapshots } from "./snapshots.ts";
import { activating } from "./steps/activating.ts";
import { preflight } from "./steps/preflight.ts";
import { proving } from "./steps/proving.ts";
import { standby } from "./steps/standby.ts";
import { changed, type StepContext, type StepOutcome } from "./steps/step.ts";
import { stopping } from "./steps/stopping.ts";
import { statusOf } from "./stored-status.ts";
import { terminating } from "./steps/terminating.ts";

const steps: Readonly<Record<OperationStep, (context: StepContext) => StepOutcome>> = {
  Standby: standby,
  Preflight: preflight,
  Stopping: stopping,
  Terminating: terminating,
  Activating: activating,
  Proving: proving,
};

/** No chain of steps is longer; a longer one is a circle. */
const MOVES_MAX = 24;

export function reconcile(observed: Observed, settings: ReconcileSettings, nowMs: number): Plan {
  const situation = situationOf(observed, settings, nowMs);
  const before = statusOf(observed.job);
  const draft = new Draft(before, nowMs);
  const isPaused =
    observed.job.metadata.annotations?.[PAUSED_ANNOTATION] === "true" &&
    observed.job.metadata.deletionTimestamp === undefined;
  const parts = new Parts(draft);
  if (isPaused) {
    concludeAll(draft, situation, parts, { isPaused });
    return planOf(draft, { before, parts, actions: [], told: [] });
  }
  draft.set({ observedGeneration: situation.generation });
  parts.run("what may be left out", () => noticePermission(draft, situation.target), undefined);
  parts.run("what runs", () => learnOfActive(draft, situation), undefined);
  parts.run("the operation in progress", () => reviseOperation(draft, situation), undefined);
  // Nothing new is begun on facts that could not be had.
  if (parts.failures.length === 0) parts.run("what is to be done next", () => moveOn(draft, situation), undefined);
  const snapshotActions = parts.run("snapshots", () => planSnapshots(draft, situation), []);
  const actions = actionsFor(draft, situation, snapshotActions, parts);
  parts.run("what was refused", () => tellRefusals(draft, situation), undefined);
  concludeAll(draft, situation, parts, { isPaused });
  draft.wakeIn(pollMs(draft));
  return planOf(draft, { before, parts, actions, told: [...refusalEvents(situation), ...exceptionEvents(situation)] });
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
    const { upgrade: operation } = draft.status;
    if (operation === undefined) {
      if (!chooseOperation(draft, situation)) return;
      continue;
    }
    const context: StepContext = { draft, situation, operation };
    const outcome = steps[operation.step](context);
    if (outcome.kind === "waiting") return;
    if (outcome.kind === "changed") continue;
    if (advance({ ...context, operation: draft.status.upgrade ?? operation }).kind === "waiting") return;
  }
  assert(
    false,
    `the operation of ${situation.job.metadata.name} does not settle: ${JSON.stringify(draft.status.upgrade)}`,
  );
}

function advance(context: StepContext): StepOutcome {
  const next = stepAfter(context.operation);
  if (next === null) return completeOperation(context);
  if (next === "Activating") return enterActivating(context);
  context.draft.enter(next, messages[next]);
  return changed;
}

const messages: Readonly<Record<Exclude<OperationStep, "Activating">, string>> = {
  Standby: "the new pods start and wait",
  Preflight: "checking whether the new version accepts the state",
  Stopping: "stopping the job with a savepoint",
  Terminating: "deleting the old pods",
  Proving: "waiting for the first checkpoint of the new incarnation",
};

function pollMs(draft: Draft): number {
  const { active, upgrade } = draft.status;
  if (upgrade !== undefined) return YOUNG_POLL_MS;
  return active !== undefined && active.ended === null && active.stableAt === null ? YOUNG_POLL_MS : STEADY_POLL_MS;
}

type Ending = {
  readonly before: StreamJobStatus;
  readonly parts: Parts;
  readonly actions: Plan["actions"];
  /** Events of what was observed, told whether the status changes or not. */
  readonly told: Plan["events"];
};

/** RE3. A newer checkpoint alone is written now and then only. */
function planOf(draft: Draft, { before, parts, actions, told }: Ending): Plan {
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
  };
}

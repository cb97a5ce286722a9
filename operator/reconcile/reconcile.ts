/**
 * Owns: the decision of one look: what the status is to say and what is to be done.
 *
 * RE1 Two stages. First the record is moved on by facts (learn, revise, choose, steps); then actions follow from the record and what
 *     is there, level by level (actions.ts). Nothing is remembered but in the status, so an operator may die anywhere (S3).
 * RE2 Pure: the same observation at the same time gives the same plan; the order of lists does not matter.
 * RE3 When nothing changed, the plan is empty: no write in a quiet cluster (I6).
 *
 * Read on: next-operation.ts (what is due), operation.ts (its steps), steps/ (when each is done), actions.ts (what is done for it).
 */
import { PAUSED_ANNOTATION, parseTime, type OperationStep, type StreamJobStatus } from "../../crds/index.ts";
import { assert } from "../../runtime/base/index.ts";
import { actionsFor } from "./actions.ts";
import { learnOfActive } from "./active.ts";
import { conclude } from "./conclusion.ts";
import { Draft } from "./draft.ts";
import { exceptionEvents } from "./exception-events.ts";
import { noticePermission } from "./left-state.ts";
import { completeOperation, enterActivating } from "./milestones.ts";
import { chooseOperation } from "./next-operation.ts";
import { stepAfter } from "./operation.ts";
import type { Observed } from "./observed.ts";
import type { Plan } from "./plan.ts";
import { CHECKPOINT_REFRESH_MS, STEADY_POLL_MS, YOUNG_POLL_MS } from "./policy.ts";
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
  if (isPaused) {
    conclude(draft, situation, { isPaused });
    return planOf(draft, before, [], []);
  }
  draft.set({ observedGeneration: situation.generation });
  noticePermission(draft, situation.target);
  learnOfActive(draft, situation);
  reviseOperation(draft, situation);
  moveOn(draft, situation);
  const snapshotActions = planSnapshots(draft, situation);
  conclude(draft, situation, { isPaused });
  const actions = actionsFor(draft, situation, snapshotActions);
  draft.wakeIn(pollMs(draft));
  return planOf(draft, before, actions, exceptionEvents(situation));
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
    `the operation of ${situation.job.metadata.name} goes in circles: ${JSON.stringify(draft.status.upgrade)}`,
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
  Preflight: "the new version is asked whether it accepts the state",
  Stopping: "the job is asked to stop with a savepoint",
  Terminating: "the old pods are taken away",
  Proving: "waiting for the first checkpoint of the new incarnation",
};

function pollMs(draft: Draft): number {
  const { active, upgrade } = draft.status;
  if (upgrade !== undefined) return YOUNG_POLL_MS;
  return active !== undefined && active.ended === null && active.stableAt === null ? YOUNG_POLL_MS : STEADY_POLL_MS;
}

/** RE3. A newer checkpoint alone is written now and then only. */
function planOf(draft: Draft, before: StreamJobStatus, actions: Plan["actions"], exceptions: Plan["events"]): Plan {
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
    events: [...(isWritten ? events : []), ...exceptions],
    wakeAfterMs,
  };
}

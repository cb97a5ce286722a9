/**
 * Owns: what the status says in the end: phase, conditions, last checkpoint, scale.
 *
 * CONC1 Ready is True only when what the spec asks for now is so and has proved itself: the new generation runs and completed a
 *     checkpoint, or it is suspended as asked, or finished by itself (P-23).
 * CONC2 Stalled is True when a person is needed; its message says what to do.
 */
import {
  type Condition,
  formatTime,
  type Operation,
  PAUSED_ANNOTATION,
  type StreamJobConditionType,
  type StreamJobPhase,
} from "../../../crds/index.ts";
import { podLabels } from "../../engine/index.ts";
import { hasFinished } from "./active.ts";
import type { UnhealthyReason } from "./condition-reasons.ts";
import type { Draft } from "./draft.ts";
import { memoryTrouble } from "../facts/pod-trouble.ts";
import { standbyOf } from "../facts/policy.ts";
import { NO_ANSWER, type Situation } from "../facts/situation.ts";

type Finding = { readonly status: "True" | "False" | "Unknown"; readonly reason: string; readonly message: string };

const yes = (reason: string, message: string): Finding => ({ status: "True", reason, message });
const no = (reason: string, message = ""): Finding => ({ status: "False", reason, message });
const unhealthy = (reason: UnhealthyReason, message: string): Finding => no(reason, message);
const unknown = (reason: string, message: string): Finding => ({ status: "Unknown", reason, message });

/** So many intervals without a checkpoint are too many. */
const LATE_INTERVALS = 3;
/** One that fails may be a hiccup: the next one may complete in time (LATE_INTERVALS). */
const FAILURES_IN_A_ROW = 2;
/** A store that is away for less is a hiccup, too. A manifest is written again and again until the checkpoint's timeout, and fails only then. */
const TROUBLE_MS = 10_000;

export function conclude(draft: Draft, situation: Situation, { isPaused }: { readonly isPaused: boolean }): void {
  const findings: Record<StreamJobConditionType, Finding> | null = isPaused ? null : findingsOf(draft, situation);
  if (findings !== null) {
    noteCheckpoint(draft, situation);
    noteScale(draft, situation);
    draft.set({ phase: phaseOf(draft) });
  }
  const paused = isPaused
    ? yes(
        "Annotation",
        `the operator does nothing for this StreamJob until the annotation ${PAUSED_ANNOTATION} is removed`,
      )
    : no("NotPaused");
  setConditions(draft, situation, { ...findings, Paused: paused });
}

/** When the rest cannot be said: that it cannot, so that no Ready of an older generation stays (P-38). */
export function concludeFailed(draft: Draft, situation: Situation): void {
  const { reason, message } = draft.stalled ?? { reason: "DecisionFailed", message: "" };
  const findings = { Ready: no(reason, message), Reconciling: no("Stalled", message), Stalled: yes(reason, message) };
  setConditions(draft, situation, findings);
}

function findingsOf(draft: Draft, situation: Situation): Record<StreamJobConditionType, Finding> {
  const running = jobRunning(draft, situation);
  const stalled = stalledOf(draft, situation);
  const ready = readyOf(draft, situation, running, stalled);
  const { operation, failed, active } = draft.status;
  const isBack = isFailedTarget(draft, situation) && active !== undefined && failed?.revision !== active.revision;
  const isSuspended = operation === undefined && active === undefined && draft.status.resume !== undefined;
  return {
    Ready: ready,
    Reconciling: reconcilingOf(operation, ready, stalled),
    Stalled: stalled,
    JobRunning: running,
    CheckpointHealthy: checkpointHealthy(draft, situation),
    UpgradeBlocked:
      draft.blocked !== null
        ? yes(draft.blocked.reason, draft.blocked.message)
        : isBack
          ? yes("VersionFailed", failed?.reason ?? "")
          : notBlocked(situation),
    RolledBack: isBack ? yes("VersionFailed", failed?.reason ?? "") : no("NotRolledBack"),
    Suspended: isSuspended ? yes("AsAsked", "the job is suspended as requested") : no("NotSuspended"),
    Paused: no("NotPaused"),
  };
}

/** ENG2. Said before anything is upgraded: it costs a pause. */
function notBlocked(situation: Situation): Finding {
  const { target } = situation;
  const isCold = target.kind === "valid" && standbyOf(situation, target.spec) !== target.spec.upgrade.standby;
  if (!isCold) return no("NotBlocked");
  const why = "the engine cannot start new pods beside the job that runs";
  return no("NoStandby", `upgrade.standby is warm, but ${why}: an upgrade stops the job first, as with cold`);
}

/** kstatus takes Reconciling for "wait": what needs a person (CONC2) is not to be waited for. */
function reconcilingOf(operation: Operation | undefined, ready: Finding, stalled: Finding): Finding {
  if (stalled.status === "True") return no("Stalled", stalled.message);
  if (operation !== undefined) return yes(operation.step, operation.message);
  return ready.status === "True" ? no("Settled") : yes(ready.reason, ready.message);
}

function isFailedTarget({ status }: Draft, { target }: Situation): boolean {
  return target.kind === "valid" && status.failed?.revision === target.revision;
}

function jobRunning({ status }: Draft, { incarnation }: Situation): Finding {
  const { active } = status;
  if (active === undefined) return no("NoJob", "no incarnation is active");
  if (active.ended !== null) return no(active.ended.status, active.ended.message);
  const { view, objects } = incarnation(active.incarnation);
  if (view.kind === "absent") return no("NoPod", "the JobManager's pod does not exist");
  // Of a pod that was started again, too: it will end so again.
  const memory = memoryTrouble(objects?.pods ?? []);
  const more = memory === null ? "" : `; ${memory}`;
  if (view.kind === "unreachable") return unknown("Unreachable", `${NO_ANSWER}${more}`);
  const { job, phase, error } = view.incarnation;
  if (job?.status === "RUNNING") return yes("Running", `incarnation ${active.incarnation} runs${more}`);
  const why = job?.failure?.message ?? error?.message ?? `the job is ${job?.status ?? phase}`;
  return no(job?.status ?? phase, `${why}${more}`);
}

function stalledOf(draft: Draft, situation: Situation): Finding {
  if (draft.stalled !== null) return yes(draft.stalled.reason, draft.stalled.message);
  const { failed, operation } = draft.status;
  if (operation === undefined && failed !== undefined && isFailedTarget(draft, situation)) {
    const what = `generation ${failed.generation} does not run and is not retried: ${failed.reason}`;
    return yes("VersionFailed", `${what}; correct the manifest and apply it again`);
  }
  return no("NotStalled");
}

/** CONC1 */
function readyOf(draft: Draft, situation: Situation, running: Finding, stalled: Finding): Finding {
  const { operation, active, resume } = draft.status;
  const { target } = situation;
  if (operation !== undefined) return no(operation.kind[0]?.toUpperCase() + operation.kind.slice(1), operation.message);
  if (stalled.status === "True") return no(stalled.reason, stalled.message);
  if (draft.blocked !== null) return no(draft.blocked.reason, draft.blocked.message);
  if (target.kind === "valid" && target.spec.state === "suspended" && !hasFinished(active)) {
    return resume === undefined ? no("Suspending") : yes("Suspended", "the job is suspended as requested");
  }
  if (active === undefined) return no("NoJob", "no incarnation is active");
  if (active.ended !== null) {
    if (active.ended.stopFailed === true) return no("StopFailed", active.ended.message);
    return active.ended.status === "FAILED"
      ? no("JobFailed", active.ended.message)
      : yes(active.ended.status === "FINISHED" ? "Finished" : "Canceled", active.ended.message);
  }
  if (running.status !== "True") return no(running.reason, running.message);
  if (active.firstCheckpointAt === null) return no("NoCheckpoint", "no checkpoint has completed yet");
  return yes("Running", `generation ${active.generation} runs and has completed a checkpoint`);
}

function checkpointHealthy(draft: Draft, situation: Situation): Finding {
  const { status, nowMs } = draft;
  const { active } = status;
  if (active === undefined || active.ended !== null) return unknown("NoJob", "no job runs");
  const { view } = situation.incarnation(active.incarnation);
  if (view.kind !== "answering") return unknown("Unreachable", NO_ANSWER);
  const { job, lastCheckpoint, checkpointTrouble: trouble } = view.incarnation;
  const { target } = situation;
  const lateMs =
    target.kind === "valid" ? target.spec.checkpoints.intervalMs * LATE_INTERVALS : Number.POSITIVE_INFINITY;
  if (trouble) {
    const areFailing = trouble.failures >= FAILURES_IN_A_ROW;
    const hiccupMs = TROUBLE_MS + (trouble.failures === 0 ? 0 : lateMs);
    const what = areFailing
      ? `${trouble.failures} consecutive checkpoints have failed`
      : "no checkpoint has been completed";
    if (areFailing || nowMs - trouble.sinceMs >= hiccupMs)
      return unhealthy("Failing", `${what} since ${formatTime(trouble.sinceMs)}: ${trouble.reason}`);
    if (Number.isFinite(hiccupMs)) draft.wakeIn(trouble.sinceMs + hiccupMs - nowMs);
  }
  if (job !== null && job.status !== "RUNNING") {
    return unknown("NotRunning", `no checkpoint is taken while the job is ${job.status}`);
  }
  if (lastCheckpoint === null) return unknown("NoCheckpoint", "no checkpoint has completed yet");
  const limitMs = target.kind === "valid" ? lateMs + target.spec.checkpoints.timeoutMs : lateMs;
  return nowMs - lastCheckpoint.timeMs <= limitMs
    ? yes("Completing", "checkpoints complete in time")
    : unhealthy("Late", `the last checkpoint completed at ${formatTime(lastCheckpoint.timeMs)}`);
}

function noteCheckpoint(draft: Draft, { incarnation }: Situation): void {
  const { active } = draft.status;
  const { view } = incarnation(active?.incarnation);
  if (active === undefined || view.kind !== "answering") return;
  const { lastCheckpoint, activation } = view.incarnation;
  if (lastCheckpoint === null || activation?.activationId !== active.activationId) return;
  const { id, timeMs, path, sizeBytes } = lastCheckpoint;
  if (draft.status.lastCheckpoint?.path === path) return;
  draft.set({ lastCheckpoint: { id, time: formatTime(timeMs), path, sizeBytes } });
}

function noteScale(draft: Draft, { incarnation, job }: Situation): void {
  const { active } = draft.status;
  if (active === undefined || active.ended !== null) return draft.set({ replicas: 0, selector: "" });
  const labels = podLabels(job.metadata.name, active.incarnation, "taskmanager");
  const selector = Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(",");
  const replicas = incarnation(active.incarnation).objects?.taskManagerSet?.status?.replicas ?? 0;
  draft.set({ replicas, selector });
}

function phaseOf({ status, stalled }: Draft): StreamJobPhase {
  const { operation, active, resume } = status;
  if (operation !== undefined) {
    if (stalled !== null && active === undefined) return "Stalled";
    const phases = {
      deploy: "Deploying",
      recreate: "Deploying",
      resume: "Deploying",
      upgrade: "Upgrading",
      rollback: "RollingBack",
      suspend: "Suspending",
      delete: "Deleting",
    } as const;
    return phases[operation.kind];
  }
  if (active !== undefined) {
    if (active.ended === null) return "Running";
    return active.ended.status === "FAILED" || active.ended.stopFailed === true ? "Failed" : "Finished";
  }
  if (resume !== undefined) return "Suspended";
  return stalled === null ? "Pending" : "Stalled";
}

function setConditions(
  draft: Draft,
  { generation }: Situation,
  findings: Partial<Record<StreamJobConditionType, Finding>>,
): void {
  const conditions = new Map(draft.status.conditions.map((condition) => [condition.type, condition]));
  for (const [type, finding] of Object.entries(findings)) {
    const before = conditions.get(type);
    const lastTransitionTime = before?.status === finding.status ? before.lastTransitionTime : draft.now;
    const condition: Condition = { type, ...finding, lastTransitionTime, observedGeneration: generation };
    conditions.set(type, condition);
  }
  draft.set({ conditions: [...conditions.values()] });
}

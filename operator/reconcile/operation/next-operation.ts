/**
 * Owns: which operation is due when none is in progress: ordered checks, the first that holds decides.
 */
import {
  APPROVE_ANNOTATION,
  CLEANUP_FINALIZER,
  formatTime,
  parseTime,
  type ResolvedSpec,
  type RestorePoint,
  ROLLBACK_TO_ANNOTATION,
} from "../../../crds/index.ts";
import { hasFinished, instability, WAYS_OUT } from "../status/active.ts";
import type { Draft } from "../status/draft.ts";
import { beginRollback, newestOf, rollbackRevision } from "./failure.ts";
import { savepointDirectory } from "../facts/ids.ts";
import { standbyOf } from "../facts/policy.ts";
import { reopenRefused, usePermission } from "./left-state.ts";
import { begin } from "./operation.ts";
import { initialRestoreOf } from "./restore-choice.ts";
import { isSameJson } from "../facts/revision.ts";
import type { Situation, Target } from "../facts/situation.ts";
import { compareSpecs, costOf, needsIncarnation } from "../facts/spec-changes.ts";
import { waitLeftMs } from "../facts/wall-wait.ts";

type ValidTarget = Target & { readonly kind: "valid" };
type Check = (draft: Draft, situation: Situation, target: ValidTarget) => "begun" | "settled" | "next";

/** True when an operation was begun. */
export function chooseOperation(draft: Draft, situation: Situation): boolean {
  const { job, target } = situation;
  if (job.metadata.deletionTimestamp !== undefined) return beginDelete(draft, situation);
  if (target.kind === "invalid") {
    const running = draft.status.active === undefined ? "nothing is started" : "the running version stays as it is";
    draft.stalled = { reason: "InvalidSpec", message: `the spec is invalid, ${running}: ${target.message}` };
    return rollBack(draft, situation) === "begun";
  }
  reopenRefused(draft, target);
  for (const check of checks) {
    const answer = check(draft, situation, target);
    if (answer !== "next") return answer === "begun";
  }
  return false;
}

// Suspend before a rollback on request: the one would be given up for the other again and again.
const checks: readonly Check[] = [doubtfulEnd, suspend, rollbackOnRequest, unfit, start, change, rollBack, recover];

/** STO5, when the operation in which the stop failed is not wanted any more. */
function doubtfulEnd(draft: Draft, _situation: Situation, { spec }: ValidTarget): ReturnType<Check> {
  const ended = draft.status.active?.ended ?? null;
  if (ended?.stopFailed !== true || spec.upgrade.mode !== "savepoint") return "next";
  draft.stalled = { reason: "StopFailed", message: `${ended.message}; ${WAYS_OUT}` };
  return "settled";
}

function beginDelete(draft: Draft, situation: Situation): boolean {
  const { job, target, settings } = situation;
  if (!(job.metadata.finalizers ?? []).includes(CLEANUP_FINALIZER)) return false;
  const { active } = draft.status;
  const wantsSavepoint =
    target.kind === "valid" && target.spec.deletion.savepoint && active !== undefined && active.ended === null;
  begin(draft, situation, {
    kind: "delete",
    toGeneration: situation.generation,
    revision: active?.revision ?? "",
    mode: wantsSavepoint ? "savepoint" : "last-state",
    standby: "cold",
    restore: null,
    savepointDirectory: wantsSavepoint ? savepointDirectory(job, target.spec, settings) : null,
    message: wantsSavepoint
      ? "the StreamJob is being deleted: taking a savepoint first, as requested"
      : "the StreamJob is being deleted",
  });
  return true;
}

function rollbackOnRequest(draft: Draft, situation: Situation, target: ValidTarget): ReturnType<Check> {
  const wanted = situation.job.metadata.annotations?.[ROLLBACK_TO_ANNOTATION];
  const { active, failed } = draft.status;
  if (wanted === undefined || active === undefined) return "next";
  // The annotation is taken away by an action; until then it must not begin again what it has brought about, or what has failed.
  if (active.revision === wanted) return "next";
  if (failed?.revision === wanted) {
    draft.once("not rolled back", `${wanted} is marked as failed: ${failed.reason}; to retry it, set restartNonce`);
    return "next";
  }
  const found = situation.version(wanted);
  if (found === null) {
    draft.stalled = {
      reason: "NoSuchRevision",
      message: `there is no revision ${wanted} to roll back to; \`streamjob history\` lists the existing ones`,
    };
    return "next";
  }
  const reason = `a rollback to ${wanted} was requested`;
  draft.set({ failed: { generation: target.generation, revision: target.revision, reason } });
  begin(draft, situation, {
    kind: "upgrade",
    toGeneration: found.revision.generation,
    revision: wanted,
    mode: active.ended === null ? target.spec.upgrade.mode : "last-state",
    standby: active.ended === null ? standbyOf(situation, target.spec) : "cold",
    restore: null,
    savepointDirectory: savepointDirectory(situation.job, target.spec, situation.settings),
    message: reason,
  });
  return "begun";
}

function suspend(draft: Draft, situation: Situation, { spec, generation }: ValidTarget): ReturnType<Check> {
  if (spec.state !== "suspended") return "next";
  const { active, resume } = draft.status;
  // Nothing of it is to be stopped, and a resume would do all its work once more (P-27).
  if (hasFinished(active)) return "settled";
  if (active !== undefined) {
    const mode = active.ended === null ? spec.upgrade.mode : "last-state";
    begin(draft, situation, {
      kind: "suspend",
      toGeneration: generation,
      revision: active.revision,
      mode,
      standby: "cold",
      restore: null,
      savepointDirectory: savepointDirectory(situation.job, spec, situation.settings),
      message: mode === "savepoint" ? "the job is suspended with a savepoint" : "the job is suspended",
    });
    return "begun";
  }
  if (resume === undefined || isFresh(draft)) {
    const restore = initialRestore(draft, situation, spec);
    if (restore === null) return "settled";
    const { revision } = situation.target as ValidTarget;
    const point = { ...restore, revision, generation, at: resume?.at ?? draft.now };
    if (!isSameJson(point, resume)) draft.set({ resume: point });
  }
  const order = situation.job.metadata.annotations?.[ROLLBACK_TO_ANNOTATION];
  // It would be carried out whenever the job is resumed, when nobody thinks of it any more.
  if (order !== undefined) draft.once("not rolled back", `the job is suspended: request ${order} again when it runs`);
  return "settled";
}

/** What cannot run is told before anything is stopped for it. What runs was accepted once, by an operator that may have had other rules. */
function unfit(draft: Draft, situation: Situation, target: ValidTarget): ReturnType<Check> {
  const { active, failed } = draft.status;
  if (active?.revision === target.revision || failed?.revision === target.revision) return "next";
  const refusal = situation.settings.engine.refusal(target.spec);
  if (refusal === null) return "next";
  const rest = active === undefined ? "nothing is started" : "the running version stays as it is";
  draft.stalled = { reason: "PodsUnfit", message: `${refusal}; ${rest}` };
  return rollBack(draft, situation) === "begun" ? "begun" : "settled";
}

/** Nothing has ever been activated: what it starts from is still for the spec to say (P-17). */
const isFresh = ({ status }: Draft): boolean => status.jobId === undefined;

function start(draft: Draft, situation: Situation, target: ValidTarget): ReturnType<Check> {
  const { active, resume, incarnations } = draft.status;
  if (active !== undefined) return "next";
  const isNew = isFresh(draft);
  if ((incarnations === 0 && situation.observed.incarnations.length > 0) || (!isNew && resume === undefined)) {
    const message =
      "the status does not say what ran, but objects of an earlier run exist; restore the status, or delete these objects and the StreamJob";
    draft.stalled = { reason: "StatusLost", message };
    return "settled";
  }
  const what = startable(draft, situation, target);
  if (what === null) return "settled";
  const restore =
    resume === undefined || isNew ? initialRestore(draft, situation, target.spec) : withoutDetails(resume);
  if (restore === null) return "settled";
  begin(draft, situation, {
    kind: isNew ? "deploy" : "resume",
    toGeneration: what.generation,
    revision: what.revision,
    mode: target.spec.upgrade.mode,
    standby: "cold",
    restore,
    savepointDirectory: null,
    message: isNew ? `generation ${what.generation} is deployed` : "the job is resumed",
  });
  return "begun";
}

/** The target; when it has failed before, what ran when the job was suspended; null: neither. */
function startable(
  draft: Draft,
  situation: Situation,
  target: ValidTarget,
): { readonly revision: string; readonly generation: number } | null {
  const { resume, failed } = draft.status;
  if (failed?.revision !== target.revision) return target;
  if (resume === undefined || resume.revision === failed.revision) return null;
  return situation.version(resume.revision) === null ? null : resume;
}

function withoutDetails(resume: NonNullable<Draft["status"]["resume"]>): RestorePoint {
  switch (resume.kind) {
    case "none":
      return { kind: "none" };
    case "path":
      return { kind: "path", path: resume.path, allowNonRestoredState: resume.allowNonRestoredState };
    case "latest": {
      const { storeUri, savepoint, allowNonRestoredState } = resume;
      return { kind: "latest", storeUri, savepoint, allowNonRestoredState };
    }
  }
}

/** null: it is not there yet, the draft says why. */
function initialRestore(draft: Draft, situation: Situation, spec: ResolvedSpec): RestorePoint | null {
  const { observed } = situation;
  const restore = initialRestoreOf(draft.status, observed, spec);
  if (restore !== null) return restore;
  const view = observed.restoreSnapshot;
  const name = view.kind === "none" ? "?" : view.name;
  const what = view.kind === "pending" ? `is ${view.phase}` : "does not exist";
  draft.stalled = {
    reason: view.kind === "pending" ? "SnapshotPending" : "SnapshotMissing",
    message: `spec.restore names the snapshot ${name}, which ${what}; nothing is started without its state`,
  };
  draft.wakeIn(5000);
  return null;
}

function change(draft: Draft, situation: Situation, target: ValidTarget): ReturnType<Check> {
  const { active, failed } = draft.status;
  if (active === undefined || failed?.revision === target.revision) return "next";
  const running = situation.version(active.revision);
  const changes =
    running === null
      ? [
          {
            field: "revision",
            cost: "savepointUpgrade" as const,
            why: "the revision of the running version is no longer stored",
          },
        ]
      : compareSpecs(forgetNonce(draft, target, running.spec), target.spec);
  const cost = costOf(changes);
  if (!needsIncarnation(cost)) {
    if (active.generation !== target.generation) draft.set({ active: { ...active, generation: target.generation } });
    usePermission(draft, target);
    return "next";
  }
  const what = changes.map(({ field }) => field).join(", ");
  if (target.spec.upgrade.approval === "manual" && !isApproved(situation)) {
    draft.blocked = {
      reason: "AwaitingApproval",
      message: `a change of ${what} (${cost}) waits for approval: set the annotation ${APPROVE_ANNOTATION}=${target.generation}`,
    };
    return "next";
  }
  const isAtRest = active.ended !== null;
  begin(draft, situation, {
    kind: "upgrade",
    toGeneration: target.generation,
    revision: target.revision,
    // A job that has ended holds its state still: nothing to stop, and nothing newer to come.
    mode: isAtRest && target.spec.upgrade.mode === "savepoint" ? "last-state" : target.spec.upgrade.mode,
    standby: isAtRest ? "cold" : standbyOf(situation, target.spec),
    restore: null,
    savepointDirectory: savepointDirectory(situation.job, target.spec, situation.settings),
    message: `generation ${active.generation} to ${target.generation}: ${what} changed (${cost})`,
  });
  return "begun";
}

/** What runs, without a `restartNonce` that was taken back since: the same value is another request when it comes again. */
function forgetNonce(draft: Draft, { spec }: ValidTarget, running: ResolvedSpec): ResolvedSpec {
  const { handled } = draft.status;
  const isTakenBack = spec.restartNonce === null && running.restartNonce !== null;
  if (isTakenBack && handled.restartTakenBack !== true) draft.set({ handled: { ...handled, restartTakenBack: true } });
  return handled.restartTakenBack === true ? { ...running, restartNonce: null } : running;
}

function isApproved({ job, generation }: Situation): boolean {
  return job.metadata.annotations?.[APPROVE_ANNOTATION] === String(generation);
}

function rollBack(draft: Draft, situation: Situation): ReturnType<Check> {
  const { active, stable } = draft.status;
  const reason = instability(draft, situation);
  if (active === undefined || reason === null) return "next";
  if (rollbackRevision(situation, stable?.revision, active.revision) === null) return "next";
  const { generation, revision } = active;
  draft.set({ failed: { generation, revision, reason } });
  // Its end is in the history already.
  if (active.ended === null) draft.history("failed", reason);
  draft.event("Warning", "VersionFailed", `generation ${generation} failed: ${reason}`);
  beginRollback(draft, situation, { reason, restore: newestOf({ draft }), generation });
  return "begun";
}

/** A failed job is started again only if the policy says so, and not without end. */
function recover(draft: Draft, situation: Situation, { spec, revision }: ValidTarget): ReturnType<Check> {
  const { active, recovery, failed } = draft.status;
  if (active?.ended?.status !== "FAILED") return "next";
  const { onFailed, attemptsMax, backoffInitialMs, backoffMaxMs, resetAfterMs } = spec.recovery;
  const { message } = active.ended;
  if (onFailed === "never") {
    // Why the version that the manifest asks for does not run is more to the point.
    if (failed?.revision === revision && active.revision !== revision) return "settled";
    const text = `the job FAILED: ${message}; change the spec, or set restartNonce, to restart it from its last state`;
    draft.stalled = { reason: "JobFailed", message: text };
    return "settled";
  }
  const failedMs = parseTime(active.ended.at);
  const lastMs = recovery?.lastFailureAt ? parseTime(recovery.lastFailureAt) : failedMs;
  const isReset = failedMs - lastMs > resetAfterMs;
  const attempts = isReset ? 0 : (recovery?.attempts ?? 0);
  if (attempts >= attemptsMax) {
    const text = `the job FAILED and was restarted ${attempts} times, which is the limit: ${message}; change the spec, or set restartNonce`;
    draft.stalled = { reason: "RecoveryExhausted", message: text };
    return "settled";
  }
  const backoffMs = Math.min(backoffMaxMs, backoffInitialMs * 2 ** Math.min(attempts, 20));
  const dueMs = failedMs + backoffMs;
  const leftMs = waitLeftMs(dueMs, draft.nowMs, backoffMs);
  if (leftMs > 0) {
    if (recovery?.notBefore !== formatTime(dueMs)) {
      draft.set({ recovery: { attempts, notBefore: formatTime(dueMs), lastFailureAt: active.ended.at } });
    }
    draft.wakeIn(leftMs);
    return "settled";
  }
  draft.set({ recovery: { attempts: attempts + 1, notBefore: null, lastFailureAt: active.ended.at } });
  begin(draft, situation, {
    kind: "recreate",
    toGeneration: active.generation,
    revision: active.revision,
    mode: "last-state",
    standby: "cold",
    restore: newestOf({ draft }),
    savepointDirectory: null,
    message: `the job FAILED and is restarted from its last state, attempt ${attempts + 1} of ${attemptsMax}: ${message}`,
  });
  return "begun";
}

/**
 * Owns: the deletion of all state with its StreamJob, as `deletion.keepState: false` asks for it: after the last pod, before the finalizer.
 *
 * SDEL1 Nothing is deleted unless it was asked for: not when the spec cannot be read, and not of pods that are orphaned and run on. A store
 *     in which another StreamJob names a checkpoint stays (P-28, P-29).
 * SDEL2 That it has begun, and how it ended, is in the record before anything follows from it (P-3).
 * SDEL3 The deletion of the StreamJob always ends: after `deletion.cleanUpTimeout`, or at once when the API server does not take the pod,
 *     as in a namespace that is being deleted. What stays is told, with where and why.
 */
import type { StorageTask } from "../../engine/index.ts";
import type { Action } from "../actions/plan.ts";
import { incarnationJobId, storeUriOf } from "../facts/ids.ts";
import type { Situation } from "../facts/situation.ts";
import type { Draft } from "../status/draft.ts";
import type { StepContext } from "../steps/step.ts";
import { carryOut } from "../storage/storage-pods.ts";
import { waitForCleanUp } from "./clean-up-wait.ts";

/** Of one job; older ones have nothing but some hundred bytes each. */
const INCARNATIONS_MAX = 2000;

/** Whether the StreamJob has to wait for it. */
export function isDeletingState({ status }: Draft): boolean {
  const { stateDeletion } = status.operation ?? {};
  return stateDeletion !== undefined && stateDeletion.ended === undefined;
}

/** `isKept`: whatever was asked for, as where its pods run on. Gives whether the deletion may end. */
export function deleteState(context: StepContext, isKept: boolean): "over" | "waiting" {
  const { draft, situation, operation } = context;
  const { stateDeletion } = operation;
  if (stateDeletion === undefined) {
    if (!isAskedFor(situation) || draft.status.incarnations === 0) return "over";
    // SDEL1, SDEL2
    draft.operation({ stateDeletion: { startedAt: draft.now, ...(isKept ? { ended: "kept" } : {}) } });
    if (isKept) return "over";
  } else if (stateDeletion.ended !== undefined) return "over";
  const { outcome } = carryOut(draft, situation, eraseTask(draft, situation));
  if (outcome.kind === "done") {
    draft.event("Normal", "StateDeleted", `the state of all incarnations is deleted, as deletion.keepState is false`);
    return end(draft, "deleted", keptForOthers(situation));
  }
  if (outcome.kind === "failed" && outcome.isRefused)
    return end(draft, "kept", whyAll(draft, situation, outcome.message));
  const wait = waitForCleanUp(draft, outcome, {
    doing: "deleting the state",
    startedAt: draft.status.operation?.stateDeletion?.startedAt,
    timeoutMs: timeoutMs(situation),
  });
  if (wait === null) return end(draft, "kept", whyAll(draft, situation, outcome.message));
  if (wait.trouble !== null) draft.stalled = { reason: "StateNotDeleted", message: wait.trouble };
  return "waiting";
}

/** What is to be done for it. */
export function stateDeletionCalls(draft: Draft, situation: Situation): readonly Action[] {
  return isDeletingState(draft) ? carryOut(draft, situation, eraseTask(draft, situation)).actions : [];
}

function end(draft: Draft, ended: "deleted" | "kept", kept: readonly string[]): "over" {
  draft.operation({ stateDeletion: { startedAt: draft.now, ...draft.status.operation?.stateDeletion, ended } });
  for (const note of kept) draft.event("Warning", "StateKept", note);
  return "over";
}

function isAskedFor({ target }: Situation): boolean {
  return target.kind === "valid" && !target.spec.deletion.keepState;
}

function timeoutMs({ target }: Situation): number {
  return target.kind === "valid" ? target.spec.deletion.cleanUpTimeoutMs : 0;
}

/** Of every store that an incarnation of this StreamJob may have had. */
export function incarnationIds({ status: { incarnations } }: Draft, { job }: Situation): readonly string[] {
  const first = Math.max(1, incarnations - INCARNATIONS_MAX + 1);
  return Array.from({ length: incarnations - first + 1 }, (_, index) => incarnationJobId(job, first + index));
}

/** All of them, but those that others need. */
function eraseTask(draft: Draft, situation: Situation): StorageTask {
  const { observed } = situation;
  const ids = incarnationIds(draft, situation);
  const needed = new Set([...observed.storesInUse].map(jobIdIn));
  return { kind: "erase", folders: foldersOf(draft, situation), jobIds: ids.filter((id) => !needed.has(id)) };
}

/** Where its stores are or were. */
export function foldersOf({ status }: Draft, { job, target, settings }: Situation): readonly string[] {
  const now = target.kind === "valid" ? [folderOf(storeUriOf(job, target.spec, "0".repeat(32), settings))] : [];
  return [...new Set([...status.storeFolders, ...status.stores.map(({ storeUri }) => folderOf(storeUri)), ...now])];
}

const folderOf = (storeUri: string): string => storeUri.slice(0, storeUri.lastIndexOf("/"));
const jobIdIn = (storeUri: string): string => storeUri.slice(storeUri.lastIndexOf("/") + 1);

function keptForOthers({ observed }: Situation): readonly string[] {
  return [...observed.storesInUse].map(
    (uri) => `the state in ${uri} is kept: another StreamJob names a checkpoint in it`,
  );
}

function whyAll(draft: Draft, situation: Situation, reason: string): readonly string[] {
  const folders = foldersOf(draft, situation).join(", ");
  return [`the state of the job is kept in ${folders}, though deletion.keepState is false: ${reason}`];
}

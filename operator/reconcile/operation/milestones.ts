/**
 * Owns: the two moments of an operation that change whose the state is, and that it is over.
 */
import { restoreUsedBy } from "../status/active.ts";
import type { Draft } from "../status/draft.ts";
import { nameUids, usePermission, withPermission } from "./left-state.ts";
import { restoreOf } from "./restore-choice.ts";
import { incarnationPlaces } from "../facts/situation.ts";
import { noteStore } from "../storage/superseded-stores.ts";
import { changed, type StepContext, type StepOutcome, waiting } from "../steps/step.ts";

/** From this write on the new incarnation is the one that holds the newest state (OPE3). */
export function enterActivating(context: StepContext): StepOutcome {
  const { draft, situation, operation, version } = context;
  if (operation.to === null || version === null) {
    const message = `the revision ${operation.revision} is gone; apply the manifest again`;
    draft.stalled = { reason: "RevisionLost", message };
    draft.wait(message, 5000);
    return waiting;
  }
  const restore = withPermission(restoreOf(context), draft.status, situation.observed.validated);
  usePermission(draft, situation.target);
  const old = draft.status.active;
  const predecessors = new Set(old === undefined ? [] : [old.storeUri]);
  if (restore.kind === "latest") predecessors.add(restore.storeUri);
  for (const store of operation.predecessors) predecessors.add(store);
  const { jobId, storeUri } = incarnationPlaces(situation, operation.to, version.spec);
  noteStore(draft, { incarnation: operation.to, storeUri });
  if (old === undefined) startScheduleAnew(draft);
  forgetTakenBack(draft);
  if (old?.ended?.status === "FINISHED" && restore.kind === "none" && operation.mode !== "stateless") {
    draft.event(
      "Normal",
      "StartedAnew",
      "the job had FINISHED, so there is no state to restore: it starts without state",
    );
  }
  draft.operation({ restore, predecessors: [...predecessors] });
  draft.set({
    jobId,
    incarnation: operation.to,
    restarts: 0,
    resume: undefined,
    lastCheckpoint: undefined,
    active: {
      incarnation: operation.to,
      jobId,
      generation: operation.toGeneration,
      revision: operation.revision,
      storeUri,
      activationId: operation.activationId,
      startedAt: draft.now,
      firstCheckpointAt: null,
      stableAt: null,
      restartsSeen: null,
      ended: null,
    },
  });
  draft.enter("Activating", `activating incarnation ${operation.to}`);
  return changed;
}

/** Nothing ran until now: times of the schedule that went by have not been missed (SN5). */
function startScheduleAnew(draft: Draft): void {
  const { schedule: _, scheduledAt: __, ...handled } = draft.status.handled;
  draft.set({ handled });
}

/** It is about the incarnation before. */
function forgetTakenBack(draft: Draft): void {
  const { restartTakenBack, ...handled } = draft.status.handled;
  if (restartTakenBack !== undefined) draft.set({ handled });
}

/** The new incarnation has proved itself; what is left of the old one goes by the actions. */
export function completeOperation({ draft, operation, situation, version }: StepContext): StepOutcome {
  const { kind, toGeneration, revision } = operation;
  const { failed } = draft.status;
  const { restartNonce: _, ...handled } = draft.status.handled;
  const restartNonce = version?.spec.restartNonce ?? null;
  draft.history(pastTense[kind], describe(operation));
  draft.event("Normal", eventNames[kind], `generation ${toGeneration} runs as incarnation ${operation.to}`);
  const isOld = failed?.revision === revision || kind === "rollback";
  draft.set({
    operation: undefined,
    handled: {
      ...handled,
      ...(handled.restoreUsed === undefined ? { restoreUsed: restoreUsedBy(operation) } : {}),
      ...(restartNonce === null ? {} : { restartNonce }),
    },
    ...(isOld || failed === undefined || isRequestedBack(draft, situation, revision) ? {} : { failed: undefined }),
  });
  return changed;
}

/** A rollback by request leaves the spec's own revision marked: it is not to be rolled out again. */
function isRequestedBack(draft: Draft, { target }: StepContext["situation"], revision: string): boolean {
  return target.kind === "valid" && draft.status.failed?.revision === target.revision && target.revision !== revision;
}

function describe(operation: StepContext["operation"]): string {
  const { fromGeneration, leftOut } = operation;
  const from = fromGeneration === null ? "" : `after generation ${fromGeneration}, `;
  return `${from}${describeStart(operation)}${leftOut === undefined ? "" : `, without the state of ${nameUids(leftOut)}`}`;
}

function describeStart({ restore, savepoint }: StepContext["operation"]): string {
  if (savepoint?.path) return `from savepoint ${savepoint.path}`;
  if (restore === null || restore.kind === "none") return "without state";
  return `from ${restore.kind === "path" ? restore.path : `the newest state in ${restore.storeUri}`}`;
}

const pastTense = {
  deploy: "deployed",
  upgrade: "upgraded",
  rollback: "rolled back",
  suspend: "suspended",
  resume: "resumed",
  recreate: "recovered",
  delete: "deleted",
} as const;

const eventNames = {
  deploy: "Deployed",
  upgrade: "Upgraded",
  rollback: "RolledBack",
  suspend: "Suspended",
  resume: "Resumed",
  recreate: "Recovered",
  delete: "Deleted",
} as const;

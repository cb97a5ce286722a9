/**
 * Owns: the savepoint with which an operation stopped the job: that the status names it, and the object that stands for it.
 * Not here: savepoints while the job runs on (snapshots.ts); that of a deletion (deletion-record.ts).
 *
 * OS1 The write that records the savepoint also says that its object is yet to be listed. So it is made whatever the operation comes
 *     to, and once it has been listed never again: whoever deletes it then means it.
 */
import type { StreamJobSnapshot, StreamJobStatus } from "../../../crds/index.ts";
import { hexDigest } from "../../../base/index.ts";
import type { Draft } from "../status/draft.ts";
import type { Action } from "../actions/plan.ts";
import type { Situation } from "../facts/situation.ts";
import { freeSnapshot, newSnapshot, snapshotStatusWrite, withConditions } from "./snapshot-objects.ts";
import { snapshotStatusOf } from "../status/stored-status.ts";

type LastSavepoint = NonNullable<StreamJobStatus["lastSavepoint"]>;

/** OS1. Of a deletion there is another object. */
export function noteSavepoint(draft: Draft, { job }: Situation): void {
  const { operation, resume, active, incarnations, lastSavepoint } = draft.status;
  if (operation?.kind === "delete") return;
  const path = operation?.savepoint?.path ?? (resume?.kind === "latest" ? resume.savepoint : null);
  if (path === null || path === lastSavepoint?.path) return;
  if (lastSavepoint?.unlisted !== undefined) {
    const note = `the state is in savepoint ${lastSavepoint.path}, but StreamJobSnapshot ${lastSavepoint.name} could not be created`;
    draft.event("Warning", "SavepointUnlisted", note);
  }
  const name = `${job.metadata.name}-upgrade-${hexDigest(8, path)}`;
  const unlisted = Math.max(1, operation?.from ?? active?.incarnation ?? incarnations);
  draft.set({ lastSavepoint: { name, path, time: draft.now, unlisted } });
}

/** Makes the object, and then has it say Completed. */
export function listSavepoint(draft: Draft, situation: Situation): readonly Action[] {
  const { lastSavepoint } = draft.status;
  if (lastSavepoint?.unlisted === undefined) return [];
  const { name, path, time } = lastSavepoint;
  const present = situation.observed.snapshots.find(({ metadata }) => metadata.name === name);
  if (present === undefined)
    return [{ kind: "createSnapshot", snapshot: newSnapshot(situation, name, "upgrade", path) }];
  if (snapshotStatusOf(present).phase === "Completed") {
    draft.set({ lastSavepoint: { name, path, time } });
    return [];
  }
  return [snapshotStatusWrite(present, listing(lastSavepoint, present.metadata.generation ?? 0), draft.now)];
}

/** For a StreamJob that goes: object and status in one action, because no other look may come, and nothing is left to let go of it. */
export function unlistedSavepoint({ status, now }: Draft, situation: Situation): readonly Action[] {
  const { lastSavepoint } = status;
  if (lastSavepoint?.unlisted === undefined) return [];
  const { name, path } = lastSavepoint;
  // The generation is that of an object that has just been made.
  const snapshot = {
    ...freeSnapshot(situation, name, "upgrade", path),
    status: withConditions(listing(lastSavepoint, 1), now),
  };
  return [{ kind: "recordSavepoint", snapshot, location: path }];
}

function listing(
  { path, time, unlisted }: LastSavepoint,
  observedGeneration: number,
): NonNullable<StreamJobSnapshot["status"]> {
  return {
    phase: "Completed",
    location: path,
    completedAt: time,
    observedGeneration,
    ...(unlisted === undefined ? {} : { incarnation: unlisted }),
  };
}

/**
 * Owns: the object for the savepoint with which a deletion stopped the job, so that a person finds it when the StreamJob is gone.
 *
 * DE1 It is asked for when the savepoint is complete, and again right before the StreamJob goes, if it is not there by then: exactly
 *     one of that name, whatever died in between.
 * DE2 Without owner and finalizer: nothing of the StreamJob that goes can take it along, and nothing has to let it go (P-29). Its origin
 *     is manual, for `deletion.savepoint` asks for it: retention of a later StreamJob of that name leaves it alone (RETE1).
 */
import type { Operation, StreamJobSnapshot } from "../../../crds/index.ts";
import { hexDigest } from "../../../base/index.ts";
import type { Draft } from "../status/draft.ts";
import { isEndingDeletion } from "../operation/operation.ts";
import type { Action } from "../actions/plan.ts";
import { isEmptied, type Situation } from "../facts/situation.ts";
import { freeSnapshot, withConditions } from "./snapshot-objects.ts";
import { snapshotStatusOf } from "../status/stored-status.ts";

/** DE1 */
export function recordOfDeletion({ status, now }: Draft, situation: Situation): readonly Action[] {
  const { job, observed } = situation;
  const { operation, active } = status;
  const location = operation?.savepoint?.path;
  if (!isEndingDeletion(operation) || !location) return [];
  const isNew = job.status?.operation?.step !== operation.step;
  if (!isNew && !isEmptied(observed)) return [];
  const isThere = observed.snapshots.some((snapshot) => {
    const { phase, location: theirs } = snapshotStatusOf(snapshot);
    return phase === "Completed" && theirs === location && snapshot.metadata.deletionTimestamp === undefined;
  });
  if (isThere) return [];
  const name = `${job.metadata.name}-delete-${hexDigest(8, location)}`;
  const snapshot = {
    // DE2
    ...freeSnapshot(situation, name, "manual", location),
    status: withConditions(statusOf(operation, location, active?.jobId), now),
  };
  return [{ kind: "recordSavepoint", snapshot, location }];
}

function statusOf(
  { from, stepSince, triggerId }: Operation,
  location: string,
  jobId: string | undefined,
): NonNullable<StreamJobSnapshot["status"]> {
  return {
    phase: "Completed",
    location,
    triggerId,
    completedAt: stepSince,
    message: "taken when the StreamJob was deleted",
    // Of an object that has just been made.
    observedGeneration: 1,
    ...(from === null ? {} : { incarnation: from }),
    ...(jobId === undefined ? {} : { jobId }),
  };
}

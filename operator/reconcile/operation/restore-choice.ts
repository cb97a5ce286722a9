/**
 * Owns: what a new incarnation starts from.
 *
 * REC1 State is named by the incarnation that holds it (its store), and by its savepoint where one was taken: the JobManager that
 *     activates finds it by exact objects, after fencing, and refuses anything older (P-10, P-15).
 *     What of it may be left behind is not said here but when it is activated (LO3).
 * REC2 A job that has FINISHED by itself has nothing to go on from: its successor begins anew.
 */
import type { ResolvedSpec, RestorePoint, StreamJobStatus, ValidatedStreamJob } from "../../../crds/index.ts";
import { hasFinished } from "../status/active.ts";
import { withPermission } from "./left-state.ts";
import type { Observed } from "../facts/observed.ts";
import type { StepContext } from "../steps/step.ts";

/** By the record and by what is active; called when the old job has stopped, or its pods are gone. */
export function restoreOf({ draft, operation }: Pick<StepContext, "draft" | "operation">): RestorePoint {
  if (operation.restore !== null) return operation.restore;
  const { active } = draft.status;
  if (operation.mode === "stateless" || active === undefined) return { kind: "none" };
  const savepoint = operation.savepoint?.path ?? active.ended?.savepoint ?? null;
  if (hasFinished(active) && savepoint === null) return { kind: "none" };
  return { kind: "latest", storeUri: active.storeUri, savepoint, allowNonRestoredState: false };
}

/** `spec.restore`, which is used once, by the first incarnation (P-17); null: the snapshot that it names is not complete, or not there. */
export function initialRestoreOf(
  { handled }: StreamJobStatus,
  { restoreSnapshot }: Observed,
  { restore }: ResolvedSpec,
): RestorePoint | null {
  if (restore.kind === "none" || handled.restoreUsed !== undefined) return { kind: "none" };
  const { allowNonRestoredState } = restore;
  if (restore.kind === "path") return { kind: "path", path: restore.path, allowNonRestoredState };
  if (restoreSnapshot.kind !== "completed") return null;
  return { kind: "path", path: restoreSnapshot.location, allowNonRestoredState };
}

/**
 * What the new version is asked about in Preflight: the state as it is now, while the old job still runs. null: nothing is to be asked.
 * Called by: observe, which asks.
 */
export function preflightRestore(status: StreamJobStatus, validated: ValidatedStreamJob): RestorePoint | null {
  const restore = restoreAskedOf(status);
  return restore === null ? null : withPermission(restore, status, validated);
}

function restoreAskedOf({ operation, active }: StreamJobStatus): RestorePoint | null {
  if (operation === undefined || operation.mode === "stateless") return null;
  if (operation.restore !== null) return operation.restore.kind === "none" ? null : operation.restore;
  if (active === undefined) return null;
  const savepoint = operation.savepoint?.path ?? null;
  return { kind: "latest", storeUri: active.storeUri, savepoint, allowNonRestoredState: false };
}

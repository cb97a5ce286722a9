/**
 * Owns: which actions of a plan are built on an earlier one, so that they are not begun when it was refused (PL3).
 *
 * DP1 Nothing runs a revision that could not be kept: an operator that died then would not know what it was.
 * DP2 The finalizer goes last: whatever a deletion has to leave behind comes before it.
 */
import type { Action } from "./plan.ts";

/** Whether `action` must not be begun after `refused`. */
export function isBuiltOn(action: Action, refused: Action): boolean {
  if (action.kind === "removeFinalizer") return true;
  if (refused.kind === "addFinalizer") return true;
  if (refused.kind !== "createRevision") return false;
  if (action.kind === "triggerStop" || action.kind === "activate") return true;
  return action.kind === "applyChild" && action.revision === refused.revision.metadata.name;
}

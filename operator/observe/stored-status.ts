/**
 * Owns: the verdict on a stored StreamJob, found out once per version of the object (objects never change, KA1).
 */
import { type StreamJob, type StreamJobStatus, type ValidatedStreamJob, validateStreamJob } from "../../crds/index.ts";
import { oncePerObject } from "../../base/index.ts";
import { readStatusOf } from "../reconcile/index.ts";

/** The status of a StreamJob; null: it cannot be understood. */
export function storedStatus(job: StreamJob): StreamJobStatus | null {
  const stored = readStatusOf(job);
  return stored.kind === "read" ? stored.status : null;
}

/** Whether the spec can be acted upon. */
export const verdictOf: (job: StreamJob) => ValidatedStreamJob = oncePerObject((job: StreamJob) => {
  try {
    return validateStreamJob(job);
  } catch (error) {
    // A spec at which validation itself fails is not valid: what runs is looked after without it (P-38).
    const message = error instanceof Error ? error.message : String(error);
    return { kind: "invalid", issues: [{ path: "spec", reason: "Unreadable", message }] };
  }
});

/**
 * Owns: whether the status that a plan's actions follow from is still the one on record, as far as this process knows.
 * Not here: writes to the StreamJob itself, which the API server judges (own-object-actions.ts).
 *
 * SRE1 Only the status and the identity count: it says what is to be done, and goes on doing so when the spec is edited meanwhile (P-21).
 */
import { isDeepStrictEqual } from "node:util";
import { type ActionContext, keyOf } from "./action-context.ts";
import { ActionStopped } from "./outcome.ts";

/** Errors: ActionStopped when another operator has gone on, or the StreamJob is gone or another one. */
export function refuseOutdated(context: ActionContext): void {
  const { job, caches } = context;
  const { name, uid } = job.metadata;
  const newest = caches.StreamJob.get(keyOf(context, name));
  if (newest === null || newest.metadata.uid !== uid)
    throw new ActionStopped(`StreamJob ${name} (uid ${uid}) is gone`, "outdated");
  if (newest.metadata.resourceVersion === job.metadata.resourceVersion) return;
  if (!isDeepStrictEqual(newest.status, job.status))
    throw new ActionStopped(
      `the status of StreamJob ${name} was changed by another writer in the meantime`,
      "outdated",
    );
}

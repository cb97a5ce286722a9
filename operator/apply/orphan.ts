/**
 * Owns: letting go of a StreamJobSnapshot whose StreamJob is not there: nothing is left that could delete its files.
 * Called by: the controller, when it is told to look at a StreamJob that does not exist.
 *
 * ORP1 The API server is asked once more whether there really is no StreamJob: the caches of two kinds are not of the same moment.
 * ORP2 Files are never deleted here; people are told where they stay (RETE3, P-29).
 */
import type { StreamJobSnapshot } from "../../crds/index.ts";
import { call } from "./action-context.ts";
import { type ApplyDeps, callContext, perform } from "./apply.ts";
import { ActionStopped, type ApplyOutcome } from "./outcome.ts";
import { releaseSnapshot } from "./snapshot-actions.ts";

/** `snapshot`: one that is being deleted and has our finalizer. */
export async function releaseOrphan(
  snapshot: StreamJobSnapshot,
  deps: ApplyDeps,
  signal: AbortSignal,
): Promise<ApplyOutcome> {
  const { name, namespace } = snapshot.metadata;
  const job = { namespace, name: snapshot.spec.jobRef.name };
  const location = snapshot.status?.location;
  const who = `${namespace}/${job.name}`;
  const facts = { action: "releaseSnapshot", name, location, why: "its StreamJob does not exist" };
  const failed = await perform(who, deps, facts, "releaseSnapshot", async () => {
    const context = callContext(deps, namespace, signal);
    const present = await call(context, `get StreamJob ${job.name}`, (inner) =>
      context.api.get("StreamJob", job, { signal: inner }),
    );
    if (present !== null) throw new ActionStopped(`StreamJob ${job.name} exists`, "outdated");
    await releaseSnapshot(context, name);
  });
  if (failed !== null) return failed;
  if (location !== undefined) {
    const note = `the files of this savepoint are kept in ${location}: StreamJob ${job.name}, which could delete them, does not exist`;
    deps.onEvent(snapshot, { type: "Warning", reason: "SavepointKept", note });
  }
  return { kind: "done", changes: 1 };
}

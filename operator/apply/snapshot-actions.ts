/**
 * Owns: writes to StreamJobSnapshots.
 *
 * SA1 A snapshot of that name that stands for another job's savepoint is never taken for ours.
 * SA2 The deletion of a StreamJob does not wait for an object that the API server will not take, as in a namespace that is being
 *     deleted; for one that it could take it does (P-29).
 */
import { CLEANUP_FINALIZER, type StreamJobSnapshot } from "../../crds/index.ts";
import { isApiError } from "../kubernetes/api/index.ts";
import { type ActionContext, type CallContext, call, keyOf } from "./action-context.ts";
import { ActionStopped } from "./outcome.ts";

export async function createSnapshot(context: ActionContext, snapshot: StreamJobSnapshot): Promise<StreamJobSnapshot> {
  const { api, caches } = context;
  const { name } = snapshot.metadata;
  let stored: StreamJobSnapshot | null;
  try {
    stored = await call(context, `create StreamJobSnapshot ${name}`, (signal) =>
      api.create("StreamJobSnapshot", snapshot, { signal }),
    );
  } catch (error) {
    if (!isApiError(error, "AlreadyExists")) throw error;
    const key = keyOf(context, name);
    stored = await call(context, `get StreamJobSnapshot ${name}`, (signal) =>
      api.get("StreamJobSnapshot", key, { signal }),
    );
    if (stored === null) throw new ActionStopped(`StreamJobSnapshot ${name} existed and is gone`, "outdated");
    if (stored.spec.jobRef.name !== snapshot.spec.jobRef.name || stored.spec.path !== snapshot.spec.path) {
      const whose = `it belongs to StreamJob ${stored.spec.jobRef.name}, path ${stored.spec.path ?? "none"}`;
      throw new ActionStopped(`StreamJobSnapshot ${name} already exists: ${whose}; rename or delete it`, "refused");
    }
  }
  caches.StreamJobSnapshot.noteWrite(stored);
  return stored;
}

/** Makes the object and writes its status, whatever of that an earlier try has done already (SA2). */
export async function recordSavepoint(
  context: ActionContext,
  snapshot: StreamJobSnapshot,
  location: string,
): Promise<void> {
  const { api, caches, log, tell } = context;
  const { name } = snapshot.metadata;
  try {
    const { status, ...made } = snapshot;
    const stored = await createSnapshot(context, made);
    if (stored.status?.phase === "Completed" || status === undefined) return;
    const written = await call(context, `write the status of StreamJobSnapshot ${name}`, (signal) =>
      api.updateStatus("StreamJobSnapshot", { ...stored, status }, { signal }),
    );
    caches.StreamJobSnapshot.noteWrite(written);
  } catch (error) {
    // A shut gate is no word of the API server's: whoever leads now makes the object.
    if (!isRefusal(error) || context.gate.ask().kind === "shut") throw error;
    const note = `the state is in savepoint ${location}, but StreamJobSnapshot ${name} cannot be created: ${error.message}`;
    tell({ type: "Warning", reason: "SavepointUnlisted", note });
    log.warn(
      { job: `${context.namespace}/${context.job.metadata.name}`, snapshot: name, location, err: error },
      "a savepoint was taken, but its StreamJobSnapshot cannot be created",
    );
  }
}

/** Whether another try would end the same way. */
function isRefusal(error: unknown): error is Error {
  if (error instanceof ActionStopped) return error.kind === "refused";
  return isApiError(error, "Forbidden", "Invalid", "BadRequest", "NotFound");
}

export async function writeSnapshotStatus(
  context: ActionContext,
  name: string,
  resourceVersion: string,
  status: StreamJobSnapshot["status"],
): Promise<void> {
  const { api, caches } = context;
  const present = caches.StreamJobSnapshot.get(keyOf(context, name));
  if (present === null) throw new ActionStopped(`StreamJobSnapshot ${name} is gone`, "outdated");
  const metadata = { ...present.metadata, resourceVersion };
  const object = { ...present, metadata, ...(status === undefined ? {} : { status }) };
  const written = await call(context, `write the status of StreamJobSnapshot ${name}`, (signal) =>
    api.updateStatus("StreamJobSnapshot", object, { signal }),
  );
  caches.StreamJobSnapshot.noteWrite(written);
}

/** Gives it our finalizer, where it is not there yet: people write none. */
export async function holdSnapshot(context: ActionContext, name: string): Promise<void> {
  const present = context.caches.StreamJobSnapshot.get(keyOf(context, name));
  const { finalizers = [], deletionTimestamp } = present?.metadata ?? {};
  if (present === null || deletionTimestamp !== undefined || finalizers.includes(CLEANUP_FINALIZER)) return;
  await writeFinalizers(context, present, [...finalizers, CLEANUP_FINALIZER]);
}

/** Takes our finalizer away, where it still is. */
export async function releaseSnapshot(context: CallContext, name: string): Promise<void> {
  const present = context.caches.StreamJobSnapshot.get(keyOf(context, name));
  const { finalizers = [] } = present?.metadata ?? {};
  if (present === null || !finalizers.includes(CLEANUP_FINALIZER)) return;
  const left = finalizers.filter((finalizer) => finalizer !== CLEANUP_FINALIZER);
  await writeFinalizers(context, present, left);
}

async function writeFinalizers(
  context: CallContext,
  { metadata: { name, uid, resourceVersion } }: StreamJobSnapshot,
  finalizers: readonly string[],
): Promise<void> {
  const { api, caches } = context;
  const patch = { metadata: { finalizers, uid, resourceVersion } };
  const written = await call(context, `write the finalizers of StreamJobSnapshot ${name}`, (signal) =>
    api.patch("StreamJobSnapshot", keyOf(context, name), patch, { signal }),
  );
  caches.StreamJobSnapshot.noteWrite(written);
}

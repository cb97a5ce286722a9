/**
 * Owns: writes to StreamJobSnapshots.
 *
 * SA1 A snapshot of that name that stands for another job's savepoint is never taken for ours.
 */
import { CLEANUP_FINALIZER, type StreamJobSnapshot } from "../../crds/index.ts";
import { isApiError } from "../kubernetes/index.ts";
import { type ActionContext, call, keyOf } from "./action-context.ts";
import { ActionStopped } from "./outcome.ts";

export async function createSnapshot(context: ActionContext, snapshot: StreamJobSnapshot): Promise<void> {
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
    if (stored === null) throw new ActionStopped(`StreamJobSnapshot ${name} was there and is gone`, true);
    if (stored.spec.jobRef.name !== snapshot.spec.jobRef.name || stored.spec.path !== snapshot.spec.path) {
      const whose = `it is of StreamJob ${stored.spec.jobRef.name}, path ${stored.spec.path ?? "none"}`;
      throw new ActionStopped(`StreamJobSnapshot ${name} is in the way: ${whose}; rename or delete it`);
    }
  }
  caches.StreamJobSnapshot.noteWrite(stored);
}

export async function writeSnapshotStatus(
  context: ActionContext,
  name: string,
  resourceVersion: string,
  status: StreamJobSnapshot["status"],
): Promise<void> {
  const { api, caches } = context;
  const present = caches.StreamJobSnapshot.get(keyOf(context, name));
  if (present === null) throw new ActionStopped(`StreamJobSnapshot ${name} is gone`, true);
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
export async function releaseSnapshot(context: ActionContext, name: string): Promise<void> {
  const present = context.caches.StreamJobSnapshot.get(keyOf(context, name));
  const { finalizers = [] } = present?.metadata ?? {};
  if (present === null || !finalizers.includes(CLEANUP_FINALIZER)) return;
  const left = finalizers.filter((finalizer) => finalizer !== CLEANUP_FINALIZER);
  await writeFinalizers(context, present, left);
}

async function writeFinalizers(
  context: ActionContext,
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

/**
 * Owns: writes to the StreamJob itself: its status, finalizer, annotations.
 *
 * OO1 Every one of them is bound to the version that was looked at: of two operators one gets Conflict, and nothing newer is
 *     overwritten (P-22). The spec is in none of them.
 * OO2 A status whose version was outdated by nothing that it was decided from is written to the newer version. Else whoever changes a
 *     label more often than a look takes would keep the operator from ever writing anything.
 */
import { CLEANUP_FINALIZER, type StreamJob, type StreamJobStatus } from "../../crds/index.ts";
import { isApiError } from "../kubernetes/api/index.ts";
import { type ActionContext, call, keyOf } from "./action-context.ts";
import { ActionStopped } from "./outcome.ts";
import { isSameToDecide } from "./same-to-decide.ts";

/** Of a status, per look. */
const TRIES_MAX = 5;

export async function writeStatus(context: ActionContext, status: StreamJobStatus): Promise<void> {
  // Without a version the write would be unconditional.
  if (context.job.metadata.resourceVersion === undefined)
    throw new ActionStopped("the StreamJob has no resourceVersion", "unanswered");
  for (let tries = 1; ; tries++) {
    try {
      context.job = await sendStatus(context, status);
      return;
    } catch (error) {
      if (!isApiError(error, "Conflict") || tries === TRIES_MAX) throw error;
      const newer = await readAgain(context);
      if (newer === null || !isSameToDecide(context.job, newer)) throw error;
      context.job = newer;
    }
  }
}

async function sendStatus(context: ActionContext, status: StreamJobStatus): Promise<StreamJob> {
  const { api, job, caches } = context;
  const written = await call(context, `write the status of ${job.metadata.name}`, (signal) =>
    api.updateStatus("StreamJob", { ...job, status }, { signal }),
  );
  caches.StreamJob.noteWrite(written);
  return written;
}

function readAgain(context: ActionContext): Promise<StreamJob | null> {
  const { name } = context.job.metadata;
  return call(context, `read ${name} again`, (signal) =>
    context.api.get("StreamJob", keyOf(context, name), { signal }),
  );
}

export async function addFinalizer(context: ActionContext): Promise<void> {
  const { finalizers = [], deletionTimestamp } = context.job.metadata;
  if (finalizers.includes(CLEANUP_FINALIZER)) return;
  // The API server refuses new finalizers then.
  if (deletionTimestamp !== undefined) throw new ActionStopped("the StreamJob is being deleted", "outdated");
  await patchMetadata(context, { finalizers: [...finalizers, CLEANUP_FINALIZER] });
}

export async function removeFinalizer(context: ActionContext): Promise<void> {
  const { finalizers = [] } = context.job.metadata;
  if (!finalizers.includes(CLEANUP_FINALIZER)) return;
  await patchMetadata(context, { finalizers: finalizers.filter((name) => name !== CLEANUP_FINALIZER) });
}

export async function removeAnnotation(context: ActionContext, annotation: string): Promise<void> {
  if (context.job.metadata.annotations?.[annotation] === undefined) return;
  await patchMetadata(context, { annotations: { [annotation]: null } });
}

async function patchMetadata(context: ActionContext, changes: object): Promise<void> {
  const { api, job, caches } = context;
  const { name, uid, resourceVersion } = job.metadata;
  const patch = { metadata: { ...changes, uid, resourceVersion } };
  const written = await call(context, `patch StreamJob ${name}`, (signal) =>
    api.patch("StreamJob", keyOf(context, name), patch, { signal }),
  );
  caches.StreamJob.noteWrite(written);
  context.job = written;
}

/**
 * Owns: ids and places that are made of what they stand for, so that whoever plans the same again plans the same id.
 *
 * ID1 A job id belongs to one incarnation of one StreamJob (its uid): fresh per restore, the same in every try (P-18).
 * ID2 A trigger id belongs to one attempt of one operation: asked for again it is the same savepoint, never a second (P-5).
 */
import { hexDigest } from "../../../base/index.ts";
import type { ResolvedSpec, StreamJob } from "../../../crds/index.ts";
import type { ReconcileSettings } from "./settings.ts";

const uidOf = (job: StreamJob): string => job.metadata.uid ?? "";

export const incarnationJobId = (job: StreamJob, incarnation: number): string =>
  hexDigest(32, "incarnation", uidOf(job), incarnation);

/** `number`: how many incarnations there had been when the operation began; it tells operations of one generation apart. */
export const operationId = (job: StreamJob, kind: string, generation: number, number: number): string =>
  hexDigest(32, "operation", uidOf(job), kind, generation, number);

export const stopTriggerId = (operation: string, attempt: number): string => hexDigest(32, "stop", operation, attempt);

/** Of the checkpoint that a new incarnation is asked for; `attempt` counts from 0. */
export const firstCheckpointTriggerId = (activation: string, attempt: number): string =>
  hexDigest(32, "first checkpoint", activation, attempt);

export const activationIdOf = (operation: string, incarnation: number): string =>
  hexDigest(32, "activation", operation, incarnation);

/** Asked of another incarnation it is another savepoint, in a folder of its own. */
export const snapshotTriggerId = (snapshotUid: string, incarnation: number): string =>
  hexDigest(32, "savepoint", snapshotUid, incarnation);

/** An incarnation's own store. */
export function storeUriOf(job: StreamJob, spec: ResolvedSpec, jobId: string, settings: ReconcileSettings): string {
  return `${storageRoot(spec, settings)}/${job.metadata.namespace}/${jobId}`;
}

/** Where savepoints of a job's namespace are when its spec does not say. */
export function ownSavepoints(job: StreamJob, settings: ReconcileSettings): string {
  return `${settings.storageRoot.replace(/\/+$/, "")}/${job.metadata.namespace}/savepoints`;
}

/** Folder of all savepoints of the job. */
export function savepointDirectory(job: StreamJob, spec: ResolvedSpec, settings: ReconcileSettings): string {
  const root = spec.savepoints.path ?? `${storageRoot(spec, settings)}/${job.metadata.namespace}/savepoints`;
  return `${root.replace(/\/+$/, "")}/${job.metadata.name}-${uidOf(job).slice(0, 8)}`;
}

/** Exactly one savepoint's folder, known before it is asked for (P-8). */
export const savepointTarget = (directory: string, triggerId: string): string =>
  `${directory}/savepoint-${triggerId.slice(0, 16)}`;

function storageRoot(spec: ResolvedSpec, settings: ReconcileSettings): string {
  const { storage } = spec.checkpoints;
  return (storage.kind === "path" ? storage.path : settings.storageRoot).replace(/\/+$/, "");
}

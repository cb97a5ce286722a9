/**
 * Owns: which places in a store a StreamJob or its snapshot names, and what for: nobody else may delete what is there.
 * Not here: what the operator itself deletes of a job's earlier incarnations, and when (storage/superseded-stores.ts).
 *
 * NMP1 A status that cannot be understood names whatever text is in it: what may be needed is not deleted (P-28).
 * NMP2 What a rollback may go back to is named until the incarnation that runs is stable (SUP1).
 */
import type { RestorePoint, StreamJob, StreamJobSnapshot, StreamJobStatus } from "../../../crds/index.ts";
import { readSnapshotStatusOf, readStatusOf } from "../status/stored-status.ts";

/** `by`: who and what for, as the subject of a sentence. */
export type NamedPlace = { readonly location: string; readonly by: string };

/** Of the job's own and of others' stores. */
export function placesNamedBy(job: StreamJob): readonly NamedPlace[] {
  const who = `StreamJob ${job.metadata.namespace ?? ""}/${job.metadata.name}`;
  const stored = readStatusOf(job);
  const named = (what: string, places: readonly (string | null | undefined)[]): readonly NamedPlace[] =>
    places.flatMap((location) => (location ? [{ location, by: `${who} (${what})` }] : []));
  const spec = named("spec.restore.path", [job.spec.restore?.path]);
  if (stored.kind === "unreadable")
    return [...spec, ...named("its status, which cannot be read,", textsIn(job.status))];
  const { active, operation, resume, collecting, lastSavepoint, savepoint } = stored.status;
  return [
    ...spec,
    ...named("the incarnation that runs", [active?.storeUri]),
    ...named("resume point", placesOf(resume)),
    ...named(`operation ${operation?.kind}`, [
      ...placesOf(operation?.restore),
      ...(operation?.predecessors ?? []),
      operation?.savepoint?.target,
      operation?.savepoint?.path,
    ]),
    ...named("being deleted by the operator", [collecting?.storeUri]),
    ...named(`until incarnation ${active?.incarnation ?? operation?.to} is stable`, awaitedStores(stored.status)),
    ...named("savepoint", [lastSavepoint?.path, savepoint?.target]),
  ];
}

/** A savepoint that may still be being written, too. */
export function placesNamedBySnapshot(snapshot: StreamJobSnapshot): readonly NamedPlace[] {
  const by = `StreamJobSnapshot ${snapshot.metadata.namespace ?? ""}/${snapshot.metadata.name}`;
  const stored = readSnapshotStatusOf(snapshot);
  const places = stored.kind === "read" ? [stored.status.location] : textsIn(snapshot.status);
  return [snapshot.spec.path, ...places].flatMap((location) => (location ? [{ location, by }] : []));
}

/** NMP2 */
function awaitedStores({ active, operation, stores }: StreamJobStatus): readonly string[] {
  const isSettled = active === undefined || active.ended !== null || active.stableAt !== null;
  if (operation === undefined && isSettled) return [];
  return stores.map(({ storeUri }) => storeUri);
}

function placesOf(restore: RestorePoint | null | undefined): readonly (string | null)[] {
  if (restore?.kind === "path") return [restore.path];
  return restore?.kind === "latest" ? [restore.storeUri, restore.savepoint] : [];
}

/** NMP1 */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

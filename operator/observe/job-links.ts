/**
 * Owns: which snapshots belong to which job and which jobs restore from or name which savepoint, kept up to date by the changes of
 * the caches, so that no look at a job has to go through all the others.
 * Called by: the controller, with every change of a StreamJob or StreamJobSnapshot; observe, which asks.
 *
 * JL1 What is asked costs as much as the answer is long, whatever the number of jobs.
 * JL2 A status that cannot be understood names whatever text is in it: what may be needed is not deleted (P-28).
 */
import type { StreamJob, StreamJobSnapshot } from "../../crds/index.ts";
import { readStatusOf } from "../reconcile/index.ts";

/** A change of a cache: what was there before and what is there now. */
export type Change<T> = { readonly before: T | null; readonly after: T | null };

export class JobLinks {
  /** namespace/job → names of its snapshots. */
  readonly #snapshots = new Index();
  /** namespace/location → names of jobs that restore from it or name it. */
  readonly #locations = new Index();
  /** Job id of a store → namespace/name of jobs that name a checkpoint in it. */
  readonly #stores = new Index();
  /** namespace/snapshot → names of jobs whose spec restores from it. */
  readonly #restores = new Index();

  onSnapshot({ before, after }: Change<StreamJobSnapshot>): void {
    if (before !== null) this.#snapshots.remove(jobOf(before), before.metadata.name);
    if (after !== null) this.#snapshots.add(jobOf(after), after.metadata.name);
  }

  onJob({ before, after }: Change<StreamJob>): void {
    if (before !== null) this.#link(before, "remove");
    if (after !== null) this.#link(after, "add");
  }

  /** Names. */
  snapshotsOf(namespace: string, job: string): readonly string[] {
    return this.#snapshots.get(keyOf(namespace, job));
  }

  /** Names of jobs whose spec restores from the snapshot. */
  jobsThatRestore(namespace: string, snapshot: string): readonly string[] {
    return this.#restores.get(keyOf(namespace, snapshot));
  }

  /** Names of jobs that restore from the location, or name it in their status. */
  jobsThatName(namespace: string, location: string): readonly string[] {
    return this.#locations.get(keyOf(namespace, withoutSlash(location)));
  }

  /** namespace/name of jobs, of all namespaces, that restore from a checkpoint in the store, or name one in their status. */
  jobsThatNameStore(storeUri: string): readonly string[] {
    return idsIn(storeUri).flatMap((id) => this.#stores.get(id));
  }

  #link(job: StreamJob, act: "add" | "remove"): void {
    const { name, namespace } = job.metadata;
    const { snapshot } = job.spec.restore ?? {};
    if (snapshot !== undefined) this.#restores[act](keyOf(namespace, snapshot), name);
    const ids = new Set<string>();
    for (const location of locationsOf(job)) {
      this.#locations[act](keyOf(namespace, location), name);
      for (const id of idsIn(location)) ids.add(id);
    }
    for (const id of ids) this.#stores[act](id, nameOf(job));
  }
}

/** Savepoints that the job needs or may need: what it is to start from, and what its status tells. */
function locationsOf(job: StreamJob): Set<string> {
  const stored = readStatusOf(job);
  if (stored.kind === "unreadable") return new Set(textsIn([job.spec.restore, job.status]).map(withoutSlash));
  const { operation, resume, lastSavepoint, savepoint } = stored.status;
  const restores = [operation?.restore, resume].flatMap((restore) => {
    if (restore?.kind === "path") return [restore.path];
    return restore?.kind === "latest" ? [restore.savepoint] : [];
  });
  const named = [
    job.spec.restore?.path,
    ...restores,
    operation?.savepoint?.target,
    operation?.savepoint?.path,
    lastSavepoint?.path,
    savepoint?.target,
  ];
  return new Set(named.flatMap((location) => (location ? [withoutSlash(location)] : [])));
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

class Index {
  readonly #values = new Map<string, Set<string>>();

  add(key: string, value: string): void {
    const values = this.#values.get(key);
    if (values === undefined) this.#values.set(key, new Set([value]));
    else values.add(value);
  }

  remove(key: string, value: string): void {
    const values = this.#values.get(key);
    values?.delete(value);
    if (values?.size === 0) this.#values.delete(key);
  }

  get(key: string): readonly string[] {
    return [...(this.#values.get(key) ?? [])].sort();
  }
}

export const nameOf = ({ metadata }: StreamJob): string => keyOf(metadata.namespace ?? "", metadata.name);

/** Job ids among the folders of a location: a store is known by its own, however people write the way there. */
const idsIn = (location: string): readonly string[] => location.match(/(?<=\/)[0-9a-f]{32}(?=\/|$)/g) ?? [];

const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`;

const jobOf = (snapshot: StreamJobSnapshot): string =>
  keyOf(snapshot.metadata.namespace ?? "", snapshot.spec.jobRef.name);

const withoutSlash = (location: string): string => location.replace(/\/+$/, "");

/**
 * Owns: which StreamJobs are to be looked at when an object changes, and the watch caches with their links.
 *
 * WI1 Every change of something that a look reads leads to a look at the job that reads it: by owner reference or label for children,
 *     by name for snapshots.
 * WI2 Watched are only objects with our labels, StreamJobs and StreamJobSnapshots: a cluster's other pods cost nothing.
 * WI3 Of pods, and of the revisions that StatefulSets keep of their pod templates under our labels, only what a look reads is kept: they
 *     would be most of the memory.
 */
import {
  JOB_LABEL,
  MANAGED_BY_LABEL,
  MANAGER,
  STREAM_JOB_KIND,
  type StreamJob,
  type StreamJobSnapshot,
} from "../../crds/index.ts";
import type { Clock, Log, Random } from "../../base/index.ts";
import { type CacheChange, WatchCache } from "../kubernetes/machinery/index.ts";
import type { ControllerRevision, Kinds, KubernetesApi, ObjectKey, Pod } from "../kubernetes/api/index.ts";
import { type Change, JobLinks, type WatchedKind, watchedKinds } from "../observe/index.ts";

export type Caches = { readonly [K in WatchedKind]: WatchCache<K> };

export type WiringOptions = {
  readonly api: KubernetesApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** null: all. */
  readonly namespace: string | null;
};

/** `namespace/name`, as the queue knows it. */
export const keyText = ({ namespace, name }: ObjectKey): string => `${namespace}/${name}`;

export function parseKey(text: string): ObjectKey {
  const slash = text.indexOf("/");
  return { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}

/** Caches that are yet to be started. */
export function createCaches(options: WiringOptions): Caches {
  const ours = { ...options, labels: { [MANAGED_BY_LABEL]: MANAGER } };
  const { api } = options;
  return {
    StreamJob: new WatchCache(api, "StreamJob", options),
    StreamJobSnapshot: new WatchCache(api, "StreamJobSnapshot", options),
    Pod: new WatchCache(api, "Pod", { ...ours, indexLabels: [JOB_LABEL], held: heldOfPod }),
    StatefulSet: new WatchCache(api, "StatefulSet", ours),
    Service: new WatchCache(api, "Service", ours),
    ConfigMap: new WatchCache(api, "ConfigMap", ours),
    ControllerRevision: new WatchCache(api, "ControllerRevision", { ...ours, held: heldOfRevision }),
    PodDisruptionBudget: new WatchCache(api, "PodDisruptionBudget", ours),
  };
}

function heldOfPod(pod: Pod): Pod {
  const containers = pod.spec.containers.map(({ name, image, resources }) => ({
    name,
    image,
    ...(resources === undefined ? {} : { resources }),
  }));
  return { ...pod, spec: { containers } };
}

function heldOfRevision(revision: ControllerRevision): ControllerRevision {
  if (revision.metadata.ownerReferences?.some(({ kind }) => kind === STREAM_JOB_KIND) === true) return revision;
  const { data: _, ...rest } = revision;
  return rest;
}

/** Has changes lead to looks; the links are up to date before anyone looks. */
export function wire(caches: Caches, links: JobLinks, look: (key: string) => void): void {
  caches.StreamJob.subscribe((change) => {
    links.onJob(changeOf(change));
    look(keyText(change.object.metadata));
  });
  caches.StreamJobSnapshot.subscribe((change) => {
    links.onSnapshot(changeOf(change));
    for (const key of readersOf(change, links)) look(key);
  });
  for (const kind of watchedKinds) {
    if (kind === "StreamJob" || kind === "StreamJobSnapshot") continue;
    caches[kind].subscribe((change: CacheChange<Kinds[typeof kind]>) => {
      const job = isCounting(change) ? null : jobOf(change.object);
      if (job !== null) look(job);
    });
  }
}

function changeOf<T>({ kind, object, old }: CacheChange<T>): Change<T> {
  return { before: old, after: kind === "deleted" ? null : object };
}

/** The snapshot's job, and jobs that start from it. */
function readersOf(change: CacheChange<StreamJobSnapshot>, links: JobLinks): Set<string> {
  const { namespace, name } = change.object.metadata;
  const jobs = [change.object.spec.jobRef.name, ...links.jobsThatRestore(namespace, name)];
  if (change.old !== null) jobs.push(change.old.spec.jobRef.name);
  return new Set(jobs.map((job) => keyText({ namespace, name: job })));
}

/** Whether all that is new of a StatefulSet is how many of its pods are ready: the pods themselves have said that. */
function isCounting({ object, old, kind }: CacheChange<Kinds[WatchedKind]>): boolean {
  if (kind !== "updated" || object.kind !== "StatefulSet" || old.kind !== "StatefulSet") return false;
  const [now, before] = [object, old].map(({ metadata, status }) => [
    metadata.generation,
    metadata.deletionTimestamp,
    metadata.labels,
    metadata.ownerReferences,
    status?.replicas,
  ]);
  return JSON.stringify(now) === JSON.stringify(before);
}

/** The StreamJob that a child belongs to: its owner; of a pod, whose owner is a StatefulSet, the label says it. */
function jobOf({ metadata }: Pick<StreamJob, "metadata">): string | null {
  const owner = metadata.ownerReferences?.find(
    ({ kind, controller }) => controller === true && kind === STREAM_JOB_KIND,
  );
  const name = owner?.name ?? metadata.labels?.[JOB_LABEL];
  return name === undefined ? null : keyText({ namespace: metadata.namespace ?? "", name });
}

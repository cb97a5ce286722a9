/**
 * Owns: which objects are a StreamJob's children, and which of its incarnations each belongs to.
 *
 * CHIL1 What has an owner is told by the owner's uid (OB2): an earlier StreamJob of the same name had the same names and labels.
 * CHIL3 An incarnation's ConfigMap is told by its label: operators of other versions name it otherwise.
 * CHIL2 A pod is owned by its StatefulSet. When that is gone already, the pod is counted as this job's unless it is older than the
 *     StreamJob: better to wait for a stranger than to overlook a process that still writes (P-12).
 */
import { COMPONENT_LABEL, JOB_LABEL, parseTime, type StreamJob } from "../../crds/index.ts";
import type { Pod, PodDisruptionBudget, Service } from "../kubernetes/api/index.ts";
import type { ObservedIncarnation } from "../reconcile/index.ts";
import {
  incarnationName,
  incarnationOf,
  isOwnedBy,
  restServiceName,
  STORAGE_COMPONENT,
  statefulSetName,
} from "../engine/index.ts";
import type { ObjectReaders } from "./object-reader.ts";

/** An incarnation before its JobManager was asked. */
export type IncarnationObjects = Omit<ObservedIncarnation, "jobManager">;

/** Every incarnation of which anything is left, by number. */
export function incarnationsOf(job: StreamJob, readers: ObjectReaders): IncarnationObjects[] {
  const { name, namespace, uid = "" } = job.metadata;
  const configMaps = readers.ConfigMap.byOwner(uid)
    .filter((object) => isOwnedBy(object, uid))
    .sort(byName);
  const services = readers.Service.byOwner(uid).filter((object) => isOwnedBy(object, uid));
  const sets = readers.StatefulSet.byOwner(uid).filter((object) => isOwnedBy(object, uid));
  const pods = readers.Pod.byLabel(namespace, JOB_LABEL, name).filter((pod) => isPodOf(pod, job, readers));
  const numbers = new Set<number>();
  for (const object of [...configMaps, ...services, ...sets, ...pods]) {
    const number = incarnationOf(object);
    if (number !== null) numbers.add(number);
  }
  const named = <T extends { readonly metadata: { readonly name: string } }>(objects: readonly T[], wanted: string) =>
    objects.find((object) => object.metadata.name === wanted) ?? null;
  return [...numbers]
    .sort((a, b) => a - b)
    .map((number) => ({
      number,
      configMap: configMaps.find((object) => incarnationOf(object) === number) ?? null,
      service: named(services, incarnationName(name, number)),
      jobManagerSet: named(sets, statefulSetName(name, number, "jobmanager")),
      taskManagerSet: named(sets, statefulSetName(name, number, "taskmanager")),
      pods: pods.filter((pod) => incarnationOf(pod) === number).sort(byName),
    }));
}

/** The Service that leads to the active incarnation; null too when somebody else has the name. */
export function restServiceOf(job: StreamJob, readers: ObjectReaders): Service | null {
  const { name, namespace, uid } = job.metadata;
  const service = readers.Service.get({ namespace, name: restServiceName(name) });
  return service !== null && isOwnedBy(service, uid) ? service : null;
}

export function disruptionBudgetsOf(job: StreamJob, readers: ObjectReaders): PodDisruptionBudget[] {
  const { uid = "" } = job.metadata;
  return readers.PodDisruptionBudget.byOwner(uid)
    .filter((budget) => isOwnedBy(budget, uid))
    .sort(byName);
}

/** By number of the incarnation, the names of pods that an earlier StreamJob of the same name has left behind (CHIL1). */
export function earlierPodsOf(job: StreamJob, readers: ObjectReaders): ReadonlyMap<number, readonly string[]> {
  const { name, namespace } = job.metadata;
  const found = new Map<number, string[]>();
  for (const pod of readers.Pod.byLabel(namespace, JOB_LABEL, name).toSorted(byName)) {
    const number = incarnationOf(pod);
    if (number !== null && !isPodOf(pod, job, readers))
      found.set(number, [...(found.get(number) ?? []), pod.metadata.name]);
  }
  return found;
}

/** Pods that delete files (CUP1). */
export function storagePodsOf(job: StreamJob, readers: ObjectReaders): Pod[] {
  const { name, namespace, uid } = job.metadata;
  return readers.Pod.byLabel(namespace, JOB_LABEL, name)
    .filter((pod) => pod.metadata.labels?.[COMPONENT_LABEL] === STORAGE_COMPONENT && isOwnedBy(pod, uid))
    .sort(byName);
}

/** CHIL2. */
function isPodOf(pod: Pod, job: StreamJob, readers: ObjectReaders): boolean {
  const { uid, namespace } = job.metadata;
  const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner?.uid === uid) return true;
  const set = owner === undefined ? null : readers.StatefulSet.get({ namespace, name: owner.name });
  if (set !== null && set.metadata.uid === owner?.uid) return isOwnedBy(set, uid);
  const [podTime, jobTime] = [pod.metadata.creationTimestamp, job.metadata.creationTimestamp];
  return podTime === undefined || jobTime === undefined || parseTime(podTime) >= parseTime(jobTime);
}

type Named = { readonly metadata: { readonly name: string } };

/** So that what is found does not depend on the order in which it was listed. */
export function byName(a: Named, b: Named): number {
  return a.metadata.name < b.metadata.name ? -1 : a.metadata.name > b.metadata.name ? 1 : 0;
}

/**
 * Owns: the names, labels and addresses of a StreamJob's children.
 *
 * NM1 A child's name is made of the job's name and, where it belongs to an incarnation, its number; numbers are never used again,
 *     so neither are names while the StreamJob lives.
 * NM2 All of them fit Kubernetes' limits, because the custom resource limits the job's name (JOB_NAME_LENGTH_MAX).
 * NM3 A kubelet keeps an immutable ConfigMap by its name, for as long as it has a pod that refers to it, also one that is gone for the API
 *     server since it was deleted by force. So a ConfigMap's name has a part that no other StreamJob of the same name ever had.
 */
import { hexDigest } from "../../base/index.ts";
import {
  COMPONENT_LABEL,
  INCARNATION_LABEL,
  INSTANCE_LABEL,
  JOB_LABEL,
  MANAGED_BY_LABEL,
  MANAGER,
  NAME_LABEL,
  NAME_LABEL_VALUE,
} from "../../crds/index.ts";

export const RPC_PORT = 6123;
export const REST_PORT = 8081;
/** Health and metrics, of both components. */
export const METRICS_PORT = 9249;

export type Component = "jobmanager" | "taskmanager";

/** Headless Service of an incarnation. */
export const incarnationName = (job: string, incarnation: number): string => `${job}-${incarnation}`;

/** NM3. `uid`: the StreamJob's. */
export const configMapName = (job: string, incarnation: number, uid: string): string =>
  `${job}-${incarnation}-${hexDigest(8, uid)}`;

export const statefulSetName = (job: string, incarnation: number, component: Component): string =>
  `${job}-${incarnation}-${component}`;

/** The Secret with the certificates of an incarnation's processes. */
export const identitySecretName = (job: string, incarnation: number): string => `${job}-${incarnation}-tls`;

/** The Service that always leads to the active incarnation's JobManager. */
export const restServiceName = (job: string): string => `${job}-rest`;

export const revisionName = (job: string, hash: string): string => `${job}-${hash}`;

export const disruptionBudgetName = (job: string, component: Component): string => `${job}-${component}`;

/** Value of the component label of clean-up pods. */
export const STORAGE_COMPONENT = "storage";

/** `id` of what it is to do. */
export const storagePodName = (job: string, id: string): string => `${job}-storage-${id}`;

/** DNS name of the JobManager's pod. */
export function jobManagerHost(namespace: string, job: string, incarnation: number): string {
  return `${statefulSetName(job, incarnation, "jobmanager")}-0.${incarnationName(job, incarnation)}.${namespace}.svc`;
}

/** On every child of the job. */
export function jobLabels(job: string): Record<string, string> {
  return {
    [NAME_LABEL]: NAME_LABEL_VALUE,
    [INSTANCE_LABEL]: job,
    [MANAGED_BY_LABEL]: MANAGER,
    [JOB_LABEL]: job,
  };
}

/** On every child of one incarnation. */
export function incarnationLabels(job: string, incarnation: number): Record<string, string> {
  return { ...jobLabels(job), [INCARNATION_LABEL]: String(incarnation) };
}

/** On a component's pods; what StatefulSets, Services and budgets select by. */
export function podLabels(job: string, incarnation: number, component: Component): Record<string, string> {
  return { ...incarnationLabels(job, incarnation), [COMPONENT_LABEL]: component };
}

/** The incarnation that an object is labelled with; null: of none. */
export function incarnationOf(object: {
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> };
}): number | null {
  const label = object.metadata.labels?.[INCARNATION_LABEL];
  if (label === undefined || !/^[1-9][0-9]{0,8}$/.test(label)) return null;
  return Number(label);
}

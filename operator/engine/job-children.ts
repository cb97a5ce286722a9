/**
 * Owns: the objects of a job that belong to no incarnation: the Service that leads to the active one, disruption budgets, revisions.
 */
import type { StreamJob, StreamJobSpec } from "../../crds/index.ts";
import type { ControllerRevision, PodDisruptionBudget, Service } from "../kubernetes/api/index.ts";
import {
  type Component,
  disruptionBudgetName,
  jobLabels,
  podLabels,
  REST_PORT,
  restServiceName,
  revisionName,
} from "./names.ts";
import { ownedBy } from "./owner.ts";

/** Leads to the JobManager of incarnation `active`. */
export function restService(job: StreamJob, active: number): Service {
  const { name, namespace } = job.metadata;
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: restServiceName(name), namespace, labels: jobLabels(name), ownerReferences: [ownedBy(job)] },
    spec: {
      selector: podLabels(name, active, "jobmanager"),
      ports: [{ name: "rest", port: REST_PORT, targetPort: REST_PORT }],
    },
  };
}

/** At most one pod of the component of incarnation `active` is evicted at a time. */
export function disruptionBudget(job: StreamJob, component: Component, active: number): PodDisruptionBudget {
  const { name, namespace } = job.metadata;
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: {
      name: disruptionBudgetName(name, component),
      namespace,
      labels: jobLabels(name),
      ownerReferences: [ownedBy(job)],
    },
    spec: {
      maxUnavailable: 1,
      selector: { matchLabels: podLabels(name, active, component) },
      // A job that does not run does not keep a node from being drained.
      unhealthyPodEvictionPolicy: "AlwaysAllow",
    },
  };
}

export type RevisionData = { readonly generation: number; readonly spec: StreamJobSpec };

/** `hash` of what an incarnation runs with; `data` holds the spec as it was written. */
export function controllerRevision(
  job: StreamJob,
  revision: number,
  hash: string,
  data: RevisionData,
): ControllerRevision {
  const { name, namespace } = job.metadata;
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name: revisionName(name, hash),
      namespace,
      labels: { ...jobLabels(name), "streamjob.dev/revision-hash": hash },
      ownerReferences: [ownedBy(job)],
    },
    revision,
    data,
  };
}

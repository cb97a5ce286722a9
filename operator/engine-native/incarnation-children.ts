/**
 * Owns: the objects of one incarnation: ConfigMap, headless Service, StatefulSets of JobManager and TaskManagers.
 * Not here: when they are made and deleted (operator/reconcile).
 *
 * INC1 They are made once and never changed: another spec is another incarnation. An operator of another version, with other
 *     defaults, leaves those that are there alone (P-1, P-31).
 */
import type { ConfigMap, Service, StatefulSet } from "../kubernetes/api/index.ts";
import {
  type Component,
  type IncarnationChildren,
  type IncarnationInput,
  incarnationLabels,
  incarnationName,
  ownedBy,
  podLabels,
  REST_PORT,
  RPC_PORT,
  statefulSetName,
} from "../engine/index.ts";
import { configData } from "./incarnation-config.ts";
import { copiedConfigMap, programData } from "./program-files.ts";
import { podTemplate } from "./pod-template.ts";

/** All objects of an incarnation. Shapes as Kubernetes takes them. */
export function incarnationChildren(input: IncarnationInput): IncarnationChildren {
  return {
    configMap: configMap(input),
    filesOf: copiedConfigMap(input.spec.job.source),
    service: headlessService(input),
    jobManagerSet: statefulSet(input, "jobmanager"),
    taskManagerSet: statefulSet(input, "taskmanager"),
  };
}

function metadata(input: IncarnationInput, name: string) {
  const { job, number } = input;
  return {
    name,
    namespace: job.metadata.namespace,
    labels: incarnationLabels(job.metadata.name, number),
    ownerReferences: [ownedBy(job)],
  };
}

function configMap(input: IncarnationInput): ConfigMap {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: metadata(input, input.configMapName),
    immutable: true,
    data: { ...configData(input), ...programData(input.spec.job.source) },
  };
}

function headlessService(input: IncarnationInput): Service {
  const { job, number } = input;
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata(input, incarnationName(job.metadata.name, number)),
    spec: {
      clusterIP: "None",
      publishNotReadyAddresses: true,
      selector: podLabels(job.metadata.name, number, "jobmanager"),
      ports: [
        { name: "rpc", port: RPC_PORT, targetPort: RPC_PORT },
        { name: "rest", port: REST_PORT, targetPort: REST_PORT },
      ],
    },
  };
}

function statefulSet(input: IncarnationInput, component: Component): StatefulSet {
  const { job, number, spec } = input;
  const labels = podLabels(job.metadata.name, number, component);
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { ...metadata(input, statefulSetName(job.metadata.name, number, component)), labels },
    spec: {
      replicas: component === "jobmanager" ? 1 : spec.taskManager.replicas,
      serviceName: incarnationName(job.metadata.name, number),
      podManagementPolicy: "Parallel",
      selector: { matchLabels: labels },
      updateStrategy: { type: "OnDelete" },
      template: podTemplate(input, component, labels),
    },
  };
}

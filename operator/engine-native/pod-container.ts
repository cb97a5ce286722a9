/**
 * Owns: the container of a pod of ours: its program, variables, ports, mounts and probes.
 *
 * PCN1 Addresses come in variables and the job in the ConfigMap, so that a pod that is started again finds the same.
 */
import type { ResolvedPods, StreamJob } from "../../crds/index.ts";
import { podVariables } from "../../contract/index.ts";
import type { Container, EnvVar } from "../kubernetes/api/index.ts";
import {
  type Component,
  type IncarnationInput,
  incarnationName,
  jobManagerHost,
  REST_PORT,
  RPC_PORT,
} from "../engine/index.ts";
import { podIdentity } from "./pod-identity.ts";
import { CONFIG_KEY, isLarge, JOB_FOLDER, LARGE_KEY, podConfig } from "./incarnation-config.ts";

const CONFIG_FOLDER = "/etc/streamjob/config";

export function container(input: IncarnationInput, component: Component, pods: ResolvedPods): Container {
  const { job, number, spec, defaultImage } = input;
  const isSplit = isLarge(podConfig(input));
  const identity = podIdentity(input, component);
  const mounts = [
    ...identity.mounts,
    ...(spec.job.source.kind === "configMap" ? [{ name: "job", mountPath: JOB_FOLDER, readOnly: true }] : []),
    ...(isSplit ? [{ name: "streamjob-config", mountPath: CONFIG_FOLDER, readOnly: true }] : []),
  ];
  const large = isSplit ? [{ name: podVariables.largeConfig, value: `${CONFIG_FOLDER}/${LARGE_KEY}` }] : [];
  return {
    name: component,
    image: spec.image ?? defaultImage,
    ...(spec.imagePullPolicy === null ? {} : { imagePullPolicy: spec.imagePullPolicy }),
    args: [component],
    // Its last lines tell why it ended.
    terminationMessagePolicy: "FallbackToLogsOnError",
    env: [
      ...(spec.job.env as readonly EnvVar[]),
      ...variables(job, number, component),
      ...identity.variables,
      ...large,
    ],
    ports:
      component === "jobmanager"
        ? [
            { name: "rpc", containerPort: RPC_PORT },
            { name: "rest", containerPort: REST_PORT },
          ]
        : [],
    ...(pods.resources === null ? {} : { resources: pods.resources }),
    ...(mounts.length === 0 ? {} : { volumeMounts: mounts }),
    // Served from the first moment, whatever the job does: ready means that it can be asked.
    ...(component === "jobmanager"
      ? { readinessProbe: { httpGet: { path: "/v1/streamjob/incarnation", port: "rest" }, periodSeconds: 5 } }
      : {}),
  };
}

function variables(job: StreamJob, number: number, component: Component): readonly EnvVar[] {
  const { name, namespace } = job.metadata;
  const config: EnvVar = {
    name: podVariables.config,
    valueFrom: { configMapKeyRef: { name: incarnationName(name, number), key: CONFIG_KEY } },
  };
  const podName: EnvVar = { name: podVariables.podName, valueFrom: { fieldRef: { fieldPath: "metadata.name" } } };
  if (component === "jobmanager") {
    return [
      config,
      podName,
      { name: podVariables.rpcListen, value: `0.0.0.0:${RPC_PORT}` },
      { name: podVariables.restListen, value: `0.0.0.0:${REST_PORT}` },
    ];
  }
  return [
    config,
    podName,
    { name: podVariables.podIp, valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
    { name: podVariables.jobManager, value: `${jobManagerHost(namespace, name, number)}:${RPC_PORT}` },
  ];
}

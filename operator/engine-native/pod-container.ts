/**
 * Owns: the container of a pod of ours: its program, variables, ports, mounts and probes; in what of it a user may set otherwise, and
 * in what not (UTP1).
 *
 * PCN1 Addresses come in variables and the job in the ConfigMap, so that a pod that is started again finds the same.
 */
import type { ResolvedSpec, StreamJob } from "../../crds/index.ts";
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
import { containerMemoryMiB, jobManagerHeapMiB } from "./pod-memory.ts";
import { CONFIG_KEY, isLarge, JOB_FOLDER, LARGE_KEY, podConfig } from "./incarnation-config.ts";

const CONFIG_FOLDER = "/etc/streamjob/config";

/** The pod's own folder for temporary files. */
export const TMP_VOLUME = "streamjob-tmp";

/** What of it a user's template may set otherwise. */
export function containerDefaults(
  spec: ResolvedSpec,
  component: Component,
): Partial<Container> & { readonly name: string } {
  const heapMiB = component === "jobmanager" ? jobManagerHeapMiB(spec) : null;
  return {
    name: component,
    // Its last lines tell why it ended.
    terminationMessagePolicy: "FallbackToLogsOnError",
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    volumeMounts: [{ name: TMP_VOLUME, mountPath: "/tmp" }],
    ...(heapMiB === null ? {} : { env: [{ name: "NODE_OPTIONS", value: `--max-old-space-size=${heapMiB}` }] }),
    // Served from the first moment, whatever the job does: ready means that it can be asked.
    ...(component === "jobmanager"
      ? { readinessProbe: { httpGet: { path: "/v1/streamjob/incarnation", port: "rest" }, periodSeconds: 5 } }
      : {}),
  };
}

/** What it cannot do without. */
export function requiredContainer(input: IncarnationInput, component: Component): Container {
  const { job, number, spec, defaultImage } = input;
  const { resources } = component === "jobmanager" ? spec.jobManager : spec.taskManager;
  const isSplit = isLarge(podConfig(input));
  const mounts = [
    ...(spec.job.source.kind === "configMap" ? [{ name: "job", mountPath: JOB_FOLDER, readOnly: true }] : []),
    ...(isSplit ? [{ name: "streamjob-config", mountPath: CONFIG_FOLDER, readOnly: true }] : []),
  ];
  const memoryMiB = component === "taskmanager" ? containerMemoryMiB(spec, component) : null;
  const memory = memoryMiB === null ? [] : [{ name: podVariables.memoryMiB, value: String(memoryMiB) }];
  const large = isSplit ? [{ name: podVariables.largeConfig, value: `${CONFIG_FOLDER}/${LARGE_KEY}` }] : [];
  return {
    name: component,
    image: spec.image ?? defaultImage,
    ...(spec.imagePullPolicy === null ? {} : { imagePullPolicy: spec.imagePullPolicy }),
    args: [component],
    env: [...(spec.job.env as readonly EnvVar[]), ...variables(job, number, component), ...memory, ...large],
    ...(component === "jobmanager"
      ? {
          ports: [
            { name: "rpc", containerPort: RPC_PORT },
            { name: "rest", containerPort: REST_PORT },
          ],
        }
      : {}),
    ...(resources === null ? {} : { resources }),
    ...(mounts.length === 0 ? {} : { volumeMounts: mounts }),
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

/**
 * Owns: the container of a pod of ours: its program, variables, ports, mounts and probes; in what of it a user may set otherwise, and
 * in what not (UTP1).
 *
 * PCN3 A process is ended for not being alive only when its event loop has stood still for three minutes: a slow one is not a dead one.
 * PCN2 A pod's process is told how long its pod may take to end.
 * PCN1 Addresses come in variables and the job in the ConfigMap, so that a pod that is started again finds the same.
 */
import type { ResolvedPods, ResolvedSpec } from "../../crds/index.ts";
import { podVariables } from "../../contract/index.ts";
import type { Container, EnvVar } from "../kubernetes/api/index.ts";
import {
  type Component,
  type IncarnationInput,
  jobManagerHost,
  METRICS_PORT,
  REST_PORT,
  RPC_PORT,
} from "../engine/index.ts";
import { containerMemoryMiB, jobManagerHeapMiB } from "./pod-memory.ts";
import { podIdentity } from "./pod-identity.ts";
import { s3Mounts, s3Variables } from "./s3-access.ts";
import { configVariable, isLarge, podConfig } from "./incarnation-config.ts";
import { configKeys, programMounts } from "./program-files.ts";

const CONFIG_FOLDER = "/etc/streamjob/config";

/** The pod's own folder for temporary files. */
export const TMP_VOLUME = "streamjob-tmp";

/**
 * Time that a pod's process has to end by itself: it first waits for a checkpoint, so that nothing has to be processed again. As long as a
 * healthy checkpoint may take, and no longer than clusters and people wait for a node to be drained.
 */
const GRACE_SECONDS = 60;

/** A user's template sets it, or we do. */
export function graceSecondsOf({ podTemplate }: Pick<ResolvedPods, "podTemplate">): number {
  const given = podTemplate?.spec?.["terminationGracePeriodSeconds"];
  return typeof given === "number" ? given : GRACE_SECONDS;
}

const ask = (path: string) => ({ httpGet: { path, port: "metrics" } });

/**
 * PCN3. `/livez` is answered while the event loop turns, from before anything is loaded; `/readyz` when the process can be asked, whatever
 * its job does.
 */
const probes = {
  startupProbe: { ...ask("/livez"), periodSeconds: 1, timeoutSeconds: 10, failureThreshold: 300 },
  livenessProbe: { ...ask("/livez"), periodSeconds: 10, timeoutSeconds: 10, failureThreshold: 18 },
  readinessProbe: { ...ask("/readyz"), periodSeconds: 5, timeoutSeconds: 5 },
} as const;

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
    ...probes,
  };
}

/** What it cannot do without. */
export function requiredContainer(input: IncarnationInput, component: Component): Container {
  const { job, number, spec, defaultImage } = input;
  const pods = component === "jobmanager" ? spec.jobManager : spec.taskManager;
  const isSplit = isLarge(podConfig(input));
  const identity = podIdentity(input, component);
  const mounts = [
    ...identity.mounts,
    ...programMounts(spec.job.source),
    ...(isSplit ? [{ name: "streamjob-config", mountPath: CONFIG_FOLDER, readOnly: true }] : []),
    ...s3Mounts(spec),
  ];
  const memoryMiB = component === "taskmanager" ? containerMemoryMiB(spec, component) : null;
  const memory = memoryMiB === null ? [] : [{ name: podVariables.memoryMiB, value: String(memoryMiB) }];
  const large = isSplit
    ? [{ name: podVariables.largeConfig, value: `${CONFIG_FOLDER}/${configKeys(spec.job.source).large}` }]
    : [];
  const { namespace, name } = job.metadata;
  const logFacts = JSON.stringify({ namespace, job: `${namespace}/${name}`, incarnation: number });
  const common: readonly EnvVar[] = [
    { name: podVariables.logFacts, value: logFacts },
    { name: podVariables.metricsListen, value: `0.0.0.0:${METRICS_PORT}` },
    { name: podVariables.graceSeconds, value: String(graceSecondsOf(pods)) },
  ];
  return {
    name: component,
    image: spec.image ?? defaultImage,
    ...(spec.imagePullPolicy === null ? {} : { imagePullPolicy: spec.imagePullPolicy }),
    args: [component],
    env: withoutTwins([
      ...(spec.job.env as readonly EnvVar[]),
      ...s3Variables(spec),
      ...variables(input, component),
      ...common,
      ...memory,
      ...identity.variables,
      ...large,
    ]),
    ports: [
      ...(component === "jobmanager"
        ? [
            { name: "rpc", containerPort: RPC_PORT },
            { name: "rest", containerPort: REST_PORT },
          ]
        : []),
      { name: "metrics", containerPort: METRICS_PORT },
    ],
    ...(pods.resources === null ? {} : { resources: pods.resources }),
    ...(mounts.length === 0 ? {} : { volumeMounts: mounts }),
  };
}

/** The last of a name counts: an API server takes no two. */
function withoutTwins(env: readonly EnvVar[]): readonly EnvVar[] {
  return [...new Map(env.map((variable) => [variable.name, variable])).values()];
}

function variables(input: IncarnationInput, component: Component): readonly EnvVar[] {
  const { job, number } = input;
  const { name, namespace } = job.metadata;
  const config = configVariable(input);
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

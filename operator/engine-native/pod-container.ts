/**
 * Owns: the container of a pod of ours: its program, variables, ports, mounts and probes; in what of it a user may set otherwise, and
 * in what not (UTP1).
 *
 * PCN2 A pod's process is told how long its pod may take to end.
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
  METRICS_PORT,
  REST_PORT,
  RPC_PORT,
} from "../engine/index.ts";
import { s3Mounts, s3Variables } from "./s3-access.ts";
import { CONFIG_KEY, isLarge, JOB_FOLDER, LARGE_KEY, podConfig } from "./incarnation-config.ts";

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

/** What of it a user's template may set otherwise. */
export function containerDefaults(component: Component): Partial<Container> & { readonly name: string } {
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
    // Served from the first moment, whatever the job does: ready means that it can be asked.
    ...(component === "jobmanager"
      ? { readinessProbe: { httpGet: { path: "/v1/streamjob/incarnation", port: "rest" }, periodSeconds: 5 } }
      : {}),
  };
}

/** What it cannot do without. */
export function requiredContainer(input: IncarnationInput, component: Component): Container {
  const { job, number, spec, defaultImage } = input;
  const pods = component === "jobmanager" ? spec.jobManager : spec.taskManager;
  const isSplit = isLarge(podConfig(input));
  const mounts = [
    ...(spec.job.source.kind === "configMap" ? [{ name: "job", mountPath: JOB_FOLDER, readOnly: true }] : []),
    ...(isSplit ? [{ name: "streamjob-config", mountPath: CONFIG_FOLDER, readOnly: true }] : []),
    ...s3Mounts(spec),
  ];
  const large = isSplit ? [{ name: podVariables.largeConfig, value: `${CONFIG_FOLDER}/${LARGE_KEY}` }] : [];
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
      ...variables(job, number, component),
      ...common,
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

/**
 * Owns: the objects of one incarnation: ConfigMap, headless Service, StatefulSets of JobManager and TaskManagers.
 * Not here: when they are made and deleted (operator/reconcile).
 *
 * INC1 They are made once and never changed: another spec is another incarnation. An operator of another version, with other
 *     defaults, leaves those that are there alone (P-1, P-31).
 * INC2 Addresses come in variables and the job in the ConfigMap, so that a pod that is started again finds the same.
 * INC3 A user's pod template adds to what is set here and never takes away: the container, its command and our variables stay.
 */
import type { PodTemplate as UserTemplate, ResolvedPods, StreamJob } from "../../crds/index.ts";
import { assert, oncePerObject } from "../../base/index.ts";
import { type LargePodConfig, POD_CONFIG_VERSION, type PodConfig, podVariables } from "../../contract/index.ts";
import type {
  ConfigMap,
  Container,
  EnvVar,
  PodSpec,
  PodTemplate,
  Service,
  StatefulSet,
  Volume,
} from "../kubernetes/api/index.ts";
import {
  type Component,
  type IncarnationChildren,
  type IncarnationInput,
  incarnationLabels,
  incarnationName,
  jobManagerHost,
  ownedBy,
  podLabels,
  REST_PORT,
  RPC_PORT,
  statefulSetName,
} from "../engine/index.ts";
import { runtimeOptions } from "./runtime-options.ts";

const CONFIG_KEY = "config.json";
const LARGE_KEY = "large.json";
const JOB_FOLDER = "/opt/streamjob/job";
const CONFIG_FOLDER = "/etc/streamjob/config";
/** PG1. Of the JSON's characters; each has at most three bytes. */
const VARIABLE_LENGTH_MAX = 40_000;
/** Time that a pod's process has to end by itself. */
const GRACE_SECONDS = 10;

/** All objects of an incarnation. Shapes as Kubernetes takes them. */
export function incarnationChildren(input: IncarnationInput): IncarnationChildren {
  return {
    configMap: configMap(input),
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
    metadata: metadata(input, incarnationName(input.job.metadata.name, input.number)),
    immutable: true,
    data: configData(podConfig(input)),
  };
}

/** PG1 */
function configData(config: PodConfig): Readonly<Record<string, string>> {
  const { args, options } = config;
  if (!isLarge(config)) return { [CONFIG_KEY]: JSON.stringify(config, null, 2) };
  const large: LargePodConfig = { args, options };
  const rest: PodConfig = { ...config, args: [], options: {} };
  return { [CONFIG_KEY]: JSON.stringify(rest, null, 2), [LARGE_KEY]: JSON.stringify(large, null, 2) };
}

const isLarge = oncePerObject((config: PodConfig) => JSON.stringify(config, null, 2).length > VARIABLE_LENGTH_MAX);

/** The store that an incarnation's pods were told; null: this ConfigMap does not say. */
export function storeUriIn({ data }: ConfigMap): string | null {
  try {
    const config = JSON.parse(data?.[CONFIG_KEY] ?? "null") as { readonly storeUri?: unknown } | null;
    return typeof config?.storeUri === "string" ? config.storeUri : null;
  } catch {
    return null; // written by hand: its pods do not start
  }
}

/** Most parts of an incarnation ask for it. */
const podConfig = oncePerObject(({ job, spec, jobId, storeUri, savepointDirectory }: IncarnationInput): PodConfig => {
  const { source, args } = spec.job;
  return {
    version: POD_CONFIG_VERSION,
    jobId,
    jobName: spec.config["pipeline.name"] ?? job.metadata.name,
    program:
      source.kind === "module"
        ? { kind: "module", path: source.path }
        : { kind: "configMap", name: source.name, key: source.key, path: `${JOB_FOLDER}/${source.key}` },
    args: [...args],
    options: runtimeOptions(spec),
    storeUri,
    savepointDirectory,
    parallelism: spec.parallelism,
    maxParallelism: spec.maxParallelism,
    taskManagers: spec.taskManager.replicas,
    slots: spec.taskManager.slots,
  };
});

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

function podTemplate(input: IncarnationInput, component: Component, labels: Record<string, string>): PodTemplate {
  const { spec } = input;
  const pods = component === "jobmanager" ? spec.jobManager : spec.taskManager;
  const ours: PodSpec = {
    ...(spec.serviceAccountName === null ? {} : { serviceAccountName: spec.serviceAccountName }),
    ...(spec.imagePullSecrets.length === 0 ? {} : { imagePullSecrets: spec.imagePullSecrets }),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: GRACE_SECONDS,
    containers: [container(input, component, pods)],
    ...(volumes(input).length === 0 ? {} : { volumes: volumes(input) }),
  };
  return withUserTemplate({ metadata: { labels }, spec: ours }, pods.podTemplate);
}

function container(input: IncarnationInput, component: Component, pods: ResolvedPods): Container {
  const { job, number, spec, defaultImage } = input;
  const isSplit = isLarge(podConfig(input));
  const mounts = [
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
    env: [...(spec.job.env as readonly EnvVar[]), ...variables(job, number, component), ...large],
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

function volumes(input: IncarnationInput): readonly Volume[] {
  const { source } = input.spec.job;
  const config = incarnationName(input.job.metadata.name, input.number);
  return [
    ...(source.kind === "configMap" ? [{ name: "job", configMap: { name: source.name } }] : []),
    ...(isLarge(podConfig(input)) ? [{ name: "streamjob-config", configMap: { name: config } }] : []),
  ];
}

type Named = { readonly name: string };

/** INC3. Lists of named things are merged by name, ours winning in what both set; the rest of the user's spec is taken as it is. */
function withUserTemplate(ours: PodTemplate, theirs: UserTemplate | null): PodTemplate {
  if (theirs === null) return ours;
  // What a StreamJob's schema does not look at, the API server judges when the StatefulSet is made.
  const spec = (theirs.spec ?? {}) as unknown as Partial<PodSpec>;
  const [container] = ours.spec.containers;
  assert(container !== undefined, "a pod of ours has no container");
  const theirContainer = spec.containers?.find(({ name }) => name === container.name);
  const merged: Container = {
    ...theirContainer,
    ...container,
    env: mergeByName(theirContainer?.env ?? [], container.env ?? []),
    volumeMounts: mergeByName(theirContainer?.volumeMounts ?? [], container.volumeMounts ?? []),
  };
  const others = (spec.containers ?? []).filter(({ name }) => name !== container.name);
  return {
    metadata: {
      labels: { ...theirs.metadata?.labels, ...ours.metadata?.labels },
      ...(theirs.metadata?.annotations === undefined ? {} : { annotations: theirs.metadata.annotations }),
    },
    spec: {
      ...spec,
      ...ours.spec,
      containers: [merged, ...others],
      volumes: mergeByName(spec.volumes ?? [], ours.spec.volumes ?? []),
    },
  };
}

function mergeByName<T extends Named>(theirs: readonly T[], ours: readonly T[]): readonly T[] {
  const names = new Set(ours.map(({ name }) => name));
  return [...theirs.filter(({ name }) => !names.has(name)), ...ours];
}

/**
 * Owns: for this room's tests, a hand-written world: a StreamJob's objects in plain readers, JobManagers that answer from a table.
 */
import {
  CLEANUP_FINALIZER,
  type KubernetesObject,
  readStreamJobStatus,
  type StreamJob,
  type StreamJobSnapshot,
  type StreamJobStatus,
  STREAM_JOB_API_VERSION,
} from "../../crds/index.ts";
import { silentLog, systemClock } from "../../base/index.ts";
import type { Answer, IncarnationView, JobManagerApi, JobManagerTarget } from "../engine/index.ts";
import type { ConfigMap, Kinds, Pod, Service, StatefulSet } from "../kubernetes/api/index.ts";
import { incarnationJobId } from "../reconcile/index.ts";
import { configMapName, incarnationName, ownedBy, podLabels, statefulSetName } from "../engine/index.ts";
import { ExceptionMemory } from "./exception-memory.ts";
import { JobLinks } from "./job-links.ts";
import { type Look, observe } from "./observe.ts";
import { type ObjectReader, type ObjectReaders } from "./object-reader.ts";

export const NAMESPACE = "shop";
const UID = "11111111-1111-4111-8111-111111111111";
export const EARLIER_UID = "00000000-0000-4000-8000-000000000000";
const key = { namespace: NAMESPACE, name: "wc" };

export const job = (
  changes: { status?: Partial<StreamJobStatus> | object; spec?: object; uid?: string } = {},
): StreamJob =>
  ({
    apiVersion: STREAM_JOB_API_VERSION,
    kind: "StreamJob",
    metadata: {
      ...key,
      uid: changes.uid ?? UID,
      resourceVersion: "1",
      generation: 1,
      creationTimestamp: "2031-01-01T00:00:00Z",
    },
    spec: { job: { module: "/job.ts" }, ...changes.spec },
    ...(changes.status === undefined ? {} : { status: changes.status }),
  }) as StreamJob;

export const owned = (owner: StreamJob, name: string, labels: Record<string, string>) => ({
  name,
  namespace: NAMESPACE,
  uid: `uid-of-${name}-${owner.metadata.uid?.slice(0, 4)}`,
  labels,
  ownerReferences: [ownedBy(owner)],
});

export function set(owner: StreamJob, number: number, component: "jobmanager" | "taskmanager"): StatefulSet {
  const labels = podLabels("wc", number, component);
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: owned(owner, statefulSetName("wc", number, component), labels),
    spec: { serviceName: "wc", selector: { matchLabels: labels }, template: { spec: { containers: [] } } },
  };
}

export function pod(of: StatefulSet, changes: { phase?: "Running" | "Failed"; createdAt?: string } = {}): Pod {
  const { name, uid = "" } = of.metadata;
  const reference = { apiVersion: "apps/v1", kind: "StatefulSet", name, uid, controller: true };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `${name}-0`,
      namespace: NAMESPACE,
      uid: `uid-of-${name}-0`,
      labels: of.spec.selector.matchLabels,
      ownerReferences: [reference],
      creationTimestamp: changes.createdAt ?? "2031-01-01T00:00:05Z",
    },
    spec: { containers: [] },
    status: { phase: changes.phase ?? "Running" },
  };
}

/** Everything of one incarnation. */
export function incarnation(owner: StreamJob, number: number): KubernetesObject[] {
  const labels = podLabels("wc", number, "jobmanager");
  const configMap: ConfigMap = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: owned(owner, configMapName("wc", number, owner.metadata.uid ?? ""), labels),
  };
  const service: Service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: owned(owner, incarnationName("wc", number), labels),
    spec: { ports: [] },
  };
  const [jobManager, taskManager] = [set(owner, number, "jobmanager"), set(owner, number, "taskmanager")];
  return [configMap, service, jobManager, taskManager, pod(jobManager), pod(taskManager)];
}

function reader<K extends keyof ObjectReaders>(kind: K, objects: readonly KubernetesObject[]): ObjectReader<K> {
  // Looked up at each call: a test may change what there is in the midst of a look.
  const ours = () => objects.filter((object) => object.kind === kind) as unknown as Kinds[K][];
  return {
    get: ({ namespace, name }) =>
      ours().find(({ metadata }) => metadata.namespace === namespace && metadata.name === name) ?? null,
    byLabel: (namespace, label, value) =>
      ours().filter(({ metadata }) => metadata.namespace === namespace && metadata.labels?.[label] === value),
    byOwner: (uid) => ours().filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid)),
  };
}

export const answering = (target: JobManagerTarget, changes: Partial<IncarnationView> = {}): IncarnationView => ({
  jobId: target.jobId,
  phase: "active",
  error: null,
  epoch: 1,
  taskManagers: 1,
  taskManagersReady: 1,
  leftOut: [],
  activation: null,
  job: null,
  lastCheckpoint: null,
  completedCheckpoints: 0,
  firstCheckpointMs: null,
  lastSavepoint: null,
  result: null,
  ...changes,
});

type World = {
  readonly objects: readonly KubernetesObject[];
  readonly calls?: Partial<JobManagerApi>;
  readonly exceptions?: ExceptionMemory;
  readonly deadlineMs?: number;
};

export async function lookAt({ objects, calls = {}, exceptions = new ExceptionMemory(), deadlineMs }: World): Promise<{
  look: Look | null;
  asked: string[];
}> {
  const asked: string[] = [];
  const noted =
    <A extends readonly unknown[], R>(
      name: string,
      call: ((...args: A) => R) | undefined,
      otherwise: (...args: A) => R,
    ) =>
    (...args: A): R => {
      asked.push(`${name} ${(args[0] as JobManagerTarget).incarnation}`);
      return (call ?? otherwise)(...args);
    };
  const nobody = async (): Promise<Answer<never>> => ({ kind: "unreachable", message: "nobody is there" });
  const jobManagers: JobManagerApi = {
    incarnation: noted(
      "incarnation",
      calls.incarnation,
      async (target): Promise<Answer<IncarnationView>> => ({
        kind: "answer",
        value: answering(target),
      }),
    ),
    preflight: noted("preflight", calls.preflight, nobody),
    activate: noted("activate", calls.activate, nobody),
    stop: noted("stop", calls.stop, nobody),
    savepoint: noted("savepoint", calls.savepoint, nobody),
    checkpoint: noted("checkpoint", calls.checkpoint, nobody),
    trigger: noted("trigger", calls.trigger, nobody),
    cancel: noted("cancel", calls.cancel, nobody),
    disposeSavepoint: noted("disposeSavepoint", calls.disposeSavepoint, nobody),
    disposal: noted("disposal", calls.disposal, nobody),
    collect: noted("collect", calls.collect, nobody),
    collection: noted("collection", calls.collection, nobody),
    exceptions: noted("exceptions", calls.exceptions, nobody),
  };
  const links = new JobLinks();
  for (const object of objects) {
    if (object.kind === "StreamJob") links.onJob({ before: null, after: object as StreamJob });
    if (object.kind === "StreamJobSnapshot") links.onSnapshot({ before: null, after: object as StreamJobSnapshot });
  }
  const readers: ObjectReaders = {
    StreamJob: reader("StreamJob", objects),
    StreamJobSnapshot: reader("StreamJobSnapshot", objects),
    Pod: reader("Pod", objects),
    StatefulSet: reader("StatefulSet", objects),
    Service: reader("Service", objects),
    ConfigMap: reader("ConfigMap", objects),
    ControllerRevision: reader("ControllerRevision", objects),
    PodDisruptionBudget: reader("PodDisruptionBudget", objects),
  };
  const deps = {
    readers,
    links,
    jobManagers,
    exceptions,
    refusals: { of: () => [] },
    clock: systemClock,
    log: silentLog,
    ...(deadlineMs === undefined ? {} : { jobManagersDeadlineMs: deadlineMs }),
  };
  return { look: await observe(key, deps, new AbortController().signal), asked };
}

/** A status that a reader of statuses accepts. */
export function status(changes: object): StreamJobStatus {
  const read = readStreamJobStatus(changes);
  if (read.kind === "read") return read.status;
  throw new Error(JSON.stringify(read.issues));
}

export const activeIn = (number: number) => ({
  incarnation: number,
  jobId: incarnationJobId(job(), number),
  generation: 1,
  revision: "wc-1",
  storeUri: `memory:///${number}`,
  activationId: "a".repeat(32),
  startedAt: "2031-01-01T00:00:10Z",
  restartsSeen: { job: 0, pods: 0 },
});

export const operation = (changes: object) => ({
  operationId: "u".repeat(32),
  kind: "upgrade",
  step: "Standby",
  attempt: 0,
  fromGeneration: 1,
  toGeneration: 2,
  from: 1,
  to: 2,
  revision: "wc-2",
  mode: "savepoint",
  standby: "warm",
  triggerId: "f".repeat(32),
  savepoint: { target: "memory:///sp/1", path: null },
  restore: null,
  predecessors: [],
  activationId: "b".repeat(32),
  startedAt: "2031-01-01T00:00:10Z",
  stepSince: "2031-01-01T00:00:10Z",
  notBefore: null,
  message: "",
  ...changes,
});

export function snapshot(name: string, location: string, changes: object = {}): StreamJobSnapshot {
  return {
    apiVersion: STREAM_JOB_API_VERSION,
    kind: "StreamJobSnapshot",
    metadata: { name, namespace: NAMESPACE, uid: `uid-${name}`, finalizers: [CLEANUP_FINALIZER], ...changes },
    spec: { jobRef: { name: "wc" } },
    status: { phase: "Completed", location },
  } as StreamJobSnapshot;
}

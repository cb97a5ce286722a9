/** Owns: for tests of operator/apply: an API server with caches, scripted JobManagers, and plans by hand. */
import assert from "node:assert/strict";
import { after } from "node:test";
import {
  CLEANUP_FINALIZER,
  readStreamJobStatus,
  STREAM_JOB_API_VERSION,
  type StreamJob,
  type StreamJobSnapshot,
  type StreamJobStatus,
} from "../../crds/index.ts";
import { type ApplyDeps, type ApplyOutcome, apply, type WrittenCaches } from "../../operator/apply/index.ts";
import { type ConfigMap, type KubernetesApi } from "../../operator/kubernetes/api/index.ts";
import { WatchCache } from "../../operator/kubernetes/machinery/index.ts";
import { openLocalApiServer } from "../../embedded/api-server/index.ts";
import type { Action, Observed, Plan } from "../../operator/reconcile/index.ts";
import { type CertificateAuthority, jobLabels, ownedBy, restService } from "../../operator/engine/index.ts";
import { silentLog, systemClock, systemRandom } from "../../base/index.ts";
import { ScriptedJobManagers } from "./scripted-jobmanagers.ts";
import { until } from "./until.ts";

export const NAMESPACE = "shop";
export const key = { namespace: NAMESPACE, name: "wc" };
export const ID = "a".repeat(32);

export const wordCount: StreamJob = {
  apiVersion: STREAM_JOB_API_VERSION,
  kind: "StreamJob",
  metadata: { ...key, annotations: { "streamjob.dev/approve": "1" } },
  spec: { job: { module: "/job.ts" } },
};

type World = {
  readonly api: KubernetesApi;
  readonly caches: WrittenCaches;
  readonly jobManagers: ScriptedJobManagers;
  /** Failpoints in the order in which they were reached. */
  readonly reached: string[];
  readonly events: string[];
  /** What the API was asked to write, in order. */
  readonly writes: string[];
  readonly job: () => Promise<StreamJob>;
  /** Waits until the watch has brought this version to the cache; null: that there is none. */
  readonly seen: (job: StreamJob | null) => Promise<void>;
  readonly carryOut: (plan: Partial<Plan>, changes?: Changes) => Promise<ApplyOutcome>;
};
type Changes = { readonly job?: StreamJob; readonly deps?: Partial<ApplyDeps>; readonly signal?: AbortSignal };

export async function createWorld(): Promise<World> {
  const [clock, random, log] = [systemClock, systemRandom, silentLog];
  const server = await openLocalApiServer({ clock, random });
  const api = server.as("streamjob-operator");
  const options = { clock, random, log };
  const caches = {
    StreamJob: new WatchCache(api, "StreamJob", options),
    StreamJobSnapshot: new WatchCache(api, "StreamJobSnapshot", options),
    Pod: new WatchCache(api, "Pod", options),
    StatefulSet: new WatchCache(api, "StatefulSet", options),
    Service: new WatchCache(api, "Service", options),
    ConfigMap: new WatchCache(api, "ConfigMap", options),
    ControllerRevision: new WatchCache(api, "ControllerRevision", options),
    PodDisruptionBudget: new WatchCache(api, "PodDisruptionBudget", options),
  };
  for (const cache of Object.values(caches)) cache.start();
  await Promise.all(Object.values(caches).map((cache) => cache.whenSynced()));
  after(async () => {
    await Promise.all(Object.values(caches).map((cache) => cache.stop()));
    await server.close();
  });
  const seen = async (job: StreamJob | null): Promise<void> => {
    const version = job?.metadata.resourceVersion;
    const isSeen = (): boolean => caches.StreamJob.get(key)?.metadata.resourceVersion === version;
    await until(isSeen, `the cache sees version ${version}`);
  };
  await seen(await api.create("StreamJob", wordCount));
  const writes: string[] = [];
  const jobManagers = new ScriptedJobManagers(() => clock.nowMs());
  const [reached, events]: string[][] = [[], []];
  const job = async (): Promise<StreamJob> => (await api.get("StreamJob", key)) as StreamJob;
  return {
    api,
    caches,
    jobManagers,
    reached: reached as string[],
    events: events as string[],
    writes,
    job,
    seen,
    async carryOut(plan, { job: given, deps = {}, signal = new AbortController().signal } = {}) {
      const whole: Plan = { status: null, actions: [], events: [], wakeAfterMs: null, dueAfterMs: null, ...plan };
      const all: ApplyDeps = {
        api: noting(api, writes),
        caches,
        jobManagers,
        authority,
        gate: { ask: () => ({ kind: "open" }) },
        clock,
        log,
        onEvent: (_job, { reason }) => events?.push(reason),
        reach: (name) => reached?.push(name),
        ...deps,
      };
      return apply(whole, { job: given ?? (await job()) } as Observed, all, signal);
    },
  };
}

/** Certificates are texts, here. */
const authority: CertificateAuthority = {
  roots: { current: "0a0b0c0d", previous: null },
  issue: (of, term) => ({ "ca.crt": `CA of ${of.jobId}`, "jobmanager.key": `KEY ${term.number}` }),
};

/** The same API; every write is written down. */
function noting(api: KubernetesApi, writes: string[]): KubernetesApi {
  return {
    ...api,
    create: (kind, object, options) => {
      writes.push(`create ${kind} ${object.metadata.name}`);
      return api.create(kind, object, options);
    },
    updateStatus: (kind, object, options) => {
      writes.push(`updateStatus ${kind} ${object.metadata.name}`);
      return api.updateStatus(kind, object, options);
    },
    patch: (kind, name, patch, options) => {
      writes.push(`patch ${kind} ${name.name}`);
      return api.patch(kind, name, patch, options);
    },
    apply: (kind, object, options) => {
      writes.push(`apply ${kind} ${object.metadata.name}`);
      return api.apply(kind, object, options);
    },
    delete: (kind, name, options) => {
      writes.push(`delete ${kind} ${name.name}`);
      return api.delete(kind, name, options);
    },
  };
}

export function statusWith(changes: Partial<StreamJobStatus>): StreamJobStatus {
  const read = readStreamJobStatus({ ...changes });
  assert(read.kind === "read");
  return read.status;
}

export const configMap = (job: StreamJob, name = "wc-1", text = "1"): ConfigMap => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: NAMESPACE, labels: jobLabels("wc"), ownerReferences: [ownedBy(job)] },
  data: { "config.json": text },
});

export const issue = (job: StreamJob, incarnation: number, number = 1): Action => ({
  kind: "issueCertificates",
  stage: "current",
  incarnation,
  jobId: "b".repeat(32),
  term: { number, notBeforeMs: 0, notAfterMs: 1 },
  mark: `0a0b0c0d.${number}`,
  configMap: `wc-${incarnation}`,
  service: { ...restService(job, incarnation), metadata: { ...configMap(job, `wc-${incarnation}`).metadata } },
  why: "it is missing",
});

export const snapshotOf = (name: string, jobName = "wc"): StreamJobSnapshot => ({
  apiVersion: STREAM_JOB_API_VERSION,
  kind: "StreamJobSnapshot",
  metadata: { name, namespace: NAMESPACE, finalizers: [CLEANUP_FINALIZER] },
  spec: { jobRef: { name: jobName } },
});

export const recordOf = (name: string): StreamJobSnapshot => ({
  apiVersion: STREAM_JOB_API_VERSION,
  kind: "StreamJobSnapshot",
  metadata: { name, namespace: NAMESPACE },
  spec: { jobRef: { name: "wc" } },
  status: { phase: "Completed", location: `memory:///${name}`, observedGeneration: 1 },
});

export const applyChild = (object: ConfigMap): Action => ({ kind: "applyChild", object, why: "it is missing" });
/** Of the StatefulSet of that name. */
export const tryPod = (name: string): Action => ({
  kind: "tryPod",
  pod: {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: NAMESPACE },
    spec: { containers: [{ name: "main", image: "streamjob" }] },
  },
});
export const reasonOf = (outcome: ApplyOutcome): string => ("reason" in outcome ? outcome.reason : "");

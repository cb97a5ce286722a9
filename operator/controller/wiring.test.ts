/**
 * Which jobs are looked at when something changes; over an API whose watch says what the test wants.
 */
import assert from "node:assert/strict";
import { after, it } from "node:test";
import {
  JOB_LABEL,
  STREAM_JOB_API_VERSION,
  STREAM_JOB_KIND,
  type StreamJob,
  type StreamJobSnapshot,
} from "../../crds/index.ts";
import { seededRandom, silentLog, systemClock } from "../../base/index.ts";
import type {
  ControllerRevision,
  Kind,
  Kinds,
  KubernetesApi,
  Pod,
  Service,
  StatefulSet,
  WatchEvent,
} from "../kubernetes/api/index.ts";
import { JobLinks, watchedKinds } from "../observe/index.ts";
import { type Caches, createCaches, parseKey, wire } from "./wiring.ts";

const NAMESPACE = "shop";

type Tell = <K extends Kind>(kind: K, type: "ADDED" | "MODIFIED" | "DELETED", object: Kinds[K]) => void;

/** Empty lists, then whatever is told. */
function createSource(): { api: KubernetesApi; tell: Tell } {
  const watchers = new Map<Kind, (event: WatchEvent<Kind>) => void>();
  const no = (): Promise<never> => Promise.reject(new Error("the wiring only lists and watches"));
  const api: KubernetesApi = {
    list: async () => ({ items: [], resourceVersion: "0", continue: null }),
    watch: (kind, { signal }, onEvent) => {
      watchers.set(kind, onEvent as (event: WatchEvent<Kind>) => void);
      return new Promise((resolve) => signal.addEventListener("abort", () => resolve({ kind: "closed" })));
    },
    get: no,
    create: no,
    update: no,
    updateStatus: no,
    patch: no,
    apply: no,
    delete: no,
    logs: no,
  };
  return { api, tell: (kind, type, object) => watchers.get(kind)?.({ type, object }) };
}

async function createWired(): Promise<{ tell: Tell; looks: () => string[]; caches: Caches }> {
  const { api, tell } = createSource();
  const options = { api, clock: systemClock, random: seededRandom(1), log: silentLog, namespace: null };
  const caches = createCaches(options);
  let looks: string[] = [];
  wire(caches, new JobLinks(), (key) => looks.push(key));
  for (const kind of watchedKinds) caches[kind].start();
  await Promise.all(watchedKinds.map((kind) => caches[kind].whenSynced()));
  // The watch is begun in the turns after its list.
  await new Promise((resolve) => setImmediate(resolve));
  after(() => Promise.all(watchedKinds.map((kind) => caches[kind].stop())));
  return {
    tell,
    caches,
    looks: () => {
      const told = looks;
      looks = [];
      return told;
    },
  };
}

let version = 0;
const metadata = (name: string, changes: object = {}) => {
  version += 1;
  return { name, namespace: NAMESPACE, uid: `uid-${name}`, resourceVersion: String(version), ...changes };
};
const labels = { "app.kubernetes.io/managed-by": "streamjob-operator", [JOB_LABEL]: "wc" };

const job = (name: string, spec: object = {}): StreamJob => ({
  apiVersion: STREAM_JOB_API_VERSION,
  kind: "StreamJob",
  metadata: metadata(name),
  spec: { job: { module: "/job.ts" }, ...spec },
});

const snapshot = (name: string, of: string): StreamJobSnapshot => ({
  apiVersion: STREAM_JOB_API_VERSION,
  kind: "StreamJobSnapshot",
  metadata: metadata(name),
  spec: { jobRef: { name: of } },
});

it("a StreamJob that comes, changes or goes is looked at", async () => {
  const { tell, looks } = await createWired();
  tell("StreamJob", "ADDED", job("wc"));
  tell("StreamJob", "MODIFIED", job("wc"));
  tell("StreamJob", "DELETED", job("wc"));
  assert.deepEqual(looks(), ["shop/wc", "shop/wc", "shop/wc"]);
});

it("a child leads to its owner, a pod, which a StatefulSet owns, to the job of its label", async () => {
  const { tell, looks } = await createWired();
  const owner = {
    apiVersion: STREAM_JOB_API_VERSION,
    kind: STREAM_JOB_KIND,
    name: "owner",
    uid: "u",
    controller: true,
  };
  const service: Service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata("s", { labels, ownerReferences: [owner] }),
    spec: { ports: [] },
  };
  tell("Service", "ADDED", service);
  assert.deepEqual(looks(), ["shop/owner"]);
  const set = { ...owner, kind: "StatefulSet", name: "wc-1-taskmanager" };
  const pod: Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: metadata("p", { labels, ownerReferences: [set] }),
    spec: { containers: [] },
  };
  tell("Pod", "ADDED", pod);
  assert.deepEqual(looks(), ["shop/wc"]);
});

it("a StatefulSet that only counts how many of its pods are ready leads nowhere", async () => {
  const { tell, looks } = await createWired();
  const set = (status: object): StatefulSet => ({
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: metadata("wc-1-taskmanager", { labels, generation: 1 }),
    spec: { serviceName: "wc-1", selector: { matchLabels: labels }, template: { spec: { containers: [] } } },
    status,
  });
  tell("StatefulSet", "ADDED", set({ replicas: 1 }));
  tell("StatefulSet", "MODIFIED", set({ replicas: 1, readyReplicas: 1 }));
  assert.deepEqual(looks(), ["shop/wc"]);
  tell("StatefulSet", "MODIFIED", set({ replicas: 2, readyReplicas: 1 }));
  tell("StatefulSet", "DELETED", set({ replicas: 2, readyReplicas: 1 }));
  assert.deepEqual(looks(), ["shop/wc", "shop/wc"]);
});

it("of pods and of a StatefulSet's own revisions only what a look reads is kept (WI3)", async () => {
  const { tell, caches } = await createWired();
  const kept = { name: "taskmanager", image: "wc:1", resources: { limits: { memory: "1Gi" } } };
  const pod: Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: metadata("p", { labels }),
    spec: { nodeName: "a", containers: [{ ...kept, command: ["node"] }], volumes: [{ name: "tmp", emptyDir: {} }] },
    status: { phase: "Running" },
  };
  tell("Pod", "ADDED", pod);
  const { namespace, name } = pod.metadata;
  assert.deepEqual(caches.Pod.get({ namespace, name }), { ...pod, spec: { containers: [kept] } });
  const revision = (name: string, kind: string): ControllerRevision => ({
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: metadata(name, { labels, ownerReferences: [{ apiVersion: "v1", kind, name: "owner", uid: "u" }] }),
    revision: 1,
    data: { spec: {} },
  });
  const revisions = [revision("wc-1", STREAM_JOB_KIND), revision("wc-1-taskmanager-1", "StatefulSet")];
  for (const each of revisions) tell("ControllerRevision", "ADDED", each);
  assert.deepEqual(
    caches.ControllerRevision.byOwner("u").map(({ data }) => data),
    [{ spec: {} }, undefined],
  );
});

it("a snapshot leads to its job, and to jobs that start from it", async () => {
  const { tell, looks } = await createWired();
  tell("StreamJob", "ADDED", job("copy", { restore: { snapshot: "snap" } }));
  tell("StreamJob", "ADDED", job("stranger", { restore: { snapshot: "other" } }));
  looks();
  tell("StreamJobSnapshot", "ADDED", snapshot("snap", "wc"));
  assert.deepEqual(looks(), ["shop/wc", "shop/copy"]);
  tell("StreamJob", "MODIFIED", job("copy"));
  looks();
  tell("StreamJobSnapshot", "MODIFIED", snapshot("snap", "wc"));
  assert.deepEqual(looks(), ["shop/wc"]);
});

it("a key is read back as it was made", () => {
  assert.deepEqual(parseKey("shop/wc"), { namespace: "shop", name: "wc" });
});

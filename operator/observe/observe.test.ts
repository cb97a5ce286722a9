/**
 * A look at a hand-written world: objects in plain readers, JobManagers that answer from a table.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  CLEANUP_FINALIZER,
  type KubernetesObject,
  readStreamJobStatus,
  type StreamJob,
  type StreamJobSnapshot,
  type StreamJobStatus,
  STREAM_JOB_API_VERSION,
} from "../../crds/index.ts";
import { silentLog, systemClock } from "../../runtime/base/index.ts";
import type { IncarnationMessage } from "../../runtime/contract/index.ts";
import { type Answer, disposalTriggerId, type JobManagerApi, type JobManagerTarget } from "../jobmanager/index.ts";
import type { ConfigMap, ControllerRevision, Kinds, Pod, Service, StatefulSet } from "../kubernetes/index.ts";
import { incarnationJobId } from "../reconcile/index.ts";
import { incarnationName, jobLabels, ownedBy, podLabels, restServiceName, statefulSetName } from "../resources/index.ts";
import { ExceptionMemory, JobLinks, type Look, type ObjectReader, type ObjectReaders, observe } from "./index.ts";

const NAMESPACE = "shop";
const UID = "11111111-1111-4111-8111-111111111111";
const EARLIER_UID = "00000000-0000-4000-8000-000000000000";
const key = { namespace: NAMESPACE, name: "wc" };

const job = (changes: { status?: Partial<StreamJobStatus> | object; spec?: object; uid?: string } = {}): StreamJob =>
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

const owned = (owner: StreamJob, name: string, labels: Record<string, string>) => ({
  name,
  namespace: NAMESPACE,
  uid: `uid-of-${name}-${owner.metadata.uid?.slice(0, 4)}`,
  labels,
  ownerReferences: [ownedBy(owner)],
});

function set(owner: StreamJob, number: number, component: "jobmanager" | "taskmanager"): StatefulSet {
  const labels = podLabels("wc", number, component);
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: owned(owner, statefulSetName("wc", number, component), labels),
    spec: { serviceName: "wc", selector: { matchLabels: labels }, template: { spec: { containers: [] } } },
  };
}

function pod(of: StatefulSet, changes: { phase?: "Running" | "Failed"; createdAt?: string } = {}): Pod {
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
function incarnation(owner: StreamJob, number: number): KubernetesObject[] {
  const labels = podLabels("wc", number, "jobmanager");
  const configMap: ConfigMap = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: owned(owner, incarnationName("wc", number), labels),
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
  const ours = objects.filter((object) => object.kind === kind) as unknown as Kinds[K][];
  return {
    get: ({ namespace, name }) =>
      ours.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name) ?? null,
    byLabel: (namespace, label, value) =>
      ours.filter(({ metadata }) => metadata.namespace === namespace && metadata.labels?.[label] === value),
    byOwner: (uid) => ours.filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid)),
  };
}

const answering = (target: JobManagerTarget, changes: Partial<IncarnationMessage> = {}): IncarnationMessage => ({
  jobId: target.jobId,
  phase: "active",
  error: null,
  epoch: 1,
  taskManagers: 1,
  taskManagersReady: 1,
  activation: null,
  job: null,
  lastCheckpoint: null,
  completedCheckpoints: 0,
  firstCheckpointMs: null,
  lastSavepoint: null,
  result: null,
  version: "0",
  ...changes,
});

type World = {
  readonly objects: readonly KubernetesObject[];
  readonly calls?: Partial<JobManagerApi>;
  readonly exceptions?: ExceptionMemory;
  readonly deadlineMs?: number;
};

async function lookAt({ objects, calls = {}, exceptions = new ExceptionMemory(), deadlineMs }: World): Promise<{
  look: Look | null;
  asked: string[];
}> {
  const asked: string[] = [];
  const noted =
    <A extends readonly unknown[], R>(name: string, call: ((...args: A) => R) | undefined, otherwise: (...args: A) => R) =>
    (...args: A): R => {
      asked.push(`${name} ${(args[0] as JobManagerTarget).incarnation}`);
      return (call ?? otherwise)(...args);
    };
  const nobody = async (): Promise<Answer<never>> => ({ kind: "unreachable", message: "nobody is there" });
  const jobManagers: JobManagerApi = {
    incarnation: noted("incarnation", calls.incarnation, async (target): Promise<Answer<IncarnationMessage>> => ({
      kind: "answer",
      value: answering(target),
    })),
    preflight: noted("preflight", calls.preflight, nobody),
    activate: noted("activate", calls.activate, nobody),
    stop: noted("stop", calls.stop, nobody),
    savepoint: noted("savepoint", calls.savepoint, nobody),
    trigger: noted("trigger", calls.trigger, nobody),
    cancel: noted("cancel", calls.cancel, nobody),
    disposeSavepoint: noted("disposeSavepoint", calls.disposeSavepoint, nobody),
    disposal: noted("disposal", calls.disposal, nobody),
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
    clock: systemClock,
    log: silentLog,
    ...(deadlineMs === undefined ? {} : { jobManagersDeadlineMs: deadlineMs }),
  };
  return { look: await observe(key, deps, new AbortController().signal), asked };
}

/** A status that a reader of statuses accepts. */
function status(changes: object): StreamJobStatus {
  const read = readStreamJobStatus(changes);
  if (read.kind === "read") return read.status;
  throw new Error(JSON.stringify(read.issues));
}

const activeIn = (number: number) => ({
  incarnation: number,
  jobId: incarnationJobId(job(), number),
  generation: 1,
  revision: "wc-1",
  storeUri: `memory:///${number}`,
  activationId: "a".repeat(32),
  startedAt: "2031-01-01T00:00:10Z",
  restartsSeen: { job: 0, pods: 0 },
});

const operation = (changes: object) => ({
  upgradeId: "u".repeat(32),
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

function snapshot(name: string, location: string, changes: object = {}): StreamJobSnapshot {
  return {
    apiVersion: STREAM_JOB_API_VERSION,
    kind: "StreamJobSnapshot",
    metadata: { name, namespace: NAMESPACE, uid: `uid-${name}`, finalizers: [CLEANUP_FINALIZER], ...changes },
    spec: { jobRef: { name: "wc" } },
    status: { phase: "Completed", location },
  } as StreamJobSnapshot;
}

describe("a look at a StreamJob", () => {
  it("is null when there is none of that name", async () => {
    assert.equal((await lookAt({ objects: [] })).look, null);
  });

  it("finds each incarnation with all of its objects", async () => {
    const owner = job({ status: status({ active: activeIn(1), incarnations: 1 }) });
    const { look, asked } = await lookAt({ objects: [owner, ...incarnation(owner, 1)] });
    const [first, ...others] = look?.observed.incarnations ?? [];
    assert.equal(others.length, 0);
    assert.equal(first?.number, 1);
    assert.deepEqual(
      [first?.configMap, first?.service, first?.jobManagerSet, first?.taskManagerSet].map((each) => each?.metadata.name),
      ["wc-1", "wc-1", "wc-1-jobmanager", "wc-1-taskmanager"],
    );
    assert.deepEqual(first?.pods.map(({ metadata }) => metadata.name), ["wc-1-jobmanager-0", "wc-1-taskmanager-0"]);
    assert.equal(first?.jobManager.kind, "answering");
    assert.deepEqual(asked, ["incarnation 1"]);
  });

  it("does not take objects of an earlier StreamJob of the same name for its own (OB2)", async () => {
    const earlier = job({ uid: EARLIER_UID });
    const strangers = incarnation(earlier, 1);
    const rest: Service = {
      apiVersion: "v1",
      kind: "Service",
      metadata: owned(earlier, restServiceName("wc"), jobLabels("wc")),
      spec: { ports: [] },
    };
    const { look, asked } = await lookAt({ objects: [job(), ...strangers, rest] });
    assert.deepEqual(look?.observed.incarnations, []);
    assert.equal(look?.observed.restService, null);
    assert.deepEqual(asked, []);
  });

  it("does not take what it owns without controlling it for a child", async () => {
    const owner = job();
    const [configMap] = incarnation(owner, 1);
    const reference = { ...ownedBy(owner), controller: false };
    const shared = { ...configMap, metadata: { ...configMap?.metadata, ownerReferences: [reference] } };
    const { look } = await lookAt({ objects: [owner, shared as KubernetesObject] });
    assert.deepEqual(look?.observed.incarnations, []);
  });

  it("counts a pod whose StatefulSet is gone, but not one that is older than the StreamJob (CH2)", async () => {
    const owner = job();
    const orphan = pod(set(owner, 4, "taskmanager"));
    const old = pod(set(owner, 3, "taskmanager"), { createdAt: "2030-12-31T23:59:59Z" });
    const { look } = await lookAt({ objects: [owner, orphan, old] });
    assert.deepEqual(look?.observed.incarnations.map(({ number }) => number), [4]);
  });

  it("is the same whatever the order in which objects were listed (OV3)", async () => {
    const owner = job({ status: status({ active: activeIn(1), upgrade: operation({}), incarnations: 2 }) });
    const snapshots = [snapshot("b", "memory:///b"), snapshot("a", "memory:///a")];
    const objects = [owner, ...incarnation(owner, 2), ...incarnation(owner, 1), ...snapshots];
    const forth = await lookAt({ objects });
    const back = await lookAt({ objects: objects.toReversed() });
    assert.deepEqual(back.look, forth.look);
    assert.deepEqual(forth.look?.observed.snapshots.map(({ metadata }) => metadata.name), ["a", "b"]);
  });

  it("reads revisions by number, and leaves out what cannot be read", async () => {
    const owner = job();
    const revision = (hash: string, number: number, data: object): ControllerRevision => ({
      apiVersion: "apps/v1",
      kind: "ControllerRevision",
      metadata: owned(owner, `wc-${hash}`, jobLabels("wc")),
      revision: number,
      data,
    });
    const { spec } = owner;
    const { look } = await lookAt({
      objects: [
        owner,
        revision("bbb", 2, { generation: 3, spec }),
        revision("aaa", 1, { generation: 1, spec }),
        revision("ccc", 3, { spec: "?" }),
      ],
    });
    assert.deepEqual(look?.observed.revisions.map(({ name, hash, number, generation }) => [name, hash, number, generation]), [
      ["wc-aaa", "aaa", 1, 1],
      ["wc-bbb", "bbb", 2, 3],
    ]);
  });

  it("asks nothing when the status cannot be read, and takes nothing for gone (OB1)", async () => {
    const owner = job({ status: { incarnations: "many" } });
    const { look, asked } = await lookAt({ objects: [owner, ...incarnation(owner, 1)] });
    assert.deepEqual(asked, []);
    assert.equal(look?.observed.incarnations[0]?.jobManager.kind, "unreachable");
  });
});

describe("what JobManagers are asked", () => {
  it("only those of incarnations that the status names; others with pods are unreachable, not absent (JV1, JV2)", async () => {
    const owner = job({ status: status({ active: activeIn(2), incarnations: 3 }) });
    const withoutPods = incarnation(owner, 3).filter(({ kind }) => kind !== "Pod");
    const { look, asked } = await lookAt({
      objects: [owner, ...incarnation(owner, 1), ...incarnation(owner, 2), ...withoutPods],
    });
    assert.deepEqual(asked, ["incarnation 2"]);
    const views = look?.observed.incarnations.map(({ jobManager }) => jobManager.kind);
    assert.deepEqual(views, ["unreachable", "answering", "absent"]);
  });

  it("is absent when its pod has ended for good", async () => {
    const owner = job({ status: status({ active: activeIn(1), incarnations: 1 }) });
    const objects = incarnation(owner, 1).filter(({ kind }) => kind !== "Pod");
    const ended = pod(set(owner, 1, "jobmanager"), { phase: "Failed" });
    const { look } = await lookAt({ objects: [owner, ...objects, ended] });
    assert.equal(look?.observed.incarnations[0]?.jobManager.kind, "absent");
  });

  it("is unreachable when it refuses, as while it starts", async () => {
    const owner = job({ status: status({ active: activeIn(1), incarnations: 1 }) });
    const { look } = await lookAt({
      objects: [owner, ...incarnation(owner, 1)],
      calls: { incarnation: async () => ({ kind: "refused", status: 503, message: "starting" }) },
    });
    const view = look?.observed.incarnations[0]?.jobManager;
    assert.deepEqual(view, { kind: "unreachable", message: "it answers 503: starting" });
  });

  it("asks about the stop only in step Stopping and while its savepoint is not known, at the old one", async () => {
    const inStep = async (changes: object) => {
      const owner = job({ status: status({ active: activeIn(1), upgrade: operation(changes), incarnations: 2 }) });
      const objects = [owner, ...incarnation(owner, 1), ...incarnation(owner, 2)];
      return lookAt({ objects, calls: { trigger: async () => ({ kind: "answer", value: null }) } });
    };
    const stopping = await inStep({ step: "Stopping" });
    assert.deepEqual(stopping.asked.toSorted(), ["incarnation 1", "incarnation 2", "trigger 1"]);
    assert.deepEqual(stopping.look?.observed.stopTrigger, { kind: "unknown" });
    const standby = await inStep({ step: "Standby" });
    assert.equal(standby.look?.observed.stopTrigger, null);
    const known = await inStep({ step: "Stopping", savepoint: { target: "memory:///t", path: "memory:///t" } });
    assert.equal(known.look?.observed.stopTrigger, null);
  });

  it("takes a stop that nobody can tell about for unreachable, never for unknown", async () => {
    const owner = job({
      status: status({ active: activeIn(1), upgrade: operation({ step: "Stopping" }), incarnations: 2 }),
    });
    const withPods = await lookAt({ objects: [owner, ...incarnation(owner, 1)] });
    assert.equal(withPods.look?.observed.stopTrigger?.kind, "unreachable");
    const withoutPods = await lookAt({ objects: [owner] });
    assert.equal(withoutPods.look?.observed.stopTrigger?.kind, "unreachable");
  });

  it("asks the new one whether it accepts what the old one would leave", async () => {
    const owner = job({
      status: status({ active: activeIn(1), upgrade: operation({ step: "Preflight" }), incarnations: 2 }),
    });
    const asked: unknown[] = [];
    const { look } = await lookAt({
      objects: [owner, ...incarnation(owner, 1), ...incarnation(owner, 2)],
      calls: {
        preflight: async (target, from) => {
          asked.push([target.incarnation, from]);
          return { kind: "answer", value: { kind: "compatible", from: null } };
        },
      },
    });
    assert.deepEqual(asked, [
      [2, { kind: "latest", storeUri: "memory:///1", savepoint: null, allowNonRestoredState: false }],
    ]);
    assert.deepEqual(look?.observed.preflight, { kind: "compatible", from: null });
  });

  it("asks about the savepoint that is under way at the active one", async () => {
    const savepoint = { name: "s", triggerId: "c".repeat(32), target: "memory:///s", startedAt: "2031-01-01T00:00:00Z" };
    const owner = job({ status: status({ active: activeIn(1), incarnations: 1, savepoint }) });
    const { look } = await lookAt({
      objects: [owner, ...incarnation(owner, 1)],
      calls: { trigger: async () => ({ kind: "answer", value: { kind: "inProgress" } }) },
    });
    assert.deepEqual(look?.observed.savepointTrigger, { kind: "inProgress" });
  });

  it("asks how a disposal goes only for snapshots that are being deleted with their files", async () => {
    const owner = job({ status: status({ active: activeIn(1), incarnations: 1 }) });
    const deleted = { deletionTimestamp: "2031-01-01T00:00:00Z" };
    const kept = snapshot("kept", "memory:///k", deleted);
    const objects = [
      owner,
      ...incarnation(owner, 1),
      snapshot("going", "memory:///g", deleted),
      snapshot("staying", "memory:///s"),
      { ...kept, spec: { ...kept.spec, disposeOnDelete: false } },
    ];
    const asked: string[] = [];
    const { look } = await lookAt({
      objects,
      calls: {
        disposal: async (_target, triggerId) => {
          asked.push(triggerId);
          return { kind: "answer", value: { kind: "completed", location: "" } };
        },
      },
    });
    assert.deepEqual(asked, [disposalTriggerId("memory:///g")]);
    assert.deepEqual(look?.observed.disposals, { going: { kind: "done" } });
  });

  it("ends at its deadline when a JobManager hangs, and says so (OV2)", async () => {
    const owner = job({ status: status({ active: activeIn(1), incarnations: 1 }) });
    const { look } = await lookAt({
      objects: [owner, ...incarnation(owner, 1)],
      deadlineMs: 30,
      calls: {
        incarnation: (_target, signal) =>
          new Promise((resolve) => {
            signal.addEventListener("abort", () =>
              resolve({ kind: "unreachable", message: (signal.reason as Error).message }),
            );
          }),
      },
    });
    const view = look?.observed.incarnations[0]?.jobManager;
    assert.deepEqual(view, { kind: "unreachable", message: "the JobManagers did not answer within 30 ms" });
  });

  it("tells each exception once, and asks for none while there is no trouble", async () => {
    const exceptions = new ExceptionMemory();
    const owner = job({ status: status({ active: activeIn(1), incarnations: 1 }) });
    const entry = (timestamp: number, text: string) => ({
      exceptionName: "E",
      stacktrace: `${text}\n  at x`,
      timestamp,
      taskName: null,
      location: null,
      taskManagerId: null,
      failureLabels: {},
      concurrentExceptions: [],
    });
    const lookWith = (restarts: number, entries: ReturnType<typeof entry>[]) =>
      lookAt({
        objects: [owner, ...incarnation(owner, 1)],
        exceptions,
        calls: {
          incarnation: async (target) => {
            const running = { status: "RUNNING" as const, restarts, startedMs: 1, endedMs: null, failure: null };
            return { kind: "answer", value: answering(target, { job: running }) };
          },
          exceptions: async () => ({ kind: "answer", value: { exceptionHistory: { entries, truncated: false } } }),
        },
      });
    const quiet = await lookWith(0, []);
    assert.deepEqual(quiet.asked, ["incarnation 1"]);
    const first = [entry(20, "b"), entry(10, "a"), entry(10, "a")];
    const news = await lookWith(1, first);
    assert.deepEqual(news.look?.observed.exceptions.map(({ timeMs, message }) => `${timeMs} ${message}`), ["20 b", "10 a"]);
    const again = await lookWith(1, first);
    assert.equal(again.look?.observed.exceptions.length, 2, "nobody has told them yet");
    if (again.look?.news) exceptions.markTold(again.look.news);
    const told = await lookWith(1, first);
    assert.deepEqual(told.asked, ["incarnation 1"]);
    const more = await lookWith(2, [entry(30, "c"), ...first]);
    assert.deepEqual(more.look?.observed.exceptions.map(({ message }) => message), ["c"]);
  });
});

describe("savepoints that others need", () => {
  const other = (spec: object, otherStatus: object = {}): StreamJob => ({
    ...job({ spec, status: otherStatus, uid: "other" }),
    metadata: { name: "other", namespace: NAMESPACE, uid: "other" },
  });
  const cases: readonly (readonly [string, KubernetesObject[], string[]])[] = [
    ["none", [], []],
    ["one that another restores from by its path, with a slash more", [other({ restore: { path: "memory:///s/" } })], ["memory:///s"]],
    ["one that another restores from by its name", [other({ restore: { snapshot: "snap" } })], ["memory:///s"]],
    [
      "one that another's status names",
      [other({}, { lastSavepoint: { name: "x", time: "2031-01-01T00:00:00Z", path: "memory:///s" } })],
      ["memory:///s"],
    ],
    ["one in a status that cannot be read (JL2)", [other({}, { incarnations: "?", deep: [{ path: "memory:///s" }] })], ["memory:///s"]],
    ["not one that another names in another namespace", [{ ...other({ restore: { path: "memory:///s" } }), metadata: { name: "other", namespace: "else" } }], []],
  ];
  for (const [what, objects, expected] of cases) {
    it(`are found: ${what}`, async () => {
      const { look } = await lookAt({ objects: [job(), snapshot("snap", "memory:///s"), ...objects] });
      assert.deepEqual([...(look?.observed.foreignReferences ?? [])], expected);
    });
  }

  it("are not the job's own references", async () => {
    const { look } = await lookAt({
      objects: [job({ spec: { restore: { path: "memory:///s" } } }), snapshot("snap", "memory:///s")],
    });
    assert.equal(look?.observed.foreignReferences.size, 0);
  });

  it("are forgotten with the reference, and snapshots with their deletion", () => {
    const links = new JobLinks();
    const before = other({ restore: { path: "memory:///s" } });
    links.onJob({ before: null, after: before });
    links.onJob({ before, after: other({}) });
    assert.deepEqual(links.jobsThatName(NAMESPACE, "memory:///s"), []);
    const snap = snapshot("snap", "memory:///s");
    links.onSnapshot({ before: null, after: snap });
    assert.deepEqual(links.snapshotsOf(NAMESPACE, "wc"), ["snap"]);
    links.onSnapshot({ before: snap, after: null });
    assert.deepEqual(links.snapshotsOf(NAMESPACE, "wc"), []);
  });

  it("the snapshot to restore from is missing, pending or completed", async () => {
    const restoring = job({ spec: { restore: { snapshot: "snap" } } });
    const missing = await lookAt({ objects: [restoring] });
    assert.deepEqual(missing.look?.observed.restoreSnapshot, { kind: "missing", name: "snap" });
    const done = await lookAt({ objects: [restoring, snapshot("snap", "memory:///s")] });
    assert.deepEqual(done.look?.observed.restoreSnapshot, {
      kind: "completed",
      name: "snap",
      location: "memory:///s",
    });
    const pending = { ...snapshot("snap", "memory:///s"), status: { phase: "InProgress" as const } };
    const wait = await lookAt({ objects: [restoring, pending as KubernetesObject] });
    assert.deepEqual(wait.look?.observed.restoreSnapshot, { kind: "pending", name: "snap", phase: "InProgress" });
  });
});

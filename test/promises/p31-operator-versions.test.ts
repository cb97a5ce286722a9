/**
 * POV1 What an operator of this version computes from an object is frozen here: an operator that computes otherwise would restart every
 *     job when it is installed. Never adapt these values; keep what they stand for.
 * POV2 Step Proving is on record only if the first checkpoint is not complete before the operator looks again: a job that takes none by
 *     itself waits for the operator to ask for it, which it does after the record says Proving.
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import {
  formatTime,
  type StreamJob,
  type StreamJobSpec,
  type StreamJobStatus,
  validateStreamJob,
} from "../../crds/index.ts";
import type { Controller } from "../../operator/controller/index.ts";
import { nativeEngine } from "../../operator/engine-native/index.ts";
import type { KubernetesApi } from "../../operator/kubernetes/api/index.ts";
import { incarnationJobId, type Observed, type Plan, reconcile, revisionHash } from "../../operator/reconcile/index.ts";
import { sleep, systemClock } from "../../base/index.ts";
import { figure } from "./figures.ts";
import { NAMESPACE, type Rig, withRig } from "./rig.ts";

const golden: readonly (readonly [hash: string, spec: StreamJobSpec])[] = [
  ["5c3b1657a9", { job: { module: "/app/job.ts" } }],
  [
    "09d6c73461",
    { job: { module: "/app/job.ts", args: ["--a", "1"], env: [{ name: "A", value: "1" }] }, parallelism: 4 },
  ],
  ["2976ab0bb2", { image: "example/job:1", job: { module: "/app/job.ts" }, state: "suspended", savepointNonce: 3 }],
  [
    "e9a27451e1",
    {
      job: { configMap: { name: "job", key: "job.ts" } },
      maxParallelism: 128,
      restartNonce: "x",
      checkpoints: { interval: "10s", retain: { count: 2 }, storage: { path: "/state" } },
      restart: { strategy: "fixed-delay", attempts: 3, delay: "1s" },
      taskManager: { replicas: 2, slots: 2, podTemplate: { metadata: { labels: { b: "2", a: "1" } } } },
      config: { "pipeline.name": "x" },
      upgrade: { mode: "last-state" },
      deletion: { keepState: false },
    },
  ],
];

const NOW_MS = 1_900_000_000_000;
const settings = { storageRoot: "file:///state", defaultImage: "example/streamjob:1", engine: nativeEngine };

function observedOf(spec: StreamJobSpec, status?: StreamJob["status"]): Observed {
  const job: StreamJob = {
    apiVersion: "streamjob.dev/v1alpha1",
    kind: "StreamJob",
    metadata: {
      name: "wc",
      namespace: "default",
      uid: "00000000-0000-4000-8000-000000000001",
      generation: 1,
      resourceVersion: "7",
      finalizers: ["streamjob.dev/cleanup"],
    },
    spec,
    ...(status === undefined ? {} : { status }),
  };
  return {
    job,
    validated: validateStreamJob(job),
    revisions: [],
    incarnations: [],
    snapshots: [],
    restoreSnapshot: { kind: "none" },
    earlierPods: new Map(),
    foreignReferences: new Set(),
    storesInUse: new Set(),
    storeNamers: [],
    collection: null,
    storagePods: [],
    restService: null,
    disruptionBudgets: [],
    stopTrigger: null,
    savepointTrigger: null,
    preflight: null,
    disposals: {},
    refusals: [],
    exceptions: [],
    newestException: null,
  };
}

function firstPlan(spec: StreamJobSpec): Plan & { readonly status: StreamJobStatus } {
  const plan = reconcile(observedOf(spec), settings, NOW_MS);
  assert.ok(plan.status !== null);
  return { ...plan, status: plan.status };
}

it("P-31 hashes and ids are what they were in the first version", () => {
  assert.deepEqual(
    golden.map(([, spec]) => revisionHash(spec)),
    golden.map(([hash]) => hash),
  );
  const { job } = observedOf(golden[1]?.[1] as StreamJobSpec);
  assert.equal(incarnationJobId(job, 1), "af886619690ae2ab0804b9b8c77d2bae");
  assert.equal(incarnationJobId(job, 3), "268fdb72c2f539a160a173d580d74751");
  const { operation } = firstPlan(job.spec).status;
  assert.deepEqual(
    { ...operation, message: "" },
    {
      operationId: "198cdc0f3956008dc4824187e598436b",
      kind: "deploy",
      step: "Standby",
      attempt: 0,
      fromGeneration: null,
      toGeneration: 1,
      from: null,
      to: 1,
      revision: `wc-${golden[1]?.[0]}`,
      mode: "savepoint",
      standby: "cold",
      triggerId: "a070691e88f4c1508c35d990392e2433",
      savepoint: null,
      restore: { kind: "none" },
      predecessors: [],
      activationId: "bb55591dd673bc370d10f31b36542f8c",
      startedAt: formatTime(NOW_MS),
      stepSince: formatTime(NOW_MS),
      notBefore: null,
      message: "",
    },
  );
});

it("P-31 fields that only a later version knows change nothing of what is done", () => {
  const { spec } = observedOf(golden[1]?.[1] as StreamJobSpec).job;
  const { status } = firstPlan(spec);
  const later = {
    ...status,
    fromLater: { x: 1 },
    operation: { ...status.operation, fromLater: [1] },
    conditions: status.conditions.map((condition) => ({ ...condition, fromLater: true })),
  } as unknown as NonNullable<StreamJob["status"]>;
  const plan = reconcile(observedOf(spec, later), settings, NOW_MS);
  assert.deepEqual(plan, reconcile(observedOf(spec, status), settings, NOW_MS));
  assert.equal(plan.status, null, "nothing to write");
});

type Moment = { readonly step: string; readonly reached: () => Promise<void> };

it("P-31 another version of the operator, newer or older, goes on in every step of an upgrade", () => {
  let moment: Moment | null = null;
  const operatorApi = (api: KubernetesApi): KubernetesApi => ({
    ...api,
    updateStatus: async (kind, object, options) => {
      const written = await api.updateStatus(kind, object, options);
      const { operation } = (object as { readonly status?: Partial<StreamJobStatus> }).status ?? {};
      if (kind !== "StreamJob" || moment === null || operation?.step !== moment.step) return written;
      const { reached } = moment;
      moment = null;
      await reached();
      return written;
    },
  });
  return withRig("s31", { withOperator: false, operatorApi }, async (rig) => {
    const versions = [
      { storageRoot: rig.cluster.storageRoot, defaultImage: rig.cluster.defaultImage, engine: nativeEngine },
      { storageRoot: `${rig.cluster.storageRoot}-next`, defaultImage: rig.cluster.otherImage, engine: nativeEngine },
    ] as const;
    let version = 0;
    const start = (): Promise<Controller> => {
      const settings = versions[version++ % 2] as (typeof versions)[number];
      return rig.startOperator({ settings });
    };
    let operator = await start();
    await rig.apply(rig.manifest());
    await rig.ready();
    const warm = ["Standby", "Preflight", "Stopping", "Activating", "Proving"].map((step) => ({
      step,
      standby: "warm",
    }));
    const cold = ["Stopping", "Terminating", "Standby"].map((step) => ({ step, standby: "cold" }));
    const moments = [...warm, ...cold] as readonly { readonly step: string; readonly standby: "warm" | "cold" }[];
    for (const [place, { step, standby }] of moments.entries()) {
      let stopping = null as Promise<void> | null;
      moment = {
        step,
        // It writes nothing from then on: this write is its last.
        reached: async () => {
          stopping = operator.stop();
          await sleep(systemClock, 30);
        },
      };
      const checkpoints = { interval: step === "Proving" ? "1h" : "300ms" }; // POV2
      await rig.apply(rig.manifest({ restartNonce: `${place}`, checkpoints, upgrade: { standby } }));
      await rig.until(`step ${step}`, () => stopping !== null);
      await stopping;
      assert.equal((await rig.status()).operation?.step, step, "the operator went on after its end");
      operator = await start();
      await rig.ready();
      await assertContinued(rig, place + 1);
    }
    for (const _ of versions) {
      await operator.stop();
      operator = await start();
      await assertMadeAgainAlike(rig);
    }
    figure("P-31", `${moments.length} upgrades, each finished by another version`);
    await rig.assertExact();
  });
});

/** One incarnation and one savepoint for each upgrade so far. */
async function assertContinued(rig: Rig, upgrades: number): Promise<void> {
  const { incarnations, failed, active } = await rig.status();
  assert.equal(incarnations, upgrades + 1);
  assert.equal(failed, undefined);
  assert.equal(rig.relay.triggerCount(), upgrades);
  assert.equal((await rig.incarnation())?.jobId, active?.jobId);
  rig.assertUnbroken();
}

/** What an operator makes again for pods that run leads them to their state. */
async function assertMadeAgainAlike(rig: Rig): Promise<void> {
  const { active } = await rig.status();
  const storeIn = async (): Promise<string | undefined> => {
    const text = (await rig.configMap(active?.incarnation ?? 0))?.data?.["config.json"];
    return text === undefined ? undefined : (JSON.parse(text) as { readonly storeUri: string }).storeUri;
  };
  const before = await storeIn();
  assert.equal(before, active?.storeUri);
  const name = (await rig.configMap(active?.incarnation ?? 0))?.metadata.name ?? "";
  await rig.api.delete("ConfigMap", { namespace: NAMESPACE, name });
  await rig.until("the ConfigMap to be made again", async () => (await storeIn()) !== undefined);
  assert.equal(await storeIn(), before);
}

/**
 * PSV1 The job's state is in a real S3 server; between it and the pods is a proxy that takes the store away, or lets it wait.
 * PSV2 A record is late when it is not processed, whatever the store does. What was processed is seen past checkpoints.
 * PSV3 A busy machine may take a TaskManager for lost. Without its store a job is not restarted then, and what was processed since the last
 *     checkpoint is processed again afterwards: in such a run all holds but that records go on.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { StreamJobSpec } from "../../crds/index.ts";
import { type Fault, FaultProxy, minioPart, testPart } from "../environment/index.ts";
import { newBucket } from "../s3/buckets.ts";
import { figure } from "./figures.ts";
import { triggerKind } from "./jobmanager-relay.ts";
import { ProcessedWords } from "./processed-words.ts";
import { NAMESPACE, type Rig, WORD_COUNT, withRig } from "./rig.ts";

const minio = await testPart(minioPart);
const MORE = 300;
/** Slow enough that its records last, whatever a busy machine needs. */
const RATE = 200;
/** Of a stop, before it is believed to be tried for as long as the store is away. */
const ATTEMPTS = 3;

const away: Readonly<Record<string, Fault>> = {
  "refuses everything": { kind: "answer", status: 503, code: "SlowDown" },
  "is not there": { kind: "reset" },
};

type StoredJob = {
  readonly store: FaultProxy;
  readonly processed: ProcessedWords;
  spec(more?: Partial<StreamJobSpec>): Partial<StreamJobSpec>;
};

/** The word count with its state in S3, Ready. */
function withStoredJob(name: string, body: (rig: Rig, job: StoredJob) => Promise<void>): Promise<void> {
  return withRig(name, { rate: RATE }, async (rig) => {
    const { endpoint, accessKey, secretKey } = minio.gives();
    const store = await FaultProxy.start(endpoint);
    try {
      const forPods = await rig.cluster.publish(Number(new URL(store.endpoint).port));
      const path = `s3://${await newBucket(minio.gives())}/jobs`;
      const processed = new ProcessedWords(rig);
      const spec = (more: Partial<StreamJobSpec> = {}): Partial<StreamJobSpec> => ({
        job: {
          module: WORD_COUNT,
          args: rig.args(["--witness", processed.path]),
          env: [
            { name: "AWS_ACCESS_KEY_ID", value: accessKey },
            { name: "AWS_SECRET_ACCESS_KEY", value: secretKey },
          ],
        },
        checkpoints: {
          interval: "300ms",
          storage: { path, s3: { endpoint: `http://${forPods}`, pathStyleAccess: true } },
        },
        ...more,
      });
      await rig.apply(rig.manifest(spec()));
      await rig.ready();
      await body(rig, { store, processed, spec });
      if (!(await hasRestarted(rig))) assert.deepEqual(processed.twice().slice(0, 5), [], "records processed twice");
      await rig.assertExact();
    } finally {
      await store.stop();
    }
  });
}

async function podsOf(rig: Rig, incarnation: number): Promise<readonly string[]> {
  const pods = (await rig.pods()).filter(({ metadata }) => metadata.name.startsWith(`wc-${incarnation}-`));
  return pods.map(({ metadata }) => metadata.uid ?? "").toSorted();
}

function untilTriedAgain(rig: Rig): Promise<void> {
  const attempts = async (): Promise<number> => (await rig.status()).operation?.attempt ?? 0;
  return rig.until("the stop to be tried again", async () => (await attempts()) >= ATTEMPTS || hasRestarted(rig));
}

/** PSV3 */
async function hasRestarted(rig: Rig): Promise<boolean> {
  const { active } = await rig.status();
  const restarts = (await rig.incarnation(active?.incarnation))?.job?.restarts ?? 0;
  const { uid } = (await rig.job()).metadata;
  const { items } = await rig.api.list("Event", { namespace: NAMESPACE });
  return restarts > 0 || items.some(({ reason, regarding }) => reason === "JobException" && regarding?.uid === uid);
}

/** The same job in the same pods goes on, and nothing else runs. */
async function assertRunsOn(rig: Rig, { processed }: StoredJob, before: readonly string[]): Promise<void> {
  const { active, operation } = await rig.status();
  const enough = processed.count + MORE;
  await rig.until("more records", async () => processed.count >= enough || hasRestarted(rig));
  assert.deepEqual(await podsOf(rig, active?.incarnation ?? 0), before);
  const { job, jobId } = (await rig.incarnation(active?.incarnation)) ?? {};
  assert.equal(jobId, active?.jobId);
  if (!(await hasRestarted(rig))) assert.equal(job?.status, "RUNNING");
  const next = await rig.incarnation(operation?.to ?? 0);
  assert.equal(next?.activation ?? null, null);
}

describe("with its state in S3", { skip: minio.skip }, () => {
  it("P-6 a savepoint that fails leaves the old job running; the upgrade is blocked, and goes through when the store is back", () =>
    withStoredJob("s6", async (rig, stored) => {
      for (const [place, [what, fault]] of Object.entries(away).entries()) {
        const before = await podsOf(rig, place + 1);
        stored.store.faultOf = () => fault;
        await rig.apply(
          rig.manifest(stored.spec({ restartNonce: place, upgrade: { standby: "cold", retryBackoffMax: "1s" } })),
        );
        await rig.until(`UpgradeBlocked, the store ${what}`, async () => {
          const blocked = await rig.condition("UpgradeBlocked");
          return blocked?.status === "True" && (blocked.reason === "SavepointFailed" || hasRestarted(rig));
        });
        await untilTriedAgain(rig);
        await assertRunsOn(rig, stored, before);
        const { operation, active: old } = await rig.status();
        assert.deepEqual([operation?.step, operation?.mode, old?.incarnation], ["Stopping", "savepoint", place + 1]);
        // PSV3: a job that restarts takes no checkpoint that could fail.
        const isUnhealthy = async (): Promise<boolean> =>
          (await rig.condition("CheckpointHealthy"))?.status === "False" || hasRestarted(rig);
        await rig.until("it to be said that checkpoints fail", isUnhealthy);
        stored.store.faultOf = () => null;
        await rig.ready();
        assert.equal((await rig.status()).active?.incarnation, place + 2);
        assert.equal((await rig.condition("UpgradeBlocked"))?.status ?? "False", "False");
        figure("P-6", `the store ${what}: ${operation?.attempt} attempts, the job ran on`);
      }
    }));

  it("P-6 a store that goes away in the midst of a stop with new pods waiting leaves the old job running, and the upgrade goes through when it is back", () =>
    withStoredJob("s6-stop", async (rig, stored) => {
      const before = await podsOf(rig, 1);
      rig.relay.onCall((call) => {
        if (triggerKind(call) === "stop") stored.store.faultOf = () => away["is not there"] as Fault;
        return "pass";
      });
      await rig.apply(
        rig.manifest(stored.spec({ restartNonce: 1, upgrade: { standby: "warm", retryBackoffMax: "1s" } })),
      );
      await untilTriedAgain(rig);
      assert.equal((await rig.condition("UpgradeBlocked"))?.status, "True");
      await assertRunsOn(rig, stored, before);
      rig.relay.onCall(null);
      stored.store.faultOf = () => null;
      await rig.ready();
      assert.equal((await rig.status()).active?.incarnation, 2);
    }));

  it("P-6 a store that is slow makes checkpoints late and no record, and an upgrade waits for it", () =>
    withStoredJob("s6-slow", async (rig, stored) => {
      const before = await podsOf(rig, 1);
      const slow = async (meanwhile: () => Promise<void>): Promise<void> => {
        const { promise: until, resolve } = Promise.withResolvers<void>();
        stored.store.faultOf = ({ method }) => (method === "PUT" || method === "POST" ? { kind: "wait", until } : null);
        await meanwhile();
        stored.store.faultOf = () => null;
        resolve();
      };
      await slow(async () => {
        await stored.processed.more(MORE);
        const completed = (await rig.incarnation(1))?.completedCheckpoints;
        await stored.processed.more(MORE);
        assert.equal((await rig.incarnation(1))?.completedCheckpoints, completed);
      });
      await rig.moreCheckpoints(2);
      await slow(async () => {
        await rig.apply(rig.manifest(stored.spec({ restartNonce: 1, upgrade: { standby: "cold" } })));
        await rig.until("the stop to be under way", () => rig.relay.triggerCount() === 1);
        assert.equal((await rig.incarnation(1))?.result, null);
        assert.deepEqual(await podsOf(rig, 1), before);
        assert.deepEqual(await podsOf(rig, 2), []);
      });
      await rig.ready();
      assert.equal((await rig.status()).active?.incarnation, 2);
      if (!(await hasRestarted(rig))) assert.equal(rig.relay.triggerCount(), 1);
    }));
});

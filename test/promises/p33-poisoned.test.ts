/**
 * PPO1 The healthy jobs' JobManagers answer at once and have no processes: what is measured is what the poisoned ones cost the controller.
 * PPO2 The 5 s are the promise itself, and the only time in these tests that is asserted. A machine that is too busy for them without
 *     poison shows nothing by missing them: there the others may take some times as long as without. It is compared with a multiple, not
 *     with a difference, for what poison rightly costs (its calls and its timers) gets slower with the machine as well.
 * PPO3 Having been asked is not yet having been given up: the slow poisons hold a look until its deadline, so their status is waited for.
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import { InstantJobManagers } from "../../bench/controller/instant-jobmanagers.ts";
import { readStreamJobStatus, type StreamJob } from "../../crds/index.ts";
import { startController } from "../../operator/controller/index.ts";
import { type JobManagerApi, type JobManagerTarget } from "../../operator/engine/index.ts";
import { createHttpJobManagerApi, nativeEngine } from "../../operator/engine-native/index.ts";
import type { KubernetesApi } from "../../operator/kubernetes/api/index.ts";
import { silentLog, sleep, systemClock, systemRandom } from "../../base/index.ts";
import { figure } from "./figures.ts";
import { NO_SCHEDULER, openObjectsOnly } from "./objects-only.ts";
import { PoisonedJobManager, poisons } from "./poisoned-jobmanager.ts";
import { isOnKubernetes, NAMESPACE } from "./rig-cluster.ts";

const HEALTHY = 20;
const PROMISED_MS = 5000;
/** Changes that are timed with poison, and as many without it before and after: a machine has its slow moments. */
const ROUNDS = 3;
/** PPO2 */
const SLOWER_MAX = 3;
const PATIENCE_MS = isOnKubernetes ? 240_000 : 60_000;
/** Pods whose processes nobody starts. */
const OBJECTS_ONLY = { podTemplate: { spec: { schedulerName: NO_SCHEDULER } } };
const POLL_MS = 10;

const healthyNames = Array.from({ length: HEALTHY }, (_, index) => `job-${index}`);

const manifest = (name: string, nonce: number): StreamJob => ({
  apiVersion: "streamjob.dev/v1alpha1",
  kind: "StreamJob",
  metadata: { name, namespace: NAMESPACE },
  spec: {
    job: { module: "/job.ts" },
    restartNonce: nonce,
    upgrade: { stability: { window: "1s" } },
    jobManager: OBJECTS_ONLY,
    taskManager: OBJECTS_ONLY,
  },
});

const apply = (api: KubernetesApi, name: string, nonce: number): Promise<StreamJob> =>
  api.apply("StreamJob", manifest(name, nonce), { fieldManager: "test" });

function isReady({ status, metadata }: StreamJob): boolean {
  const read = readStreamJobStatus(status);
  if (read.kind === "unreadable") return false;
  const ready = read.status.conditions.find(({ type }) => type === "Ready");
  return ready?.status === "True" && ready.observedGeneration === metadata.generation;
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const endMs = systemClock.monotonicMs() + PATIENCE_MS;
  while (!(await isSo())) {
    if (systemClock.monotonicMs() > endMs) throw new Error(`waited ${PATIENCE_MS} ms in vain for ${what}`);
    await sleep(systemClock, POLL_MS);
  }
}

const allReady = (api: KubernetesApi, names: readonly string[]): Promise<void> =>
  until(`${names.length} jobs to be Ready`, async () => {
    const { items } = await api.list("StreamJob", { namespace: NAMESPACE });
    return items.filter((job) => names.includes(job.metadata.name) && isReady(job)).length === names.length;
  });

/** How long it takes until all of the healthy jobs are upgraded, when all are changed at once. */
async function timeChange(api: KubernetesApi, nonce: number): Promise<number> {
  const sentMs = systemClock.monotonicMs();
  for (const name of healthyNames) await apply(api, name, nonce);
  await allReady(api, healthyNames);
  return systemClock.monotonicMs() - sentMs;
}

/** The worst of several changes; `firstNonce`: of as many as there are rounds. */
async function worstChange(api: KubernetesApi, firstNonce: number): Promise<number> {
  const tookMs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) tookMs.push(await timeChange(api, firstNonce + round));
  return Math.ceil(Math.max(...tookMs));
}

/** All calls about the jobs in it go to its server. */
function routed(healthy: JobManagerApi, poisonedBy: ReadonlyMap<string, PoisonedJobManager>): JobManagerApi {
  const byHttp = createHttpJobManagerApi({
    clock: systemClock,
    addressOf: async (host) => poisonedBy.get(host.replace(/-\d+-jobmanager-0\..*$/, ""))?.url ?? null,
  });
  return new Proxy(healthy, {
    get:
      (_, name: keyof JobManagerApi) =>
      (target: JobManagerTarget, ...rest: readonly unknown[]) => {
        const api = poisonedBy.has(target.job) ? byHttp : healthy;
        return (api[name] as (...all: readonly unknown[]) => unknown).call(api, target, ...rest);
      },
  });
}

for (const copies of [1, 4]) {
  const poisonedNames = poisons.flatMap((poison) =>
    Array.from({ length: copies }, (_, copy) => `poison-${poison}-${copy}`),
  );
  it(`P-33 ${poisonedNames.length} poisoned JobManagers cannot stall others: ${HEALTHY} other jobs are upgraded within 5 s`, async () => {
    const parts = { clock: systemClock, random: systemRandom, log: silentLog };
    const server = await openObjectsOnly();
    const people = server.as("test");
    const poisonedBy = new Map<string, PoisonedJobManager>();
    const controller = await startController({
      ...parts,
      api: server.as("streamjob-operator"),
      jobManagers: routed(new InstantJobManagers(1), poisonedBy),
      settings: { storageRoot: "file:///checkpoints", defaultImage: "test", engine: nativeEngine },
      identity: "test",
      namespaces: isOnKubernetes ? [NAMESPACE] : null,
      election: null,
      endpoints: null,
    });
    try {
      for (const name of [...healthyNames, ...poisonedNames]) await apply(people, name, 0);
      await allReady(people, [...healthyNames, ...poisonedNames]);
      await timeChange(people, 1);
      const before = await worstChange(people, 2);
      for (const name of poisonedNames) {
        const jobId = (await people.get("StreamJob", { namespace: NAMESPACE, name }))?.status?.jobId ?? "";
        const poison = poisons.find((each) => name.startsWith(`poison-${each}`)) ?? "garbage";
        poisonedBy.set(name, await PoisonedJobManager.start(poison, jobId));
        // Something is wanted of each of them, so that they are asked all the time.
        await apply(people, name, 1);
      }
      await until("all of them to be asked", async () => [...poisonedBy.values()].every(({ asked }) => asked >= 2));
      const worstMs = await worstChange(people, 2 + ROUNDS);
      for (const name of poisonedNames) {
        // PPO3
        await until(`${name}'s status to say that nothing is known of it`, async () => {
          const { status } = (await people.get("StreamJob", { namespace: NAMESPACE, name })) ?? {};
          return status?.conditions?.find(({ type }) => type === "JobRunning")?.status === "Unknown";
        });
        const job = await people.get("StreamJob", { namespace: NAMESPACE, name });
        assert.equal(job?.status?.active?.incarnation, 1, "and nothing was done to it");
        const set = await people.get("StatefulSet", { namespace: NAMESPACE, name: `${name}-1-jobmanager` });
        assert.equal(set?.metadata.deletionTimestamp, undefined);
      }
      const cured = [...poisonedBy.values()];
      poisonedBy.clear();
      for (const each of cured) await each.close();
      await allReady(people, poisonedNames);
      const plainMs = Math.max(before, await worstChange(people, 2 + 2 * ROUNDS));
      const times = `${HEALTHY} others upgraded within ${worstMs} ms, without poison within ${plainMs} ms`;
      figure("P-33", `${poisonedNames.length} poisoned: ${times}`);
      assert.ok(worstMs < Math.max(PROMISED_MS, SLOWER_MAX * plainMs), times);
    } finally {
      await controller.stop();
      for (const poisoned of poisonedBy.values()) await poisoned.close();
      await server.close();
    }
  });
}

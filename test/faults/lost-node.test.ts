/**
 * FLN1 A node whose kubelet is gone keeps its processes: they run, checkpoint and write on, whatever becomes of their pods' objects.
 */
import "./on-kubernetes.ts";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, it } from "node:test";
import type { StreamJobSpec } from "../../crds/index.ts";
import type { ObjectKey } from "../../operator/kubernetes/api/index.ts";
import { skipWithoutCluster } from "../environment/index.ts";
import { ActivitySampler } from "../promises/activity-sampler.ts";
import { sharedCluster } from "../promises/kubernetes-rig-cluster.ts";
import { PodTimeline } from "../promises/pod-timeline.ts";
import { looksOf, NAMESPACE, type Rig, withRig } from "../promises/rig.ts";
import { isReady, nodeOf, podUids, RATE } from "./pods-of-job.ts";

const isAll = process.env["STREAMJOB_ALL"] === "1";
const JOB_MANAGER = "wc-1-jobmanager-0";
const TASK_MANAGER = "wc-1-taskmanager-0";
const LOOKS = 5;

const key = (name: string): ObjectKey => ({ namespace: NAMESPACE, name });

/** The pods of a node that is lost are told to go at once, and not after five minutes. */
const podTemplate = {
  spec: {
    tolerations: ["not-ready", "unreachable"].map((why) => ({
      key: `node.kubernetes.io/${why}`,
      operator: "Exists",
      effect: "NoExecute",
      tolerationSeconds: 0,
    })),
  },
};
const spec: Partial<StreamJobSpec> = { parallelism: 1, jobManager: { podTemplate }, taskManager: { podTemplate } };

type LostNode = { readonly pids: readonly number[]; back(): Promise<void> };

/** Both pods are on one node, whose kubelet ends; resolves when they are told to go. */
async function loseKubelet(rig: Rig): Promise<LostNode> {
  const node = await nodeOf(rig, JOB_MANAGER);
  assert.equal(await nodeOf(rig, TASK_MANAGER), node);
  const pids = await Promise.all([JOB_MANAGER, TASK_MANAGER].map((name) => rig.cluster.pidOf(key(name))));
  const { failures } = await sharedCluster();
  await failures.stop(`kubelet-${node}`);
  await rig.until("the lost pods to be told to go", async () =>
    (await rig.pods()).every(({ metadata }) => metadata.deletionTimestamp !== undefined),
  );
  return { pids: pids.map((pid) => pid ?? 0), back: () => failures.start(`kubelet-${node}`) };
}

const lives = (pid: number): boolean => existsSync(`/proc/${pid}`);

/** As a person does who takes a node for dead: its objects go, whatever its processes do. Another pod is there and ready afterwards. */
async function deleteByForce(rig: Rig, names: readonly string[]): Promise<void> {
  const before = await podUids(rig);
  const cluster = await sharedCluster();
  await cluster.kubectl("delete", "pod", ...names, "-n", NAMESPACE, "--force", "--grace-period=0");
  await rig.until(`others to be in the place of ${names.join(" and ")}`, async () => {
    const pods = new Map((await rig.pods()).map((pod) => [pod.metadata.name, pod]));
    return names.every((name) => {
      const pod = pods.get(name);
      return pod !== undefined && pod.metadata.uid !== before.get(name) && isReady(pod);
    });
  });
}

describe("pods that are lost while their processes live", { skip: await skipWithoutCluster() }, () => {
  it("on a node that is not Ready, deleted by force one after the other, are fenced by those that take their place: never two active, the sink is exact", () =>
    withRig("lost-force", { rate: RATE }, async (rig) => {
      await rig.apply(rig.manifest(spec));
      await rig.ready();
      const sampler = new ActivitySampler(rig);
      await sampler.alsoAsk(JOB_MANAGER, 1);
      const epoch = (await rig.incarnation(1))?.epoch ?? 0;
      const lost = await loseKubelet(rig);
      // The lost JobManager runs on, and checkpoints, until another one takes its log from it.
      await rig.moreCheckpoints(2);
      await deleteByForce(rig, [JOB_MANAGER]);
      assert.ok(lives(lost.pids[1] ?? 0), "the lost TaskManager lives");
      await rig.until("the new JobManager to lead", async () => ((await rig.incarnation(1))?.epoch ?? 0) > epoch);
      await deleteByForce(rig, [TASK_MANAGER]);
      await rig.until("the job to run", async () => (await rig.incarnation(1))?.job?.status === "RUNNING");
      await rig.moreLines();
      await rig.moreCheckpoints(2);
      await lost.back();
      await rig.until("the lost processes to end", () => lost.pids.every((pid) => !lives(pid)));
      await rig.ready();
      await sampler.close();
      assert.deepEqual(sampler.violations, []);
      assert.equal((await rig.status()).incarnations, 1);
      await rig.assertExact();
    }));

  if (!isAll) return;

  it("on a node that is not Ready run on, and nothing new is started beside them: an upgrade waits until the node is back", () =>
    withRig("lost-upgrade", { rate: RATE, withOperator: false }, async (rig) => {
      const operator = await rig.startOperator();
      const upgrade = { mode: "last-state", standby: "cold" } as const;
      await rig.apply(rig.manifest({ ...spec, upgrade }));
      await rig.ready();
      const sampler = new ActivitySampler(rig);
      const pods = await PodTimeline.open(rig);
      const lost = await loseKubelet(rig);
      await rig.moreCheckpoints(3);
      await rig.apply(rig.manifest({ ...spec, upgrade, restartNonce: 1 }));
      await rig.until(
        "the upgrade to wait for the pods",
        async () => (await rig.status()).operation?.step === "Terminating",
      );
      const looks = await looksOf(operator);
      await rig.until("some more looks", async () => {
        await rig.lookAgain();
        return (await looksOf(operator)) >= looks + LOOKS;
      });
      await rig.moreCheckpoints(3);
      assert.deepEqual([pods.made, lost.pids.map(lives)], [[], [true, true]]);
      assert.equal((await rig.status()).operation?.step, "Terminating");
      await lost.back();
      await rig.ready();
      assert.deepEqual([pods.overlaps, (await rig.status()).incarnations], [[], 2]);
      pods.close();
      await sampler.close();
      assert.deepEqual(sampler.violations, []);
      await rig.assertExact();
    }));

  it("with nothing asked for come back when the node does: the same incarnation, the sink is exact", () =>
    withRig("lost-back", { rate: RATE }, async (rig) => {
      await rig.apply(rig.manifest(spec));
      await rig.ready();
      const pods = await PodTimeline.open(rig);
      const lost = await loseKubelet(rig);
      await rig.moreCheckpoints(5);
      assert.deepEqual([pods.made, lost.pids.map(lives)], [[], [true, true]]);
      pods.close();
      await lost.back();
      await rig.until("the lost processes to end", () => lost.pids.every((pid) => !lives(pid)));
      await rig.ready();
      await rig.moreLines();
      assert.equal((await rig.status()).incarnations, 1);
      await rig.assertExact();
    }));

  it("deleted by force under the eyes of their kubelet, again and again: each successor fences, the sink is exact", () =>
    withRig("lost-forced", { rate: RATE }, async (rig) => {
      await rig.apply(rig.manifest(spec));
      await rig.ready();
      const sampler = new ActivitySampler(rig);
      for (const names of [[JOB_MANAGER], [TASK_MANAGER], [JOB_MANAGER, TASK_MANAGER], [JOB_MANAGER]]) {
        await sampler.alsoAsk(JOB_MANAGER, 1);
        await deleteByForce(rig, names);
        await rig.until("the job to run", async () => (await rig.incarnation(1))?.job?.status === "RUNNING");
        await rig.moreCheckpoints(2);
        await rig.moreLines();
      }
      await sampler.close();
      assert.deepEqual(sampler.violations, []);
      assert.equal((await rig.status()).incarnations, 1);
      await rig.assertExact();
    }));
});

/**
 * FND1 No checkpoint comes by itself: what a drain does not save is processed twice, all of it.
 */
import "./on-kubernetes.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { skipWithoutCluster } from "../environment/index.ts";
import { ActivitySampler } from "../promises/activity-sampler.ts";
import { sharedCluster } from "../promises/kubernetes-rig-cluster.ts";
import { ProcessedWords } from "../promises/processed-words.ts";
import { type Rig, WORD_COUNT, withRig } from "../promises/rig.ts";
import { allOn, nodeOf, otherThan, RATE } from "./pods-of-job.ts";
import { TaskManagerEvictions } from "./taskmanager-evictions.ts";

const isAll = process.env["STREAMJOB_ALL"] === "1";
const PODS = 3;
const MORE = 200;

/** As a person does before maintenance; gives the node where the pods are now. */
async function drainNodeOf(rig: Rig, pod: string): Promise<"node-a" | "node-b"> {
  const cluster = await sharedCluster();
  const node = await nodeOf(rig, pod);
  await cluster.kubectl("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=10m");
  await allOn(rig, otherThan(node), PODS);
  await cluster.kubectl("uncordon", node);
  await rig.until("the job to run", async () => (await rig.incarnation(1))?.job?.status === "RUNNING");
  return otherThan(node);
}

describe("kubectl drain", { skip: await skipWithoutCluster() }, () => {
  it("of the node of a JobManager and its TaskManagers under load processes no record twice, evicts one TaskManager at a time, and no JobManager runs beside another", () =>
    withRig("drain", { rate: RATE }, async (rig) => {
      const witness = new ProcessedWords(rig);
      await rig.apply(
        rig.manifest({
          job: { module: WORD_COUNT, args: rig.args(["--witness", witness.path]) },
          parallelism: 2,
          taskManager: { replicas: 2, slots: 1 },
          checkpoints: { interval: "1h" },
        }),
      );
      await rig.checkpointOfLines(1);
      await rig.ready();
      const sampler = new ActivitySampler(rig);
      const evictions = await TaskManagerEvictions.open(rig.api);
      for (let drains = 0; drains < (isAll ? 4 : 2); drains++) {
        await witness.more(MORE);
        await drainNodeOf(rig, "wc-1-jobmanager-0");
      }
      await witness.more(MORE);
      await rig.ready();
      await sampler.close();
      evictions.close();
      assert.deepEqual(witness.twice().slice(0, 5), [], "records were processed twice");
      assert.deepEqual(sampler.violations, []);
      assert.ok(sampler.active > 0);
      assert.ok(evictions.count >= 2, `${evictions.count} TaskManagers were evicted`);
      assert.deepEqual(evictions.together, [], "TaskManagers were evicted while another one was not ready");
      const { restarts, incarnations } = await rig.status();
      assert.deepEqual([restarts, incarnations], [0, 1], "a drain is no failure of the job");
      await rig.assertExact();
    }));
});

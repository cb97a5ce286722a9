import assert from "node:assert/strict";
import { it } from "node:test";
import { incarnationSchema } from "../../contract/index.ts";
import type { ArmedRole } from "./armed-images.ts";
import { figure } from "./figures.ts";
import { withholdCheckpoints } from "./jobmanager-relay.ts";
import { NAMESPACE, type Rig, standsStill, withRig } from "./rig.ts";
import { readStoreView } from "./stores.ts";

const PODS = ["wc-1-jobmanager-0", "wc-1-taskmanager-0"] as const;
const key = (name: string) => ({ namespace: NAMESPACE, name });

/** What the lost JobManager says of itself; null: nothing. */
async function zombieSays(address: string): Promise<{ phase: string; code: string | null } | null> {
  try {
    const response = await fetch(`http://${address}/v1/streamjob/incarnation`);
    const { phase, error } = incarnationSchema.parse(await response.json());
    return { phase, code: error?.code ?? null };
  } catch {
    return null; // it is just being woken
  }
}

/** Where the old incarnation stands still; null: wherever it is when it is told to. */
const places: readonly (readonly [string, { readonly role: ArmedRole; readonly failpoint: string } | null])[] = [
  ["anywhere", null],
  ["with all that a checkpoint needs, before its manifest", { role: "jobmanager", failpoint: "jm:before-manifest" }],
  ["with a checkpoint complete, before anybody is told", { role: "jobmanager", failpoint: "jm:after-manifest" }],
  ["before its sink makes files visible", { role: "taskmanager", failpoint: "tm:before-commit" }],
];

/** A node with all pods of incarnation 1 is lost, and its pods are deleted by force while their processes live. */
async function loseNode(rig: Rig, armed: (typeof places)[number][1]): Promise<readonly number[]> {
  const pids = await Promise.all(PODS.map(async (name) => (await rig.cluster.pidOf(key(name))) ?? 0));
  const first = pids[armed?.role === "taskmanager" ? 1 : 0] ?? 0;
  if (armed !== null) {
    const { jobId } = await rig.status();
    // Not waited for: it may stand still before it can answer.
    void rig.rest(`/v1/jobs/${jobId}/checkpoints`, { number: 1, method: "POST", body: {} });
    await rig.until("it to stand still there", () => standsStill(first));
  }
  for (const pid of pids) await rig.standStill(pid);
  await rig.cluster.abandon(PODS.map(key));
  return pids;
}

let woken = 0;
for (const [place, armed] of places) {
  it(`P-13 a lost incarnation that is woken after its successor runs can commit nothing: it stood still ${place}`, () =>
    withRig("s13", {}, async (rig) => {
      const upgrade = { mode: "last-state", standby: "cold" } as const;
      const spec = { upgrade, parallelism: 1 } as const;
      if (armed === null) {
        await rig.apply(rig.manifest(spec));
      } else {
        // The place is reached by two checkpoints that the test asks for, one to prove the version and one to stand still at. One subtask
        // has one transaction in each.
        rig.relay.onCall(withholdCheckpoints);
        rig.images.arm(armed.role, `${armed.failpoint}=stop@2`);
        await rig.apply(rig.manifest({ ...spec, checkpoints: { interval: "1h" } }));
        await rig.checkpointOfLines(1);
      }
      await rig.ready();
      const { jobId = "" } = await rig.status();
      const address = await rig.cluster.addressOf(`${PODS[0]}.wc-1.${NAMESPACE}.svc`, 8081);
      assert.ok(address !== null);
      const pids = await loseNode(rig, armed);

      await rig.apply(rig.manifest({ upgrade, parallelism: 2 }));
      await rig.until("the old pods to be told to go", async () => {
        const pods = await rig.pods();
        return pods.length === PODS.length && pods.every(({ metadata }) => metadata.deletionTimestamp !== undefined);
      });
      for (const name of PODS) await rig.api.delete("Pod", key(name), { gracePeriodSeconds: 0 });
      await rig.ready();
      assert.equal((await rig.status()).active?.incarnation, 2);

      for (const pid of pids) process.kill(pid, "SIGCONT");
      await rig.until("the lost JobManager to know that it is fenced", async () => {
        const said = await zombieSays(address);
        return said?.phase === "ended" && said.code === "FENCED";
      });
      await rig.moreCheckpoints(2);
      const store = await readStoreView(rig.storeFolder(jobId));
      assert.deepEqual([store.fencedBy, store.afterFence], [(await rig.status()).jobId, []]);
      await rig.assertExact();
      figure("P-13", `woken at ${++woken} places, nothing committed`);
    }));
}

import assert from "node:assert/strict";
import { it } from "node:test";
import { parseTime } from "../../crds/index.ts";
import { systemClock } from "../../base/index.ts";
import { figure } from "./figures.ts";
import { PodTimeline } from "./pod-timeline.ts";
import { NAMESPACE, looksOf, type Rig, withRig } from "./rig.ts";

const TASK_MANAGER = { namespace: NAMESPACE, name: "wc-1-taskmanager-0" };
const JOB_MANAGER = { namespace: NAMESPACE, name: "wc-1-jobmanager-0" };
/** Of the specs while something is held, every one. */
const TIMEOUT = "1s";
/** How often another operator looks before it is believed to wait as well. */
const LOOKS = 5;
/** Several times the timeout. */
const HELD_MS = 4000;

type Way = { readonly mode: "savepoint" | "last-state"; readonly standby: "cold" | "warm" };

/** Only while it is held is there a time to go by: a busy machine needs more than a second to start a healthy version. */
const heldSpec = (way: Way) => ({
  parallelism: 1,
  upgrade: {
    ...way,
    deployTimeout: TIMEOUT,
    savepointTimeout: TIMEOUT,
    stability: { window: "1s", maxRestarts: 2 },
  },
});

/** Ends the time in which anything could be late: before what is held is let go. */
async function giveTime(rig: Rig, way: Way): Promise<void> {
  const { upgrade, ...spec } = heldSpec(way);
  const { metadata } = await rig.apply(rig.manifest({ ...spec, upgrade: { ...upgrade, deployTimeout: "5m" } }));
  await rig.until("the operator to know of it", async () => {
    return (await rig.status()).observedGeneration === metadata.generation;
  });
}

/** Waits until the operation waits for pods to go, and has done so for longer than anything in the spec. */
async function waitsFor(rig: Rig, pod: string): Promise<void> {
  await rig.until(`the operation to wait for ${pod} beyond every timeout`, async () => {
    const { operation, incarnations } = await rig.status();
    const hasGoneOn =
      incarnations > 1 && (operation === undefined || operation.step === "Activating" || operation.step === "Proving");
    assert.ok(!hasGoneOn, `${pod} was not waited for`);
    if (operation?.step !== "Terminating" || !operation.message.includes(pod)) return false;
    return systemClock.nowMs() - parseTime(operation.stepSince) > HELD_MS;
  });
}

const activations = (rig: Rig, incarnation: number): number =>
  rig.relay.calls.filter(
    ({ pod, path, method }) =>
      method === "PUT" && path.endsWith("/activation") && pod === `wc-${incarnation}-jobmanager-0`,
  ).length;

it("P-12 no pod of a new incarnation is made while one of the old is there: a finalizer holds it, beyond every timeout and for another operator too", () =>
  withRig("s12", { withOperator: false }, async (rig) => {
    const operator = await rig.startOperator();
    const way = { mode: "savepoint", standby: "cold" } as const;
    await rig.apply(rig.manifest({ upgrade: way }));
    await rig.ready();
    const pods = await PodTimeline.open(rig);
    await rig.api.patch("Pod", TASK_MANAGER, { metadata: { finalizers: ["example.org/hold"] } });
    await rig.apply(rig.manifest(heldSpec(way)));
    await waitsFor(rig, TASK_MANAGER.name);
    await operator.stop();
    const next = await rig.startOperator();
    await next.whenSynced();
    await rig.until("some looks of the next operator", async () => {
      await rig.lookAgain();
      return (await looksOf(next)) >= LOOKS;
    });
    assert.equal((await rig.status()).operation?.step, "Terminating");
    assert.equal(await rig.api.get("Pod", JOB_MANAGER), null);
    assert.deepEqual(pods.made, []);
    await giveTime(rig, way);
    await rig.api.patch("Pod", TASK_MANAGER, { metadata: { finalizers: null } });
    await rig.ready();
    assert.ok(pods.made.some(({ incarnation }) => incarnation === 2));
    assert.deepEqual(pods.overlaps, []);
    pods.close();
    figure("P-12", `held for ${HELD_MS / 1000} s, 4 times every timeout; 0 pods made`);
    await rig.assertExact();
  }));

it("P-12 without a savepoint the pods that wait are not let run while one of the old is there", () =>
  withRig("s12-warm", {}, async (rig) => {
    const way = { mode: "last-state", standby: "warm" } as const;
    await rig.apply(rig.manifest({ upgrade: way }));
    await rig.ready();
    await rig.api.patch("Pod", TASK_MANAGER, { metadata: { finalizers: ["example.org/hold"] } });
    await rig.apply(rig.manifest(heldSpec(way)));
    await waitsFor(rig, TASK_MANAGER.name);
    assert.deepEqual([activations(rig, 2), (await rig.incarnation(2))?.activation], [0, null]);
    await giveTime(rig, way);
    await rig.api.patch("Pod", TASK_MANAGER, { metadata: { finalizers: null } });
    await rig.ready();
    assert.equal((await rig.status()).active?.incarnation, 2);
    await rig.assertExact();
  }));

it("P-12 pods on a node that nobody can reach are not taken for gone, however long their deletion takes", () =>
  withRig("s12-node", {}, async (rig) => {
    const way = { mode: "last-state", standby: "cold" } as const;
    await rig.apply(rig.manifest({ upgrade: way }));
    await rig.ready();
    const pods = await PodTimeline.open(rig);
    const lost = await rig.cluster.abandon([JOB_MANAGER, TASK_MANAGER]);
    await rig.apply(rig.manifest(heldSpec(way)));
    await waitsFor(rig, JOB_MANAGER.name);
    assert.deepEqual([pods.made, pods.doomed.length], [[], 2]);
    await giveTime(rig, way);
    // The node is found dead, and a person says so.
    for (const pid of lost) process.kill(pid ?? 0, "SIGKILL");
    for (const pod of [JOB_MANAGER, TASK_MANAGER]) await rig.api.delete("Pod", pod, { gracePeriodSeconds: 0 });
    await rig.ready();
    assert.deepEqual(pods.overlaps, []);
    pods.close();
    await rig.assertExact();
  }));

import assert from "node:assert/strict";
import { it } from "node:test";
import { CLEANUP_FINALIZER, INCARNATION_LABEL, type StreamJobSpec } from "../../crds/index.ts";
import type { OperatorFailpointName } from "../../operator/apply/index.ts";
import { isApiError } from "../../operator/kubernetes/api/index.ts";
import { figure } from "./figures.ts";
import { NAMESPACE, type Rig, withRig } from "./rig.ts";
import { assertOneChain, readStoreViews } from "./stores.ts";

const KINDS = ["ConfigMap", "Service", "StatefulSet", "Pod"] as const;

/** `<kind> <name>` → uid of all that an incarnation has. */
async function childrenOf(rig: Rig, incarnation: number): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const kind of KINDS) {
    const { items } = await rig.api.list(kind, {
      namespace: NAMESPACE,
      labels: { [INCARNATION_LABEL]: String(incarnation) },
    });
    for (const { metadata } of items) found.set(`${kind} ${metadata.name}`, metadata.uid ?? "");
  }
  return found;
}

/** The StreamJob goes without its operator's leave, and what it had goes after it, when it can. */
async function removeHurriedly(rig: Rig): Promise<void> {
  const key = { namespace: NAMESPACE, name: "wc" };
  await rig.api.patch("StreamJob", key, { metadata: { finalizers: null } });
  await rig.api.delete("StreamJob", key);
  await rig.until("the StreamJob to be gone", async () => {
    const now = await rig.api.get("StreamJob", key);
    if (now?.metadata.finalizers?.includes(CLEANUP_FINALIZER) === true)
      await rig.api.patch("StreamJob", key, { metadata: { finalizers: null } });
    return now === null;
  });
}

/** The word count as it is, with counts of its own. */
function elsewhere(rig: Rig): StreamJobSpec["job"] {
  const args = rig.args().map((arg) => (arg === rig.output ? rig.workspace.path("earlier") : arg));
  return { ...rig.manifest().spec.job, args };
}

const deaths: readonly { readonly name: OperatorFailpointName; readonly hit: number }[] = [
  { name: "op:after-apply-child", hit: 1 },
  { name: "op:after-apply-child", hit: 3 },
  { name: "op:after-apply-child", hit: 4 },
  { name: "op:before-activate", hit: 1 },
  { name: "op:after-activate", hit: 1 },
];

it("P-19 what an operator made and died over is gone on with, not made again: at every step of making an incarnation", () =>
  withRig("s19", { withOperator: false }, async (rig) => {
    for (const [place, dieAt] of deaths.entries()) {
      const number = place + 1;
      await rig.apply(rig.manifest({ restartNonce: number }));
      const first = rig.runOperator({ dieAt });
      assert.equal(await first.ended, "SIGKILL", `${dieAt.name} was not reached: ${first.said().slice(-1000)}`);
      const before = await childrenOf(rig, number);
      assert.ok(before.size > 0, `nothing was made before ${dieAt.name}`);
      const recorded = (await rig.status()).operation;
      assert.equal(recorded?.to, number, "it was recorded first");
      const next = rig.runOperator();
      await rig.ready();
      const after = await childrenOf(rig, number);
      for (const [child, uid] of before) assert.equal(after.get(child), uid, `${child} after ${dieAt.name}`);
      const { active, incarnations } = await rig.status();
      assert.deepEqual([active?.incarnation, incarnations], [number, number]);
      assert.equal(active?.activationId, recorded.activationId);
      await next.kill();
    }
    rig.runOperator();
    const { jobId = "" } = await rig.status();
    assert.equal(
      assertOneChain(await readStoreViews(rig.storeFolder("")), jobId).length,
      deaths.length,
      "incarnations that ran",
    );
    figure("P-19", `${deaths.length} operators killed, ${deaths.length} incarnations, each made once`);
    await rig.assertExact();
  }));

it("P-19 what is on its way out is not taken up: its end is waited for, then it is made anew, and only that is let run", () =>
  withRig("s19-terminating", { withOperator: false }, async (rig) => {
    await rig.apply(rig.manifest());
    // ConfigMap, then both StatefulSets; the Service comes with its certificates.
    const first = rig.runOperator({ dieAt: { name: "op:after-apply-child", hit: 3 } });
    await first.ended;
    const key = { namespace: NAMESPACE, name: "wc-1-jobmanager" };
    const set = await rig.api.get("StatefulSet", key);
    await rig.api.patch("StatefulSet", key, { metadata: { finalizers: ["example.org/hold"] } });
    await rig.api.delete("StatefulSet", key);
    await rig.until("its pods to be ready to run", async () => {
      const said = await rig.incarnation(1);
      return said?.phase === "standby" && said.taskManagersReady === 1;
    });
    await rig.startOperator();
    const asked = (): number => rig.relay.calls.length;
    const before = asked();
    await rig.until("the operator to have looked", () => asked() >= before + 5);
    assert.equal((await rig.incarnation(1))?.activation, null, "a JobManager on its way out is activated");
    assert.equal((await rig.status()).operation?.step, "Standby");

    await rig.api.patch("StatefulSet", key, { metadata: { finalizers: null } });
    await rig.ready();
    const now = await rig.api.get("StatefulSet", key);
    assert.notEqual(now?.metadata.uid, set?.metadata.uid);
    assert.equal((await rig.status()).incarnations, 1);
    await rig.assertExact();
  }));

it("P-19 what is left of an earlier StreamJob of the same name is not taken up: it is in the way until it is gone", () =>
  withRig("s19-name", {}, async (rig) => {
    await rig.apply(rig.manifest({ job: elsewhere(rig) }));
    await rig.ready();
    const earlier = await rig.job();
    const oldPods = new Set((await rig.pods()).map(({ metadata }) => metadata.uid));
    const set = { namespace: NAMESPACE, name: "wc-1-taskmanager" };
    await rig.api.patch("StatefulSet", set, { metadata: { finalizers: ["example.org/hold"] } });
    await removeHurriedly(rig);
    await rig.apply(rig.manifest());
    assert.notEqual((await rig.job()).metadata.uid, earlier.metadata.uid);
    await rig.until("what is in the way to go", async () => {
      const held = await rig.api.get("StatefulSet", set);
      return held?.metadata.deletionTimestamp !== undefined && (await rig.status()).operation !== undefined;
    });
    const { active } = await rig.status();
    assert.equal(active, undefined);
    await rig.api.patch("StatefulSet", set, { metadata: { finalizers: null } });
    await rig.ready();
    assert.ok((await rig.pods()).every(({ metadata }) => !oldPods.has(metadata.uid)));
    await rig.assertExact();
  }));

it("P-19 a StreamJob made anew runs its own job, also where a kubelet still has pods of the one before it that were deleted by force", () =>
  withRig("s19-forced", {}, async (rig) => {
    await rig.apply(rig.manifest({ job: elsewhere(rig) }));
    await rig.ready();
    const earlier = await rig.job();
    await removeHurriedly(rig);
    // Without the sets, so that they make no pods again.
    for (const component of ["jobmanager", "taskmanager"]) {
      const key = { namespace: NAMESPACE, name: `wc-1-${component}` };
      await unlessGone(rig.api.delete("StatefulSet", key, { propagation: "Orphan" }));
    }
    await rig.until("its pods to be gone for the API server", async () => {
      const pods = await rig.pods();
      const forced = { gracePeriodSeconds: 0 };
      await Promise.all(pods.map(({ metadata }) => unlessGone(rig.api.delete("Pod", keyOf(metadata), forced))));
      return pods.length === 0;
    });
    await rig.apply(rig.manifest());
    assert.notEqual((await rig.job()).metadata.uid, earlier.metadata.uid);
    await rig.ready();
    assert.equal((await rig.incarnation())?.jobId, (await rig.status()).active?.jobId);
    await rig.assertExact();
  }));

const keyOf = ({ name }: { readonly name: string }) => ({ namespace: NAMESPACE, name });

async function unlessGone(deletion: Promise<void>): Promise<void> {
  await deletion.catch((error: unknown) => {
    if (!isApiError(error, "NotFound")) throw error;
  });
}

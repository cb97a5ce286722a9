import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { silentLog, systemClock, systemRandom } from "../../base/index.ts";
import type { Pod } from "../../operator/kubernetes/api/index.ts";
import { type LocalApiServer, openLocalApiServer } from "../api-server/index.ts";
import { buildPod, buildSet, keyOf, NAMESPACE, until } from "../kubelet/cluster-rig.test-support.ts";
import { InstantKubelet } from "../kubelet/index.ts";
import { StatefulSetController } from "./stateful-set-controller.ts";

const base = { clock: systemClock, random: systemRandom, log: silentLog };
let api: LocalApiServer;
let controller: StatefulSetController;
let kubelet: InstantKubelet;

before(async () => {
  api = await openLocalApiServer(base);
  controller = new StatefulSetController({ ...base, api });
  kubelet = new InstantKubelet({ ...base, api });
  await controller.start();
  await kubelet.start();
});
after(async () => {
  await controller.stop();
  await kubelet.stop();
  await api.close();
});

async function podsOf(set: string): Promise<readonly Pod[]> {
  return (await api.list("Pod", { labels: { app: set } })).items;
}

async function settled(name: string): Promise<void> {
  await until(`${name} is settled`, async () => {
    const set = await api.get("StatefulSet", keyOf(name));
    const { readyReplicas, updatedReplicas, observedGeneration, replicas } = set?.status ?? {};
    const isDone = [readyReplicas, updatedReplicas, replicas].every((count) => count === set?.spec.replicas);
    return isDone && observedGeneration === set?.metadata.generation;
  });
}

async function versionAfterRest(): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, 30));
  return (await api.list("Pod")).resourceVersion;
}

test("sets are settled by a few writes each, and then nothing is written any more (SSC1)", async () => {
  const count = 100;
  const before = Number((await api.list("Pod")).resourceVersion);
  for (let i = 0; i < count; i++) await api.create("StatefulSet", buildSet(`many-${i}`, 2));
  for (let i = 0; i < count; i++) await settled(`many-${i}`);
  const version = await versionAfterRest();
  assert.equal(await versionAfterRest(), version);
  // Each: the set, two pods, two pods' status, and at most four of its own status.
  assert.ok(Number(version) - before <= count * 9, `${Number(version) - before} writes`);
});

test("an update that changes nothing writes nothing; one of the template replaces every pod, one at a time", async () => {
  await api.create("StatefulSet", buildSet("roll", 3));
  await settled("roll");
  const first = await podsOf("roll");
  const version = await versionAfterRest();
  await api.patch("StatefulSet", keyOf("roll"), { spec: { replicas: 3 } });
  assert.equal(await versionAfterRest(), version);

  let fewest = 3;
  const watching = new AbortController();
  void api.watch("StatefulSet", { resourceVersion: version, signal: watching.signal }, (event) => {
    if (event.type !== "BOOKMARK" && event.object.metadata.name === "roll") {
      fewest = Math.min(fewest, event.object.status?.replicas ?? 3);
    }
  });
  const template = buildSet("roll", 3, { container: { image: "v2" } }).spec.template;
  await api.patch("StatefulSet", keyOf("roll"), { spec: { template } });
  await settled("roll");
  watching.abort();
  const next = await podsOf("roll");
  assert.ok(next.every((pod) => pod.spec.containers[0]?.image === "v2"));
  assert.ok(next.every((pod) => first.every((old) => old.metadata.uid !== pod.metadata.uid)));
  assert.ok(fewest >= 2, `only ${fewest} pods at a time`);
});

test("a stranger that stands where a pod is wanted is waited for (SSP1)", async () => {
  await api.create("Pod", buildPod({ name: "blocked-0" }));
  await api.create("StatefulSet", buildSet("blocked", 2));
  await until("the other pod is there", async () => (await podsOf("blocked")).length === 1);
  await api.delete("Pod", keyOf("blocked-0"));
  await settled("blocked");
});

test("a set of the same name as one that was deleted gets pods of its own", async () => {
  await api.create("StatefulSet", buildSet("twice", 2));
  await settled("twice");
  const first = await podsOf("twice");
  await api.delete("StatefulSet", keyOf("twice"));
  await api.create("StatefulSet", buildSet("twice", 2));
  await settled("twice");
  const uids = new Set([...first, ...(await podsOf("twice"))].map(({ metadata }) => metadata.uid));
  assert.equal(uids.size, 4);
});

test("a set without a pod left to it is quiet while it is being deleted (SSP3)", async () => {
  const set = buildSet("going", 1);
  await api.create("StatefulSet", { ...set, metadata: { ...set.metadata, finalizers: ["test/hold"] } });
  await settled("going");
  await api.delete("StatefulSet", keyOf("going"));
  await api.delete("Pod", { namespace: NAMESPACE, name: "going-0" });
  const version = await versionAfterRest();
  assert.deepEqual(await podsOf("going"), []);
  assert.equal(await versionAfterRest(), version);
  await api.patch("StatefulSet", keyOf("going"), { metadata: { finalizers: null } });
  assert.equal(await api.get("StatefulSet", keyOf("going")), null);
});

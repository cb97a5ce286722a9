/**
 * Owns: the contract of deletion: finalizers, preconditions, grace, and what happens to what is owned.
 */
import assert from "node:assert/strict";
import type { KubernetesObject } from "../../../crds/index.ts";
import type { KubernetesApi } from "../api/index.ts";
import type { Topic } from "./sentence.ts";
import { configMap, eventually, Heard, isGone, job, ownedBy, pod, present, refused } from "./specimens.ts";

const finalizers = ["example.com/wait"];

const alone: Topic = {
  "removes an object without finalizers at once": async ({ api, namespace }) => {
    const created = await api.create("ConfigMap", configMap(namespace, "a", {}));
    await api.delete("ConfigMap", { namespace, name: "a" });
    assert.ok(await isGone(api, "ConfigMap", created));
    await refused(api.delete("ConfigMap", { namespace, name: "a" }), "NotFound");
  },

  "only marks an object with finalizers, until the last one is removed": async ({ api, namespace }) => {
    const key = { namespace, name: "wc" };
    const created = await api.create(
      "StreamJob",
      job(namespace, {}, { finalizers: [...finalizers, "example.com/more"] }),
    );
    const heard = new Heard<"StreamJob">();
    const stopping = new AbortController();
    const resourceVersion = created.metadata.resourceVersion ?? "";
    const ended = api.watch("StreamJob", { namespace, resourceVersion, signal: stopping.signal }, heard.onEvent);
    await api.delete("StreamJob", key);
    const marked = await present(api, "StreamJob", created);
    assert.match(marked.metadata.deletionTimestamp ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.equal(marked.metadata.generation, 2);
    await api.delete("StreamJob", key);
    assert.equal((await present(api, "StreamJob", created)).metadata.resourceVersion, marked.metadata.resourceVersion);
    const waiting = await api.update("StreamJob", { ...marked, metadata: { ...marked.metadata, finalizers } });
    await api.update("StreamJob", { ...waiting, metadata: { ...waiting.metadata, finalizers: [] } });
    assert.ok(await isGone(api, "StreamJob", created));
    await heard.has("MODIFIED wc", "MODIFIED wc", "DELETED wc");
    stopping.abort();
    await ended;
  },

  "removes an object when a patch takes its last finalizer": async ({ api, namespace }) => {
    const key = { namespace, name: "wc" };
    const created = await api.create("StreamJob", job(namespace, {}, { finalizers }));
    await api.delete("StreamJob", key);
    await api.patch("StreamJob", key, { metadata: { finalizers: null } });
    assert.ok(await isGone(api, "StreamJob", created));
  },

  "takes writes to an object that is being deleted, but no new finalizer": async ({ api, namespace }) => {
    const key = { namespace, name: "wc" };
    await api.create("StreamJob", job(namespace, {}, { finalizers }));
    await api.delete("StreamJob", key);
    const changed = await api.patch("StreamJob", key, { spec: { parallelism: 2 } });
    const withStatus = await api.updateStatus("StreamJob", { ...changed, status: { phase: "Deleting" } });
    assert.equal(withStatus.status?.phase, "Deleting");
    const more = [...finalizers, "example.com/late"];
    const error = await refused(api.patch("StreamJob", key, { metadata: { finalizers: more } }), "Invalid");
    assert.deepEqual([...new Set(error.causes.map(({ field }) => field))], ["metadata.finalizers"]);
    const again = { metadata: { deletionTimestamp: null } };
    assert.notEqual((await api.patch("StreamJob", key, again)).metadata.deletionTimestamp, undefined);
    await api.patch("StreamJob", key, { metadata: { finalizers: null } });
  },

  "refuses to create anew what is still being deleted": async ({ api, namespace }) => {
    const created = await api.create("StreamJob", job(namespace, {}, { finalizers }));
    await api.delete("StreamJob", { namespace, name: "wc" });
    await refused(api.create("StreamJob", job(namespace)), "AlreadyExists");
    await api.patch("StreamJob", { namespace, name: "wc" }, { metadata: { finalizers: null } });
    const second = await api.create("StreamJob", job(namespace));
    assert.notEqual(second.metadata.uid, created.metadata.uid);
    assert.equal(second.metadata.generation, 1);
  },

  "deletes only the object with this uid and version": async ({ api, namespace }) => {
    const key = { namespace, name: "a" };
    const first = await api.create("ConfigMap", configMap(namespace, "a", { k: "1" }));
    const uid = first.metadata.uid ?? "";
    const resourceVersion = first.metadata.resourceVersion ?? "";
    await refused(api.delete("ConfigMap", key, { uid: "00000000-0000-4000-8000-000000000000" }), "Conflict");
    const second = await api.update("ConfigMap", { ...first, data: { k: "2" } });
    await refused(api.delete("ConfigMap", key, { uid, resourceVersion }), "Conflict");
    assert.deepEqual(await present(api, "ConfigMap", second), second);
    await api.delete("ConfigMap", key, { uid, resourceVersion: second.metadata.resourceVersion ?? "" });
    assert.ok(await isGone(api, "ConfigMap", first));
  },

  "gives a pod its grace, and removes it at once with none": async ({ api, namespace }) => {
    const key = { namespace, name: "wc-0" };
    const created = await api.create("Pod", pod(namespace));
    await api.delete("Pod", key, { gracePeriodSeconds: 120 });
    const marked = await present(api, "Pod", created);
    assert.notEqual(marked.metadata.deletionTimestamp, undefined);
    await api.delete("Pod", key, { gracePeriodSeconds: 300 });
    assert.equal((await present(api, "Pod", created)).metadata.deletionTimestamp, marked.metadata.deletionTimestamp);
    await api.delete("Pod", key, { gracePeriodSeconds: 0, uid: created.metadata.uid ?? "" });
    assert.ok(await isGone(api, "Pod", created));
  },

  "keeps a pod with finalizers even without grace": async ({ api, namespace }) => {
    const key = { namespace, name: "wc-0" };
    const specimen = pod(namespace);
    const created = await api.create("Pod", { ...specimen, metadata: { ...specimen.metadata, finalizers } });
    await api.delete("Pod", key, { gracePeriodSeconds: 0 });
    assert.notEqual((await present(api, "Pod", created)).metadata.deletionTimestamp, undefined);
    await api.patch("Pod", key, { metadata: { finalizers: null } });
    assert.ok(await isGone(api, "Pod", created));
  },
};

/** Hears of ConfigMaps in their order: when it has taken away one that is nobody's, it knows of all that were made before. */
async function collectorKnowsAllBefore(api: KubernetesApi, owner: KubernetesObject): Promise<void> {
  const nobody = { ...owner, metadata: { ...owner.metadata, uid: "00000000-0000-4000-8000-000000000000" } };
  const { namespace } = owner.metadata;
  const orphan = await api.create("ConfigMap", configMap(namespace, "orphan", {}, ownedBy(nobody)));
  await eventually("the collector has run", () => isGone(api, "ConfigMap", orphan));
}

const owned: Topic = {
  "deletes what an owner owned after it": async ({ api, namespace }) => {
    const owner = await api.create("StreamJob", job(namespace));
    const child = await api.create("ConfigMap", configMap(namespace, "child", {}, ownedBy(owner)));
    const grandchild = await api.create("ConfigMap", configMap(namespace, "grandchild", {}, ownedBy(child)));
    const stranger = await api.create("ConfigMap", configMap(namespace, "stranger", {}));
    await api.delete("StreamJob", { namespace, name: "wc" });
    await eventually(
      "child and grandchild are gone",
      async () => (await isGone(api, "ConfigMap", child)) && (await isGone(api, "ConfigMap", grandchild)),
    );
    assert.deepEqual(await present(api, "ConfigMap", stranger), stranger);
  },

  "keeps what an owner owns while the owner waits for its finalizers": async ({ api, namespace }) => {
    const owner = await api.create("StreamJob", job(namespace, {}, { finalizers }));
    const child = await api.create("ConfigMap", configMap(namespace, "child", {}, ownedBy(owner)));
    await api.delete("StreamJob", { namespace, name: "wc" });
    await collectorKnowsAllBefore(api, owner);
    assert.deepEqual(await present(api, "ConfigMap", child), child);
    await api.patch("StreamJob", { namespace, name: "wc" }, { metadata: { finalizers: null } });
    await eventually("the child is gone", () => isGone(api, "ConfigMap", child));
  },

  "deletes what names an owner that is gone, though another has its name": async ({ api, namespace }) => {
    const first = await api.create("StreamJob", job(namespace));
    await api.delete("StreamJob", { namespace, name: "wc" });
    const second = await api.create("StreamJob", job(namespace));
    const ofFirst = await api.create("ConfigMap", configMap(namespace, "late", {}, ownedBy(first)));
    const ofSecond = await api.create("ConfigMap", configMap(namespace, "now", {}, ownedBy(second)));
    await eventually("what the first one owned is gone", () => isGone(api, "ConfigMap", ofFirst));
    assert.deepEqual(await present(api, "ConfigMap", ofSecond), ofSecond);
  },

  "keeps what another owner still owns": async ({ api, namespace }) => {
    const a = await api.create("ConfigMap", configMap(namespace, "owner-a", {}));
    const b = await api.create("ConfigMap", configMap(namespace, "owner-b", {}));
    const ownerReferences = [...(ownedBy(a).ownerReferences ?? []), ...(ownedBy(b).ownerReferences ?? [])];
    const child = await api.create("ConfigMap", configMap(namespace, "child", {}, { ownerReferences }));
    await api.delete("ConfigMap", { namespace, name: "owner-a" });
    await eventually("the reference to the first owner is gone", async () => {
      const { metadata } = await present(api, "ConfigMap", child);
      return metadata.ownerReferences?.length === 1 && metadata.ownerReferences[0]?.name === "owner-b";
    });
    await api.delete("ConfigMap", { namespace, name: "owner-b" });
    await eventually("the child is gone", () => isGone(api, "ConfigMap", child));
  },

  "orphans what an owner owned when asked to": async ({ api, namespace }) => {
    const owner = await api.create("StreamJob", job(namespace));
    const child = await api.create("ConfigMap", configMap(namespace, "child", {}, ownedBy(owner)));
    // Else it would find nothing to orphan, and collect the child once it hears of it.
    await collectorKnowsAllBefore(api, owner);
    await api.delete("StreamJob", { namespace, name: "wc" }, { propagation: "Orphan" });
    await eventually("the owner is gone", () => isGone(api, "StreamJob", owner));
    assert.equal((await present(api, "ConfigMap", child)).metadata.ownerReferences, undefined);
  },

  "deletes an owner after what blocks it when asked to": async ({ api, namespace }) => {
    const owner = await api.create("StreamJob", job(namespace));
    const metadata = { ...ownedBy(owner, { blockOwnerDeletion: true }), finalizers };
    const child = await api.create("ConfigMap", configMap(namespace, "child", {}, metadata));
    // Else nothing would block it.
    await collectorKnowsAllBefore(api, owner);
    await api.delete("StreamJob", { namespace, name: "wc" }, { propagation: "Foreground" });
    await eventually(
      "the child is marked",
      async () => (await present(api, "ConfigMap", child)).metadata.deletionTimestamp !== undefined,
    );
    assert.notEqual((await present(api, "StreamJob", owner)).metadata.deletionTimestamp, undefined);
    await api.patch("ConfigMap", { namespace, name: "child" }, { metadata: { finalizers: null } });
    await eventually("the owner is gone", () => isGone(api, "StreamJob", owner));
  },
};

export const deleting = { alone, owned };

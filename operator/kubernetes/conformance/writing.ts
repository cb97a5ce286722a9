/**
 * Owns: the contract of single writes: what the server gives an object, locking, generation, the split of status, merge patches.
 */
import assert from "node:assert/strict";
import { isOfOtherObject } from "../api/index.ts";
import type { Topic } from "./sentence.ts";
import { configMap, job, pod, present, refused } from "./specimens.ts";

export const writing: Topic = {
  "gives a new object a uid, a version, a time and generation 1": async ({ api, namespace }) => {
    const created = await api.create("StreamJob", job(namespace));
    assert.match(created.metadata.uid ?? "", /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.match(created.metadata.creationTimestamp ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.notEqual(created.metadata.resourceVersion ?? "", "");
    assert.equal(created.metadata.generation, 1);
    assert.deepEqual(await present(api, "StreamJob", created), created);
  },

  "says null for an object that is not there": async ({ api, namespace }) => {
    assert.equal(await api.get("StreamJob", { namespace, name: "wc" }), null);
    assert.equal(await api.get("Pod", { namespace, name: "wc-0" }), null);
  },

  "refuses to create what exists": async ({ api, namespace }) => {
    await api.create("StreamJob", job(namespace));
    const error = await refused(api.create("StreamJob", job(namespace)), "AlreadyExists");
    assert.match(error.message, /streamjobs\.streamjob\.dev "wc" already exists/);
  },

  "checks what is created as a dry run, and does not create it": async ({ api, namespace }) => {
    const tried = await api.create("ConfigMap", configMap(namespace, "tried", { a: "1" }), { isDryRun: true });
    assert.deepEqual(tried.data, { a: "1" });
    assert.equal(await api.get("ConfigMap", { namespace, name: "tried" }), null);
    await refused(api.create("ConfigMap", configMap(namespace, "Not a name", {}), { isDryRun: true }), "Invalid");
    await api.create("ConfigMap", configMap(namespace, "there", {}));
    await refused(api.create("ConfigMap", configMap(namespace, "there", {}), { isDryRun: true }), "AlreadyExists");
  },

  "takes the same name for objects of different kinds": async ({ api, namespace }) => {
    await api.create("StreamJob", job(namespace));
    await api.create("ConfigMap", configMap(namespace, "wc", { a: "1" }));
    assert.equal((await present(api, "ConfigMap", configMap(namespace, "wc", {}))).data?.["a"], "1");
  },

  "gives each write a new version": async ({ api, namespace }) => {
    const first = await api.create("ConfigMap", configMap(namespace, "a", { k: "1" }));
    const second = await api.update("ConfigMap", { ...first, data: { k: "2" } });
    assert.notEqual(second.metadata.resourceVersion, first.metadata.resourceVersion);
    assert.equal(second.metadata.uid, first.metadata.uid);
    assert.equal(second.metadata.creationTimestamp, first.metadata.creationTimestamp);
  },

  "refuses an update of a version that is not the newest": async ({ api, namespace }) => {
    const first = await api.create("StreamJob", job(namespace));
    await api.update("StreamJob", { ...first, spec: { ...first.spec, parallelism: 2 } });
    await refused(api.update("StreamJob", { ...first, spec: { ...first.spec, parallelism: 3 } }), "Conflict");
    assert.equal((await present(api, "StreamJob", first)).spec.parallelism, 2);
  },

  "refuses an update of a StreamJob that names no version": async ({ api, namespace }) => {
    const { metadata } = await api.create("StreamJob", job(namespace));
    const { resourceVersion: _version, ...rest } = metadata;
    await refused(api.update("StreamJob", { ...job(namespace, { parallelism: 2 }), metadata: rest }), "Invalid");
  },

  "updates a ConfigMap without a version whatever its newest one is": async ({ api, namespace }) => {
    await api.create("ConfigMap", configMap(namespace, "a", { k: "1" }));
    const updated = await api.update("ConfigMap", configMap(namespace, "a", { k: "2" }));
    assert.deepEqual(updated.data, { k: "2" });
  },

  "refuses an update of an object with another uid": async ({ api, namespace }) => {
    const created = await api.create("StreamJob", job(namespace));
    const uid = "00000000-0000-4000-8000-000000000000";
    await refused(api.update("StreamJob", { ...created, metadata: { ...created.metadata, uid } }), "Conflict");
  },

  "refuses to update, patch and delete what is not there": async ({ api, namespace }) => {
    const key = { namespace, name: "wc" };
    await refused(api.update("StreamJob", job(namespace, {}, { resourceVersion: "1" })), "NotFound");
    await refused(api.patch("StreamJob", key, { spec: { parallelism: 2 } }), "NotFound");
    const error = await refused(api.delete("StreamJob", key), "NotFound");
    assert.match(error.message, /streamjobs\.streamjob\.dev "wc" not found/);
  },

  "makes no new version when nothing changes": async ({ api, namespace }) => {
    // The first write may store what the schema's defaults put into the status.
    const created = await api.create("StreamJob", job(namespace, { parallelism: 2 }));
    const first = await api.update("StreamJob", created);
    const updated = await api.update("StreamJob", first);
    const patched = await api.patch("StreamJob", { namespace, name: "wc" }, { spec: { parallelism: 2 } });
    const withStatus = await api.updateStatus("StreamJob", { ...updated, status: { phase: "Running" } });
    const again = await api.updateStatus("StreamJob", withStatus);
    assert.equal(updated.metadata.resourceVersion, first.metadata.resourceVersion);
    assert.equal(patched.metadata.resourceVersion, first.metadata.resourceVersion);
    assert.equal(again.metadata.resourceVersion, withStatus.metadata.resourceVersion);
  },

  "raises the generation with the spec, and with nothing else": async ({ api, namespace }) => {
    const created = await api.create("StreamJob", job(namespace));
    const labelled = await api.patch("StreamJob", { namespace, name: "wc" }, { metadata: { labels: { a: "b" } } });
    assert.equal(labelled.metadata.generation, 1);
    const withStatus = await api.updateStatus("StreamJob", { ...labelled, status: { phase: "Running" } });
    assert.equal(withStatus.metadata.generation, 1);
    const changed = await api.update("StreamJob", { ...withStatus, spec: { ...created.spec, parallelism: 2 } });
    assert.equal(changed.metadata.generation, 2);
  },

  "keeps its own metadata whatever a writer says": async ({ api, namespace }) => {
    const created = await api.create(
      "StreamJob",
      job(namespace, {}, { generation: 7, uid: "mine", creationTimestamp: "2001-01-01T00:00:00Z" }),
    );
    assert.equal(created.metadata.generation, 1);
    assert.notEqual(created.metadata.uid, "mine");
    const metadata = {
      ...created.metadata,
      generation: 9,
      creationTimestamp: "2001-01-01T00:00:00Z",
      labels: { a: "b" },
    };
    const updated = await api.update("StreamJob", { ...created, metadata });
    assert.equal(updated.metadata.generation, 1);
    assert.equal(updated.metadata.creationTimestamp, created.metadata.creationTimestamp);
  },

  "drops the status of a new StreamJob, and begins it with observedGeneration -1": async ({ api, namespace }) => {
    const created = await api.create("StreamJob", { ...job(namespace), status: { phase: "Running" } });
    assert.deepEqual(created.status, { observedGeneration: -1 });
  },

  "leaves the status in a write of the object": async ({ api, namespace }) => {
    const created = await api.create("StreamJob", job(namespace));
    const withStatus = await api.updateStatus("StreamJob", { ...created, status: { phase: "Running" } });
    const updated = await api.update("StreamJob", {
      ...withStatus,
      spec: { ...created.spec, parallelism: 2 },
      status: { phase: "Failed" },
    });
    assert.equal(updated.status?.phase, "Running");
    const patched = await api.patch(
      "StreamJob",
      { namespace, name: "wc" },
      { spec: { parallelism: 3 }, status: { phase: "Failed" } },
    );
    assert.equal(patched.status?.phase, "Running");
    assert.equal(patched.spec.parallelism, 3);
  },

  "leaves all but the status in a write of the status": async ({ api, namespace }) => {
    const created = await api.create("StreamJob", job(namespace, { parallelism: 2 }, { labels: { a: "1" } }));
    const metadata = { ...created.metadata, labels: { a: "2" }, finalizers: ["example.com/mine"] };
    const written = await api.updateStatus("StreamJob", {
      ...created,
      metadata,
      spec: { ...created.spec, parallelism: 3 },
      status: { phase: "Running" },
    });
    assert.equal(written.status?.phase, "Running");
    assert.equal(written.spec.parallelism, 2);
    assert.deepEqual(written.metadata.labels, { a: "1" });
    assert.equal(written.metadata.finalizers, undefined);
  },

  "replaces a status as a whole": async ({ api, namespace }) => {
    const created = await api.create("StreamJob", job(namespace));
    const first = await api.updateStatus("StreamJob", { ...created, status: { phase: "Running", restarts: 3 } });
    const second = await api.updateStatus("StreamJob", { ...first, status: { phase: "Failed" } });
    assert.equal(second.status?.phase, "Failed");
    assert.equal(second.status?.restarts, undefined);
  },

  "refuses a status write of a version that is not the newest": async ({ api, namespace }) => {
    const created = await api.create("StreamJob", job(namespace));
    await api.updateStatus("StreamJob", { ...created, status: { phase: "Running" } });
    await refused(api.updateStatus("StreamJob", { ...created, status: { phase: "Failed" } }), "Conflict");
    assert.equal((await present(api, "StreamJob", created)).status?.phase, "Running");
  },

  "has no status to write where a kind has none": async ({ api, namespace }) => {
    const created = await api.create("ConfigMap", configMap(namespace, "a", { k: "1" }));
    await refused(api.updateStatus("ConfigMap", created), "NotFound");
  },

  "begins a pod as Pending, and takes its status from its kubelet": async ({ api, namespace }) => {
    const created = await api.create("Pod", pod(namespace));
    assert.equal(created.status?.phase, "Pending");
    const written = await api.updateStatus("Pod", { ...created, status: { phase: "Running", podIP: "10.1.2.3" } });
    assert.equal(written.status?.phase, "Running");
  },

  "patches a status alone: what else is in the patch stays, and who wrote meanwhile loses nothing": async ({
    api,
    namespace,
  }) => {
    const key = { namespace, name: "p" };
    const created = await api.create("Pod", pod(namespace));
    const { name } = created.metadata;
    await api.patch("Pod", { namespace, name }, { metadata: { finalizers: ["streamjob.dev/kept"] } });
    const patch = {
      metadata: { uid: created.metadata.uid, labels: { no: "no" } },
      status: { phase: "Running", podIP: "10.1.2.3", message: "soon" },
    };
    await api.patch("Pod", { ...key, name }, patch, { subresource: "status" });
    const gone = { metadata: { uid: created.metadata.uid }, status: { message: null } };
    const written = await api.patch("Pod", { ...key, name }, gone, { subresource: "status" });
    assert.deepEqual([written.status?.phase, written.status?.podIP], ["Running", "10.1.2.3"]);
    assert.equal(written.status?.message, undefined);
    assert.deepEqual(written.metadata.finalizers, ["streamjob.dev/kept"]);
    const other = { metadata: { uid: "00000000-0000-4000-8000-000000000000" }, status: { phase: "Failed" } };
    await assert.rejects(api.patch("Pod", { ...key, name }, other, { subresource: "status" }), isOfOtherObject);
    await refused(api.patch("ConfigMap", key, { status: {} }, { subresource: "status" }), "NotFound");
    await api.patch("Pod", { namespace, name }, { metadata: { finalizers: null } });
  },

  "merges a patch: sets, replaces, and removes what is null": async ({ api, namespace }) => {
    const key = { namespace, name: "wc" };
    await api.create(
      "StreamJob",
      job(namespace, { parallelism: 2, config: { a: "1", b: "2" } }, { annotations: { x: "1", y: "2" } }),
    );
    const patch = { metadata: { annotations: { x: null, z: "3" } }, spec: { parallelism: null, config: { b: "3" } } };
    const patched = await api.patch("StreamJob", key, patch);
    assert.deepEqual(patched.metadata.annotations, { y: "2", z: "3" });
    assert.equal(patched.spec.parallelism, undefined);
    assert.deepEqual(patched.spec.config, { a: "1", b: "3" });
  },

  "takes the version in a patch as a precondition, and never another uid": async ({ api, namespace }) => {
    const key = { namespace, name: "a" };
    const first = await api.create("ConfigMap", configMap(namespace, "a", { k: "1" }));
    const { resourceVersion, uid } = first.metadata;
    const second = await api.patch("ConfigMap", key, { metadata: { resourceVersion, uid }, data: { k: "2" } });
    assert.equal(second.data?.["k"], "2");
    await refused(api.patch("ConfigMap", key, { metadata: { resourceVersion }, data: { k: "3" } }), "Conflict");
    const other = "00000000-0000-4000-8000-000000000000";
    await refused(api.patch("ConfigMap", key, { metadata: { uid: other }, data: { k: "3" } }), "Invalid");
    const both = { metadata: { uid: other, resourceVersion }, data: { k: "3" } };
    await refused(api.patch("ConfigMap", key, both), "Conflict");
    const applied = configMap(namespace, "a", { k: "3" }, { uid: other });
    await refused(api.apply("ConfigMap", applied, { fieldManager: "a", force: true }), "Invalid");
  },

  "ends a call whose signal has ended, with its reason": async ({ api, namespace }) => {
    const reason = new Error("the caller went away");
    const signal = AbortSignal.abort(reason);
    await assert.rejects(api.create("StreamJob", job(namespace), { signal }), reason);
    assert.equal(await api.get("StreamJob", { namespace, name: "wc" }), null);
  },
};

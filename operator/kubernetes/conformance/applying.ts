/**
 * Owns: the contract of server-side apply: who owns which fields, what goes, what is refused.
 */
import assert from "node:assert/strict";
import type { KubernetesObject } from "../../../crds/index.ts";
import { managedFieldsOf, type ManagedFieldsEntry } from "../api/index.ts";
import type { Topic } from "./sentence.ts";
import { configMap, job, present, refused, statefulSet } from "./specimens.ts";

const by = (fieldManager: string, force = true) => ({ fieldManager, force });

function entryOf(
  object: KubernetesObject,
  manager: string,
  operation: "Apply" | "Update",
): ManagedFieldsEntry | undefined {
  return managedFieldsOf(object).find((entry) => entry.manager === manager && entry.operation === operation);
}

export const applying: Topic = {
  "creates what is not there": async ({ api, namespace }) => {
    const applied = await api.apply("StreamJob", job(namespace, { parallelism: 2 }), by("a"));
    assert.equal(applied.spec.parallelism, 2);
    assert.equal(applied.metadata.generation, 1);
    assert.notEqual(applied.metadata.uid ?? "", "");
    assert.deepEqual(await present(api, "StreamJob", applied), applied);
  },

  "makes no new version when it is applied again": async ({ api, namespace }) => {
    const first = await api.apply("ConfigMap", configMap(namespace, "a", { k: "1" }, { labels: { x: "1" } }), by("a"));
    const second = await api.apply("ConfigMap", configMap(namespace, "a", { k: "1" }, { labels: { x: "1" } }), by("a"));
    assert.deepEqual(second, first);
  },

  "removes what its manager no longer gives, and nothing of others": async ({ api, namespace }) => {
    await api.apply(
      "ConfigMap",
      configMap(namespace, "a", { mine: "1", both: "1" }, { labels: { mine: "1" } }),
      by("a"),
    );
    await api.apply("ConfigMap", configMap(namespace, "a", { theirs: "1", both: "1" }), by("b"));
    const applied = await api.apply("ConfigMap", configMap(namespace, "a", { more: "1" }), by("a"));
    assert.deepEqual(applied.data, { theirs: "1", both: "1", more: "1" });
    assert.equal(applied.metadata.labels, undefined);
  },

  "leaves what others wrote by update and patch": async ({ api, namespace }) => {
    await api.apply("StreamJob", job(namespace, { parallelism: 2 }), by("a"));
    await api.patch(
      "StreamJob",
      { namespace, name: "wc" },
      { spec: { maxParallelism: 64 }, metadata: { labels: { x: "1" } } },
    );
    const applied = await api.apply("StreamJob", job(namespace, { parallelism: 3 }), by("a"));
    assert.equal(applied.spec.maxParallelism, 64);
    assert.equal(applied.spec.parallelism, 3);
    assert.deepEqual(applied.metadata.labels, { x: "1" });
  },

  "refuses, without force, to change what another manager applied, and names field and manager": async ({
    api,
    namespace,
  }) => {
    await api.apply("ConfigMap", configMap(namespace, "a", { k: "1" }), by("first"));
    const error = await refused(
      api.apply("ConfigMap", configMap(namespace, "a", { k: "2" }), by("second", false)),
      "Conflict",
    );
    assert.match(error.message, /first/);
    assert.match(error.message, /\.data\.k/);
    assert.ok(error.causes.some(({ field, message }) => field === ".data.k" && message.includes("first")));
    assert.equal((await present(api, "ConfigMap", configMap(namespace, "a", {}))).data?.["k"], "1");
  },

  "takes over with force, and leaves the other manager without the field": async ({ api, namespace }) => {
    await api.apply("ConfigMap", configMap(namespace, "a", { k: "1", mine: "1" }), by("first"));
    const taken = await api.apply("ConfigMap", configMap(namespace, "a", { k: "2" }), by("second"));
    assert.deepEqual(taken.data, { k: "2", mine: "1" });
    assert.deepEqual(entryOf(taken, "first", "Apply")?.fieldsV1, { "f:data": { "f:mine": {} } });
    const again = await api.apply("ConfigMap", configMap(namespace, "a", { mine: "1" }), by("first", false));
    assert.deepEqual(again.data, { k: "2", mine: "1" });
  },

  "lets two managers own the same value, and keeps it until both give it up": async ({ api, namespace }) => {
    await api.apply("ConfigMap", configMap(namespace, "a", { k: "1" }), by("first"));
    await api.apply("ConfigMap", configMap(namespace, "a", { k: "1" }), by("second", false));
    const left = await api.apply("ConfigMap", configMap(namespace, "a", {}), by("first"));
    assert.deepEqual(left.data, { k: "1" });
    const gone = await api.apply("ConfigMap", configMap(namespace, "a", {}), by("second"));
    assert.equal(gone.data?.["k"], undefined);
  },

  "gives a field that is updated to who updates it": async ({ api, namespace }) => {
    const applied = await api.apply("ConfigMap", configMap(namespace, "a", { k: "1" }), by("first"));
    const updated = await api.update("ConfigMap", { ...applied, data: { k: "2" } });
    assert.equal(JSON.stringify(entryOf(updated, "first", "Apply")?.fieldsV1 ?? {}).includes("f:k"), false);
    await refused(api.apply("ConfigMap", configMap(namespace, "a", { k: "1" }), by("first", false)), "Conflict");
    const forced = await api.apply("ConfigMap", configMap(namespace, "a", { k: "1" }), by("first"));
    assert.equal(forced.data?.["k"], "1");
  },

  "merges containers and variables by their names": async ({ api, namespace }) => {
    await api.apply(
      "StatefulSet",
      statefulSet(namespace, [
        { name: "A", value: "1" },
        { name: "B", value: "1" },
      ]),
      by("a"),
    );
    const { spec } = statefulSet(namespace);
    const containers = [{ name: "main", env: [{ name: "C", value: "1" }] }];
    const partial = { template: { spec: { containers } } } as unknown as typeof spec;
    await api.apply("StatefulSet", { ...statefulSet(namespace), spec: partial }, by("b"));
    const applied = await api.apply("StatefulSet", statefulSet(namespace, [{ name: "B", value: "2" }]), by("a"));
    const [main] = applied.spec.template.spec.containers;
    assert.equal(main?.image, "example.invalid/wc:1");
    const variables = (main?.env ?? []).map(({ name, value }) => `${name}=${value}`);
    assert.deepEqual(variables.toSorted(), ["B=2", "C=1"]);
  },

  "merges finalizers as a set": async ({ api, namespace }) => {
    await api.apply("ConfigMap", configMap(namespace, "a", {}, { finalizers: ["example.com/a"] }), by("a"));
    await api.apply("ConfigMap", configMap(namespace, "a", {}, { finalizers: ["example.com/b"] }), by("b"));
    const applied = await api.apply("ConfigMap", configMap(namespace, "a", {}), by("a"));
    assert.deepEqual(applied.metadata.finalizers, ["example.com/b"]);
    await api.apply("ConfigMap", configMap(namespace, "a", {}), by("b"));
  },

  "records what each manager applied": async ({ api, namespace }) => {
    const applied = await api.apply(
      "ConfigMap",
      configMap(namespace, "a", { k: "1" }, { labels: { x: "1" } }),
      by("me"),
    );
    const entry = entryOf(applied, "me", "Apply");
    assert.equal(entry?.apiVersion, "v1");
    assert.deepEqual(entry?.fieldsV1, { "f:data": { "f:k": {} }, "f:metadata": { "f:labels": { "f:x": {} } } });
  },

  "records a status write apart, owning nothing of the spec": async ({ api, namespace }) => {
    const applied = await api.apply("StreamJob", job(namespace, { parallelism: 2 }), by("person"));
    const condition = {
      type: "Ready",
      status: "True",
      reason: "Test",
      message: "",
      lastTransitionTime: "2031-01-01T00:00:00Z",
    } as const;
    const written = await api.updateStatus("StreamJob", {
      ...applied,
      status: { phase: "Running", conditions: [condition] },
    });
    const ofStatus = managedFieldsOf(written).filter((entry) => entry.subresource === "status");
    assert.equal(ofStatus.length, 1);
    assert.deepEqual(Object.keys(ofStatus[0]?.fieldsV1 ?? {}), ["f:status"]);
    assert.match(JSON.stringify(ofStatus[0]?.fieldsV1), /"k:\{\\"type\\":\\"Ready\\"\}"/);
    const owners = managedFieldsOf(written).filter((entry) => "f:spec" in entry.fieldsV1);
    assert.deepEqual(
      owners.map(({ manager }) => manager),
      ["person"],
    );
  },

  "keeps who owns which fields when an update does not give it": async ({ api, namespace }) => {
    const applied = await api.apply("ConfigMap", configMap(namespace, "a", { k: "1" }), by("a"));
    const { managedFields: _, ...metadata } = applied.metadata as typeof applied.metadata & { managedFields: unknown };
    const written = await api.update("ConfigMap", { ...applied, metadata, data: { k: "1", more: "2" } });
    assert.deepEqual(entryOf(written, "a", "Apply"), entryOf(applied, "a", "Apply"));
  },

  "does not touch the status": async ({ api, namespace }) => {
    const applied = await api.apply("StreamJob", job(namespace), by("a"));
    await api.updateStatus("StreamJob", { ...applied, status: { phase: "Running" } });
    const again = await api.apply(
      "StreamJob",
      { ...job(namespace, { parallelism: 2 }), status: { phase: "Failed" } },
      by("a"),
    );
    assert.equal(again.status?.phase, "Running");
    assert.equal(again.spec.parallelism, 2);
  },

  "raises the generation when the spec changes": async ({ api, namespace }) => {
    await api.apply("StreamJob", job(namespace, { parallelism: 2 }), by("a"));
    const labelled = await api.apply("StreamJob", job(namespace, { parallelism: 2 }, { labels: { x: "1" } }), by("a"));
    assert.equal(labelled.metadata.generation, 1);
    const changed = await api.apply("StreamJob", job(namespace, { parallelism: 3 }, { labels: { x: "1" } }), by("a"));
    assert.equal(changed.metadata.generation, 2);
  },

  "takes a version as a precondition": async ({ api, namespace }) => {
    const first = await api.apply("ConfigMap", configMap(namespace, "a", { k: "1" }), by("a"));
    await api.apply("ConfigMap", configMap(namespace, "a", { k: "2" }), by("a"));
    const { resourceVersion } = first.metadata;
    const stale = configMap(namespace, "a", { k: "3" }, resourceVersion === undefined ? {} : { resourceVersion });
    await refused(api.apply("ConfigMap", stale, by("a")), "Conflict");
  },

  "refuses what is invalid": async ({ api, namespace }) => {
    await refused(api.apply("StreamJob", job(namespace, { parallelism: 0 }), by("a")), "Invalid");
    assert.equal(await api.get("StreamJob", { namespace, name: "wc" }), null);
  },
};

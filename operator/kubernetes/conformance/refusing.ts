/**
 * Owns: the contract of what is refused, pruned and filled in: names, fields that never change, the schema and rules of our kinds.
 */
import assert from "node:assert/strict";
import type { Kinds } from "../api/index.ts";
import type { Topic } from "./sentence.ts";
import { configMap, job, lease, pod, refused, statefulSet } from "./specimens.ts";

/** A StreamJob as somebody who does not use our types would write it. */
function anyJob(namespace: string, spec: object): Kinds["StreamJob"] {
  const specimen = job(namespace);
  return { ...specimen, spec: { ...specimen.spec, ...spec } };
}

function fieldsOf({ causes }: { readonly causes: readonly { readonly field: string }[] }): string[] {
  return causes.map(({ field }) => field);
}

export const refusing: Topic = {
  "refuses a name that is no DNS name": async ({ api, namespace }) => {
    const error = await refused(api.create("ConfigMap", configMap(namespace, "Upper_Case", {})), "Invalid");
    assert.deepEqual(fieldsOf(error), ["metadata.name"]);
  },

  "refuses labels that are none": async ({ api, namespace }) => {
    const error = await refused(
      api.create("ConfigMap", configMap(namespace, "a", {}, { labels: { x: "no spaces" } })),
      "Invalid",
    );
    assert.deepEqual(fieldsOf(error), ["metadata.labels"]);
    await refused(api.create("ConfigMap", configMap(namespace, "a", {}, { labels: { "a/b/c": "x" } })), "Invalid");
    await refused(api.create("ConfigMap", configMap(namespace, "a", {}, { labels: { x: "y".repeat(64) } })), "Invalid");
  },

  "prunes fields that a StreamJob does not have": async ({ api, namespace }) => {
    const created = await api.create(
      "StreamJob",
      anyJob(namespace, { nonsense: 1, checkpoints: { interval: "5s", nonsense: 2 } }),
    );
    assert.equal("nonsense" in created.spec, false);
    assert.deepEqual(created.spec.checkpoints, { interval: "5s" });
  },

  "refuses a value of another type, and names the field": async ({ api, namespace }) => {
    const error = await refused(api.create("StreamJob", anyJob(namespace, { parallelism: "two" })), "Invalid");
    assert.ok(fieldsOf(error).includes("spec.parallelism"));
    assert.match(error.message, /StreamJob\.streamjob\.dev "wc" is invalid: \[?spec\.parallelism: Invalid value/);
  },

  "refuses a value out of bounds, one that is none of a list, and a field that is missing": async ({
    api,
    namespace,
  }) => {
    const outside = await refused(api.create("StreamJob", anyJob(namespace, { parallelism: 0 })), "Invalid");
    assert.deepEqual(fieldsOf(outside), ["spec.parallelism"]);
    const unknown = await refused(api.create("StreamJob", anyJob(namespace, { state: "asleep" })), "Invalid");
    assert.ok(fieldsOf(unknown).includes("spec.state"));
    const missing = await refused(api.create("StreamJob", anyJob(namespace, { job: undefined })), "Invalid");
    assert.ok(fieldsOf(missing).includes("spec.job"));
  },

  "refuses what a rule of ours forbids, with our words": async ({ api, namespace }) => {
    const error = await refused(
      api.create("StreamJob", job(namespace, { parallelism: 4, maxParallelism: 2 })),
      "Invalid",
    );
    assert.match(error.message, /parallelism must not exceed maxParallelism/);
    const created = await api.create("StreamJob", job(namespace, { parallelism: 2, maxParallelism: 2 }));
    await refused(api.patch("StreamJob", { namespace, name: "wc" }, { spec: { parallelism: 4 } }), "Invalid");
    assert.equal(created.spec.parallelism, 2);
  },

  "refuses a change that a rule of ours forbids": async ({ api, namespace }) => {
    await api.create("StreamJob", job(namespace, { maxParallelism: 64 }));
    const key = { namespace, name: "wc" };
    const error = await refused(api.patch("StreamJob", key, { spec: { maxParallelism: 128 } }), "Invalid");
    assert.match(error.message, /maxParallelism is immutable/);
    await refused(api.patch("StreamJob", key, { spec: { maxParallelism: null } }), "Invalid");
    await api.patch("StreamJob", key, { spec: { parallelism: 2 } });
  },

  "refuses a status that its schema forbids": async ({ api, namespace }) => {
    const created = await api.create("StreamJob", job(namespace));
    const status = { phase: "Dancing" } as unknown as NonNullable<Kinds["StreamJob"]["status"]>;
    const error = await refused(api.updateStatus("StreamJob", { ...created, status }), "Invalid");
    assert.ok(fieldsOf(error).includes("status.phase"));
  },

  "never changes an immutable ConfigMap": async ({ api, namespace }) => {
    const created = await api.create("ConfigMap", { ...configMap(namespace, "a", { k: "1" }), immutable: true });
    const key = { namespace, name: "a" };
    assert.deepEqual(fieldsOf(await refused(api.patch("ConfigMap", key, { data: { k: "2" } }), "Invalid")), ["data"]);
    await refused(api.patch("ConfigMap", key, { immutable: false }), "Invalid");
    await refused(api.patch("ConfigMap", key, { immutable: null }), "Invalid");
    const labelled = await api.patch("ConfigMap", key, { metadata: { labels: { x: "1" } } });
    assert.deepEqual(labelled.data, created.data);
  },

  "changes of a StatefulSet only what may change": async ({ api, namespace }) => {
    await api.create("StatefulSet", statefulSet(namespace));
    const key = { namespace, name: "wc" };
    const scaled = await api.patch("StatefulSet", key, {
      spec: { updateStrategy: { type: "OnDelete", rollingUpdate: null } },
    });
    assert.equal(scaled.metadata.generation, 2);
    assert.deepEqual(
      fieldsOf(await refused(api.patch("StatefulSet", key, { spec: { serviceName: "other" } }), "Invalid")),
      ["spec"],
    );
    await refused(api.patch("StatefulSet", key, { spec: { podManagementPolicy: "Parallel" } }), "Invalid");
  },

  "refuses a StatefulSet whose selector is not among its template's labels": async ({ api, namespace }) => {
    const specimen = statefulSet(namespace);
    const spec = { ...specimen.spec, selector: { matchLabels: { app: "other" } } };
    const error = await refused(api.create("StatefulSet", { ...specimen, spec }), "Invalid");
    assert.ok(fieldsOf(error).includes("spec.template.metadata.labels"));
  },

  "fills in what a StatefulSet leaves out": async ({ api, namespace }) => {
    const { spec } = await api.create("StatefulSet", statefulSet(namespace));
    assert.equal(spec.podManagementPolicy, "OrderedReady");
    assert.equal(spec.updateStrategy?.type, "RollingUpdate");
    assert.equal(spec.template.spec.restartPolicy, "Always");
    assert.equal(spec.template.spec.terminationGracePeriodSeconds, 30);
    assert.equal(spec.template.spec.containers[0]?.imagePullPolicy, "IfNotPresent");
  },

  "changes of a pod its image, and not its variables": async ({ api, namespace }) => {
    const created = await api.create("Pod", pod(namespace));
    const [main] = created.spec.containers;
    assert.ok(main !== undefined);
    const withImage = {
      ...created,
      spec: { ...created.spec, containers: [{ ...main, image: "example.invalid/wc:2" }] },
    };
    const updated = await api.update("Pod", withImage);
    const withEnv = {
      ...updated,
      spec: { ...updated.spec, containers: [{ ...main, env: [{ name: "A", value: "1" }] }] },
    };
    assert.deepEqual(fieldsOf(await refused(api.update("Pod", withEnv), "Invalid")), ["spec"]);
    await api.delete("Pod", { namespace, name: "wc-0" }, { gracePeriodSeconds: 0 });
  },

  "reads times of a Lease only with six digits of a second": async ({ api, namespace }) => {
    await refused(api.create("Lease", lease(namespace, "2031-01-01T00:00:00.123Z")), "BadRequest");
    const created = await api.create("Lease", lease(namespace, "2031-01-01T00:00:00.123456Z"));
    assert.equal(created.spec.renewTime, "2031-01-01T00:00:00.123456Z");
    const renewed = { ...created, spec: { ...created.spec, leaseDurationSeconds: 0 } };
    await refused(api.update("Lease", renewed), "Invalid");
  },

  "refuses an object of another kind": async ({ api, namespace }) => {
    const wrong = { ...configMap(namespace, "wc", {}), kind: "Secret" } as unknown as Kinds["ConfigMap"];
    await refused(api.create("ConfigMap", wrong), "BadRequest");
  },
};

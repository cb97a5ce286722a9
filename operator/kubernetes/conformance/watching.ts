/**
 * Owns: the contract of watches: what is heard, from where, in what order.
 */
import assert from "node:assert/strict";
import type { KubernetesApi, WatchEnd } from "../api/index.ts";
import type { Topic } from "./sentence.ts";
import { configMap, eventually, Heard, job, refused } from "./specimens.ts";

/** A watch of ConfigMaps that the test's labels mark, so that a real cluster's own are not heard. */
const labels = { "example.com/watched": "yes" };
const marked = (namespace: string, name: string, data: Record<string, string> = {}) =>
  configMap(namespace, name, data, { labels });

type Watch = { readonly heard: Heard<"ConfigMap">; stop(): Promise<WatchEnd> };

function watch(api: KubernetesApi, namespace: string | null, resourceVersion: string): Watch {
  const heard = new Heard<"ConfigMap">();
  const stopping = new AbortController();
  const ended = api.watch("ConfigMap", { namespace, labels, resourceVersion, signal: stopping.signal }, heard.onEvent);
  const stop = (): Promise<WatchEnd> => {
    stopping.abort();
    return ended;
  };
  return { heard, stop };
}

export const watching: Topic = {
  "tells of what is created, changed and deleted after a list": async ({ api, namespace }) => {
    await api.create("ConfigMap", marked(namespace, "before"));
    const { resourceVersion } = await api.list("ConfigMap", { namespace });
    const { heard, stop } = watch(api, namespace, resourceVersion);
    const created = await api.create("ConfigMap", marked(namespace, "a", { k: "1" }));
    const updated = await api.update("ConfigMap", { ...created, data: { k: "2" } });
    await api.delete("ConfigMap", { namespace, name: "a" });
    await heard.has("ADDED a", "MODIFIED a", "DELETED a");
    assert.deepEqual(heard.events[0]?.object, created);
    assert.deepEqual(heard.events[1]?.object, updated);
    const last = heard.events[2]?.object;
    assert.equal(last?.metadata.uid, created.metadata.uid);
    assert.notEqual(last?.metadata.resourceVersion, updated.metadata.resourceVersion);
    assert.deepEqual(await stop(), { kind: "closed" });
  },

  "goes on exactly after any version that it gave": async ({ api, namespace }) => {
    const { resourceVersion } = await api.list("ConfigMap", { namespace });
    const first = watch(api, namespace, resourceVersion);
    for (const name of ["a", "b", "c"]) await api.create("ConfigMap", marked(namespace, name));
    await api.delete("ConfigMap", { namespace, name: "a" });
    await first.heard.has("ADDED a", "ADDED b", "ADDED c", "DELETED a");
    await first.stop();
    for (const [index, { object }] of first.heard.events.entries()) {
      const later = watch(api, namespace, object.metadata.resourceVersion ?? "");
      const rest = first.heard.lines.slice(index + 1);
      await api.create("ConfigMap", marked(namespace, `end-${index}`));
      const ends = Array.from({ length: index + 1 }, (_, each) => `ADDED end-${each}`);
      await later.heard.has(...rest, ...ends);
      await later.stop();
    }
  },

  "tells a recreated object as deleted and added": async ({ api, namespace }) => {
    const { resourceVersion } = await api.list("ConfigMap", { namespace });
    const first = await api.create("ConfigMap", marked(namespace, "a"));
    await api.delete("ConfigMap", { namespace, name: "a" });
    const second = await api.create("ConfigMap", marked(namespace, "a"));
    const { heard, stop } = watch(api, namespace, resourceVersion);
    await heard.has("ADDED a", "DELETED a", "ADDED a");
    assert.equal(heard.events[1]?.object.metadata.uid, first.metadata.uid);
    assert.equal(heard.events[2]?.object.metadata.uid, second.metadata.uid);
    await stop();
  },

  "tells nothing of writes that change nothing": async ({ api, namespace }) => {
    const created = await api.create("ConfigMap", marked(namespace, "a", { k: "1" }));
    const { heard, stop } = watch(api, namespace, created.metadata.resourceVersion ?? "");
    await api.update("ConfigMap", created);
    await api.patch("ConfigMap", { namespace, name: "a" }, { data: { k: "1" } });
    await api.create("ConfigMap", marked(namespace, "end"));
    await heard.has("ADDED end");
    await stop();
  },

  "tells of objects that begin and cease to have the labels": async ({ api, namespace }) => {
    const { resourceVersion } = await api.list("ConfigMap", { namespace });
    const { heard, stop } = watch(api, namespace, resourceVersion);
    const key = { namespace, name: "a" };
    await api.create("ConfigMap", configMap(namespace, "a", { k: "1" }));
    await api.patch("ConfigMap", key, { metadata: { labels } });
    await api.patch("ConfigMap", key, { data: { k: "2" } });
    await api.patch("ConfigMap", key, { metadata: { labels: null } });
    await api.delete("ConfigMap", key);
    await api.create("ConfigMap", marked(namespace, "end"));
    await heard.has("ADDED a", "MODIFIED a", "DELETED a", "ADDED end");
    await stop();
  },

  "tells of status writes": async ({ api, namespace }) => {
    const created = await api.create("StreamJob", job(namespace));
    const heard = new Heard<"StreamJob">();
    const stopping = new AbortController();
    const resourceVersion = created.metadata.resourceVersion ?? "";
    const ended = api.watch("StreamJob", { namespace, resourceVersion, signal: stopping.signal }, heard.onEvent);
    await api.updateStatus("StreamJob", { ...created, status: { phase: "Running" } });
    await heard.has("MODIFIED wc");
    assert.equal(heard.events[0]?.object.status?.phase, "Running");
    stopping.abort();
    await ended;
  },

  "watches all namespaces at once": async ({ api, namespace }) => {
    const { resourceVersion } = await api.list("ConfigMap");
    const { heard, stop } = watch(api, null, resourceVersion);
    await api.create("ConfigMap", marked(namespace, "a"));
    await eventually("the event is heard", () =>
      heard.events.some(({ object }) => object.metadata.namespace === namespace),
    );
    await stop();
  },

  "tells several watchers the same": async ({ api, namespace }) => {
    const { resourceVersion } = await api.list("ConfigMap", { namespace });
    const watches = Array.from({ length: 5 }, () => watch(api, namespace, resourceVersion));
    for (const name of ["a", "b"]) await api.create("ConfigMap", marked(namespace, name));
    for (const { heard } of watches) await heard.has("ADDED a", "ADDED b");
    for (const { stop } of watches) assert.deepEqual(await stop(), { kind: "closed" });
  },

  "tells nothing after it was stopped": async ({ api, namespace }) => {
    const { resourceVersion } = await api.list("ConfigMap", { namespace });
    const stopped = watch(api, namespace, resourceVersion);
    const other = watch(api, namespace, resourceVersion);
    await api.create("ConfigMap", marked(namespace, "a"));
    await stopped.heard.has("ADDED a");
    assert.deepEqual(await stopped.stop(), { kind: "closed" });
    await api.create("ConfigMap", marked(namespace, "b"));
    await other.heard.has("ADDED a", "ADDED b");
    assert.deepEqual(stopped.heard.lines, ["ADDED a"]);
    await other.stop();
    await refused(api.delete("ConfigMap", { namespace, name: "none" }), "NotFound");
  },

  "is closed at once when its signal had ended before": async ({ api, namespace }) => {
    const signal = AbortSignal.abort();
    const ended = await api.watch("ConfigMap", { namespace, resourceVersion: "1", signal }, () =>
      assert.fail("an event"),
    );
    assert.deepEqual(ended, { kind: "closed" });
  },
};

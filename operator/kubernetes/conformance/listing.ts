/**
 * Owns: the contract of lists: namespaces, labels, pages.
 */
import assert from "node:assert/strict";
import type { Topic } from "./sentence.ts";
import { configMap, Heard, refused } from "./specimens.ts";

const group = { "example.com/group": "g" };

export const listing: Topic = {
  "lists the objects of a namespace, with kind and apiVersion": async ({ api, namespace }) => {
    const created = await api.create("ConfigMap", configMap(namespace, "a", { k: "1" }, { labels: group }));
    const { items, continue: token } = await api.list("ConfigMap", { namespace, labels: group });
    assert.deepEqual(items, [created]);
    assert.equal(token, null);
  },

  "lists across namespaces": async ({ api, namespace }) => {
    const labels = { "example.com/group": namespace };
    await api.create("ConfigMap", configMap(namespace, "a", {}, { labels }));
    const { items } = await api.list("ConfigMap", { labels });
    assert.deepEqual(
      items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
      [`${namespace}/a`],
    );
  },

  "lists what has all of some labels": async ({ api, namespace }) => {
    await api.create("ConfigMap", configMap(namespace, "a", {}, { labels: { x: "1", y: "1" } }));
    await api.create("ConfigMap", configMap(namespace, "b", {}, { labels: { x: "1" } }));
    await api.create("ConfigMap", configMap(namespace, "c", {}, { labels: { x: "2", y: "1" } }));
    const { items } = await api.list("ConfigMap", { namespace, labels: { x: "1", y: "1" } });
    assert.deepEqual(
      items.map(({ metadata }) => metadata.name),
      ["a"],
    );
  },

  "gives an empty list of what is not there": async ({ api, namespace }) => {
    const { items, resourceVersion } = await api.list("StreamJob", { namespace });
    assert.deepEqual(items, []);
    assert.notEqual(resourceVersion, "");
  },

  "gives a list in pages that show one moment": async ({ api, namespace }) => {
    for (const name of ["a", "b", "c", "d", "e"]) {
      await api.create("ConfigMap", configMap(namespace, name, { k: "1" }, { labels: group }));
    }
    const about = { namespace, labels: group, limit: 2 };
    const first = await api.list("ConfigMap", about);
    assert.ok(first.continue !== null);
    await api.update("ConfigMap", configMap(namespace, "c", { k: "2" }, { labels: group }));
    await api.delete("ConfigMap", { namespace, name: "d" });
    await api.create("ConfigMap", configMap(namespace, "bb", { k: "1" }, { labels: group }));
    const second = await api.list("ConfigMap", { ...about, continue: first.continue });
    assert.ok(second.continue !== null);
    const third = await api.list("ConfigMap", { ...about, continue: second.continue });
    assert.equal(third.continue, null);
    assert.deepEqual(
      [first, second, third].map(({ items }) => items.map(({ metadata, data }) => `${metadata.name}=${data?.["k"]}`)),
      [["a=1", "b=1"], ["c=1", "d=1"], ["e=1"]],
    );
    assert.deepEqual([second.resourceVersion, third.resourceVersion], [first.resourceVersion, first.resourceVersion]);
  },

  "gives with each page the version from which a watch misses nothing": async ({ api, namespace }) => {
    for (const name of ["a", "b"]) await api.create("ConfigMap", configMap(namespace, name, {}, { labels: group }));
    const first = await api.list("ConfigMap", { namespace, labels: group, limit: 1 });
    await api.create("ConfigMap", configMap(namespace, "c", {}, { labels: group }));
    const last = await api.list("ConfigMap", { namespace, labels: group, limit: 1, continue: first.continue ?? "" });
    const heard = new Heard<"ConfigMap">();
    const stopping = new AbortController();
    const { resourceVersion } = last;
    const about = { namespace, labels: group, resourceVersion, signal: stopping.signal };
    const ended = api.watch("ConfigMap", about, heard.onEvent);
    await heard.has("ADDED c");
    stopping.abort();
    await ended;
  },

  "refuses a token that it never gave": async ({ api, namespace }) => {
    await refused(api.list("ConfigMap", { namespace, limit: 1, continue: "bm9uc2Vuc2U" }), "BadRequest", "Gone");
  },
};

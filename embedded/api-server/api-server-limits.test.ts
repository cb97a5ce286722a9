import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Clock, seededRandom, systemClock, systemRandom } from "../../base/index.ts";
import { type ConfigMap, type Event, isApiError, type Pod } from "../../operator/kubernetes/api/index.ts";
import { type LocalApiServer, openLocalApiServer } from "./local-api-server.ts";

const configMap = (name: string): ConfigMap => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "test" },
  data: { k: "1" },
});

/** A clock whose time the test moves; timers never fire. */
function handClock(): Clock & { forward(ms: number): void } {
  let ms = 1_900_000_000_000;
  return {
    nowMs: () => ms,
    monotonicMs: () => ms,
    after: () => ({ cancel: () => {} }),
    forward: (byMs) => {
      ms += byMs;
    },
  };
}

const event = (name: string): Event => ({
  apiVersion: "events.k8s.io/v1",
  kind: "Event",
  metadata: { name, namespace: "test" },
  eventTime: "2031-01-01T00:00:00.000000Z",
  reportingController: "streamjob.dev/operator",
  reportingInstance: "a",
  type: "Normal",
  reason: "Started",
  action: "Start",
  note: "started",
  regarding: { apiVersion: "streamjob.dev/v1alpha1", kind: "StreamJob", namespace: "test", name: "wc" },
});

function open(clock: Clock = systemClock): Promise<LocalApiServer> {
  return openLocalApiServer({ clock, random: seededRandom(7) });
}

describe("the API server in memory", () => {
  it("gives out frozen objects, and does not see what callers do to theirs (LAS4)", async () => {
    const server = await open();
    const mine = { ...configMap("a"), data: { k: "1" } };
    const created = await server.create("ConfigMap", mine);
    mine.data.k = "2";
    assert.throws(() => Object.assign(created.data ?? {}, { k: "3" }), TypeError);
    assert.equal((await server.get("ConfigMap", { namespace: "test", name: "a" }))?.data?.["k"], "1");
    await server.close();
  });

  it("gives the same uids to the same random source, none twice", async () => {
    const [a, b] = [await open(), await open()];
    const uids = await Promise.all(
      [a, b].map(async (server) => (await server.create("ConfigMap", configMap("a"))).metadata.uid),
    );
    assert.equal(uids[0], uids[1]);
    assert.notEqual((await a.create("ConfigMap", configMap("b"))).metadata.uid, uids[0]);
    await a.close();
    await b.close();
  });

  it("forgets a list in pages after five minutes (LIP2)", async () => {
    const clock = handClock();
    const server = await open(clock);
    for (const name of ["a", "b", "c"]) await server.create("ConfigMap", configMap(name));
    const first = await server.list("ConfigMap", { limit: 1 });
    const token = first.continue ?? "";
    clock.forward(4 * 60_000);
    assert.equal((await server.list("ConfigMap", { limit: 1, continue: token })).items[0]?.metadata.name, "b");
    clock.forward(2 * 60_000);
    await assert.rejects(server.list("ConfigMap", { limit: 1, continue: token }), (error) => isApiError(error, "Gone"));
    await server.close();
  });

  it("does not take the token of another server, as after a restart (LIP2)", async () => {
    const [first, second] = [await openLocalApiServer({ clock: systemClock, random: systemRandom }), await open()];
    for (const server of [first, second])
      for (const name of ["a", "b"]) await server.create("ConfigMap", configMap(name));
    const token = (await first.list("ConfigMap", { limit: 1 })).continue ?? "";
    await second.list("ConfigMap", { limit: 1 });
    await assert.rejects(second.list("ConfigMap", { limit: 1, continue: token }), (error) => isApiError(error, "Gone"));
    await first.close();
    await second.close();
  });

  it("keeps events for an hour after their last write", async () => {
    const clock = handClock();
    const server = await open(clock);
    await server.create("Event", event("old"));
    await server.create("Event", event("series"));
    clock.forward(59 * 60_000);
    await server.create("Event", event("newer"));
    const series = { count: 2, lastObservedTime: "2031-01-01T00:59:00.000000Z" };
    await server.patch("Event", { namespace: "test", name: "series" }, { series });
    assert.equal((await server.list("Event")).items.length, 3);
    clock.forward(2 * 60_000);
    await server.create("Event", event("newest"));
    const names = (await server.list("Event")).items.map(({ metadata }) => metadata.name);
    assert.deepEqual(names, ["newer", "newest", "series"]);
    await server.close();
  });

  it("refuses an event that a real server refuses", async () => {
    const server = await open();
    const bad: readonly [Partial<Event>, RegExp][] = [
      [{ note: "x".repeat(1025) }, /note/],
      [{ action: "" }, /action/],
      [{ reason: "x".repeat(129) }, /reason/],
      [{ regarding: { ...event("a").regarding, namespace: "other" } }, /regarding\.namespace/],
    ];
    for (const [change, message] of bad) {
      await assert.rejects(
        server.create("Event", { ...event("a"), ...change }),
        (error) => isApiError(error, "Invalid") && message.test(error.message),
      );
    }
    await assert.rejects(server.create("Event", { ...event("a"), eventTime: "2031-01-01T00:00:00Z" }), (error) =>
      isApiError(error, "BadRequest"),
    );
    await server.create("Event", event("a"));
    const series = { count: 2, lastObservedTime: "2031-01-01T00:00:01.000000Z" };
    assert.deepEqual((await server.patch("Event", { namespace: "test", name: "a" }, { series })).series, series);
    await assert.rejects(server.patch("Event", { namespace: "test", name: "a" }, { note: "other" }), (error) =>
      isApiError(error, "Invalid"),
    );
    await server.close();
  });

  it("reads logs from the kubelet, if there is one", async () => {
    const server = await open();
    const pod: Pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "p", namespace: "test" },
      spec: { containers: [{ name: "c", image: "i" }] },
    };
    const key = { namespace: "test", name: "p" };
    await assert.rejects(server.logs(key), (error) => isApiError(error, "NotFound"));
    await server.create("Pod", pod);
    await assert.rejects(server.logs(key), (error) => isApiError(error, "Unavailable"));
    server.serveLogs(async ({ metadata }, { tailLines }) => `${metadata.name} ${tailLines}`);
    assert.equal(await server.logs(key, { tailLines: 3 }), "p 3");
    await server.close();
  });

  it("fails every call after it was closed", async () => {
    const server = await open();
    await server.close();
    await server.close();
    await assert.rejects(server.list("Pod"), (error) => isApiError(error, "Unavailable"));
  });

  it("names who writes, when writers have names", async () => {
    const server = await open();
    const created = await server.as("a-person").create("ConfigMap", configMap("a"));
    const { managedFields } = created.metadata as unknown as { managedFields: { manager: string }[] };
    assert.deepEqual(
      managedFields.map(({ manager }) => manager),
      ["a-person"],
    );
    await server.close();
  });

  it("holds 10,000 objects, garbage and all, within 300 MB of heap", async () => {
    const server = await open();
    const collect = (globalThis as { gc?: () => void }).gc ?? (() => {});
    collect();
    const beforeBytes = process.memoryUsage().heapUsed;
    for (let index = 0; index < 10_000; index++) {
      const labels = { "streamjob.dev/job": `job-${index % 1000}`, "streamjob.dev/incarnation": "1" };
      await server.create("ConfigMap", {
        ...configMap(`a-${index}`),
        metadata: { name: `a-${index}`, namespace: "test", labels },
      });
    }
    const heldBytes = process.memoryUsage().heapUsed - beforeBytes;
    // Without a forced collection the heap holds garbage too; the bound is what must never be passed.
    assert.ok(heldBytes < 300e6, `${heldBytes} bytes`);
    await server.close();
  });
});

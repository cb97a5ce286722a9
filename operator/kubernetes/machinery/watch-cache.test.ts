import assert from "node:assert/strict";
import { test } from "node:test";
import { type Random, silentLog } from "../../../base/index.ts";
import { ManualClock } from "../../../runtime/testkit/index.ts";
import { ApiError } from "../api/index.ts";
import { configMap, page, pass, ScriptedApi, settled } from "./scripted-api.test-support.ts";
import { WatchCache, type WatchCacheOptions } from "./watch-cache.ts";

const key = { namespace: "default", name: "a" };
/** The longest waits that jitter may give. */
const longest: Random = { next: () => 1, hex: () => "00" };

class Rig {
  readonly api = new ScriptedApi();
  readonly clock = new ManualClock(1_000_000);
  readonly told: string[] = [];
  readonly cache: WatchCache<"ConfigMap">;

  constructor(options: Partial<WatchCacheOptions<"ConfigMap">> = {}) {
    this.api.lists = [() => page([configMap("a", "1")], "10")];
    this.cache = new WatchCache(this.api, "ConfigMap", {
      clock: this.clock,
      random: longest,
      log: silentLog,
      ...options,
    });
    this.cache.subscribe(({ kind, object }) => {
      const { name, uid, resourceVersion } = object.metadata;
      this.told.push(`${kind} ${name} ${uid}@${resourceVersion}`);
    });
  }

  async start(): Promise<this> {
    this.cache.start();
    await settled();
    return this;
  }

  get lists(): number {
    return this.api.count("list ConfigMap");
  }

  takeTold(): string[] {
    return this.told.splice(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cache.stop();
    assert.equal(this.clock.armed, 0, "a timer was left behind");
  }
}

test("it lists in pages, is synced when all of them are in, and watches from there", async () => {
  await using rig = new Rig({ pageSize: 2, labels: { app: "x" }, namespace: "default" });
  rig.api.lists = [
    () => page([configMap("a", "1"), configMap("b", "1")], "10", "more"),
    () => page([configMap("c", "1")], "10"),
  ];
  const synced = rig.cache.whenSynced();
  assert.equal(rig.cache.hasSynced, false);
  await rig.start();
  await synced;
  assert.equal(rig.cache.hasSynced, true);
  const { listOptions } = rig.api;
  assert.deepEqual(
    listOptions.map(({ limit, continue: next, namespace, labels }) => ({ limit, next, namespace, labels })),
    [
      { limit: 2, next: undefined, namespace: "default", labels: { app: "x" } },
      { limit: 2, next: "more", namespace: "default", labels: { app: "x" } },
    ],
  );
  assert.equal(rig.api.lastWatch.resourceVersion, "10");
  assert.deepEqual(
    rig.cache.list().map(({ metadata }) => metadata.name),
    ["a", "b", "c"],
  );
  assert.equal(rig.cache.list(({ metadata }) => metadata.name > "a").length, 2);
});

test("a page token that expired leads to a new list, which is asked for as a whole", async () => {
  await using rig = new Rig();
  rig.api.lists = [
    () => page([configMap("a", "1")], "10", "more"),
    () => Promise.reject(new ApiError("Gone", "the token expired")),
    () => page([configMap("a", "2")], "11"),
  ];
  await rig.start();
  assert.deepEqual(rig.told, []);
  await pass(rig.clock, 3000, 500);
  assert.deepEqual(rig.told, ["added a uid-a@2"]);
  assert.equal(rig.api.listOptions.at(-1)?.limit, undefined);
});

test("P-35 a closed watch is resumed from the last event or bookmark, without a list", async () => {
  await using rig = await new Rig().start();
  rig.api.lastWatch.send("MODIFIED", configMap("a", "11"));
  rig.api.lastWatch.end({ kind: "closed" });
  await pass(rig.clock, 200, 100);
  assert.equal(rig.api.lastWatch.resourceVersion, "11");
  rig.api.lastWatch.bookmark("20");
  rig.api.lastWatch.end({ kind: "closed" });
  await pass(rig.clock, 200, 100);
  assert.equal(rig.api.lastWatch.resourceVersion, "20");
  assert.equal(rig.lists, 1);
});

test("P-35 gone leads to a list: as the watch's end, as an error, and in what a client library throws", async () => {
  const forms: unknown[] = [
    null,
    new ApiError("Gone", "too old"),
    Object.assign(new Error("too old"), { code: 410 }),
    Object.assign(new Error("too old"), { statusCode: 410 }),
    new Error("watch failed", { cause: { reason: "Expired" } }),
  ];
  for (const error of forms) {
    await using rig = await new Rig().start();
    rig.api.lists = [() => page([configMap("b", "30")], "31")];
    rig.api.lastWatch.end(error === null ? { kind: "gone", message: "too old" } : { kind: "failed", error });
    await pass(rig.clock, 1500, 500);
    assert.equal(rig.lists, 2, String(error));
    assert.equal(rig.api.lastWatch.resourceVersion, "31");
    assert.deepEqual(rig.told, ["added a uid-a@1", "added b uid-b@30", "deleted a uid-a@1"]);
  }
});

test("an error other than gone does not stop it: client-node's informer would", async () => {
  await using rig = await new Rig().start();
  const errors = [new ApiError("Unavailable", "500"), new ApiError("Forbidden", "403"), new TypeError("fetch failed")];
  for (const error of errors) {
    rig.api.lastWatch.bookmark("12");
    const watches = rig.api.watches.length;
    rig.api.lastWatch.end({ kind: "failed", error });
    await pass(rig.clock, 40_000, 1000);
    assert.ok(rig.api.watches.length > watches, String(error));
  }
  rig.api.lastWatch.send("MODIFIED", configMap("a", "13"));
  assert.equal(rig.told.at(-1), "updated a uid-a@13");
});

test("lists that fail are tried again for as long as it takes, later and later, and never twice in a second", async () => {
  await using rig = new Rig();
  rig.api.fault = () => ({ error: new ApiError("Unavailable", "down") });
  await rig.start();
  await pass(rig.clock, 600_000, 500);
  assert.ok(rig.lists >= 20 && rig.lists <= 26, `${rig.lists} lists in ten minutes`);
  assert.equal(rig.cache.hasSynced, false);
  rig.api.fault = () => null;
  await pass(rig.clock, 31_000, 500);
  assert.equal(rig.cache.hasSynced, true);
});

test("a server that ends every watch at once is neither listed nor watched in a storm", async () => {
  await using rig = new Rig();
  rig.api.fault = (call) => (call.startsWith("watch") ? { error: new ApiError("Unavailable", "no") } : null);
  await rig.start();
  await pass(rig.clock, 120_000, 250);
  assert.ok(rig.lists <= 6, `${rig.lists} lists in two minutes`);
  assert.ok(rig.api.watches.length <= 14, `${rig.api.watches.length} watches in two minutes`);
});

test("gone again and again: at most one list a second", async () => {
  await using rig = new Rig();
  rig.api.fault = (call) => (call.startsWith("watch") ? { error: new ApiError("Gone", "too old") } : null);
  await rig.start();
  await pass(rig.clock, 60_000, 100);
  assert.ok(rig.lists > 30 && rig.lists <= 61, `${rig.lists} lists in a minute`);
});

test("what the server asks for in retryAfter is waited for", async () => {
  await using rig = await new Rig().start();
  const error = new ApiError("TooManyRequests", "429", { retryAfterMs: 20_000 });
  rig.api.lastWatch.end({ kind: "failed", error });
  await pass(rig.clock, 19_500, 500);
  assert.equal(rig.api.watches.length, 1);
  await pass(rig.clock, 1000, 500);
  assert.equal(rig.api.watches.length, 2);
});

test("a half-open watch is cut after 60 s without a byte and resumed, also when it does not react to being cut", async () => {
  await using rig = new Rig();
  rig.api.isDeaf = true;
  await rig.start();
  await pass(rig.clock, 40_000, 10_000);
  rig.api.lastWatch.bookmark("15");
  await pass(rig.clock, 59_000, 1000);
  assert.equal(rig.api.watches.length, 1);
  assert.equal(rig.cache.figures().staleMs, 59_000);
  await pass(rig.clock, 1000);
  assert.equal(rig.api.watches.length, 2);
  assert.equal(rig.api.watches[0]?.signal.aborted, true);
  assert.equal(rig.api.lastWatch.resourceVersion, "15");
  assert.equal(rig.lists, 1);
  // What the dead one still brings is of no matter.
  rig.api.watches[0]?.send("MODIFIED", configMap("a", "16"));
  assert.equal(rig.cache.get(key)?.metadata.resourceVersion, "1");
});

test("a busy watch is not cut (client-node cuts every watch after 30 s)", async () => {
  await using rig = await new Rig().start();
  for (let version = 20; version < 60; version++) {
    await pass(rig.clock, 30_000, 15_000);
    rig.api.lastWatch.bookmark(`${version}`);
  }
  assert.equal(rig.api.watches.length, 1);
});

test("a watch that stays silent three times may be deaf: it lists", async () => {
  await using rig = await new Rig().start();
  await pass(rig.clock, 179_000, 1000);
  assert.equal(rig.lists, 1);
  await pass(rig.clock, 2000, 1000);
  assert.equal(rig.lists, 2);
});

test("a list that hangs is given up after the read timeout", async () => {
  await using rig = new Rig();
  rig.api.fault = () => "hang";
  await rig.start();
  await pass(rig.clock, 60_000, 10_000);
  rig.api.fault = () => null;
  await pass(rig.clock, 2000, 500);
  assert.equal(rig.cache.hasSynced, true);
});

test("a delete and recreate in a gap is told as deleted and added, by uid", async () => {
  await using rig = await new Rig().start();
  rig.takeTold();
  rig.api.lastWatch.end({ kind: "closed" });
  await pass(rig.clock, 1500, 500);
  rig.api.lastWatch.send("MODIFIED", configMap("a", "12", { uid: "second" }));
  assert.deepEqual(rig.takeTold(), ["deleted a uid-a@1", "added a second@12"]);
  rig.api.lists = [() => page([configMap("a", "14", { uid: "third" })], "20")];
  rig.api.lastWatch.end({ kind: "gone", message: "too old" });
  await pass(rig.clock, 1500, 500);
  assert.deepEqual(rig.takeTold(), ["deleted a second@12", "added a third@14"]);
});

test("WC1 what is told of a list is told when all of it is in place", async () => {
  await using rig = new Rig();
  rig.api.lists = [() => page([configMap("a", "1"), configMap("b", "1")], "10")];
  const sizes: number[] = [];
  rig.cache.subscribe(() => sizes.push(rig.cache.list().length));
  await rig.start();
  assert.deepEqual(sizes, [2, 2]);
});

test("history that goes back in the watch leads to a list", async () => {
  await using rig = await new Rig().start();
  rig.api.lastWatch.send("MODIFIED", configMap("a", "2"));
  rig.api.lists = [() => page([configMap("a", "5")], "20")];
  rig.api.lastWatch.send("MODIFIED", configMap("a", "1"));
  assert.equal(rig.cache.get(key)?.metadata.resourceVersion, "2");
  await pass(rig.clock, 1500, 500);
  assert.equal(rig.lists, 2);
  assert.equal(rig.cache.get(key)?.metadata.resourceVersion, "5");
});

test("WC4 a list of a server behind is not believed; one that says the same again is", async () => {
  await using rig = await new Rig().start();
  rig.api.lastWatch.send("MODIFIED", configMap("a", "2"));
  rig.takeTold();
  const past = page([configMap("a", "1")], "5");
  rig.api.lists = [() => past, () => page([configMap("a", "2")], "20")];
  rig.api.lastWatch.end({ kind: "gone", message: "too old" });
  await pass(rig.clock, 4000, 500);
  assert.deepEqual(rig.takeTold(), []);
  assert.equal(rig.api.lastWatch.resourceVersion, "20");
  rig.api.lists = [() => past];
  rig.api.lastWatch.end({ kind: "gone", message: "etcd was restored" });
  await pass(rig.clock, 4000, 500);
  assert.deepEqual(rig.takeTold(), ["updated a uid-a@1"]);
  assert.equal(rig.api.lastWatch.resourceVersion, "5");
});

test("an own write is readable and told at once, and told once", async () => {
  await using rig = await new Rig().start();
  rig.takeTold();
  rig.cache.noteWrite(configMap("a", "12"));
  assert.equal(rig.cache.get(key)?.metadata.resourceVersion, "12");
  assert.deepEqual(rig.takeTold(), ["updated a uid-a@12"]);
  rig.api.lastWatch.send("MODIFIED", configMap("a", "11"));
  rig.api.lastWatch.send("MODIFIED", configMap("a", "12"));
  assert.deepEqual(rig.takeTold(), []);
  rig.cache.noteDelete(key, "uid-a");
  assert.equal(rig.cache.get(key)?.metadata.deletionTimestamp, "1970-01-01T00:16:40Z");
  rig.api.lastWatch.send("DELETED", configMap("a", "13"));
  assert.deepEqual(rig.takeTold(), ["updated a uid-a@12", "deleted a uid-a@12"]);
});

test("WC2 a watch that misses an own write is listed again", async () => {
  await using rig = await new Rig().start();
  rig.cache.noteWrite(configMap("a", "12"));
  rig.api.lists = [() => page([configMap("a", "13")], "20")];
  await pass(rig.clock, 9000, 1000);
  rig.api.lastWatch.bookmark("14");
  assert.equal(rig.lists, 1);
  await pass(rig.clock, 3000, 500);
  assert.equal(rig.lists, 2);
  assert.equal(rig.cache.get(key)?.metadata.resourceVersion, "13");
  await pass(rig.clock, 30_000, 1000);
  assert.equal(rig.lists, 2);
});

test("stop really stops: in a backoff, in a list, in a watch, and before the first list came", async () => {
  for (const fault of [{ error: new ApiError("Unavailable", "down") }, "hang", null] as const) {
    const rig = new Rig();
    rig.api.fault = () => fault;
    const synced = rig.cache.whenSynced();
    synced.catch(() => undefined);
    await rig.start();
    await rig.cache.stop();
    if (fault !== null) await assert.rejects(synced, /stopped before its first list/);
    assert.equal(rig.clock.armed, 0);
    const calls = rig.api.calls.length;
    rig.takeTold();
    await pass(rig.clock, 120_000, 10_000);
    assert.equal(rig.api.calls.length, calls);
    rig.api.watches.at(-1)?.send("MODIFIED", configMap("a", "99"));
    rig.cache.noteWrite(configMap("a", "100"));
    assert.deepEqual(rig.told, []);
  }
});

test("waiting for the first list ends with the signal", async () => {
  await using rig = new Rig();
  const waiting = new AbortController();
  const synced = rig.cache.whenSynced(waiting.signal);
  waiting.abort(new Error("no longer"));
  await assert.rejects(synced, /no longer/);
  await assert.rejects(rig.cache.whenSynced(waiting.signal), /no longer/);
});

test("a subscriber that throws does not keep the others from being told, nor the cache from going on", async () => {
  await using rig = new Rig();
  rig.cache.subscribe(() => {
    throw new Error("mine");
  });
  const others: string[] = [];
  const end = rig.cache.subscribe(({ kind }) => others.push(kind));
  await rig.start();
  rig.api.lastWatch.send("MODIFIED", configMap("a", "2"));
  end();
  rig.api.lastWatch.send("MODIFIED", configMap("a", "3"));
  assert.deepEqual(others, ["added", "updated"]);
  assert.equal(rig.told.length, 3);
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nextTurn, seededRandom, systemClock } from "../../base/index.ts";
import type { ConfigMap, WatchEnd, WatchEvent } from "../../operator/kubernetes/api/index.ts";
import { type LocalApiServer, type LocalApiServerOptions, openLocalApiServer } from "./local-api-server.ts";

const configMap = (name: string, k = "1"): ConfigMap => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "test" },
  data: { k },
});

function open(options: Partial<LocalApiServerOptions> = {}): Promise<LocalApiServer> {
  return openLocalApiServer({ clock: systemClock, random: seededRandom(1), ...options });
}

type Watch = { readonly lines: string[]; readonly ended: Promise<WatchEnd>; readonly stop: () => void };

function watch(server: LocalApiServer, resourceVersion: string, onEvent: () => void = () => {}): Watch {
  const lines: string[] = [];
  const stopping = new AbortController();
  const hear = (event: WatchEvent<"ConfigMap">): void => {
    lines.push(
      event.type === "BOOKMARK" ? `BOOKMARK ${event.resourceVersion}` : `${event.type} ${event.object.metadata.name}`,
    );
    onEvent();
  };
  const ended = server.watch("ConfigMap", { resourceVersion, signal: stopping.signal }, hear);
  return { lines, ended, stop: () => stopping.abort() };
}

async function until(isSo: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 60_000;
  while (!isSo()) {
    assert.ok(performance.now() < deadlineMs, "not within 60 s");
    await nextTurn();
  }
}

async function newest(server: LocalApiServer): Promise<string> {
  return (await server.list("ConfigMap")).resourceVersion;
}

describe("watches of the API server in memory", () => {
  it("never tell an event inside the call that caused it (WH1)", async () => {
    const server = await open();
    const { lines, stop } = watch(server, await newest(server));
    const created = server.create("ConfigMap", configMap("a"));
    assert.deepEqual(lines, []);
    await created;
    assert.deepEqual(lines, []);
    await until(() => lines.length === 1);
    stop();
    await server.close();
  });

  it("go on over as many changes of their kind as are remembered, and are gone beyond (WH2)", async () => {
    const server = await open({ historyMax: 5 });
    const begin = await newest(server);
    for (let index = 0; index < 5; index++) await server.create("ConfigMap", configMap(`a${index}`));
    const inTime = watch(server, begin);
    await until(() => inTime.lines.length === 5);
    inTime.stop();
    for (let index = 0; index < 20; index++)
      await server.patch("ConfigMap", { namespace: "test", name: "a0" }, { data: { k: `${index}` } });
    const late = await watch(server, begin).ended;
    assert.equal(late.kind, "gone");
    assert.match(late.kind === "gone" ? late.message : "", /too old resource version/);
    const newer = watch(server, await newest(server));
    await server.create("ConfigMap", configMap("z"));
    await until(() => newer.lines.length === 1);
    assert.deepEqual(newer.lines, ["ADDED z"]);
    newer.stop();
    await server.close();
  });

  it("do not lose a quiet kind's history to a busy one's (WH2)", async () => {
    const server = await open({ historyMax: 5 });
    const begin = await newest(server);
    await server.create("ConfigMap", configMap("quiet"));
    const lease = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name: "l", namespace: "test" },
      spec: {},
    } as const;
    await server.create("Lease", lease);
    for (let index = 1; index < 100; index++) {
      await server.patch("Lease", { namespace: "test", name: "l" }, { spec: { leaseTransitions: index } });
    }
    const { lines, stop } = watch(server, begin);
    await until(() => lines.length === 1);
    stop();
    await server.close();
  });

  it("are gone from a version of another server, and fail on one that is none", async () => {
    const server = await open();
    assert.equal((await watch(server, "1000000").ended).kind, "gone");
    assert.equal((await watch(server, "nonsense").ended).kind, "failed");
    await server.close();
  });

  it("are gone after the history was compacted", async () => {
    const server = await open();
    const begin = await newest(server);
    await server.create("ConfigMap", configMap("a"));
    server.compactHistory();
    assert.equal((await watch(server, begin).ended).kind, "gone");
    await server.close();
  });

  it("cut the one who falls behind, and nobody else (WH3)", async () => {
    const server = await open({ watchBacklogMax: 10 });
    const begin = await newest(server);
    const slow = watch(server, begin);
    const writes = Array.from({ length: 11 }, (_, index) => server.create("ConfigMap", configMap(`a${index}`)));
    await Promise.all(writes);
    assert.deepEqual(await slow.ended, { kind: "closed" });
    const later = watch(server, await newest(server));
    await server.create("ConfigMap", configMap("z"));
    await until(() => later.lines.length === 1);
    later.stop();
    await server.close();
  });

  it("end with the error of a watcher that throws, and nobody else's do", async () => {
    const server = await open();
    const begin = await newest(server);
    const bad = watch(server, begin, () => {
      throw new Error("a watcher's mistake");
    });
    const good = watch(server, begin);
    await server.create("ConfigMap", configMap("a"));
    const ended = await bad.ended;
    assert.ok(ended.kind === "failed" && ended.error instanceof Error && ended.error.message === "a watcher's mistake");
    await server.create("ConfigMap", configMap("b"));
    await until(() => good.lines.length === 2);
    assert.equal(bad.lines.length, 1);
    good.stop();
    await server.close();
  });

  it("are told how far they have come, behind all events before it (WH4)", async () => {
    const server = await open();
    const { lines, stop } = watch(server, await newest(server));
    const created = await server.create("ConfigMap", configMap("a"));
    server.sendBookmarks();
    await until(() => lines.length === 2);
    assert.deepEqual(lines, ["ADDED a", `BOOKMARK ${created.metadata.resourceVersion}`]);
    stop();
    await server.close();
  });

  it("are sent bookmarks from time to time", async () => {
    const server = await open({ bookmarkIntervalMs: 5 });
    const { lines, stop } = watch(server, await newest(server));
    await until(() => lines.length >= 2);
    assert.ok(lines.every((line) => line.startsWith("BOOKMARK")));
    stop();
    await server.close();
  });

  it("begin with all that is there when they begin at the beginning", async () => {
    const server = await open();
    await server.create("ConfigMap", configMap("a"));
    const { lines, stop } = watch(server, "0");
    await server.create("ConfigMap", configMap("b"));
    await until(() => lines.length === 2);
    assert.deepEqual(lines, ["ADDED a", "ADDED b"]);
    stop();
    await server.close();
  });

  it("are closed when the server cuts them or stops", async () => {
    const server = await open();
    const first = watch(server, await newest(server));
    server.cutWatches();
    assert.deepEqual(await first.ended, { kind: "closed" });
    const second = watch(server, await newest(server));
    await server.close();
    assert.deepEqual(await second.ended, { kind: "closed" });
    assert.equal((await watch(server, "1").ended).kind, "failed");
  });
});

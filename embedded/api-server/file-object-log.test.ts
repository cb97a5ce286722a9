import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { nextTurn, StreamError, systemClock, systemRandom } from "../../base/index.ts";
import {
  type AnyObject,
  type ConfigMap,
  isApiError,
  type Kind,
  resources,
} from "../../operator/kubernetes/api/index.ts";
import { openFileObjectLog } from "./file-object-log.ts";
import { type LocalApiServer, openLocalApiServer } from "./local-api-server.ts";
import type { ObjectLog } from "./object-log.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "object-log-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const parts = { clock: systemClock, random: systemRandom };

function start(segmentBytesMax?: number): Promise<LocalApiServer> {
  const objectLog = openFileObjectLog({ folder, ...(segmentBytesMax === undefined ? {} : { segmentBytesMax }) });
  return openLocalApiServer({ ...parts, objectLog });
}

const configMap = (name: string, k = "1"): ConfigMap => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "test" },
  data: { k },
});

async function everything(server: LocalApiServer): Promise<Readonly<Record<string, readonly AnyObject[]>>> {
  const kinds = Object.keys(resources) as Kind[];
  return Object.fromEntries(
    await Promise.all(kinds.map(async (kind) => [kind, (await server.list(kind)).items] as const)),
  );
}

async function write(server: LocalApiServer, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    await server.create("ConfigMap", configMap(`a${index}`));
    await server.patch("ConfigMap", { namespace: "test", name: `a${index}` }, { data: { k: "2" } });
    if (index % 3 === 0) await server.delete("ConfigMap", { namespace: "test", name: `a${index}` });
  }
}

const segment = (number: number): string => join(folder, `segment-${number}.jsonl`);

describe("an object log in a folder", () => {
  it("gives the same objects, uids and versions to the next process, however the last one ended (FL1)", async () => {
    const killed = await start();
    await write(killed, 10);
    const before = await everything(killed);
    const { resourceVersion } = await killed.list("ConfigMap");
    const next = await start();
    assert.deepEqual(await everything(next), before);
    assert.equal((await next.list("ConfigMap")).resourceVersion, resourceVersion);
    const created = await next.create("ConfigMap", configMap("new"));
    assert.equal(created.metadata.resourceVersion, String(Number(resourceVersion) + 1));
    await next.close();
    await killed.close();
  });

  it("goes on with what was being deleted, and collects what was left (GC4)", async () => {
    const killed = await start();
    const owner = await killed.create("ConfigMap", {
      ...configMap("owner"),
      metadata: { name: "owner", namespace: "test", finalizers: ["a/b"] },
    });
    const ownerReferences = [{ apiVersion: "v1", kind: "ConfigMap", name: "owner", uid: owner.metadata.uid ?? "" }];
    await killed.create("ConfigMap", {
      ...configMap("child"),
      metadata: { name: "child", namespace: "test", ownerReferences },
    });
    await killed.delete("ConfigMap", { namespace: "test", name: "owner" });
    // Dies between the removal of the owner and the collector's turn.
    void killed.patch("ConfigMap", { namespace: "test", name: "owner" }, { metadata: { finalizers: null } });
    const next = await start();
    assert.equal(await next.get("ConfigMap", { namespace: "test", name: "owner" }), null);
    await next.collected();
    assert.equal(await next.get("ConfigMap", { namespace: "test", name: "child" }), null);
    await next.close();
  });

  it("tells a watch that resumes over a restart what it missed: list again", async () => {
    const first = await start();
    await write(first, 2);
    await first.close();
    const next = await start();
    const signal = new AbortController().signal;
    const ended = await next.watch("ConfigMap", { resourceVersion: "1", signal }, () => assert.fail("an event"));
    assert.equal(ended.kind, "gone");
    await next.close();
  });

  it("cuts off a line that was not finished, and nothing else (FL4)", async () => {
    const killed = await start();
    await write(killed, 4);
    let before = await everything(killed);
    await killed.close();
    for (const torn of [
      '{"rv":99,"type":"put","obj',
      '{"rv":99}\n{"rv',
      "\n",
      "\0\0\0\0",
      '{"rv":99,"type":"put","object":{}}\n',
    ]) {
      appendFileSync(segment(0), torn);
      const next = await start();
      assert.deepEqual(await everything(next), before, `after ${JSON.stringify(torn)}`);
      // What is written next must not stand behind the broken line.
      await next.patch("ConfigMap", { namespace: "test", name: "a1" }, { data: { torn: JSON.stringify(torn) } });
      before = await everything(next);
      await next.close();
    }
  });

  it("says where it is damaged when it is so before its end (FL4)", async () => {
    const first = await start();
    await write(first, 4);
    await first.close();
    const lines = readFileSync(segment(0), "utf8").split("\n");
    writeFileSync(segment(0), [...lines.slice(0, 2), "garbage", ...lines.slice(3)].join("\n"));
    await assert.rejects(
      start(),
      (error) =>
        error instanceof StreamError &&
        error.code === "CONTROL_PLANE_FILES_UNREADABLE" &&
        /segment-0\.jsonl, line 3/.test(error.message),
    );
  });

  it("that a newer program has written to is refused as it is, also at its end (FL7)", async () => {
    const first = await start();
    await write(first, 4);
    await first.close();
    const text = readFileSync(segment(0), "utf8").split("\n");
    const at = text.length - 2;
    text[at] = text[at]?.replace('{"version":1,', '{"version":2,') ?? "";
    writeFileSync(segment(0), text.join("\n"));
    const isNewer = (path: RegExp) => (error: unknown) =>
      error instanceof StreamError && error.code === "FORMAT_TOO_NEW" && path.test(error.message);
    await assert.rejects(start(), isNewer(/segment-0\.jsonl is of version 2, .* reads version 1/));
    assert.equal(readFileSync(segment(0), "utf8"), text.join("\n"));
    writeFileSync(join(folder, "snapshot-1.jsonl"), '{"version":2,"rv":9,"count":0}\n');
    await assert.rejects(start(), isNewer(/snapshot-1\.jsonl is of version 2/));
  });

  it("stays small: old segments go when a snapshot is complete (FL2)", async () => {
    const server = await start(4000);
    for (let index = 0; index < 200; index++) {
      await server.create("ConfigMap", configMap("a"));
      await server.delete("ConfigMap", { namespace: "test", name: "a" });
      if (index % 10 === 0) await server.create("ConfigMap", configMap(`kept-${index}`));
      await nextTurn();
    }
    await server.close();
    const files = readdirSync(folder);
    assert.ok(files.length <= 3, files.join());
    const next = await start(4000);
    assert.equal((await next.list("ConfigMap")).items.length, 20);
    assert.deepEqual(await everything(next), await everything(server).catch(() => everything(next)));
    await next.close();
  });

  it("is whole at every moment of a compaction (FL2, FL3)", async () => {
    const server = await start(2000);
    for (let index = 0; index < 60; index++) {
      await server.create("ConfigMap", configMap(`a${index}`));
      const other = mkdtempSync(join(tmpdir(), "object-log-"));
      for (const name of readdirSync(folder)) writeFileSync(join(other, name), readFileSync(join(folder, name)));
      const copy = await openLocalApiServer({ ...parts, objectLog: openFileObjectLog({ folder: other }) });
      assert.equal((await copy.list("ConfigMap")).items.length, index + 1);
      await copy.close();
      rmSync(other, { recursive: true });
    }
    await server.close();
  });

  it("goes on in its segment when the next one cannot be made, and loses no write (FL5)", async () => {
    const server = await start(1000);
    mkdirSync(segment(1)); // where the next segment would be
    await write(server, 40);
    const before = await everything(server);
    rmdirSync(segment(1));
    await server.create("ConfigMap", configMap("last"));
    await server.close();
    const next = await start(1000);
    assert.deepEqual((await next.list("ConfigMap")).items.length, (before["ConfigMap"]?.length ?? 0) + 1);
    await next.close();
  });

  it("on a full disk refuses writes with STORE_FULL, keeps what it has, and goes on when there is room (FL5)", async (t) => {
    if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]).status !== 0) {
      t.skip("a small disk cannot be mounted here: it needs root");
      return;
    }
    try {
      const server = await start(20_000);
      let written = 0;
      const fill = async (): Promise<void> => {
        for (; written < 1000; written++) await server.create("ConfigMap", configMap(`a${written}`, "x".repeat(1000)));
      };
      await assert.rejects(fill(), (error) => isApiError(error, "Unavailable") && /STORE_FULL/.test(error.message));
      assert.equal((await server.list("ConfigMap")).items.length, written);
      assert.ok(spawnSync("mount", ["-o", "remount,size=1m", folder]).status === 0);
      await server.create("ConfigMap", configMap("last"));
      await server.close();
      const next = await start(20_000);
      assert.equal((await next.list("ConfigMap")).items.length, written + 1);
      await next.close();
    } finally {
      spawnSync("umount", ["--lazy", folder]);
    }
  });

  it("is its owner's alone (FL6)", async () => {
    const server = await start(1000);
    await write(server, 40);
    await server.close();
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    for (const name of readdirSync(folder)) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
  });

  it("does not take a write that cannot be logged, and tells nobody of it (LAS3)", async () => {
    let isFull = false;
    const inner = openFileObjectLog({ folder });
    const full: ObjectLog = {
      load: () => inner.load(),
      append: (resourceVersion, each) => {
        if (isFull) throw new Error("ENOSPC: no space left on device");
        inner.append(resourceVersion, each);
      },
      close: () => inner.close(),
    };
    const server = await openLocalApiServer({ ...parts, objectLog: full });
    const created = await server.create("ConfigMap", configMap("a"));
    isFull = true;
    await assert.rejects(server.patch("ConfigMap", { namespace: "test", name: "a" }, { data: { k: "2" } }), (error) =>
      isApiError(error, "Unavailable"),
    );
    assert.deepEqual(await server.get("ConfigMap", { namespace: "test", name: "a" }), created);
    isFull = false;
    const patched = await server.patch("ConfigMap", { namespace: "test", name: "a" }, { data: { k: "3" } });
    assert.equal(Number(patched.metadata.resourceVersion), Number(created.metadata.resourceVersion) + 1);
    await server.close();
  });
});

/** One contract for every adapter of the ObjectStore port, and what is special about each. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { processIdentity, StreamError, seededRandom } from "../../base/index.ts";
import { childStoreUri, openStore, storeUriOf } from "./open-store.ts";
import { LocalObjectStore } from "./local-object-store.ts";
import { MemoryObjectStore } from "./memory-object-store.ts";
import { type ObjectStore } from "./object-store.ts";
import { probeStore } from "./probe-store.ts";
import { storeContract } from "./store-contract.test-support.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "streamjob-store-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const adapters: Record<string, (t: TestContext) => Promise<ObjectStore>> = {
  local: async (t) => new LocalObjectStore(join(await temporaryFolder(t), "not", "there yet")),
  memory: async () => new MemoryObjectStore("contract"),
  opened: async (t) => openStore(await temporaryFolder(t)),
};

for (const [name, make] of Object.entries(adapters)) storeContract(name, make);

describe("the local store", () => {
  it("leaves no temporary files, and no empty folders after deletes (LOO1, LOO3)", async (t) => {
    const folder = await temporaryFolder(t);
    const root = join(folder, "store");
    const store = new LocalObjectStore(root);
    await store.read("a");
    assert.deepEqual(await readdir(folder), []);
    await store.put("data/one/a", bytes("a"));
    await store.createIfAbsent("data/one/a", bytes("b"));
    await store.put("data/two/b", bytes("b"));
    assert.deepEqual(await readdir(join(root, ".tmp")), []);
    await store.delete("data/one/a");
    assert.deepEqual(await readdir(join(root, "data")), ["two"]);
    await store.delete("data/two/b");
    assert.deepEqual(await readdir(folder), []);
  });

  it("removes the temporary files of dead processes, and only those (LOO4)", async (t) => {
    const root = await temporaryFolder(t);
    const child = spawn(process.execPath, ["-e", ""]);
    await once(child, "exit");
    const host = hostname().replace(/[^A-Za-z0-9.-]/g, "_");
    await mkdir(join(root, ".tmp"));
    const identity = processIdentity(process.pid) ?? "";
    const own = createHash("sha256").update(identity).digest("hex").slice(0, 12);
    // In a container the process before this one had the same id.
    const dead = [`${host}~${child.pid}~${own}~00`, `${host}~${process.pid}~0123456789ab~00`];
    const kept = [`${host}~${process.pid}~${own}~00`, `elsewhere.example~${child.pid}~${own}~00`];
    const names = [...dead, ...kept];
    for (const name of names) await writeFile(join(root, ".tmp", name), "half");
    await new LocalObjectStore(root).put("a", bytes("a"));
    assert.deepEqual((await readdir(join(root, ".tmp"))).sort(), kept.toSorted());
  });

  it("lets one of several processes create a key", async (t) => {
    const root = await temporaryFolder(t);
    const program = `
      const { LocalObjectStore } = await import(${JSON.stringify(new URL("./index.ts", import.meta.url).href)});
      const store = new LocalObjectStore(process.argv[1]);
      for (let n = 0; n < 50; n++) console.log(n, await store.createIfAbsent("epochs/" + n, Buffer.from(String(process.pid))), process.pid);`;
    const outputs = await Promise.all([1, 2].map(() => outputOf([`--input-type=module`, "-e", program, root])));
    const winners = outputs
      .join("")
      .split("\n")
      .filter((line) => line.includes("created"));
    assert.equal(winners.length, 50);
    for (const line of winners) {
      const [n, , pid] = line.split(" ");
      assert.equal(await readFile(join(root, "epochs", String(n)), "utf8"), pid);
    }
  });

  it("says where and why when it cannot write, and what a full disk is", async (t) => {
    const folder = await temporaryFolder(t);
    await writeFile(join(folder, "file"), "not a folder");
    const store = new LocalObjectStore(join(folder, "file", "below"));
    await assert.rejects(store.put("a", bytes("a")), (error: StreamError) => {
      assert.equal(error.code, "STORE_UNAVAILABLE");
      assert.match(error.message, /file\/below\/a: ENOTDIR/);
      return error.cause instanceof Error;
    });
    const { storeError } = await import("./store-error.ts");
    const full = storeError("write", "/x/y", Object.assign(new Error("no space"), { code: "ENOSPC" }));
    assert.equal(full.code, "STORE_FULL");
    assert.match(full.message, /could not write \/x\/y: no space left/);
  });

  it("really meets a full device where the system has one", { skip: process.platform !== "linux" }, async () => {
    const { storeError } = await import("./store-error.ts");
    await assert.rejects(
      writeFile("/dev/full", "x").catch((error) => {
        throw storeError("write", "/dev/full", error);
      }),
      { code: "STORE_FULL" },
    );
  });
});

describe("openStore", () => {
  it("takes file URIs, absolute and relative paths, and memory names", async () => {
    assert.equal((await openStore("file:///var/check%20points/")).uri, "file:///var/check%20points");
    assert.equal((await openStore("/var/check points/")).uri, "file:///var/check%20points");
    assert.equal((await openStore("some/folder")).uri, storeUriOf(join(process.cwd(), "some/folder")));
    assert.equal(await openStore("memory://a/b"), await openStore("memory://a/b/"));
    assert.notEqual(await openStore("memory://a/b"), await openStore("memory://a/c"));
    for (const same of ["s3://bucket/a/b", "S3://bucket/a/b//", "s3a://bucket/a/b", "s3p://bucket//a/b/"])
      assert.equal((await openStore(same)).uri, "s3://bucket/a/b");
    assert.equal(storeUriOf("s3://bucket/"), "s3://bucket");
    assert.equal(childStoreUri("s3://bucket", "x"), "s3://bucket/x");
  });

  it("opens its own URI again, and a child's", async () => {
    const store = await openStore(childStoreUri("/var/x", "default", "my job: ä/..", "..", ""));
    assert.equal(store.uri, "file:///var/x/default/my_job____../_/_");
    assert.equal((await openStore(store.uri)).uri, store.uri);
  });

  it("refuses anything else and lists what it knows", async () => {
    const s3 = "s3:// s3://B/x s3://bucket/../x s3://bucket/a//b s3://bucket/a?b".split(" ");
    for (const wrong of ["ftp://host/x", "", "memory://", "memory://../x", "file://host.example/x", "a\0b", ...s3]) {
      await assert.rejects(openStore(wrong), (error: StreamError) => {
        assert.equal(error.code, "OPTION_INVALID", wrong);
        assert.match(error.message, /file:\/\/\/.*plain folder path.*s3:\/\/.*memory:\/\//);
        return true;
      });
    }
  });
});

describe("probeStore", () => {
  it("refuses a store that ignores the condition of conditional creation", async () => {
    const store = new MemoryObjectStore("careless");
    store.createIfAbsent = async (key, body) => {
      await store.put(key, body);
      return "created";
    };
    await assert.rejects(probeStore(store, seededRandom(1)), { code: "STORE_UNSUITABLE", destiny: "terminal" });
    assert.deepEqual(await store.list(""), []);
  });
});

async function outputOf(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (piece) => {
    output += piece;
  });
  const [code] = await once(child, "close");
  assert.equal(code, 0);
  return output;
}

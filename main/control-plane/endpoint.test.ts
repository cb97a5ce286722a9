import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { processIdentity, StreamError } from "../../base/index.ts";
import { type Endpoint, isOwnerAlive, readEndpoint, removeEndpoint, takeEndpoint } from "./endpoint.ts";

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function folderWith(content?: Partial<Endpoint> | string): string {
  const folder = mkdtempSync(join(tmpdir(), "endpoint-"));
  folders.push(folder);
  if (content === undefined) return folder;
  const whole = { version: 1, pid: process.pid, identity: null, url: "http://127.0.0.1:1", token: "t" };
  const text = typeof content === "string" ? content : JSON.stringify({ ...whole, ...content });
  writeFileSync(join(folder, "endpoint.json"), text);
  return folder;
}

const address = { url: "http://127.0.0.1:2", token: "u" };
const isRunning = (error: unknown): boolean => error instanceof StreamError && error.code === "CONTROL_PLANE_RUNNING";

async function assertTaken(folder: string): Promise<void> {
  await takeEndpoint(folder);
  await takeEndpoint(folder, address);
  assert.equal(readEndpoint(folder)?.url, address.url);
  await removeEndpoint(folder);
  assert.deepEqual(readdirSync(folder), []);
}

describe("the endpoint of a folder (EP1)", () => {
  it("is taken once, with and without an address, and given back; it is its owner's alone (EP2)", async () => {
    const folder = folderWith();
    await takeEndpoint(folder);
    assert.equal(statSync(join(folder, "endpoint.json")).mode & 0o777, 0o600);
    await assert.rejects(takeEndpoint(folder), isRunning);
    assert.equal(isOwnerAlive(readEndpoint(folder) as Endpoint, folder), true);
    await takeEndpoint(folder, address);
    await removeEndpoint(folder);
    await assertTaken(folder);
  });

  it("that a process of an earlier boot or container left is taken over, also when its id is ours", async () => {
    await assertTaken(folderWith({ pid: process.pid, identity: "an earlier boot/1" }));
    await assertTaken(folderWith({ pid: process.pid, identity: processIdentity(process.pid) }));
    await assertTaken(folderWith({ pid: process.pid, identity: null }));
  });

  it("whose process id another process has by now is taken over", async () => {
    await assertTaken(folderWith({ pid: process.ppid, identity: "an earlier boot/1" }));
  });

  it("that is damaged is taken over: no living owner leaves that", async () => {
    await assertTaken(folderWith(""));
    await assertTaken(folderWith('{"version":1,"pi'));
  });

  it("of a newer version is neither taken over nor removed while its process runs, or is not named (EP3)", async () => {
    const isNewer = { code: "FORMAT_TOO_NEW", message: /endpoint\.json is of version 2, .* reads version 1/ };
    const living = { version: 2, pid: process.ppid, identity: processIdentity(process.ppid), socket: "a new field" };
    const nameless = { version: 2, processes: [{ pid: 2 ** 22 + 1 }] };
    for (const content of [living, { ...living, identity: null }, nameless]) {
      const folder = folderWith(JSON.stringify(content));
      await assert.rejects(takeEndpoint(folder), isNewer);
      assert.throws(() => readEndpoint(folder), isNewer);
      assert.deepEqual(JSON.parse(readFileSync(join(folder, "endpoint.json"), "utf8")), content);
    }
    const ours = folderWith();
    await takeEndpoint(ours);
    writeFileSync(join(ours, "endpoint.json"), '{"version":2}');
    await removeEndpoint(ours);
    assert.deepEqual(readdirSync(ours), ["endpoint.json"]);
  });

  it("of a newer version whose process has ended is taken over, and gives nobody an address until then (EP3)", async () => {
    const ended = {
      version: 2,
      pid: 2 ** 22 + 1,
      identity: "a boot/1",
      url: "http://127.0.0.1:1",
      token: "t",
      more: 1,
    };
    const others = [
      { ...ended, identity: null },
      { ...ended, pid: process.ppid },
      { ...ended, pid: process.pid },
    ];
    for (const content of [ended, ...others]) {
      const folder = folderWith(JSON.stringify(content));
      const endpoint = readEndpoint(folder);
      assert.ok(endpoint !== null && endpoint.url === null && endpoint.token === null);
      assert.equal(isOwnerAlive(endpoint, folder), false);
      await assertTaken(folder);
    }
  });

  it("of a process that lives is refused, and of one that has ended taken over", async () => {
    const other = spawn(process.execPath, ["-e", "process.stdin.resume()"], { stdio: ["pipe", "ignore", "ignore"] });
    await once(other, "spawn");
    const pid = other.pid as number;
    const folder = folderWith({ pid, identity: processIdentity(pid) });
    await assert.rejects(takeEndpoint(folder), isRunning);
    assert.equal(isOwnerAlive(readEndpoint(folder) as Endpoint, folder), true);
    other.stdin.end();
    await once(other, "exit");
    await assertTaken(folder);
  });
});

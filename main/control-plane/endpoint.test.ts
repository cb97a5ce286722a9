import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
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

  it("of a newer version is neither taken over nor removed (EP3)", async () => {
    const folder = folderWith({ version: 2 as never, pid: 2 ** 30 });
    const isNewer = { code: "FORMAT_TOO_NEW", message: /endpoint\.json is of version 2, .* reads version 1/ };
    await assert.rejects(takeEndpoint(folder), isNewer);
    assert.throws(() => readEndpoint(folder), isNewer);
    const ours = folderWith();
    await takeEndpoint(ours);
    writeFileSync(join(ours, "endpoint.json"), '{"version":2}');
    await removeEndpoint(ours);
    assert.deepEqual(readdirSync(ours), ["endpoint.json"]);
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

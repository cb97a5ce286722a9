import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer } from "node:net";
import { afterEach, beforeEach, test } from "node:test";
import { sleep, systemClock } from "../../base/index.ts";
import { ApiError } from "../../operator/kubernetes/api/index.ts";
import type { ExitCode } from "../terminal/terminal.ts";
import { activeOf, type CommandRig, createRig, manifest, statusWith } from "./command-rig.test-support.ts";
import { portForwardCommand } from "./port-forward-command.ts";

const PATIENCE_MS = 60_000;

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + PATIENCE_MS;
  while (!holds()) {
    if (systemClock.monotonicMs() > deadlineMs) throw new Error(`waited in vain for ${what}: ${rig.said.join("; ")}`);
    await sleep(systemClock, 20);
  }
}

let rig: CommandRig;
const servers: Server[] = [];
/** JobManagers by the pod's name. */
const ports = new Map<string, number>();

beforeEach(async () => {
  rig = await createRig();
  ports.clear();
  rig.connectsBy(async (host) => {
    const port = ports.get(host.split(".")[0] ?? "");
    if (port === undefined) throw new ApiError("NotFound", `pod ${host} not found`);
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    return socket;
  });
});
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
  rig.closeReader(); // ends a command that a failed test left behind
  await rig.server.close();
});

/** Says which one it is. */
async function startJobManager(pod: string): Promise<void> {
  const server = createServer((request, response) => void response.end(`${pod} ${request.url}`));
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  ports.set(pod, (server.address() as AddressInfo).port);
}

async function start(incarnation: number | null): Promise<{ url: string; ended: Promise<ExitCode> }> {
  await rig.server.create("StreamJob", JSON.parse(manifest()));
  if (incarnation !== null) await activate(incarnation);
  const ended = portForwardCommand(rig, { kind: "portForward", job: "wc", namespace: "default", port: null });
  await Promise.race([ended, until("a port", () => rig.out.length > 0)]);
  return { url: rig.out[0] ?? "", ended };
}

const activate = (incarnation: number) =>
  rig.writeStatus("wc", statusWith(1, { phase: "Running", active: activeOf("wc-a", { incarnation }) }, "Ready"));
const ask = async (url: string): Promise<string> => (await fetch(url, { headers: { connection: "close" } })).text();
const said = (text: RegExp) => until(String(text), () => rig.said.some((line) => text.test(line)));

test("PFC1 a port leads to the active JobManager, and to the next one when that takes over", async () => {
  await startJobManager("wc-1-jobmanager-0");
  await startJobManager("wc-2-jobmanager-0");
  const { url, ended } = await start(1);
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.equal(await ask(`${url}/v1/jobs`), "wc-1-jobmanager-0 /v1/jobs");
  const kept = connect(Number(new URL(url).port), "127.0.0.1");
  kept.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await once(kept, "data");
  kept.on("error", () => undefined);
  let isCut = false;
  kept.on("close", () => (isCut = true));
  await activate(2);
  await said(/leads to incarnation 2, pod wc-2-jobmanager-0/);
  await until("the old connection to be cut", () => isCut);
  assert.equal(await ask(`${url}/v1/jobs`), "wc-2-jobmanager-0 /v1/jobs");
  rig.closeReader();
  assert.equal(await ended, 0);
  await assert.rejects(ask(url), "the port is given back");
});

test("PFC3 a connection that cannot be made is closed, and the reason is said once", async () => {
  const { url, ended } = await start(null);
  await said(/no incarnation of the job is active/);
  await assert.rejects(ask(url));
  await activate(1);
  await said(/leads to incarnation 1/);
  for (let times = 0; times < 3; times++) await assert.rejects(ask(url));
  assert.equal(rig.said.filter((line) => line.includes("not found")).length, 1, rig.said.join("\n"));
  await startJobManager("wc-1-jobmanager-0");
  assert.equal(await ask(url), "wc-1-jobmanager-0 /");
  rig.closeReader();
  assert.equal(await ended, 0);
});

test("a job that is deleted ends it", async () => {
  const { ended } = await start(1);
  await rig.api.delete("StreamJob", { namespace: "default", name: "wc" });
  assert.equal(await ended, 1);
  assert.ok(rig.said.some((line) => line.includes("StreamJob wc was deleted")));
});

test("a port that another process has is refused before anything is opened", async () => {
  const other = createTcpServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  await rig.server.create("StreamJob", JSON.parse(manifest()));
  await assert.rejects(portForwardCommand(rig, { kind: "portForward", job: "wc", namespace: "default", port }), {
    code: "PORT_IN_USE",
  });
  other.close();
});

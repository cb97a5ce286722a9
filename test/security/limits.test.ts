/** Floods: each costs its sender the connection, and the job nothing. */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { startEndpoints } from "../../base/endpoints.ts";
import { seededRandom, silentLog, systemClock } from "../../base/index.ts";
import { checkpoint, running, setting, until } from "../../runtime/jobmanager/scripted-job.test-support.ts";
import type { Running } from "../../runtime/jobmanager/scripted-job.test-support.ts";
import { startRest } from "../../runtime/rest/index.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const MIB = 2 ** 20;
/** More than is sent before a test gives up. */
const ENDLESS = 2 ** 40;
const PIECE = Buffer.alloc(64 * 1024, 0x20);
/** Of memory, beside what a test process breathes. */
const GROWTH_MAX = 50 * MIB;

type Server = Running & { readonly rest: number };

async function server(t: TestContext): Promise<Server> {
  const place = await setting(t, { options: { "heartbeat.timeout": "1 min" } });
  const job = await running(t, place);
  const options = { control: job.manager, clock: systemClock, random: seededRandom(1), log: silentLog, version: "0" };
  const rest = await startRest({ ...options, port: 0 });
  t.after(() => rest.close());
  return { ...job, rest: rest.port };
}

function dial(
  t: TestContext,
  port: number,
): { readonly socket: Socket; readonly isOver: () => boolean; answer: string } {
  const socket = connect({ host: "127.0.0.1", port });
  let isOver = false;
  const dialled = { socket, isOver: () => isOver, answer: "" };
  socket.on("data", (piece) => (dialled.answer += piece.toString("latin1")));
  socket.on("error", () => undefined);
  socket.on("close", () => (isOver = true));
  t.after(() => socket.destroy());
  return dialled;
}

/** Writes until the other side has had enough, or all is written; how many bytes it took. */
async function pour(socket: Socket, bytes: number): Promise<number> {
  let poured = 0;
  while (poured < bytes && !socket.destroyed && socket.writable) {
    poured += PIECE.length;
    if (!socket.write(PIECE)) {
      await new Promise<void>((resolve) => {
        const events = ["drain", "close", "error", "end"];
        const done = (): void => {
          for (const event of events) socket.off(event, done);
          resolve();
        };
        for (const event of events) socket.on(event, done);
      });
    }
  }
  return poured;
}

/** Bytes that are held, not what the collector has not come to yet. */
function inBuffers(): number {
  collectGarbage();
  return process.memoryUsage().external;
}

/** What was read may be on its way to be dropped. */
const untilDropped = (before: number): Promise<void> =>
  untilAsync("what strangers sent to be dropped", async () => inBuffers() - before < GROWTH_MAX);

async function assertUndisturbed({ manager, rest }: Server): Promise<void> {
  await checkpoint({ manager });
  assert.equal(manager.job().status, "RUNNING");
  assert.equal(manager.job().restarts, 0);
  await untilAsync(
    "REST to answer",
    async () => (await fetch(`http://127.0.0.1:${rest}/overview`).catch(() => null))?.status === 200,
  );
}

async function untilAsync(what: string, holds: () => Promise<boolean>): Promise<void> {
  const endMs = systemClock.monotonicMs() + 60_000;
  while (!(await holds())) {
    assert.ok(systemClock.monotonicMs() < endMs, `in time: ${what}`);
    await new Promise((resolve) => systemClock.after(50, () => resolve(undefined)));
  }
}

describe("limits", { concurrency: true }, () => {
  it("SEC-14 a body without end is cut off, with and without its length, and not kept", async (t) => {
    const job = await server(t);
    const before = inBuffers();
    for (const header of [`Content-Length: ${ENDLESS}`, "Transfer-Encoding: chunked"]) {
      const { socket, isOver } = dial(t, job.rest);
      socket.write(`POST /jobs/${job.manager.jobId}/stop HTTP/1.1\r\nHost: localhost\r\n${header}\r\n\r\n`);
      if (header.startsWith("Transfer")) socket.write(`${ENDLESS.toString(16)}\r\n`);
      const poured = await pour(socket, ENDLESS);
      await until("it is cut off", isOver);
      // What is refused is still read for a while, and dropped, so that its sender reads the answer.
      assert.ok(poured < ENDLESS);
    }
    await untilDropped(before);
    await assertUndisturbed(job);
  });

  it("SEC-14 requests that never end their headers hold up neither REST nor the job for good", async (t) => {
    const job = await server(t);
    const before = inBuffers();
    const slow = Array.from({ length: 300 }, () => dial(t, job.rest));
    for (const { socket } of slow) socket.write("GET /overview HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
    await checkpoint(job);
    await until("all of them are cut off", () => slow.every(({ isOver }) => isOver()));
    await untilDropped(before);
    await assertUndisturbed(job);
  });

  it("SEC-14 headers that are too long or too many, and JSON that is too deep, are refused", async (t) => {
    const job = await server(t);
    const many = Array.from({ length: 2000 }, (_none, n) => `X-${n}: ${n}`).join("\r\n");
    for (const headers of [`X: ${"x".repeat(20_000)}`, many]) {
      const dialled = dial(t, job.rest);
      dialled.socket.write(`GET /overview HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n\r\n`);
      await until("it is answered", () => dialled.answer !== "" || dialled.isOver());
      assert.match(dialled.answer, /^HTTP\/1\.1 431/);
    }
    const stop = `http://127.0.0.1:${job.rest}/jobs/${job.manager.jobId}/stop`;
    for (const [open, close] of ["[]", '{"a":}'].map((pair) => [pair.slice(0, -1), pair.slice(-1)] as const)) {
      const response = await fetch(stop, { method: "POST", body: open.repeat(100_000) + close.repeat(100_000) });
      assert.equal(response.status, 400);
    }
    await assertUndisturbed(job);
  });

  it("SEC-14 the port for health and metrics takes no long header, no body and no slow request", async (t) => {
    const verdict = () => ({ isGood: true, reason: "ok" });
    const options = {
      host: "127.0.0.1",
      port: 0,
      metrics: () => "",
      contentType: "text/plain",
      checks: { "/readyz": verdict },
    };
    const endpoints = await startEndpoints(options);
    t.after(() => endpoints.close());
    const long = dial(t, endpoints.port);
    long.socket.write(`GET /livez HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(10_000)}\r\n\r\n`);
    await until("it is answered", () => long.answer !== "" || long.isOver());
    assert.match(long.answer, /^HTTP\/1\.1 431/);
    const slow = Array.from({ length: 100 }, () => dial(t, endpoints.port));
    for (const { socket } of slow) socket.write("GET /livez HTTP/1.1\r\nX: ");
    await until("all of them are cut off", () => slow.every(({ isOver }) => isOver()));
    assert.equal((await fetch(`http://127.0.0.1:${endpoints.port}/livez`)).status, 200);
  });

  it("SEC-14 strangers at the RPC port are cut off at a frame of 64 KiB, and those that say nothing later; TaskManagers stay", async (t) => {
    const job = await server(t);
    const before = inBuffers();
    const header = Buffer.alloc(4);
    header.writeUInt32BE(64 * MIB);
    const large = Array.from({ length: 100 }, () => dial(t, job.manager.rpcPort));
    const poured = await Promise.all(
      large.map(async ({ socket }) => {
        socket.write(header);
        return pour(socket, 64 * MIB);
      }),
    );
    await until("all of them are cut off", () => large.every(({ isOver }) => isOver()));
    assert.ok(Math.max(...poured) < 64 * MIB);
    header.writeUInt32BE(60 * 1024);
    const silent = Array.from({ length: 300 }, () => dial(t, job.manager.rpcPort));
    for (const { socket } of silent) socket.write(Buffer.concat([header, PIECE.subarray(0, 1024)]));
    await checkpoint(job);
    await untilDropped(before);
    await until("all of them are cut off", () => silent.every(({ isOver }) => isOver()));
    await assertUndisturbed(job);
    assert.equal(job.manager.taskManagers().length, 2);
  });
});

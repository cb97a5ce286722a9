/**
 * T32: no request ends a process that serves. Every server of the product, in this process, gets garbage made from a seed; whatever
 * nobody caught meanwhile fails the test, and afterwards each answers as before.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startEndpoints } from "../../base/endpoints.ts";
import { openLocalApiServer, serveHttp } from "../../embedded/api-server/index.ts";
import { StatefulSetController } from "../../embedded/workloads/index.ts";
import { seededRandom, silentLog, systemClock, systemRandom } from "../../base/index.ts";
import { DataServer, SegmentPool } from "../../runtime/exchange/index.ts";
import { SEGMENT_BYTES } from "../../runtime/exchange/segment-pool.ts";
import { helloText } from "../../runtime/exchange/socket-protocol.ts";
import { start as startRest } from "../../runtime/rest/hand-written-control.test-support.ts";
import { start as startJobManager, setting } from "../../runtime/jobmanager/scripted-job.test-support.ts";
import { encodeFrame } from "../../runtime/rpc/frame.ts";
import { garbageRequest, sendAll } from "./garbage.ts";
import { until } from "./until.ts";

const SEED = 20_32;
const REQUESTS = 400;
const parts = { clock: systemClock, random: systemRandom, log: silentLog };

const uncaught: unknown[] = [];
const note = (error: unknown): void => void uncaught.push(error);
before(() => process.on("uncaughtException", note).on("unhandledRejection", note));
after(() => process.off("uncaughtException", note).off("unhandledRejection", note));

function requests(authorization?: string): Buffer[] {
  const random = seededRandom(SEED);
  return Array.from({ length: REQUESTS }, () =>
    garbageRequest({ random, ...(authorization === undefined ? {} : { authorization }) }),
  );
}

const bare = ["GET // HTTP/1.1\r\nHost: a\r\n\r\n", "GET http://[ HTTP/1.1\r\nHost: a\r\n\r\n"].map((each) =>
  Buffer.from(each),
);

async function assertNothingUncaught(): Promise<void> {
  await until(() => true, "a turn for what came late");
  assert.deepEqual(uncaught.splice(0), []);
}

const SLOT = { jobId: "0".repeat(32), taskManagerId: "tm", slot: 0 };

describe(`garbage from seed ${SEED}`, () => {
  it("the API server's HTTP face answers a target that is no URL with 400, and goes on serving", async () => {
    const server = await openLocalApiServer(parts);
    const http = await serveHttp({ ...parts, api: server, token: "t", addressOf: async () => null });
    const workloads = new StatefulSetController({ ...parts, api: server });
    await workloads.start();
    const port = Number(new URL(http.url).port);
    try {
      await sendAll(port, [...bare, ...requests(), ...requests("Bearer t")]);
      await assertNothingUncaught();
      const answer = await rawAnswer(port, "GET // HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      assert.match(answer, /^HTTP\/1\.1 400 /);
      const list = await fetch(`${http.url}/api/v1/configmaps`, { headers: { Authorization: "Bearer t" } });
      assert.equal(list.status, 200);
    } finally {
      await workloads.stop();
      await http.close();
      await server.close();
    }
  });

  it("a JobManager's REST port", async () => {
    const { server, url } = await startRest();
    await sendAll(server.port, [...bare, ...requests()]);
    await assertNothingUncaught();
    assert.equal((await fetch(`${url}/overview`)).status, 200);
  });

  it("metrics and health, also when what they ask throws", async () => {
    const fails = (): never => {
      throw new Error("no metrics");
    };
    const verdict = { isGood: true, reason: "fine" };
    const endpoints = await startEndpoints({
      host: "127.0.0.1",
      port: 0,
      metrics: fails,
      contentType: "text/plain",
      checks: { "/healthz": () => verdict, "/readyz": fails },
    });
    try {
      await sendAll(endpoints.port, [...bare, ...requests()]);
      assert.equal((await fetch(`http://127.0.0.1:${endpoints.port}/metrics`)).status, 500);
      assert.equal((await fetch(`http://127.0.0.1:${endpoints.port}/readyz`)).status, 500);
      assert.equal((await fetch(`http://127.0.0.1:${endpoints.port}/healthz`)).status, 200);
      await assertNothingUncaught();
    } finally {
      await endpoints.close();
    }
  });

  it("a JobManager's RPC port, garbage and frames of another shape", async (t) => {
    const place = await setting(t);
    const { manager } = await startJobManager(t, place);
    const random = seededRandom(SEED);
    const messages = Array.from({ length: REQUESTS }, () => rpcGarbage(place.world.jobId, () => random.next()));
    await sendAll(manager.rpcPort, [...requests(), ...messages]);
    await assertNothingUncaught();
    const one = await place.world.add("tm-real", manager.rpcPort, 2);
    await until(() => place.world.of("registered").length > 0, "a TaskManager is registered after the garbage");
    one.kill();
  });

  it("a slot's data port; no segment of the pool is lost to it", async () => {
    const pool = new SegmentPool(64);
    const server = await DataServer.listen("127.0.0.1", pool, SLOT);
    const random = seededRandom(SEED);
    try {
      const messages = Array.from({ length: REQUESTS }, () => dataGarbage(() => random.next()));
      await sendAll(server.port, [...requests(), ...messages]);
      await assertNothingUncaught();
      await until(() => pool.lentCount === 0, `every segment is given back, ${pool.lentCount} are not`);
    } finally {
      await server.close();
    }
  });
});

async function rawAnswer(port: number, text: string): Promise<string> {
  const { connect } = await import("node:net");
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect({ host: "127.0.0.1", port }, () => socket.write(text));
    socket.on("data", (piece) => (answer += piece.toString()));
    socket.on("end", () => resolve(answer));
    socket.on("error", reject);
  });
}

/** One to four frames, the first mostly a registration, the others mostly messages with fields of wrong values. */
function rpcGarbage(jobId: string, next: () => number): Buffer {
  const number = (): number => [0, 1, 2, 7, -1, 1e9, 2 ** 53, 0.5][Math.floor(next() * 8)] as number;
  const task = { vertex: Math.floor(next() * 4), subtask: Math.floor(next() * 4), attempt: Math.floor(next() * 3) };
  const error = { name: "E", message: "m", stack: "s", destiny: "retry" };
  const register = { kind: "register", jobId, taskManagerId: "stranger", pid: 1, host: "h", dataPorts: [1] };
  const timings = { alignmentMs: 0, syncMs: 0, asyncMs: 0, stateBytes: 0 };
  const epoch = Math.floor(next() * 3);
  const checkpointId = number();
  const others: readonly object[] = [
    { kind: "heartbeat", metrics: [] },
    { kind: "heartbeat", metrics: number() },
    { kind: "prepared", epoch, slot: number(), error: next() < 0.5 ? null : error },
    { kind: "taskState", epoch, task, state: { kind: next() < 0.5 ? "ready" : "failed", error } },
    { kind: "taskState", epoch, task: { ...task, vertex: number() }, state: { kind: "running" } },
    {
      kind: "checkpointAck",
      epoch,
      task,
      checkpointId,
      operators: [],
      committables: number(),
      inlineFiles: [],
      timings,
    },
    { kind: "checkpointDeclined", epoch, task, checkpointId, phase: "async", error },
    { kind: "committed", epoch, task, checkpointId },
    { kind: "fenced", epoch: 0 },
    { kind: "__proto__" },
    { kind: "toString", toJSON: 1 },
    register,
  ];
  const frames = next() < 0.8 ? [register] : [];
  for (let count = Math.floor(next() * 4); count >= 0; count--) {
    frames.push(others[Math.floor(next() * others.length)] as typeof register);
  }
  const bytes = Buffer.concat(frames.map(encodeFrame));
  if (next() < 0.2) bytes[Math.floor(next() * bytes.length)] = Math.floor(next() * 256);
  return bytes;
}

/** Messages of the data protocol with and without their hello, cut off, too long, of unknown channels. */
function dataGarbage(next: () => number): Buffer {
  const message = (type: number, channel: number, payload: Uint8Array, announced = payload.length): Buffer => {
    const header = Buffer.alloc(12);
    header.writeUInt32LE(announced, 0);
    header.writeUInt32LE(type, 4);
    header.writeUInt32LE(channel, 8);
    return Buffer.concat([header, payload]);
  };
  const some = (most: number): number => Math.floor(next() * most);
  const pieces: Buffer[] = next() < 0.6 ? [message(0, 0, Buffer.from(helloText(SLOT)))] : [];
  for (let count = some(5); count >= 0; count--) {
    const payload = Buffer.alloc(some(3) === 0 ? 0 : some(SEGMENT_BYTES), 97);
    const announced = next() < 0.8 ? payload.length : [2 ** 31, payload.length + 1, 5][some(3)];
    pieces.push(message(some(7), some(3), payload, announced));
  }
  const bytes = Buffer.concat(pieces);
  return next() < 0.7 ? bytes : bytes.subarray(0, some(bytes.length));
}

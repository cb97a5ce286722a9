/**
 * The client against a real server that behaves as it is told: well, badly, slowly, or not at all.
 */
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { after, describe, it } from "node:test";
import { systemClock } from "../../base/index.ts";
import { type IncarnationMessage, JOB_ID_HEADER } from "../../contract/index.ts";
import { createHttpJobManagerApi, type HttpJobManagerApi } from "./http-jobmanager-api.ts";
import { type JobManagerTarget } from "../engine/index.ts";

const JOB = "a".repeat(32);
const OTHER_JOB = "b".repeat(32);
const TRIGGER = "c".repeat(32);
const target: JobManagerTarget = { namespace: "shop", job: "wc", incarnation: 3, jobId: JOB };

const standby: IncarnationMessage = {
  jobId: JOB,
  phase: "standby",
  error: null,
  epoch: 1,
  taskManagers: 2,
  taskManagersReady: 1,
  leftOut: [],
  activation: null,
  job: null,
  lastCheckpoint: null,
  completedCheckpoints: 0,
  firstCheckpointMs: null,
  lastSavepoint: null,
  result: null,
  version: "0.1.0",
};

type Behaviour = (request: IncomingMessage, response: ServerResponse, body: string) => void;

const json =
  (status: number, body: unknown, job: string | null = JOB): Behaviour =>
  (_request, response) => {
    if (job !== null) response.setHeader(JOB_ID_HEADER, job);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  };

type World = {
  readonly api: HttpJobManagerApi;
  readonly asked: string[];
  readonly addresses: string[];
  readonly sockets: Set<Socket>;
  behave: Behaviour;
};

async function createWorld(options: { deadlineMs?: number; bodyBytesMax?: number } = {}): Promise<World> {
  const asked: string[] = [];
  const addresses: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += String(chunk);
    });
    request.on("end", () => {
      asked.push(`${request.method} ${request.url} ${body}`.trim());
      world.behave(request, response, body);
    });
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const api = createHttpJobManagerApi({
    clock: systemClock,
    addressOf: (host, wantedPort) => {
      addresses.push(`${host}:${wantedPort}`);
      return `http://127.0.0.1:${port}`;
    },
    ...options,
  });
  after(() => {
    api.close();
    server.closeAllConnections();
    server.close();
  });
  const world: World = { api, asked, addresses, sockets, behave: json(200, standby) };
  return world;
}

const signal = (): AbortSignal => new AbortController().signal;

describe("the JobManager client", () => {
  it("asks the pod of the incarnation, names the job it means, and takes the answer", async () => {
    const world = await createWorld();
    let named: string | string[] | undefined;
    world.behave = (request, response, body) => {
      named = request.headers[JOB_ID_HEADER];
      json(200, standby)(request, response, body);
    };
    assert.deepEqual(await world.api.incarnation(target, signal()), { kind: "answer", value: standby });
    assert.deepEqual(world.addresses, ["wc-3-jobmanager-0.wc-3.shop.svc:8081"]);
    assert.deepEqual(world.asked, ["GET /v1/streamjob/incarnation"]);
    assert.equal(named, JOB);
  });

  it("sends triggers with their id and their exact folder, and an activation with its own", async () => {
    const world = await createWorld();
    world.behave = json(202, { "request-id": TRIGGER });
    const trigger = { triggerId: TRIGGER, target: "file:///s/sp-1" };
    assert.deepEqual(await world.api.stop(target, trigger, signal()), { kind: "answer", value: undefined });
    assert.deepEqual(await world.api.savepoint(target, trigger, signal()), { kind: "answer", value: undefined });
    const disposal = { triggerId: TRIGGER, location: "file:///s/sp-1" };
    assert.deepEqual(await world.api.disposeSavepoint(target, disposal, signal()), {
      kind: "answer",
      value: undefined,
    });
    const collection = { triggerId: TRIGGER, storeUri: "file:///old" };
    assert.deepEqual(await world.api.collect(target, collection, signal()), { kind: "answer", value: undefined });
    world.behave = json(200, { activationId: TRIGGER });
    const activation = { activationId: TRIGGER, from: { kind: "none" as const }, predecessors: ["file:///p"] };
    assert.deepEqual(await world.api.activate(target, activation, signal()), { kind: "answer", value: undefined });
    world.behave = json(202, {});
    assert.deepEqual(await world.api.cancel(target, signal()), { kind: "answer", value: undefined });
    const body = `{"targetPath":"file:///s/sp-1","triggerId":"${TRIGGER}"}`;
    assert.deepEqual(world.asked, [
      `POST /v1/jobs/${JOB}/stop ${body}`,
      `POST /v1/jobs/${JOB}/savepoints ${body}`,
      `POST /v1/savepoint-disposal {"savepoint-path":"file:///s/sp-1","triggerId":"${TRIGGER}"}`,
      `POST /v1/streamjob/collections {"storeUri":"file:///old","triggerId":"${TRIGGER}"}`,
      `PUT /v1/streamjob/activation {"activationId":"${TRIGGER}","from":{"kind":"none"},"predecessors":["file:///p"]}`,
      `PATCH /v1/jobs/${JOB}?mode=cancel&discard=true`,
    ]);
  });

  it("does not take another id for a confirmation", async () => {
    const world = await createWorld();
    world.behave = json(202, { "request-id": "d".repeat(32) });
    const answer = await world.api.stop(target, { triggerId: TRIGGER, target: "file:///s" }, signal());
    assert.equal(answer.kind, "unreachable");
  });

  const states: readonly (readonly [string, Behaviour, unknown])[] = [
    ["in progress", json(200, { status: { id: "IN_PROGRESS" }, operation: null }), { kind: "inProgress" }],
    [
      "completed",
      json(200, { status: { id: "COMPLETED" }, operation: { location: "file:///s/1" } }),
      { kind: "completed", location: "file:///s/1" },
    ],
    [
      "failed, with the first line of why",
      json(200, {
        status: { id: "COMPLETED" },
        operation: { "failure-cause": { class: "E", "stack-trace": "no space left\n  at x" } },
      }),
      { kind: "failed", message: "no space left" },
    ],
    ["not known", json(404, { errors: ["There is no savepoint operation with triggerId=c"] }), null],
  ];
  for (const [what, behaviour, expected] of states) {
    it(`reads a trigger that is ${what}`, async () => {
      const world = await createWorld();
      world.behave = behaviour;
      const answer = await world.api.trigger(target, TRIGGER, signal());
      assert.deepEqual(answer, { kind: "answer", value: expected });
    });
  }

  it("reads how a disposal went", async () => {
    const world = await createWorld();
    world.behave = json(200, { status: { id: "COMPLETED" }, operation: {} });
    const done = await world.api.disposal(target, TRIGGER, signal());
    assert.equal(done.kind === "answer" && done.value?.kind, "completed");
    world.behave = json(404, { errors: ["There is no disposal operation"] });
    assert.deepEqual(await world.api.disposal(target, TRIGGER, signal()), { kind: "answer", value: null });
  });

  it("tells a refusal with its status and its words", async () => {
    const world = await createWorld();
    world.behave = json(409, { errors: ["another one was accepted"], activationId: "e".repeat(32) });
    const activation = { activationId: TRIGGER, from: { kind: "none" as const }, predecessors: [] };
    const answer = await world.api.activate(target, activation, signal());
    assert.deepEqual(answer, { kind: "refused", status: 409, message: "another one was accepted" });
  });

  // JA2: each of these must be "unreachable", with words that name what came instead.
  const noAnswers: readonly (readonly [string, Behaviour, RegExp])[] = [
    ["garbage", (_q, response) => void response.setHeader(JOB_ID_HEADER, JOB).end("<html>"), /it is no JSON/],
    ["a wrong shape", json(200, { ...standby, phase: "dancing" }), /phase: /],
    ["half an answer", (_q, response) => cutAfterHalf(response), /broke off|cannot be reached/],
    ["no answer, but a closed connection", (request) => void request.socket.destroy(), /cannot be reached/],
    [
      "a proxy's error page",
      (_q, response) => void response.writeHead(503).end("upstream"),
      /does not say that it runs/,
    ],
    ["a redirect", json(302, { errors: ["elsewhere"] }), /answered 302/],
    ["an error without the contract's words", json(500, { oops: 1 }), /answered 500 with what no JobManager says/],
    ["an empty body", (_q, response) => void response.setHeader(JOB_ID_HEADER, JOB).end(), /it is no JSON/],
    ["another job's header", json(200, standby, OTHER_JOB), /answers for another job: b{32}, not a{32}/],
    ["another job's body", json(200, { ...standby, jobId: OTHER_JOB }), /answers for another job: b{32}/],
    ["no job's name", json(200, standby, null), /does not say that it runs job/],
    [
      "a huge answer",
      (_q, response) => void response.setHeader(JOB_ID_HEADER, JOB).end("x".repeat(5000)),
      /more than 4096 bytes/,
    ],
    ["a hanging server", () => {}, /did not answer within 150 ms/],
    ["a body that never ends", (_q, response) => trickle(response), /did not answer within 150 ms/],
  ];
  for (const [what, behaviour, message] of noAnswers) {
    it(`takes ${what} for unreachable`, async () => {
      // Short only where it is what ends the call: a busy machine answers late, too.
      const deadlineMs = message.source.includes("150 ms") ? 150 : 60_000;
      const world = await createWorld({ deadlineMs, bodyBytesMax: 4096 });
      world.behave = behaviour;
      const answer = await world.api.incarnation(target, signal());
      assert.equal(answer.kind, "unreachable");
      assert.match((answer as { message: string }).message, message);
    });
  }

  it("does not believe another job's JobManager that it knows no such trigger", async () => {
    const world = await createWorld();
    for (const status of [404, 421]) {
      world.behave = json(status, { errors: ["Job not found"] }, OTHER_JOB);
      assert.equal((await world.api.trigger(target, TRIGGER, signal())).kind, "unreachable");
    }
  });

  it("takes nobody at the address, and no address, for unreachable", async () => {
    const free = await freePort();
    const api = createHttpJobManagerApi({ clock: systemClock, addressOf: () => `http://127.0.0.1:${free}` });
    assert.equal((await api.incarnation(target, signal())).kind, "unreachable");
    const nowhere = createHttpJobManagerApi({ clock: systemClock, addressOf: () => null });
    const answer = await nowhere.incarnation(target, signal());
    assert.match((answer as { message: string }).message, /has no address/);
  });

  it("ends when the caller's signal does, before and during the call", async () => {
    const world = await createWorld();
    world.behave = () => controller.abort(new Error("the deadline of this look has passed"));
    const controller = new AbortController();
    const answer = await world.api.incarnation(target, controller.signal);
    assert.match((answer as { message: string }).message, /given up: the deadline of this look has passed/);
    const late = await world.api.incarnation(target, controller.signal);
    assert.equal(late.kind, "unreachable");
    assert.equal(world.asked.length, 1, "nothing was sent the second time");
  });

  it("keeps a connection for the next call, and tries again when it was closed meanwhile", async () => {
    const world = await createWorld();
    for (let call = 0; call < 3; call++) await world.api.incarnation(target, signal());
    assert.equal(world.sockets.size, 1);
    let hits = 0;
    world.behave = (request, response, body) => {
      hits++;
      if (hits === 1) request.socket.destroy();
      else json(200, standby)(request, response, body);
    };
    assert.equal((await world.api.incarnation(target, signal())).kind, "answer");
    assert.equal(hits, 2);
  });
});

function cutAfterHalf(response: ServerResponse): void {
  response.setHeader(JOB_ID_HEADER, JOB);
  response.writeHead(200, { "content-length": "1000" });
  response.write("{", () => response.socket?.destroy());
}

function trickle(response: ServerResponse): void {
  response.setHeader(JOB_ID_HEADER, JOB);
  response.write("{");
  const timer = setInterval(() => response.write(" "), 20);
  response.on("close", () => clearInterval(timer));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * The REST server over a JobControl written by hand: every route, compared with the contract's schemas; then what is refused.
 */
import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { after, describe, it } from "node:test";
import type { z } from "zod";
import {
  jobId,
  type Log,
  silentLog,
  StreamError,
  seededRandom,
  systemClock,
  taskManagerId,
  toErrorInfo,
  vertexId,
} from "../base/index.ts";
import {
  checkpointConfigSchema,
  checkpointStatisticsSchema,
  checkpointStatusSchema,
  checkpointsSchema,
  dashboardConfigSchema,
  disposalStatusSchema,
  emptySchema,
  errorsSchema,
  exceptionsSchema,
  executionResultSchema,
  jobDetailsSchema,
  jobIdsSchema,
  jobPlanSchema,
  jobStatusMessageSchema,
  jobsOverviewSchema,
  metricsSchema,
  overviewSchema,
  savepointStatusSchema,
  taskManagersSchema,
  triggerResponseSchema,
} from "../contract/index.ts";
import type {
  CheckpointView,
  JobControl,
  JobStatus,
  SavepointRequest,
  TriggerAnswer,
  TriggerState,
} from "../jobmanager/index.ts";
import { startRest } from "./index.ts";
import { createRoutes } from "./routes.ts";

const JOB = jobId("0123456789abcdef0123456789abcdef");
const SOURCE = vertexId("a".repeat(32));
const SINK = vertexId("b".repeat(32));
const TM = taskManagerId("tm-1");
const RUNNING_TRIGGER = "1".repeat(32);
const DONE_TRIGGER = "2".repeat(32);
const FAILED_TRIGGER = "3".repeat(32);

const failure = toErrorInfo(new StreamError("USER_FUNCTION_FAILED", "map threw: no such word"));

const checkpoint = (id: number, changes: Partial<CheckpointView> = {}): CheckpointView => ({
  id,
  kind: "checkpoint",
  status: "completed",
  triggeredMs: 2000 + id,
  endedMs: 2100 + id,
  latestAckMs: 2090 + id,
  stateBytes: 512 * id,
  subtasks: 3,
  acknowledged: 3,
  externalPath: `file:///c/chk/${id}.manifest`,
  discarded: false,
  failure: null,
  acks: [
    { vertex: SOURCE, subtask: 0, ackMs: 2090 + id, timings: { alignmentMs: 1, syncMs: 2, asyncMs: 3, stateBytes: 7 } },
  ],
  ...changes,
});

/** A JobControl with one of everything; what is asked of it is written down. */
function createControl(): { control: JobControl; asked: unknown[]; be: (status: JobStatus) => void } {
  let status: JobStatus = "RUNNING";
  const asked: unknown[] = [];
  const triggers = new Map<string, TriggerState>([
    [RUNNING_TRIGGER, { kind: "inProgress" }],
    [DONE_TRIGGER, { kind: "completed", location: "file:///s/savepoint-2", checkpointId: 9 }],
    [FAILED_TRIGGER, { kind: "failed", error: failure }],
  ]);
  const metrics = { recordsIn: 10, recordsOut: 9, bytesIn: 100, bytesOut: 90 };
  const ratios = { busyRatio: 0.5, backPressuredRatio: 0.25, idleRatio: 0.25, watermark: null };
  const subtask = (vertex: number, index: number) => ({
    subtask: index,
    attempt: 1,
    state: "RUNNING" as const,
    taskManagerId: TM,
    metrics: index === 0 ? { task: { vertex, subtask: index, attempt: 1 }, ...metrics, ...ratios } : null,
  });
  const control: JobControl = {
    job: () => ({
      jobId: JOB,
      name: "words",
      status,
      epoch: 1,
      incarnation: "c".repeat(32),
      startedMs: 1000,
      endedMs: status === "RUNNING" ? null : 5000,
      statusTimes: { CREATED: 1000, RUNNING: 1500 },
      configuration: {
        jobName: "words",
        parallelism: 2,
        maxParallelism: null,
        checkpoints: {
          intervalMs: 1000,
          mode: "exactly-once",
          timeoutMs: 600_000,
          minPauseMs: 0,
          maxConcurrent: 1,
          tolerableFailures: null,
          retention: "retain",
          numRetained: 1,
          directory: null,
        },
        stateBackend: "fs",
        savepointDirectory: null,
        restart: null,
        bufferTimeoutMs: 100,
        watermarkIntervalMs: 200,
      },
      vertices: [
        { id: SOURCE, name: "Source: lines", parallelism: 1, maxParallelism: 128, subtasks: [subtask(0, 0)] },
        {
          id: SINK,
          name: "count -> Sink: print",
          parallelism: 2,
          maxParallelism: 128,
          subtasks: [subtask(1, 0), subtask(1, 1)],
        },
      ],
      edges: [[0, 1, "hash"]],
      restarts: 2,
      failure: status === "FAILED" ? failure : null,
    }),
    checkpoints: () => ({
      counts: { completed: 3, failed: 1, inProgress: 1, restored: 1 },
      history: [
        checkpoint(5, {
          status: "in_progress",
          endedMs: null,
          latestAckMs: null,
          acknowledged: 0,
          externalPath: null,
          acks: [],
        }),
        checkpoint(4, { status: "failed", failure: "expired", externalPath: null }),
        checkpoint(3, { kind: "savepoint" }),
        checkpoint(2),
      ],
      latestCompleted: checkpoint(2),
      latestSavepoint: checkpoint(3, { kind: "savepoint" }),
      latestFailed: checkpoint(4, { status: "failed", failure: "expired", externalPath: null }),
      restored: { id: 1, restoredMs: 1400, isSavepoint: false, externalPath: "file:///c/chk/1.manifest" },
    }),
    exceptions: () => [
      { error: failure, timeMs: 1300, taskName: "count (1/2) - attempt 1", taskManagerId: TM },
      { error: failure, timeMs: 1200, taskName: null, taskManagerId: null },
    ],
    taskManagers: () => [{ id: TM, host: "127.0.0.1", pid: 42, slots: 2, freeSlots: 1, lastHeartbeatMs: 1999 }],
    triggerSavepoint: (request: SavepointRequest): TriggerAnswer => {
      asked.push(request);
      if (request.targetDirectory === null) {
        return { kind: "refused", error: toErrorInfo(new StreamError("SAVEPOINT_NO_TARGET", "give a directory")) };
      }
      if (request.targetDirectory === "/busy") {
        return { kind: "refused", error: toErrorInfo(new StreamError("JOB_STATE_CONFLICT", "the job is restarting")) };
      }
      return { kind: "accepted", triggerId: request.triggerId ?? DONE_TRIGGER };
    },
    triggerCheckpoint: (triggerId) => ({ kind: "accepted", triggerId: triggerId ?? DONE_TRIGGER }),
    trigger: (triggerId) => triggers.get(triggerId) ?? null,
    disposeSavepoint: async (location) => {
      asked.push(location);
      if (location === "/gone") throw new StreamError("SAVEPOINT_NOT_FOUND", "there is no savepoint at /gone");
    },
    cancel: () => {
      asked.push("cancel");
      status = "CANCELED";
      return "accepted";
    },
  };
  return { control, asked, be: (next) => (status = next) };
}

type Fixture = ReturnType<typeof createControl> & { url: string; logged: { message: string; facts: object }[] };
const running: { close(): Promise<void> }[] = [];

async function start(): Promise<Fixture & { server: Awaited<ReturnType<typeof startRest>> }> {
  const fixture = createControl();
  const logged: { message: string; facts: object }[] = [];
  const info = (facts: object, message: string): void => void logged.push({ message, facts });
  const log: Log = { ...silentLog, info };
  const server = await startRest({
    port: 0,
    control: fixture.control,
    clock: systemClock,
    random: seededRandom(1),
    log,
    version: "0.1.0",
  });
  running.push(server);
  return { ...fixture, url: `http://127.0.0.1:${server.port}`, logged, server };
}

after(() => Promise.all(running.map((server) => server.close())));

/** Fetches, checks status and schema, and that the schema knows every field of the answer. */
async function ask<S extends z.ZodType>(
  url: string,
  schema: S,
  status = 200,
  init: RequestInit = {},
): Promise<z.output<S>> {
  const response = await fetch(url, init);
  const body = await response.json();
  assert.equal(response.status, status, `${init.method ?? "GET"} ${url}: ${JSON.stringify(body)}`);
  const parsed = schema.parse(body);
  assert.deepEqual(parsed, body, `${url} has fields that the contract does not know`);
  return parsed;
}

const post = (body: unknown): RequestInit => ({
  method: "POST",
  body: typeof body === "string" ? body : JSON.stringify(body),
});

type Example = {
  readonly path: string;
  readonly schema: z.ZodType;
  readonly status?: number;
  readonly init?: RequestInit;
};

/** One call per route, keyed by the route. */
const examples: Record<string, Example> = {
  "GET /overview": { path: "/overview", schema: overviewSchema },
  "GET /config": { path: "/config", schema: dashboardConfigSchema },
  "GET /taskmanagers": { path: "/taskmanagers", schema: taskManagersSchema },
  "GET /jobs": { path: "/jobs", schema: jobIdsSchema },
  "GET /jobs/overview": { path: "/jobs/overview", schema: jobsOverviewSchema },
  "GET /jobs/:jobId": { path: `/jobs/${JOB}`, schema: jobDetailsSchema },
  "GET /jobs/:jobId/status": { path: `/jobs/${JOB}/status`, schema: jobStatusMessageSchema },
  "GET /jobs/:jobId/plan": { path: `/jobs/${JOB}/plan`, schema: jobPlanSchema },
  "GET /jobs/:jobId/execution-result": { path: `/jobs/${JOB}/execution-result`, schema: executionResultSchema },
  "GET /jobs/:jobId/exceptions": { path: `/jobs/${JOB}/exceptions`, schema: exceptionsSchema },
  "GET /jobs/:jobId/metrics": { path: `/jobs/${JOB}/metrics?get=numRestarts,unknown`, schema: metricsSchema },
  "GET /jobs/:jobId/checkpoints": { path: `/jobs/${JOB}/checkpoints`, schema: checkpointsSchema },
  "GET /jobs/:jobId/checkpoints/config": { path: `/jobs/${JOB}/checkpoints/config`, schema: checkpointConfigSchema },
  "GET /jobs/:jobId/checkpoints/details/:checkpointId": {
    path: `/jobs/${JOB}/checkpoints/details/3`,
    schema: checkpointStatisticsSchema,
  },
  "GET /jobs/:jobId/checkpoints/:triggerId": {
    path: `/jobs/${JOB}/checkpoints/${DONE_TRIGGER}`,
    schema: checkpointStatusSchema,
  },
  "GET /jobs/:jobId/savepoints/:triggerId": {
    path: `/jobs/${JOB}/savepoints/${FAILED_TRIGGER}`,
    schema: savepointStatusSchema,
  },
  "POST /jobs/:jobId/savepoints": {
    path: `/jobs/${JOB}/savepoints`,
    schema: triggerResponseSchema,
    status: 202,
    init: post({ "target-directory": "/s", "cancel-job": false, formatType: "NATIVE", triggerId: RUNNING_TRIGGER }),
  },
  "POST /jobs/:jobId/stop": {
    path: `/jobs/${JOB}/stop`,
    schema: triggerResponseSchema,
    status: 202,
    init: post({ targetDirectory: "/s", drain: true }),
  },
  "POST /jobs/:jobId/checkpoints": {
    path: `/jobs/${JOB}/checkpoints`,
    schema: triggerResponseSchema,
    status: 202,
    init: post({ checkpointType: "FULL" }),
  },
  "POST /savepoint-disposal": {
    path: "/savepoint-disposal",
    schema: triggerResponseSchema,
    init: post({ "savepoint-path": "/s/savepoint-2" }),
  },
  "PATCH /jobs/:jobId": {
    path: `/jobs/${JOB}?mode=cancel`,
    schema: emptySchema,
    status: 202,
    init: { method: "PATCH" },
  },
};

describe("every route answers as the contract says, also under /v1", async () => {
  const context = {
    clock: systemClock,
    random: seededRandom(1),
    log: silentLog,
    version: "0",
    onAccepted() {},
    onTold() {},
  };
  for (const route of createRoutes({ ...context, control: createControl().control })) {
    const name = `${route.method} ${route.path}`;
    if (name === "GET /savepoint-disposal/:triggerId") continue; // needs a trigger: has its own test
    it(name, async () => {
      const example = examples[name];
      assert.ok(example, `the test has no example of ${name}`);
      for (const prefix of ["", "/v1"]) {
        const { url } = await start();
        await ask(url + prefix + example.path, example.schema, example.status, example.init);
      }
    });
  }
});

describe("what the answers say", () => {
  it("a job's details add up its tasks and show its plan", async () => {
    const { url } = await start();
    const details = await ask(`${url}/jobs/${JOB}`, jobDetailsSchema);
    assert.equal(details.vertices[1]?.tasks.RUNNING, 2);
    assert.equal(details.vertices[0]?.metrics["read-records-complete"], true);
    assert.equal(details.vertices[1]?.metrics["read-records-complete"], false);
    assert.equal(details["status-counts"].RUNNING, 2);
    assert.deepEqual(details.plan.nodes[1]?.inputs?.[0], {
      num: 0,
      id: SOURCE,
      ship_strategy: "HASH",
      exchange: "pipelined_bounded",
    });
    const [job] = (await ask(`${url}/jobs/overview`, jobsOverviewSchema)).jobs;
    assert.equal(job?.tasks.running, 3);
    assert.equal(job?.["last-modification"], 1500);
  });

  it("checkpoints have the newest of each kind, percentiles over the completed ones, and shares by vertex", async () => {
    const { url } = await start();
    const { summary, latest, history, counts } = await ask(`${url}/jobs/${JOB}/checkpoints`, checkpointsSchema);
    assert.deepEqual(summary.state_size, {
      min: 1024,
      max: 1536,
      avg: 1280,
      p50: 1024,
      p90: 1536,
      p95: 1536,
      p99: 1536,
      p999: 1536,
    });
    assert.equal(latest.completed?.external_path, "file:///c/chk/2.manifest");
    assert.equal(latest.savepoint?.checkpoint_type, "SAVEPOINT");
    assert.equal(latest.failed?.failure_message, "expired");
    assert.equal(latest.restored?.id, 1);
    assert.deepEqual(
      history.map((entry) => entry.className),
      ["in_progress", "failed", "completed", "completed"],
    );
    assert.equal(counts.total, 5);
    const details = await ask(`${url}/jobs/${JOB}/checkpoints/details/2`, checkpointStatisticsSchema);
    assert.equal(details.tasks[SOURCE]?.num_acknowledged_subtasks, 1);
    await ask(`${url}/jobs/${JOB}/checkpoints/details/77`, errorsSchema, 404);
  });

  it("a trigger is in progress, completed with its location, or failed with its cause", async () => {
    const { url } = await start();
    const status = (id: string) => ask(`${url}/jobs/${JOB}/savepoints/${id}`, savepointStatusSchema);
    assert.deepEqual(await status(RUNNING_TRIGGER), { status: { id: "IN_PROGRESS" }, operation: null });
    assert.equal((await status(DONE_TRIGGER)).operation?.location, "file:///s/savepoint-2");
    assert.match((await status(FAILED_TRIGGER)).operation?.["failure-cause"]?.["stack-trace"] ?? "", /no such word/);
    await ask(`${url}/jobs/${JOB}/savepoints/${"9".repeat(32)}`, errorsSchema, 404);
  });

  it("a disposal is carried out and its failure is told", async () => {
    const { url, asked } = await start();
    for (const [path, message] of [
      ["/s/savepoint-2", undefined],
      ["/gone", /no savepoint at \/gone/],
    ] as const) {
      const accepted = await ask(
        `${url}/savepoint-disposal`,
        triggerResponseSchema,
        200,
        post({ "savepoint-path": path }),
      );
      const status = await ask(`${url}/savepoint-disposal/${accepted["request-id"]}`, disposalStatusSchema);
      assert.equal(status.status.id, "COMPLETED");
      const cause = status.operation?.["failure-cause"]?.["stack-trace"];
      if (message === undefined) assert.equal(cause, undefined);
      else assert.match(cause ?? "", message);
    }
    assert.deepEqual(asked, ["/s/savepoint-2", "/gone"]);
  });

  it("the result of a job is there once it has ended", async () => {
    const { url, be } = await start();
    const result = () => ask(`${url}/jobs/${JOB}/execution-result`, executionResultSchema);
    assert.equal((await result())["job-execution-result"], null);
    be("FAILED");
    assert.equal((await result())["job-execution-result"]?.["application-status"], "FAILED");
    assert.match((await result())["job-execution-result"]?.["failure-cause"]?.["stack-trace"] ?? "", /no such word/);
    be("FINISHED");
    assert.equal((await result())["job-execution-result"]?.["application-status"], "SUCCEEDED");
  });

  it("exceptions are cut where the caller says, and say so", async () => {
    const { url } = await start();
    const { exceptionHistory } = await ask(`${url}/jobs/${JOB}/exceptions?maxExceptions=1`, exceptionsSchema);
    assert.equal(exceptionHistory.entries.length, 1);
    assert.equal(exceptionHistory.truncated, true);
    await ask(`${url}/jobs/${JOB}/exceptions?maxExceptions=x`, errorsSchema, 400);
  });

  it("drain, directory and trigger id reach the JobManager, and each change leaves a line in the log (RT1)", async () => {
    const { url, asked, logged } = await start();
    await ask(
      `${url}/jobs/${JOB}/stop`,
      triggerResponseSchema,
      202,
      post({ targetDirectory: "/t", drain: true, triggerId: DONE_TRIGGER }),
    );
    await ask(`${url}/jobs/${JOB}/stop`, triggerResponseSchema, 202, post({ targetDirectory: "/t" }));
    await ask(`${url}/jobs/${JOB}`, jobDetailsSchema);
    assert.deepEqual(asked, [
      { kind: "drain", targetDirectory: "/t", triggerId: DONE_TRIGGER },
      { kind: "stop", targetDirectory: "/t", triggerId: null },
    ]);
    assert.equal(logged.length, 2);
  });

  it("a JobManager that has ended knows when those who asked for a savepoint have read its path (RS2)", async () => {
    const { url, server } = await start();
    await server.outcomesTold();
    await ask(
      `${url}/jobs/${JOB}/stop`,
      triggerResponseSchema,
      202,
      post({ targetDirectory: "/t", triggerId: DONE_TRIGGER }),
    );
    let isTold = false;
    const told = server.outcomesTold().then(() => (isTold = true));
    await ask(`${url}/jobs/${JOB}/status`, jobStatusMessageSchema);
    assert.equal(isTold, false);
    await ask(`${url}/jobs/${JOB}/savepoints/${DONE_TRIGGER}`, savepointStatusSchema);
    await told;
  });
});

const refusals: Record<
  string,
  { readonly path: string; readonly status: number; readonly says: RegExp; readonly init?: RequestInit }
> = {
  "an unknown path": { path: "/nothing", status: 404, says: /Not found: GET \/nothing/ },
  "a method that a path does not have": { path: "/overview", status: 404, says: /Not found: POST/, init: post({}) },
  "a job that is not here": { path: `/jobs/${"f".repeat(32)}`, status: 404, says: /not found/ },
  "an id in upper case": { path: `/jobs/${"F".repeat(32)}`, status: 400, says: /jobId .* 32 lower-case/ },
  "a path that climbs": { path: "/jobs/..%2f..%2fetc%2fpasswd", status: 400, says: /jobId/ },
  "cancelling a job that is not here": {
    path: `/jobs/${"f".repeat(32)}`,
    status: 404,
    says: /not found/,
    init: { method: "PATCH" },
  },
  "another mode than cancel": { path: `/jobs/${JOB}?mode=stop`, status: 400, says: /mode/, init: { method: "PATCH" } },
  "a savepoint without a directory": {
    path: `/jobs/${JOB}/savepoints`,
    status: 400,
    says: /give a directory/,
    init: post(""),
  },
  "a savepoint of a job in the wrong state": {
    path: `/jobs/${JOB}/savepoints`,
    status: 409,
    says: /restarting/,
    init: post({ "target-directory": "/busy" }),
  },
  "a body that is no JSON": { path: `/jobs/${JOB}/stop`, status: 400, says: /not JSON/, init: post("{") },
  "a body that is no object": { path: `/jobs/${JOB}/stop`, status: 400, says: /the body/, init: post("[]") },
  "a body that is not UTF-8": {
    path: `/jobs/${JOB}/stop`,
    status: 400,
    says: /UTF-8/,
    init: { method: "POST", body: new Uint8Array([0x22, 0xff, 0x22]) },
  },
  "a field of the wrong type": {
    path: `/jobs/${JOB}/stop`,
    status: 400,
    says: /"drain"/,
    init: post({ drain: "yes" }),
  },
  "a misspelt field": {
    path: `/jobs/${JOB}/stop`,
    status: 400,
    says: /target_directory/,
    init: post({ target_directory: "/s" }),
  },
  "a directory with a control character": {
    path: `/jobs/${JOB}/stop`,
    status: 400,
    says: /"targetDirectory".*control/,
    init: post({ targetDirectory: "/s\u0000" }),
  },
  __proto__: {
    path: `/jobs/${JOB}/stop`,
    status: 400,
    says: /"__proto__" is not allowed/,
    init: post('{"__proto__":{"drain":true}}'),
  },
  "constructor, nested": {
    path: `/jobs/${JOB}/stop`,
    status: 400,
    says: /"constructor"/,
    init: post('{"drain":{"a":[{"constructor":{"prototype":1}}]}}'),
  },
  "JSON nested too deep": {
    path: `/jobs/${JOB}/stop`,
    status: 400,
    says: /deeper than 32/,
    init: post("[".repeat(500_000)),
  },
  "a body over 1 MiB": {
    path: `/jobs/${JOB}/stop`,
    status: 413,
    says: /1048576/,
    init: post(`"${"x".repeat(1024 * 1024)}"`),
  },
  "a page of another site": {
    path: `/jobs/${JOB}?mode=cancel`,
    status: 403,
    says: /another site/,
    init: { method: "PATCH", headers: { origin: "http://evil.example" } },
  },
};

describe("refused, with the reason and nothing done", () => {
  for (const [name, { path, status, says, init }] of Object.entries(refusals)) {
    it(name, async () => {
      const { url, asked } = await start();
      const { errors } = await ask(url + path, errorsSchema, status, init);
      assert.match(errors.join("\n"), says);
      assert.ok(!asked.includes("cancel"));
      assert.equal(({} as Record<string, unknown>).drain, undefined);
    });
  }

  it("cancelling a job that has ended is a conflict", async () => {
    const { url, be, asked } = await start();
    be("FINISHED");
    const { errors } = await ask(`${url}/jobs/${JOB}?mode=cancel`, errorsSchema, 409, { method: "PATCH" });
    assert.match(errors[0] ?? "", /terminal state FINISHED/);
    assert.deepEqual(asked, []);
  });

  it("a body that grows beyond the limit without saying its length", async () => {
    const { url } = await start();
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const request = httpRequest(`${url}/jobs/${JOB}/stop`, { method: "POST" }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      request.on("error", reject);
      for (let i = 0; i < 20; i++) request.write(Buffer.alloc(64 * 1024, 0x20));
      request.end();
    });
    assert.equal(status, 413);
  });

  it("a name that an attacker's server resolves to this machine (RA1)", async () => {
    const { server, asked } = await start();
    const head = await rawRequest(
      server.port,
      `PATCH /jobs/${JOB}?mode=cancel HTTP/1.1\r\nHost: rebind.example:${server.port}\r\nConnection: close\r\n\r\n`,
    );
    assert.match(head, /^HTTP\/1\.1 403/);
    assert.deepEqual(asked, []);
  });

  it("headers over 16 KiB", async () => {
    const { server } = await start();
    const head = await rawRequest(
      server.port,
      `GET /overview HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(20_000)}\r\n\r\n`,
    );
    assert.match(head, /^HTTP\/1\.1 431/);
  });

  it("a port that is taken", async () => {
    const { server, control } = await start();
    const options = { control, clock: systemClock, random: seededRandom(1), log: silentLog, version: "0" };
    await assert.rejects(startRest({ ...options, port: server.port }), (error: StreamError) => {
      assert.equal(error.code, "PORT_IN_USE");
      assert.match(error.message, new RegExp(`${server.port}.*--rest-port`));
      return true;
    });
  });
});

/** Sends bytes and gives what came back until the other side closed. */
function rawRequest(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    let answer = "";
    socket.on("data", (piece) => (answer += piece.toString("latin1")));
    socket.on("close", () => resolve(answer));
    socket.on("error", (error) => (answer === "" ? reject(error) : resolve(answer)));
  });
}

/** Every route, compared with the contract's schemas, and what the answers say. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { z } from "zod";
import { silentLog, seededRandom, systemClock } from "../../base/index.ts";
import {
  aggregatedMetricsSchema,
  backpressureSchema,
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
  restRoutes,
  savepointStatusSchema,
  taskManagersSchema,
  triggerResponseSchema,
} from "../../contract/index.ts";
import {
  JOB,
  SINK,
  SOURCE,
  RUNNING_TRIGGER,
  DONE_TRIGGER,
  FAILED_TRIGGER,
  createControl,
  start,
  ask,
  post,
} from "./hand-written-control.test-support.ts";
import { createRoutes, type Route } from "./routes.ts";

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
  "GET /jobs/:jobId/vertices/:vertexId/backpressure": {
    path: `/jobs/${JOB}/vertices/${SOURCE}/backpressure`,
    schema: backpressureSchema,
  },
  "GET /jobs/:jobId/execution-result": { path: `/jobs/${JOB}/execution-result`, schema: executionResultSchema },
  "GET /jobs/:jobId/exceptions": { path: `/jobs/${JOB}/exceptions`, schema: exceptionsSchema },
  "GET /jobs/:jobId/metrics": { path: `/jobs/${JOB}/metrics?get=numRestarts,unknown`, schema: metricsSchema },
  "GET /jobs/:jobId/vertices/:vertexId/metrics": {
    path: `/jobs/${JOB}/vertices/${SINK}/metrics?get=0.count__words.orders`,
    schema: metricsSchema,
  },
  "GET /jobs/:jobId/vertices/:vertexId/watermarks": {
    path: `/jobs/${JOB}/vertices/${SINK}/watermarks`,
    schema: metricsSchema,
  },
  "GET /jobs/:jobId/vertices/:vertexId/subtasks/:subtask/metrics": {
    path: `/jobs/${JOB}/vertices/${SINK}/subtasks/0/metrics?get=numRecordsIn`,
    schema: metricsSchema,
  },
  "GET /jobs/:jobId/vertices/:vertexId/subtasks/metrics": {
    path: `/jobs/${JOB}/vertices/${SINK}/subtasks/metrics?get=numRecordsIn`,
    schema: aggregatedMetricsSchema,
  },
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
    if (name === "GET /metrics") continue; // no JSON: prometheus-text.test.ts
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

it("RTE1: the contract lists exactly these routes, and those that change something as such", () => {
  const { control } = createControl();
  const parts = { control, clock: systemClock, random: seededRandom(1), log: silentLog, version: "0" };
  const callbacks = { onAccepted() {}, onTold() {} };
  // Which of them there are does not depend on what they do.
  const incarnation = {} as NonNullable<Parameters<typeof createRoutes>[0]["incarnation"]>;
  const all = new Map<string, Route>();
  for (const more of [{}, { incarnation }]) {
    for (const route of createRoutes({ ...parts, ...callbacks, ...more }))
      all.set(`${route.method} ${route.path}`, route);
  }
  const listed = restRoutes.map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(listed.toSorted(), [...all.keys()].toSorted());
  for (const { method, path, access } of restRoutes) {
    assert.ok(access !== "read" || all.get(`${method} ${path}`)?.mutates === false, `${method} ${path}`);
    assert.ok(access !== "write" || all.get(`${method} ${path}`)?.mutates === true, `${method} ${path}`);
  }
});

describe("what the answers say", () => {
  it("a job's details add up its tasks and show its plan", async () => {
    const { url } = await start();
    const details = await ask(`${url}/jobs/${JOB}`, jobDetailsSchema);
    assert.equal(details.vertices[1]?.tasks.RUNNING, 2);
    assert.equal(details.vertices[0]?.metrics["read-records-complete"], true);
    assert.equal(details.vertices[1]?.metrics["read-records-complete"], false);
    // T46: a task without progress is named.
    assert.equal(details.vertices[0]?.stuck, undefined);
    assert.deepEqual(details.vertices[1]?.stuck, [
      { subtask: 0, on: "files (uid out): its prepareSnapshot", "for-ms": 31_000 },
    ]);
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

  it("a disposal under a given id of what is gone is done: whoever asked may ask again of a process that was started since (DI3)", async () => {
    const { url } = await start();
    const triggerId = "d".repeat(32);
    await ask(`${url}/savepoint-disposal`, triggerResponseSchema, 200, post({ "savepoint-path": "/gone", triggerId }));
    const status = await ask(`${url}/savepoint-disposal/${triggerId}`, disposalStatusSchema);
    assert.deepEqual(status, { status: { id: "COMPLETED" }, operation: {} });
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

  it("backpressure is that of the worst subtask, of those that have reported (BP-2)", async () => {
    const { url } = await start();
    const of = (vertex: string) => `${url}/jobs/${JOB}/vertices/${vertex}/backpressure`;
    const { status, backpressureLevel, subtasks } = await ask(of(SOURCE), backpressureSchema);
    assert.deepEqual([status, backpressureLevel], ["ok", "low"]);
    assert.deepEqual(subtasks, [
      { subtask: 0, "attempt-number": 1, backpressureLevel: "low", ratio: 0.25, idleRatio: 0.25, busyRatio: 0.5 },
    ]);
    await ask(of("9".repeat(32)), errorsSchema, 404);
  });

  it("exceptions are cut where the caller says, and say so", async () => {
    const { url } = await start();
    const { exceptionHistory } = await ask(`${url}/jobs/${JOB}/exceptions?maxExceptions=1`, exceptionsSchema);
    assert.equal(exceptionHistory.entries.length, 1);
    assert.equal(exceptionHistory.truncated, true);
    await ask(`${url}/jobs/${JOB}/exceptions?maxExceptions=x`, errorsSchema, 400);
  });

  it("drain, directory and trigger id reach the JobManager, and each change leaves a line in the log (ROU1)", async () => {
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
      { kind: "drain", targetDirectory: "/t", targetPath: null, triggerId: DONE_TRIGGER },
      { kind: "stop", targetDirectory: "/t", targetPath: null, triggerId: null },
    ]);
    assert.equal(logged.length, 2);
  });

  it("a JobManager that has ended knows when those who asked for a savepoint have read its path (SER2)", async () => {
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

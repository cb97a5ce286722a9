/** Metrics over HTTP, in the shapes and under the ids of Flink 2.x. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aggregatedMetricsSchema, errorsSchema, metricsSchema } from "../../contract/index.ts";
import { vertexId } from "../../base/index.ts";
import type { SubtaskView, VertexView } from "../jobmanager/index.ts";
import { ask, createControl, JOB, SINK, SOURCE, start } from "./hand-written-control.test-support.ts";
import { aggregatedMetricsMessage, watermarksMessage } from "./metric-messages.ts";

const idsOf = (metrics: readonly { readonly id: string }[]): readonly string[] => metrics.map(({ id }) => id);

const TASK_IDS = [
  "numRecordsIn",
  "numRecordsOut",
  "numBytesIn",
  "numBytesOut",
  "busyTimeMsPerSecond",
  "idleTimeMsPerSecond",
  "backPressuredTimeMsPerSecond",
  "numRecordsInPerSecond",
  "numRecordsOutPerSecond",
  "numBytesInPerSecond",
  "numBytesOutPerSecond",
];

/** A vertex whose subtasks have sent so many records each; null: one that has not reported yet. */
function vertexWith(...records: readonly (number | null)[]): VertexView {
  const [template] = createControl().control.job().vertices;
  const [first] = template?.subtasks ?? [];
  const metrics = first?.metrics ?? assert.fail("the first subtask has metrics");
  const subtasks = records.map(
    (recordsOut, subtask): SubtaskView => ({
      ...(first as SubtaskView),
      subtask,
      metrics: recordsOut === null ? null : { ...metrics, recordsOut },
    }),
  );
  return { ...(template as VertexView), id: vertexId("d".repeat(32)), subtasks };
}

describe("GET /jobs/:jobId/vertices/:vertexId/metrics", () => {
  it("lists the ids of tasks and of the job's code: <subtask>.<operator>.<name>, operators of one name by their uid (MEV1)", async () => {
    const { url } = await start();
    const list = await ask(`${url}/jobs/${JOB}/vertices/${SINK}/metrics`, metricsSchema);
    assert.ok(list.every(({ value }) => value === undefined));
    const histogram = "_count _sum _min _max _mean _median _stddev _p75 _p90 _p95 _p98 _p99 _p999".split(" ");
    assert.deepEqual(idsOf(list), [
      ...TASK_IDS.map((id) => `0.${id}`),
      "0.count__words.orders",
      "0.count__words.size",
      "0.count__words.bytes",
      "0.count__words.bytes_count",
      ...histogram.map((suffix) => `0.count__words.latency${suffix}`),
      "0.process_p1.orders",
      "0.process_p2.orders",
    ]);
    assert.deepEqual(
      idsOf(await ask(`${url}/jobs/${JOB}/vertices/${SOURCE}/metrics`, metricsSchema)),
      TASK_IDS.map((id) => `0.${id}`),
    );
  });

  it("gives values as text, in the order of `get`, without those that are not there (MTM1)", async () => {
    const { url } = await start();
    const asked = [
      "0.count__words.latency_p99",
      "0.unknown",
      "0.count__words.orders",
      "0.count__words.size",
      "0.count__words.bytes",
      "0.busyTimeMsPerSecond",
      "0.numRecordsOutPerSecond",
      "1.numRecordsIn",
    ];
    const path = `${url}/jobs/${JOB}/vertices/${SINK}/metrics?get=${asked.join(",")}`;
    assert.deepEqual(await ask(path, metricsSchema), [
      { id: "0.count__words.latency_p99", value: "4" },
      { id: "0.count__words.orders", value: "5" },
      { id: "0.count__words.size", value: "0.25" },
      { id: "0.count__words.bytes", value: "10.5" },
      { id: "0.busyTimeMsPerSecond", value: "500" },
      { id: "0.numRecordsOutPerSecond", value: "4.5" },
    ]);
  });

  it("knows no other vertex", async () => {
    const { url } = await start();
    for (const path of ["metrics", "subtasks/metrics"])
      await ask(`${url}/jobs/${JOB}/vertices/${"9".repeat(32)}/${path}`, errorsSchema, 404);
  });
});

describe("GET /jobs/:jobId/vertices/:vertexId/subtasks/metrics", () => {
  it("lists the ids that a subtask has, once each", async () => {
    const { url } = await start();
    const list = await ask(`${url}/jobs/${JOB}/vertices/${SINK}/subtasks/metrics`, aggregatedMetricsSchema);
    assert.deepEqual(idsOf(list).slice(0, TASK_IDS.length + 1), [...TASK_IDS, "count__words.orders"]);
    assert.equal(new Set(idsOf(list)).size, list.length);
    assert.ok(list.every((metric) => Object.keys(metric).join() === "id"));
  });

  it("puts the subtasks together that have reported", async () => {
    const { url } = await start();
    const path = `${url}/jobs/${JOB}/vertices/${SINK}/subtasks/metrics?get=count__words.orders,unknown`;
    assert.deepEqual(await ask(path, aggregatedMetricsSchema), [
      { id: "count__words.orders", min: 5, max: 5, avg: 5, sum: 5, skew: 0 },
    ]);
    assert.deepEqual(await ask(`${path}&agg=sum,MAX`, aggregatedMetricsSchema), [
      { id: "count__words.orders", sum: 5, max: 5 },
    ]);
  });

  const get = "numRecordsOut";
  const all = { get, agg: undefined, subtasks: undefined };
  const aggregated: Record<string, readonly [object, object]> = {
    "all subtasks": [{}, { id: get, min: 0, max: 9, avg: 4, sum: 16, skew: 62.5 }],
    "some subtasks": [{ subtasks: "0,2-3" }, { id: get, min: 0, max: 9, avg: 4, sum: 12, skew: (10 / 3 / 4) * 100 }],
    "one subtask": [
      { subtasks: "1", agg: "avg" },
      { id: get, avg: 4 },
    ],
  };
  for (const [which, [asked, expected]] of Object.entries(aggregated)) {
    it(`aggregates ${which}`, () => {
      assert.deepEqual(aggregatedMetricsMessage(vertexWith(3, 4, 9, 0), { ...all, ...asked }), [expected]);
    });
  }

  it("has no skew beyond 100 percent, and none where all is 0", () => {
    const skew = { ...all, agg: "skew" };
    assert.deepEqual(aggregatedMetricsMessage(vertexWith(0, 0, 0, 0, 90), skew), [{ id: get, skew: 100 }]);
    assert.deepEqual(aggregatedMetricsMessage(vertexWith(0, null, 0), skew), [{ id: get, skew: 0 }]);
    assert.deepEqual(aggregatedMetricsMessage(vertexWith(null), skew), []);
  });

  it("refuses aggregates and subtasks that mean nothing", async () => {
    const { url } = await start();
    const of = (query: string): string => `${url}/jobs/${JOB}/vertices/${SINK}/subtasks/metrics?${query}`;
    const agg = await ask(of("get=numRecordsIn&agg=median"), errorsSchema, 400);
    assert.match(agg.errors[0] ?? "", /parameter "agg" has "median"; it has to be min, max, avg, sum, skew/);
    for (const bad of ["x", "1-", "-1", "1;2"]) {
      const answer = await ask(of(`get=numRecordsIn&subtasks=${bad}`), errorsSchema, 400);
      assert.match(answer.errors[0] ?? "", /it has to be numbers and ranges, such as 0,2-4/);
    }
  });
});

describe("GET /jobs/:jobId/vertices/:vertexId/subtasks/:subtask/metrics", () => {
  it("has the ids of one subtask without its number; one that has not reported has none", async () => {
    const { url } = await start();
    const of = (subtask: string): string => `${url}/jobs/${JOB}/vertices/${SINK}/subtasks/${subtask}/metrics`;
    assert.deepEqual(idsOf(await ask(of("0"), metricsSchema)).slice(0, TASK_IDS.length), TASK_IDS);
    assert.deepEqual(await ask(`${of("0")}?get=process_p1.orders`, metricsSchema), [
      { id: "process_p1.orders", value: "5" },
    ]);
    assert.deepEqual(await ask(of("1"), metricsSchema), []);
    const { errors } = await ask(of("2"), errorsSchema, 404);
    assert.match(errors[0] ?? "", /has no subtask 2: it has 2/);
    await ask(of("x"), errorsSchema, 400);
  });
});

describe("GET /jobs/:jobId/vertices/:vertexId/watermarks", () => {
  it("has the watermark of every subtask that has one", async () => {
    const { url } = await start();
    assert.deepEqual(await ask(`${url}/jobs/${JOB}/vertices/${SINK}/watermarks`, metricsSchema), []);
    const vertex = vertexWith(1, 1, null);
    const subtasks = vertex.subtasks.map((view, index) => ({
      ...view,
      metrics: view.metrics === null ? null : { ...view.metrics, watermark: index === 1 ? 1_750_000_000_000 : null },
    }));
    assert.deepEqual(watermarksMessage({ ...vertex, subtasks }), [
      { id: "1.currentInputWatermark", value: "1750000000000" },
    ]);
  });
});

describe("GET /jobs/:jobId/metrics", () => {
  it("has the checkpoints and restarts of the job under Flink's names", async () => {
    const { url } = await start();
    const names = [
      "numRestarts",
      "numberOfCompletedCheckpoints",
      "numberOfFailedCheckpoints",
      "lastCheckpointDuration",
    ];
    const path = `${url}/jobs/${JOB}/metrics`;
    assert.deepEqual(await ask(`${path}?get=${[...names, "lastCheckpointSize", "unknown"].join(",")}`, metricsSchema), [
      { id: "numRestarts", value: "2" },
      { id: "numberOfCompletedCheckpoints", value: "3" },
      { id: "numberOfFailedCheckpoints", value: "1" },
      { id: "lastCheckpointDuration", value: "100" },
      { id: "lastCheckpointSize", value: "1024" },
    ]);
    assert.ok(idsOf(await ask(path, metricsSchema)).includes("uptime"));
  });
});

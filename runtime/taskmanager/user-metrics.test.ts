/** What the code of a job registers comes with the task's own metrics, as JSON may hold it, and harms nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Log, silentLog } from "../../base/index.ts";
import { checkToJobManager } from "../rpc/checks.ts";
import { slotRun } from "./slot-run.test-support.ts";

const moduleWith = (open: string): string => `
import { defineSink, job, t } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";
export default job((env) =>
  void env
    .fromSource(generatorSource({ type: t.int64, generate: (index) => index, ratePerSecond: 1000 }), { uid: "numbers" })
    .process(
      () => {
        let seen;
        return {
          open({ metrics }) {
            seen = metrics.counter("seen");
            ${open}
          },
          process(value, { out }) {
            seen.inc();
            out.collect(value);
          },
        };
      },
      { uid: "counting", type: t.int64 },
    )
    .sinkTo(defineSink({ name: "nowhere", guarantee: "at-least-once", createWriter: () => ({ write() {} }) }), { uid: "out" }),
);`;

test("a heartbeat has the metrics of every operator of a chain, and passes the JobManager's check", async (context) => {
  const { host, run, until } = await slotRun(
    context,
    moduleWith('metrics.histogram("sizes").update(3); metrics.meter("m").mark();'),
  );
  await run();
  const operators = () => host.metrics().flatMap((metrics) => metrics.operators ?? []);
  await until("a record that was counted", () => {
    const seen = operators().find(({ uid }) => uid === "counting")?.metrics[0];
    return seen?.kind === "counter" && seen.value > 0;
  });
  assert.deepEqual(
    operators().map(({ uid, metrics }) => [uid, ...metrics.map(({ kind, name }) => `${kind} ${name}`)]),
    [["numbers"], ["counting", "counter seen", "histogram sizes", "meter m"], ["out"]],
  );
  const heartbeat = { kind: "heartbeat", metrics: host.metrics() } as const;
  assert.deepEqual(checkToJobManager(JSON.parse(JSON.stringify(heartbeat)) as object), heartbeat);
});

test("a gauge that throws, or leaves a promise behind that fails, is left out: the task runs on, and the log says so once (UME4)", async (context) => {
  const told: object[] = [];
  const log: Log = { ...silentLog, child: () => ({ ...log }), warn: (facts) => void told.push(facts) };
  const module = moduleWith(`
    metrics.gauge("bad", () => { throw new Error("no size"); });
    metrics.gauge("worse", async () => 1);
    metrics.gauge("good", () => 4);`);
  const { host, run, until, sent } = await slotRun(context, module, log);
  await run();
  const names = () =>
    host.metrics().flatMap(({ operators = [] }) => operators.flatMap(({ metrics }) => metrics.map(({ name }) => name)));
  for (let time = 0; time < 3; time++) assert.deepEqual(names(), ["seen", "good"]);
  const before = host.metrics()[0]?.recordsOut;
  await until("the source goes on", () => {
    const [counting] = host.metrics().flatMap(({ operators = [] }) => operators.flatMap(({ metrics }) => metrics));
    return counting?.kind === "counter" && counting.value > (before ?? 0);
  });
  const metricOf = (facts: object): unknown => (facts as { metric?: unknown }).metric;
  assert.deepEqual(
    told.map(metricOf).filter((name) => name !== undefined),
    ["bad", "worse"],
  );
  assert.ok(sent.every((message) => message.kind !== "taskState" || message.state.kind !== "failed"));
});

test("a bad name fails the task, and says whose it is (UME3)", async (context) => {
  const { run, failure } = await slotRun(context, moduleWith('metrics.counter("late-orders");'));
  await run();
  const { code, destiny, message } = await failure();
  assert.deepEqual([code, destiny], ["USER_FUNCTION_FAILED", "terminal"]);
  assert.match(message, /process \(uid counting\): context\.metrics\.counter\("late-orders"\): a name has letters/);
});

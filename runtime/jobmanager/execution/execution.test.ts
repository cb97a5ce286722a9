import assert from "node:assert/strict";
import { test } from "node:test";
import { taskManagerId } from "../../../base/index.ts";
import { setting } from "../scripted-job.test-support.ts";
import { Execution, taskRef } from "./execution.ts";

const a = taskManagerId("a");

async function execution(t: Parameters<typeof setting>[0]): Promise<Execution> {
  const { graph } = await setting(t);
  const one = new Execution(graph);
  for (const task of one.tasks) task.location = { taskManagerId: a, slot: 0, host: "127.0.0.1", dataPort: 1 };
  return one;
}

test("what a TaskManager has measured counts for tasks that run there, in their present attempt (EX1)", async (t) => {
  const one = await execution(t);
  const [task] = one.tasks;
  assert.ok(task !== undefined);
  const metrics = {
    task: taskRef(task),
    recordsIn: 5,
    recordsOut: 5,
    bytesIn: 0,
    bytesOut: 0,
    busyRatio: 0,
    backPressuredRatio: 0,
    idleRatio: 1,
    watermark: null,
  };
  one.measured(taskManagerId("b"), [metrics], 0);
  assert.equal(task.metrics, null);
  one.measured(a, [metrics], 0);
  assert.equal(task.metrics, metrics);
  task.metrics = null;
  task.attempt++;
  one.measured(a, [metrics], 0);
  assert.equal(task.metrics, null);
});

test("a job is finishing as soon as one task was told to finish", async (t) => {
  const one = await execution(t);
  assert.equal(one.isFinishing(), false);
  const last = one.tasks.at(-1);
  assert.ok(last !== undefined);
  last.isFinishing = true;
  assert.equal(one.isFinishing(), true);
});

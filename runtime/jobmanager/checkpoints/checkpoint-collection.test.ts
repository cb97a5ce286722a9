import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { silentLog, StreamError, taskManagerId } from "../../../base/index.ts";
import { loadStreamGraph } from "../../program/index.ts";
import type { FromJobManager } from "../../rpc/index.ts";
import { ManualClock } from "../../testkit/index.ts";
import { Execution } from "../execution/execution.ts";
import { setting } from "../scripted-job.test-support.ts";
import { Turns } from "../turns.ts";
import { CheckpointCollection } from "./checkpoint-collection.ts";
import { CheckpointStatistics } from "./checkpoint-statistics.ts";

const periodic = { id: 7, kind: "checkpoint", request: null, isFinal: false, base: null } as const;

type Place = {
  readonly collection: CheckpointCollection;
  readonly clock: ManualClock;
  readonly sent: { readonly to: string; readonly message: FromJobManager }[];
  readonly failed: string[];
  /** For each time that the enumerators were asked, how much had been sent before. */
  readonly asked: number[];
};

/** Subtask 0 of each vertex runs on "a", subtask 1 on "b". */
async function collecting(t: TestContext): Promise<Place> {
  const place = await setting(t, { options: { "execution.checkpointing.timeout": "500 ms" } });
  const { configuration } = await loadStreamGraph({ module: place.module, options: place.options, args: [] });
  const execution = new Execution(place.graph);
  for (const task of execution.tasks)
    task.location = { taskManagerId: taskManagerId(task.subtask === 0 ? "a" : "b"), slot: 0, host: "h", dataPort: 1 };
  const clock = new ManualClock(1000);
  const sent: Place["sent"] = [];
  const failed: string[] = [];
  const asked: number[] = [];
  const collection = new CheckpointCollection({
    epoch: 3,
    settings: configuration.checkpoints,
    graph: place.graph,
    execution,
    turns: new Turns(clock, () => undefined),
    clock,
    logger: silentLog,
    statistics: new CheckpointStatistics(),
    send: (to, message) => sent.push({ to, message }),
    snapshotEnumerators: (checkpointId) => {
      if (checkpointId === 99) throw new StreamError("SOURCE_FAILED", "the enumerator has no state to give");
      asked.push(sent.length);
      return new Map();
    },
    onFailed: (id, reason) => failed.push(`${id}: ${reason}`),
  });
  return { collection, clock, sent, failed, asked };
}

/** To whom, what, and of tasks of which vertices. */
function textOf({ to, message }: Place["sent"][number]): string {
  const isOfTasks = message.kind === "triggerCheckpoint" || message.kind === "checkpointAborted";
  return `${to}: ${message.kind} ${isOfTasks ? message.tasks.map(({ vertex }) => vertex).join(" ") : ""}`;
}

test("COC1 the sources are triggered, and all tasks are told of an abort, each TaskManager once", async (t) => {
  const { collection, sent } = await collecting(t);
  collection.trigger(periodic);
  assert.deepEqual(sent.map(textOf), ["a: triggerCheckpoint 0", "b: triggerCheckpoint 0"]);
  sent.length = 0;
  collection.abort(7);
  assert.deepEqual(sent.map(textOf), ["a: checkpointAborted 0 1", "b: checkpointAborted 0 1"]);
});

test("CK-4 one that is not complete in time fails, and names the tasks that it waits for", async (t) => {
  const { collection, clock, failed } = await collecting(t);
  collection.trigger(periodic);
  clock.advance(499);
  assert.deepEqual(failed, []);
  clock.advance(1);
  assert.equal(failed.length, 1);
  assert.match(failed[0] ?? "", /^7: it was not complete after 500 ms: no acknowledgement from .*\(1\/2\).*\(2\/2\)/);
});

test("COC2 of one that has ended neither what was collected nor a timer is left", async (t) => {
  const { collection, clock, failed } = await collecting(t);
  collection.trigger(periodic);
  assert.equal(clock.armed, 1);
  collection.remove(7);
  assert.equal(clock.armed, 0);
  assert.equal(collection.get(7), undefined);
  clock.advance(1000);
  assert.deepEqual(failed, []);
});

test("COC4 enumerators are asked before the barriers are sent; without their state nothing is sent, and the checkpoint fails", async (t) => {
  const { collection, sent, failed, asked } = await collecting(t);
  collection.trigger(periodic);
  assert.deepEqual(asked, [0]);
  sent.length = 0;
  collection.trigger({ ...periodic, id: 99 });
  assert.deepEqual(failed, ["99: it could not be triggered: the enumerator has no state to give"]);
  assert.deepEqual(sent, []);
});

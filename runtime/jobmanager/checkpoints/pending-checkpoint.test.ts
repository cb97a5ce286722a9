import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { taskManagerId } from "../../../base/index.ts";
import { Execution, taskRef } from "../execution/execution.ts";
import { setting } from "../scripted-job.test-support.ts";
import { type CheckpointAck, type CheckpointFacts, PendingCheckpoint } from "./pending-checkpoint.ts";

async function collecting(
  t: TestContext,
  change: Partial<CheckpointFacts> = {},
): Promise<{ readonly pending: PendingCheckpoint; readonly acks: readonly CheckpointAck[] }> {
  const { graph } = await setting(t);
  const { tasks } = new Execution(graph);
  for (const task of tasks)
    task.location = { taskManagerId: taskManagerId("a"), slot: 0, host: "127.0.0.1", dataPort: 1 };
  const facts = {
    id: 7,
    kind: "checkpoint",
    request: null,
    isFinal: false,
    base: null,
    triggeredMs: 1000,
    ...change,
  } as const;
  const acks = tasks.map(
    (task): CheckpointAck => ({
      kind: "checkpointAck",
      epoch: 1,
      task: taskRef(task),
      checkpointId: 7,
      operators: [],
      committables: 1,
      inlineFiles: [],
      timings: { alignmentMs: 0, syncMs: 0, asyncMs: 0, stateBytes: 10 },
    }),
  );
  return { pending: new PendingCheckpoint(facts, graph, tasks), acks };
}

test("PC1 it is complete when every task has acknowledged with the attempt that was running, and counts nobody twice", async (t) => {
  const { pending, acks } = await collecting(t);
  const [first] = acks;
  assert.ok(first !== undefined);
  const { task } = first;
  assert.equal(pending.add({ ...first, task: { ...task, attempt: task.attempt + 1 } }, 2000), false);
  for (const ack of acks) {
    assert.equal(pending.isComplete, false);
    assert.equal(pending.add(ack, 2000), true);
  }
  assert.equal(pending.add(first, 3000), false);
  assert.equal(pending.isComplete, true);
  assert.deepEqual(
    [pending.acknowledged, pending.committables, pending.stateBytes, pending.collectedMs],
    [acks.length, acks.length, acks.length * 10, 2000],
  );
});

test("PC2 the draft of a checkpoint lists every operator with an entry for each subtask, the stateless too", async (t) => {
  const { pending, acks } = await collecting(t);
  for (const ack of acks) pending.add(ack, 2000);
  const { operators, ...draft } = pending.draft();
  assert.deepEqual(draft, {
    kind: "checkpoint",
    checkpointId: 7,
    triggeredMs: 1000,
    completedMs: 2000,
    storeUri: null,
    committables: acks.length,
  });
  assert.deepEqual(
    operators.map(({ uid, parallelism, subtasks }) => [uid, subtasks.length === parallelism]),
    [
      ["numbers", true],
      ["sum", true],
      ["out", true],
    ],
  );
});

const target = "file:///savepoints/one";
const drafts = [
  ["savepoint", target, { kind: "savepoint", storeUri: target, triggerId: "t" }],
  ["stop", target, { kind: "savepoint", storeUri: target, triggerId: "t", ends: "stop" }],
  ["drain", target, { kind: "savepoint", storeUri: target, triggerId: "t", ends: "drain" }],
  ["checkpoint", null, { kind: "checkpoint", storeUri: null }],
] as const;

for (const [kind, folder, wanted] of drafts) {
  test(`MA5 the draft of a requested ${kind} says what it is, where it is, and how it ends the job`, async (t) => {
    const request = { kind, triggerId: "t", target: folder, isExactTarget: false };
    const { pending, acks } = await collecting(t, { kind, request });
    for (const ack of acks) pending.add(ack, 2000);
    const { kind: kindWritten, storeUri, triggerId, ends } = pending.draft();
    const said = { kind: kindWritten, storeUri, ...(triggerId === undefined ? {} : { triggerId }) };
    assert.deepEqual(ends === undefined ? said : { ...said, ends }, wanted);
  });
}

test("each attempt to write it waits twice as long as the one before, five seconds at most", async (t) => {
  const { pending } = await collecting(t);
  const delays = Array.from({ length: 8 }, () => pending.nextRetryDelayMs());
  assert.deepEqual(delays, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
});

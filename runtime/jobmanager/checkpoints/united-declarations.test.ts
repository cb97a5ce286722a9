/** What a manifest says of the states that the tasks acknowledged. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { StateDeclaration } from "../../checkpoint/index.ts";
import { buildJobGraph } from "../../graph/index.ts";
import { HASH, sketchGraph } from "../../graph/graph-example.test-support.ts";
import { Execution, taskRef } from "../execution/execution.ts";
import { type CheckpointAck, PendingCheckpoint } from "./pending-checkpoint.ts";

/** What the manifest declares for the one keyed operator, whose subtasks acknowledged these. */
function declaredOf(bySubtask: readonly (readonly StateDeclaration[])[]): readonly StateDeclaration[] {
  const parallelism = bySubtask.length;
  const graph = buildJobGraph(
    sketchGraph([{ parallelism }, { uid: "count", parallelism, inputs: [[0, HASH]], chaining: "head" }]),
  );
  const { tasks } = new Execution(graph);
  const facts = { id: 1, kind: "checkpoint", request: null, isFinal: false, base: null, triggeredMs: 0 } as const;
  const pending = new PendingCheckpoint(facts, graph, tasks);
  for (const task of tasks) {
    const ack: CheckpointAck = {
      kind: "checkpointAck",
      epoch: 1,
      task: taskRef(task),
      checkpointId: 1,
      operators: task.vertex.operators.map(({ node: { operatorId, uid } }) => ({
        operatorId,
        state: { keyed: null, operator: [], finished: false },
        declarations: uid === "count" ? (bySubtask[task.subtask] ?? []) : [],
      })),
      committables: 0,
      inlineFiles: [],
      timings: { alignmentMs: 0, syncMs: 0, asyncMs: 0, stateBytes: 0 },
    };
    assert.ok(pending.add(ack, 0));
  }
  const operator = pending.operators().find(({ uid }) => uid === "count");
  assert.ok(operator !== undefined);
  return operator.declarations;
}

const keyed = { name: "seen", kind: "value", type: "int64" };
const listed = { name: "seen", kind: "operator-list", type: "string" };
const timers = { name: "seen", kind: "timers", type: "timestamp" };

test("a keyed state, an operator list and timers of the same name are all declared in the manifest (PC3)", () => {
  assert.deepEqual(declaredOf([[keyed, listed, timers]]), [keyed, listed, timers]);
  assert.deepEqual(declaredOf([[listed], [timers, keyed]]), [listed, timers, keyed], "one subtask declared fewer");
});

test("a state that several subtasks declare is declared once in the manifest (PC3)", () => {
  assert.deepEqual(declaredOf([[keyed], [keyed, listed], []]), [keyed, listed]);
});

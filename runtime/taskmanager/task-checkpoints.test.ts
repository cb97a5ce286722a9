/** What a task does for checkpoints where its state cannot be written (TC2, CST1). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { nextTurn, StreamError, systemClock } from "../../base/index.ts";
import type { Barrier } from "../record/index.ts";
import type { ToJobManager } from "../rpc/index.ts";
import { StoreCache } from "./snapshot-storage.ts";
import type { Task } from "./task.ts";
import { TaskCheckpoints } from "./task-checkpoints.ts";

test("what a task has fixed for a checkpoint that it declines is let go, of all of its operators", async () => {
  const discarded: string[] = [];
  const statesOf = (operatorId: string): object => ({
    operatorId,
    keyed: {
      snapshot: () => ({
        write: () => Promise.reject(new StreamError("STORE_UNAVAILABLE", "the store does not answer")),
        discard: () => discarded.push(operatorId),
      }),
      declarations: () => [],
    },
    operatorState: { snapshot: () => ({ write: () => Promise.resolve([]) }), declarations: () => [] },
  });
  const sent: ToJobManager[] = [];
  const task = {
    parts: {
      ref: { vertex: 0, subtask: 0, attempt: 1 },
      chain: { links: [], writers: [] },
      states: [statesOf("first"), statesOf("second")],
      emissions: { drain: () => undefined },
    },
    phase: "running",
    isOver: false,
  } as unknown as Task;
  const stores = new StoreCache();
  const target = { storeUri: "file:///none", inlineOnly: true };
  new TaskCheckpoints(task, {
    epoch: 1,
    target,
    stores,
    clock: systemClock,
    turn: nextTurn,
    send: (message) => void sent.push(message),
  });
  const barrier: Barrier = {
    kind: "barrier",
    checkpointId: 1,
    checkpointKind: "checkpoint",
    aligned: true,
    target: null,
    triggeredMs: 0,
  };
  task.onBarrier(barrier, 0);
  while (sent.length === 0) await nextTurn();
  assert.deepEqual(
    sent.map((message) => message.kind === "checkpointDeclined" && message.phase),
    ["async"],
  );
  assert.deepEqual(discarded, ["first", "second"]);
});

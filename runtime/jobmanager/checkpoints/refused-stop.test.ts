/** A stop or drain that fails is taken back: the job runs on, with its periodic checkpoints, and the next one works (P-40). */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { TaskRef } from "../../rpc/index.ts";
import {
  checkpoint,
  restoredText,
  running,
  type Setting,
  setting,
  TWO_REGIONS,
  until,
} from "../scripted-job.test-support.ts";

const FIRST = "1".repeat(32);
const SECOND = "2".repeat(32);

const stopOf = (place: Setting, kind: "stop" | "drain", triggerId: string) =>
  ({ kind, targetDirectory: join(place.folder, "saves"), triggerId }) as const;

for (const interval of ["20 ms", "1 h"]) {
  test(`P-40 a stop that fails leaves the job running with checkpoints each ${interval}, and the next stop ends it`, async (t) => {
    let refuses = true;
    const place = await setting(t, {
      options: { "execution.checkpointing.interval": interval },
      script: {
        onBarrier: ({ vertex, subtask }, { checkpointKind }) =>
          refuses && checkpointKind === "stop" && vertex === 1 && subtask === 1 ? "decline" : "acknowledge",
      },
    });
    const { manager, ended } = await running(t, place);
    const answer = manager.triggerSavepoint(stopOf(place, "stop", FIRST));
    assert.deepEqual(answer, { kind: "accepted", triggerId: FIRST });
    await until("the stop fails", () => manager.trigger(FIRST)?.kind === "failed");
    const state = manager.trigger(FIRST);
    assert.ok(state?.kind === "failed" && /no space is left/.test(state.error.message), JSON.stringify(state));
    const { completed } = manager.checkpoints().counts;
    await checkpoint({ manager });
    assert.ok(manager.checkpoints().counts.completed > completed);
    assert.equal(manager.job().status, "RUNNING");
    assert.equal(manager.job().restarts, 0);
    assert.equal(place.world.of("finish").length, 0, "no task was told to finish");
    refuses = false;
    manager.triggerSavepoint(stopOf(place, "stop", SECOND));
    assert.equal(await ended, "FINISHED");
    assert.match(manager.result()?.savepoint ?? "", /saves/);
    assert.equal(manager.result()?.triggerId, SECOND);
  });
}

test("P-40 EX3 a task whose word that it runs again is late does not count as being at its end", async (t) => {
  const place = await setting(t, {
    script: { onBarrier: (_, { checkpointKind }) => (checkpointKind === "stop" ? "decline" : "acknowledge") },
  });
  const { manager } = await running(t, place);
  place.world.script.resumes = false;
  manager.triggerSavepoint(stopOf(place, "stop", FIRST));
  await until("the stop fails", () => manager.trigger(FIRST)?.kind === "failed");
  await until("tasks are told", () => place.world.of("checkpointAborted").length >= 2);
  await checkpoint({ manager });
  assert.equal(place.world.of("finish").length, 0);
  assert.equal(manager.job().status, "RUNNING");
});

test("P-40 without periodic checkpoints a stop that fails does not end the job either", async (t) => {
  const place = await setting(t, {
    script: { onBarrier: (_, { checkpointKind }) => (checkpointKind === "stop" ? "decline" : "acknowledge") },
  });
  delete place.options["execution.checkpointing.interval"];
  const { manager } = await running(t, place);
  manager.triggerSavepoint(stopOf(place, "stop", FIRST));
  await until("the stop fails", () => manager.trigger(FIRST)?.kind === "failed");
  await checkpoint({ manager });
  assert.equal(place.world.of("finish").length, 0);
  assert.equal(manager.job().status, "RUNNING");
});

for (const how of ["is declined", "loses a task"] as const) {
  test(`CC6 a drain that ${how} restarts every region from the last checkpoint, and the job runs on`, async (t) => {
    let refuses = true;
    const place = await setting(t, {
      module: TWO_REGIONS,
      script: {
        onBarrier: ({ subtask }, { checkpointKind }) => {
          if (!refuses || checkpointKind !== "drain") return "acknowledge";
          return subtask === 1 ? (how === "is declined" ? "decline" : "silent") : "acknowledge";
        },
      },
    });
    const job = await running(t, place);
    const { manager } = job;
    await checkpoint(job);
    manager.triggerSavepoint(stopOf(place, "drain", FIRST));
    if (how === "loses a task") {
      await until("it is on its way", () => (manager.checkpoints().history[0]?.acknowledged ?? 0) === 1);
      const owner = [...place.world.taskManagers.values()].find((one) => one.tasks.some((task) => task.subtask === 1));
      owner?.fail(owner.tasks[0] as TaskRef);
    }
    await until("the drain fails", () => manager.trigger(FIRST)?.kind === "failed");
    await until("both regions start again", () => {
      return place.world.deployed.filter(({ task }) => task.attempt === 2).length === 2;
    });
    await until("it runs", () => manager.job().status === "RUNNING");
    assert.equal(restoredText(place, 2), "checkpoint 1");
    refuses = false;
    manager.triggerSavepoint(stopOf(place, "drain", SECOND));
    assert.equal(await job.ended, "FINISHED");
    assert.match(manager.result()?.savepoint ?? "", /saves/);
  });
}

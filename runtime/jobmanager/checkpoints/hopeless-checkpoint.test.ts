/** A job that cannot end without a checkpoint, which nothing will ever make work, fails with the remedy (T16, CC10). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { StreamError, toErrorInfo } from "../../../base/index.ts";
import { checkpoint, running, setting, until } from "../scripted-job.test-support.ts";

const tooLarge = new StreamError("STATE_TOO_LARGE", "a state has more than 5242880 bytes; set it to fs", {
  destiny: "terminal",
});

test("T16 CC10 a bounded job whose final checkpoint cannot work ends FAILED with the remedy; while its data come it runs on", async (t) => {
  let isTooLarge = true;
  const place = await setting(t, {
    options: { "state.backend.type": "memory", "execution.checkpointing.interval": "20 ms" },
    script: { onBarrier: () => (isTooLarge ? "decline" : "acknowledge"), declineWith: toErrorInfo(tooLarge) },
  });
  const { manager, ended } = await running(t, place);
  await until("periodic ones fail", () => manager.checkpoints().counts.failed >= 3);
  assert.equal(manager.job().status, "RUNNING");
  assert.ok((manager.checkpoints().trouble?.failures ?? 0) >= 3);
  assert.match(manager.checkpoints().trouble?.reason ?? "", /set it to fs/);
  isTooLarge = false;
  await until("one is completed", () => manager.checkpoints().counts.completed > 0);
  await until("there is no trouble", () => manager.checkpoints().trouble === null);
  isTooLarge = true;
  place.world.endAll();
  assert.equal(await ended, "FAILED");
  assert.equal(manager.job().restarts, 0);
  const { failure } = manager.job();
  assert.equal(failure?.code, "STATE_TOO_LARGE");
  assert.match(failure.message, /cannot end without its last checkpoint.*set it to fs/);
});

test("CC10 a final checkpoint that fails for a reason that may pass is taken again", async (t) => {
  let declines = 2;
  const place = await setting(t, { script: { onBarrier: () => (declines-- > 0 ? "decline" : "acknowledge") } });
  const job = await running(t, place);
  declines = 0;
  await checkpoint(job);
  declines = 2;
  place.world.endAll();
  assert.equal(await job.ended, "FINISHED");
});

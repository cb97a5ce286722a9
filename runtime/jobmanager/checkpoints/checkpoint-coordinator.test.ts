import assert from "node:assert/strict";
import { readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "../../../base/index.ts";
import { readLog } from "../../checkpoint/index.ts";
import type { FromJobManager, TaskRef } from "../../rpc/index.ts";
import { openStore } from "../../storage/index.ts";
import {
  checkpoint,
  failedCheckpoint,
  filesOf,
  restoredText,
  running,
  setting,
  start,
  TWO_REGIONS,
  until,
} from "../scripted-job.test-support.ts";

test("a bounded job runs, takes its final checkpoint, commits, finishes and deletes its checkpoints (CK-13, CK-15)", async (t) => {
  const place = await setting(t, { script: { committables: 1 } });
  const { manager, ended } = await running(t, place);
  assert.deepEqual(
    manager.taskManagers().map((view) => view.freeSlots),
    [0, 0],
  );
  const splits = place.world.deployed.filter(({ task }) => task.vertex === 0).map((deployment) => deployment.splits);
  assert.equal(splits.length, 2);
  assert.ok(splits.every((share) => Array.isArray(share)));
  place.world.endAll();
  assert.equal(await ended, "FINISHED");
  assert.equal(manager.job().status, "FINISHED");
  assert.equal(place.world.of("triggerCheckpoint").length, 2);
  assert.ok(place.world.of("checkpointComplete").length >= 2);
  const kinds = place.world.received.map((message) => message.kind).filter((kind) => kind !== "heartbeat");
  assert.ok(kinds.indexOf("finish") > kinds.lastIndexOf("checkpointComplete"), "finish comes after completion");
  const files = await filesOf(place);
  assert.ok(!files.some((key) => key.startsWith("data/") || key.endsWith(".committed")), files.join());
  assert.ok(files.includes("result"));
  assert.equal(manager.checkpoints().latestCompleted?.discarded, true);
});

test("the final checkpoint waits for commits before anybody finishes, and is retried when it fails", async (t) => {
  let declines = 1;
  const place = await setting(t, {
    script: { committables: 1, commits: () => false, onBarrier: () => (declines-- > 0 ? "decline" : "acknowledge") },
  });
  const { manager, ended } = await running(t, place);
  place.world.endAll();
  await until("the second try is completed", () => manager.checkpoints().counts.completed === 1);
  assert.equal(manager.checkpoints().counts.failed, 1);
  assert.equal(place.world.of("finish").length, 0);
  await until("both were told", () => place.world.of("checkpointComplete").length === 2);
  const complete = place.world.of("checkpointComplete")[0] as Extract<FromJobManager, { kind: "checkpointComplete" }>;
  assert.equal(place.world.of("finish").length, 0);
  for (const one of place.world.taskManagers.values()) {
    for (const task of one.tasks) {
      one.connection.send({ kind: "committed", epoch: one.epoch, task, checkpointId: complete.checkpointId });
    }
  }
  assert.equal(await ended, "FINISHED");
});

test("CK-1 without an interval no checkpoint is taken, and tasks finish when their data have ended", async (t) => {
  const place = await setting(t, { options: {}, script: { endsAtOnce: () => true } });
  delete place.options["execution.checkpointing.interval"];
  const { ended } = await start(t, place).then(async (job) => {
    await place.world.add("a", job.manager.rpcPort, 2);
    return job;
  });
  assert.equal(await ended, "FINISHED");
  assert.equal(place.world.of("triggerCheckpoint").length, 0);
});

test("CK-3 periodic checkpoints follow each other, ids rise, old ones are discarded, and their commits are noted", async (t) => {
  const place = await setting(t, {
    options: { "execution.checkpointing.interval": "20 ms" },
    script: { committables: 1 },
  });
  const { manager, ended } = await running(t, place);
  await until("four are completed", () => manager.checkpoints().counts.completed >= 4);
  const ids = manager.checkpoints().history.map((view) => view.id);
  assert.deepEqual(
    ids,
    ids.toSorted((left, right) => right - left),
  );
  await until("the first is discarded", () => manager.checkpoints().history.at(-1)?.discarded === true);
  manager.cancel();
  assert.equal(await ended, "CANCELED");
});

test("CK-4 CK-5 a checkpoint that times out or is declined fails, late acknowledgements are ignored, and the job goes on", async (t) => {
  let mode: "silent" | "decline" | "acknowledge" = "silent";
  const place = await setting(t, {
    options: { "execution.checkpointing.timeout": "80 ms" },
    script: { onBarrier: () => mode },
  });
  const { manager } = await running(t, place);
  manager.triggerCheckpoint("11111111111111111111111111111111");
  await until("it has timed out", () => manager.checkpoints().counts.failed === 1);
  const failed = manager.checkpoints().latestFailed;
  assert.match(failed?.failure ?? "", /not complete after 80 ms.*numbers|Collection/i);
  assert.equal(manager.trigger("11111111111111111111111111111111")?.kind, "failed");
  await until("tasks are told", () => place.world.of("checkpointAborted").length > 0);
  for (const one of place.world.taskManagers.values()) {
    for (const task of one.tasks) one.acknowledge(task, failed?.id ?? 0);
  }
  mode = "decline";
  await failedCheckpoint({ manager }, /no space is left/);
  assert.match(manager.checkpoints().latestFailed?.failure ?? "", /no space is left/);
  mode = "acknowledge";
  await checkpoint({ manager });
  assert.equal(manager.checkpoints().counts.completed, 1);
  assert.equal(manager.job().restarts, 0);
});

test("CK-5 more failures in a row than tolerated fail the job over from its last checkpoint", async (t) => {
  let declines = 0;
  const place = await setting(t, {
    options: {
      "execution.checkpointing.interval": "20 ms",
      "execution.checkpointing.tolerable-failed-checkpoints": "1",
    },
    script: { onBarrier: () => (declines > 0 ? "decline" : "acknowledge") },
  });
  const { manager } = await running(t, place);
  await until("one is completed", () => manager.checkpoints().counts.completed >= 1);
  declines = 1;
  await until("the job restarts", () => manager.job().restarts === 1);
  declines = 0;
  assert.equal(manager.exceptions()[0]?.error.code, "CHECKPOINT_FAILED");
  await until("it runs again", () => manager.job().status === "RUNNING");
  assert.match(restoredText(place, 2) ?? "", /^checkpoint \d+$/);
});

test("SP-1 CK-20 a savepoint needs a target, has a manifest of its own, and is what a restart goes on from", async (t) => {
  const place = await setting(t);
  const job = await running(t, place);
  await checkpoint(job);
  const refused = job.manager.triggerSavepoint({ kind: "savepoint", targetDirectory: null, triggerId: null });
  assert.ok(refused.kind === "refused" && refused.error.code === "SAVEPOINT_NO_TARGET");
  const triggerId = "a".repeat(32);
  const request = { kind: "savepoint", targetDirectory: join(place.folder, "saves"), triggerId } as const;
  assert.deepEqual(job.manager.triggerSavepoint(request), { kind: "accepted", triggerId });
  assert.deepEqual(job.manager.triggerSavepoint(request), { kind: "accepted", triggerId }, "JC2");
  await until("it is done", () => job.manager.trigger(triggerId)?.kind === "completed");
  const state = job.manager.trigger(triggerId);
  assert.ok(state?.kind === "completed");
  assert.match(state.location, /^file:.*\/saves\/savepoint-012345-[0-9a-f]{12}$/);
  assert.deepEqual(await readdir(join(place.folder, "saves")).then((names) => names.length), 1);
  await assert.rejects(job.manager.disposeSavepoint(state.location), /newest state/);
  const [one] = place.world.taskManagers.values();
  one?.fail(one.tasks[0] as TaskRef);
  await until("it restarts", () => place.world.deployed.some(({ task }) => task.attempt === 2));
  assert.equal(restoredText(place, 2), "checkpoint 2");
  assert.equal(place.world.deployed.at(-1)?.restore[0]?.storeUri, state.location);
  await until("it runs", () => job.manager.job().status === "RUNNING");
  await checkpoint(job);
  await job.manager.disposeSavepoint(state.location);
});

for (const kind of ["stop", "drain"] as const) {
  test(`SP-2 ${kind} takes a savepoint, commits, and the job finishes with the savepoint kept`, async (t) => {
    const place = await setting(t, {
      options: { "execution.checkpointing.interval": "20 ms" },
      script: { committables: 1 },
    });
    const job = await running(t, place);
    const answer = job.manager.triggerSavepoint({
      kind,
      targetDirectory: join(place.folder, "saves"),
      triggerId: null,
    });
    assert.ok(answer.kind === "accepted");
    const again = job.manager.triggerSavepoint({ kind, targetDirectory: join(place.folder, "saves"), triggerId: null });
    assert.ok(again.kind === "refused" && again.error.code === "JOB_STATE_CONFLICT");
    assert.equal(await job.ended, "FINISHED");
    const state = job.manager.trigger(answer.triggerId);
    assert.ok(state?.kind === "completed");
    assert.ok((await (await openStore(state.location)).list("")).some((object) => object.key === "_metadata"));
    const triggers = place.world.of("triggerCheckpoint") as Extract<FromJobManager, { kind: "triggerCheckpoint" }>[];
    assert.equal(triggers.at(-1)?.checkpointKind, kind, "SP-2: no later checkpoint");
    const restored = await start(t, await setting(t), {
      restore: { path: state.location, allowNonRestoredState: false },
    });
    await until("it is restored", () => restored.manager.checkpoints().restored !== null);
    assert.equal(restored.manager.checkpoints().restored?.isSavepoint, true);
  });
}

for (const kind of ["stop", "drain"] as const) {
  test(`SP-3 CC7 a job that fails after the savepoint of its ${kind} completed restarts only to commit it, and ends with it`, async (t) => {
    const place = await setting(t, { script: { endsAfterStop: false } });
    const job = await running(t, place);
    const answer = job.manager.triggerSavepoint({
      kind,
      targetDirectory: join(place.folder, "saves"),
      triggerId: null,
    });
    assert.ok(answer.kind === "accepted");
    await until("it is completed", () => job.manager.trigger(answer.triggerId)?.kind === "completed");
    const [one] = place.world.taskManagers.values();
    one?.fail(one.tasks[0] as TaskRef);
    assert.equal(await job.ended, "FINISHED");
    assert.equal(job.manager.job().restarts, 1);
    assert.equal(restoredText(place, 2), "checkpoint 1");
    const starts = place.world.received.filter((message) => message.kind === "start");
    assert.deepEqual([...new Set(starts.map(({ asStopped }) => asStopped))], [false, true]);
    assert.match(job.manager.result()?.savepoint ?? "", /saves/);
  });
}

test("a failed savepoint leaves the job running and no files", async (t) => {
  const place = await setting(t, { script: { onBarrier: () => "decline" } });
  const job = await running(t, place);
  const answer = job.manager.triggerSavepoint({
    kind: "savepoint",
    targetDirectory: join(place.folder, "saves"),
    triggerId: null,
  });
  assert.ok(answer.kind === "accepted");
  await until("it fails", () => job.manager.trigger(answer.triggerId)?.kind === "failed");
  assert.equal(job.manager.job().status, "RUNNING");
  place.world.script.onBarrier = () => "acknowledge";
  await checkpoint(job);
});

test("CK-15 cancel ends with CANCELED, deletes checkpoints, or keeps them when told to", async (t) => {
  for (const retention of ["DELETE_ON_CANCELLATION", "RETAIN_ON_CANCELLATION"]) {
    const place = await setting(t, {
      options: { "execution.checkpointing.externalized-checkpoint-retention": retention },
    });
    const job = await running(t, place);
    await checkpoint(job);
    assert.equal(job.manager.cancel(), "accepted");
    assert.equal(await job.ended, "CANCELED");
    assert.equal(job.manager.cancel(), "alreadyTerminal");
    const contents = await readLog(await openStore(place.storeUri));
    const kept = contents.entries.filter((entry) => entry.kind === "manifest" && entry.manifest.kind === "checkpoint");
    assert.equal(kept.length, retention.startsWith("RETAIN") ? 1 : 0);
  }
});

test("CC4 while the store does not answer a checkpoint is in doubt, no region is deployed, and then the log decides", async (t) => {
  const place = await setting(t, { options: { "execution.checkpointing.timeout": "200 ms" } });
  const job = await running(t, place);
  await checkpoint(job);
  await checkpoint(job);
  // Then the clean-up after the second is over: nobody reads the log while it is in disorder.
  await until("the first is discarded", () => job.manager.checkpoints().history.some(({ discarded }) => discarded));
  const newestId = job.manager.checkpoints().latestCompleted?.id;
  const [chk, away] = [join(place.storeUri, "chk"), join(place.storeUri, "away")];
  await rename(chk, away);
  await writeFile(chk, "not a folder");
  await failedCheckpoint(job, /manifest could not be written/);
  const { failed } = job.manager.checkpoints().counts;
  const [one] = place.world.taskManagers.values();
  one?.fail(one.tasks[0] as TaskRef);
  await until("it is stopped", () => job.manager.job().status === "RESTARTING");
  await new Promise((resolve) => systemClock.after(100, () => resolve(undefined)));
  assert.ok(
    !place.world.deployed.some(({ task }) => task.attempt === 2),
    "nothing is restored while that is not known",
  );
  await rm(chk);
  await rename(away, chk);
  await until("it runs again", () => job.manager.job().status === "RUNNING");
  assert.equal(restoredText(place, 2), `checkpoint ${newestId}`);
  assert.equal(job.manager.checkpoints().counts.failed, failed, "it has failed once");
  await checkpoint(job);
});

test("a task that fails after it was told to finish restarts the whole job from the final checkpoint, which then finishes", async (t) => {
  const place = await setting(t, { module: TWO_REGIONS, script: { endsAtOnce: ({ attempt }) => attempt > 1 } });
  const job = await running(t, place);
  const [a, b] = place.world.taskManagers.values();
  assert.ok(a !== undefined && b !== undefined);
  const victim = a.tasks[0] as TaskRef;
  a.failsToFinish = true;
  place.world.endAll();
  await until("one has finished", () => place.world.of("finish").length === 2);
  a.failsToFinish = false;
  a.fail(victim);
  assert.equal(await job.ended, "FINISHED");
  assert.equal(job.manager.job().restarts, 1);
  assert.deepEqual(place.world.deployed.filter(({ task }) => task.attempt === 2).length, 2);
  assert.equal(job.manager.checkpoints().counts.completed, 2);
});

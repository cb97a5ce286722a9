/** A savepoint whose folder does not answer, or takes nothing, touches neither the job nor its checkpoints (T42, CC8, CC9). */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdirSync, openSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openStore } from "../../storage/index.ts";
import { restoredText, running, type Setting, setting, until } from "../scripted-job.test-support.ts";

const TRIGGER = "a".repeat(32);

/** A folder whose `_metadata` is a pipe that nobody writes into: whoever reads it waits, until `letGo`. A process that waits cannot end. */
function hangingFolder(place: Setting): { readonly path: string; letGo(): void } {
  const path = join(place.folder, "hanging");
  mkdirSync(path);
  const pipe = join(path, "_metadata");
  execFileSync("mkfifo", [pipe]);
  const letGo = (): void => closeSync(openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK));
  return { path, letGo };
}

test("T42 CC8 checkpoints and restarts go on while a savepoint's folder does not answer", async (t) => {
  const place = await setting(t, {
    options: {
      "execution.checkpointing.interval": "20 ms",
      "execution.checkpointing.store-call-timeout": "10 min",
    },
  });
  const { manager } = await running(t, place);
  const { path, letGo } = hangingFolder(place);
  try {
    manager.triggerSavepoint({ kind: "savepoint", targetDirectory: null, targetPath: path, triggerId: TRIGGER });
    const savepoint = () => manager.checkpoints().history.find(({ kind }) => kind === "savepoint");
    await until("all tasks have written it", () => savepoint()?.acknowledged === savepoint()?.subtasks);
    const { completed } = manager.checkpoints().counts;
    await until("three checkpoints are completed", () => manager.checkpoints().counts.completed >= completed + 3);
    assert.deepEqual(manager.trigger(TRIGGER), { kind: "inProgress" });
    assert.equal(manager.checkpoints().trouble, null);
    const [one] = place.world.taskManagers.values();
    const [task] = one?.tasks ?? [];
    assert.ok(one !== undefined && task !== undefined);
    one.fail(task);
    await until("it restarts", () => place.world.deployed.some((deployment) => deployment.task.attempt === 2));
    assert.match(restoredText(place, 2) ?? "", /^checkpoint \d+$/);
    assert.equal(manager.trigger(TRIGGER)?.kind, "failed", "CC1");
  } finally {
    letGo();
  }
});

test("T42 a savepoint whose folder never answers fails in the time that a call to a store has, and says so", async (t) => {
  const place = await setting(t, {
    options: {
      "execution.checkpointing.timeout": "1 s",
      "execution.checkpointing.store-call-timeout": "300 ms",
    },
  });
  const { manager } = await running(t, place);
  const { path, letGo } = hangingFolder(place);
  try {
    manager.triggerSavepoint({ kind: "savepoint", targetDirectory: null, targetPath: path, triggerId: TRIGGER });
    await until("it fails", () => manager.trigger(TRIGGER)?.kind === "failed");
    const state = manager.trigger(TRIGGER);
    // A machine that stands still may be over the checkpoint's timeout before the store is asked.
    assert.ok(state?.kind === "failed");
    assert.match(state.error.message, /has not (answered|come back)|not complete after/);
    assert.equal(manager.job().status, "RUNNING");
  } finally {
    letGo();
  }
});

for (const kind of ["savepoint", "stop", "drain"] as const) {
  test(`CC9 a ${kind} into a folder that takes no files is refused before any task is asked, and the job runs on`, async (t) => {
    const place = await setting(t, { options: { "execution.checkpointing.interval": "20 ms" } });
    const { manager } = await running(t, place);
    const file = join(place.folder, "file");
    writeFileSync(file, "not a folder");
    manager.triggerSavepoint({ kind, targetDirectory: join(file, "saves"), triggerId: TRIGGER });
    await until("it fails", () => manager.trigger(TRIGGER)?.kind === "failed");
    const state = manager.trigger(TRIGGER);
    assert.ok(state?.kind === "failed" && state.error.code === "SAVEPOINT_FAILED");
    assert.match(state.error.message, /file:\/\/.*\/file\/saves\/.* cannot be written: .*/);
    const { completed } = manager.checkpoints().counts;
    await until("checkpoints go on", () => manager.checkpoints().counts.completed > completed);
    assert.ok(
      place.world
        .of("triggerCheckpoint")
        .every((one) => "checkpointKind" in one && one.checkpointKind === "checkpoint"),
    );
    assert.equal(manager.job().restarts, 0);
    assert.equal(manager.job().status, "RUNNING");
  });
}

test("CC8 a savepoint that checkpoints have overtaken is whole in its folder, is the last savepoint, and is not restored from", async (t) => {
  const place = await setting(t, {
    options: { "execution.checkpointing.interval": "20 ms" },
    script: { onBarrier: (_, { checkpointKind }) => (checkpointKind === "savepoint" ? "silent" : "acknowledge") },
  });
  const { manager } = await running(t, place);
  const directory = join(place.folder, "saves");
  manager.triggerSavepoint({ kind: "savepoint", targetDirectory: directory, triggerId: TRIGGER });
  const savepoint = () => manager.checkpoints().history.find(({ kind }) => kind === "savepoint");
  await until("it is triggered", () => savepoint() !== undefined);
  const id = savepoint()?.id ?? 0;
  await until("it is overtaken", () => (manager.checkpoints().latestCompleted?.id ?? 0) > id);
  for (const one of place.world.taskManagers.values()) for (const task of one.tasks) one.acknowledge(task, id);
  await until("it is complete", () => manager.trigger(TRIGGER)?.kind === "completed");
  const state = manager.trigger(TRIGGER);
  assert.ok(state?.kind === "completed");
  assert.equal(readdirSync(directory).length, 1);
  assert.ok((await (await openStore(state.location)).stat("_metadata")) !== null);
  assert.equal(manager.progress().lastSavepoint?.path, state.location);
  assert.ok((manager.progress().lastCheckpoint?.id ?? 0) > id);
  const [one] = place.world.taskManagers.values();
  const [task] = one?.tasks ?? [];
  assert.ok(one !== undefined && task !== undefined);
  one.fail(task);
  await until("it restarts", () => place.world.deployed.some((deployment) => deployment.task.attempt === 2));
  assert.ok(Number(restoredText(place, 2)?.split(" ")[1]) > id);
});

import assert from "node:assert/strict";
import { cp, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { StreamError, systemClock } from "../../../base/index.ts";
import type { ActivationRequest, IncarnationMessage, RestoreMessage } from "../../../contract/index.ts";
import type { TaskRef } from "../../rpc/index.ts";
import type { Incarnation } from "./incarnation.ts";
import { ScriptedWorld } from "../scripted-world.test-support.ts";
import {
  checkpoint,
  incarnation,
  incarnationJobId,
  OTHER_UIDS,
  restoredText,
  type Setting,
  setting,
  TWO_VERTICES,
  until,
} from "../scripted-job.test-support.ts";

const [FIRST, SECOND] = ["1".repeat(32), "2".repeat(32)];
const NONE: RestoreMessage = { kind: "none" };

const latest = (storeUri: string, savepoint: string | null = null): RestoreMessage => ({
  kind: "latest",
  storeUri,
  savepoint,
  allowNonRestoredState: false,
});

function request(from: RestoreMessage, activationId = FIRST): ActivationRequest {
  return { activationId, from, predecessors: from.kind === "latest" ? [from.storeUri] : [] };
}

const phase = (one: Incarnation, wanted: IncarnationMessage["phase"]): Promise<void> =>
  until(`phase ${wanted}`, () => one.incarnation().phase === wanted);

type One = Incarnation & { readonly storeUri: string; readonly world: ScriptedWorld };

/** In standby, with a TaskManager of its own that has loaded the job. */
async function standby(t: TestContext, place: Setting, name: string): Promise<One> {
  const one = await incarnation(t, place, name);
  const world = new ScriptedWorld(() => place.graph, incarnationJobId(name));
  await phase(one, "standby");
  await world.add(`${name}-tm`, one.rpcPort, 2);
  await until("its TaskManager is ready", () => one.incarnation().taskManagersReady === 1);
  return Object.assign(one, { world });
}

async function active(t: TestContext, place: Setting, name: string, from: RestoreMessage = NONE): Promise<One> {
  const one = await standby(t, place, name);
  assert.deepEqual(await one.activate(request(from)), { kind: "accepted" });
  await until("it runs", () => one.incarnation().job?.status === "RUNNING");
  return one;
}

async function checkpointed(one: Incarnation): Promise<void> {
  const before = one.incarnation().completedCheckpoints;
  await checkpoint({ manager: one });
  await until("it is counted", () => one.incarnation().completedCheckpoints > before);
}

test("IC1 a standby loads the job in its TaskManagers and deploys nothing; what needs a running job is refused", async (t) => {
  const place = await setting(t);
  const one = await standby(t, place, "one");
  const { job, activation, error, taskManagers } = one.incarnation();
  assert.deepEqual([job, activation, error, taskManagers], [null, null, null, 1]);
  assert.equal(one.world.of("deploy").length, 0);
  assert.equal(one.triggerCheckpoint(null).kind, "refused");
  assert.throws(() => one.cancel(), { code: "JOB_STATE_CONFLICT" });
});

test("IC2 of two activations at the same time one is accepted and the other told which, as is every later one", async (t) => {
  const place = await setting(t);
  const one = await standby(t, place, "one");
  const outcomes = await Promise.all([one.activate(request(NONE)), one.activate(request(NONE, SECOND))]);
  assert.deepEqual(outcomes, [{ kind: "accepted" }, { kind: "taken", activationId: FIRST }]);
  assert.deepEqual(await one.activate(request(NONE)), { kind: "accepted" });
  await one.close();
  const again = await incarnation(t, place, "one");
  await until("it goes on by itself", () => again.incarnation().activation !== null);
  assert.deepEqual(await again.activate(request(NONE, SECOND)), { kind: "taken", activationId: FIRST });
});

test("IC3 a failed incarnation stays to say so, and says the same when it is started again", async (t) => {
  const place = await setting(t, { options: { "restart-strategy.fixed-delay.attempts": "0" } });
  const one = await active(t, place, "one");
  await checkpointed(one);
  const [manager] = one.world.taskManagers.values();
  manager?.fail(manager.tasks[0] as TaskRef);
  await phase(one, "ended");
  const first = one.incarnation();
  assert.deepEqual([first.result?.status, first.job?.failure?.code], ["FAILED", "USER_FUNCTION_FAILED"]);
  assert.equal(one.world.of("shutdown").length, 0, "TaskManagers are not this one's to end");
  await one.close();
  const again = await incarnation(t, place, "one");
  await phase(again, "ended");
  const { result, job, completedCheckpoints } = again.incarnation();
  assert.deepEqual([result, job?.failure, completedCheckpoints], [first.result, first.job?.failure, 1]);
  // The next incarnation goes on from its checkpoint.
  const next = await active(t, place, "two", latest(one.storeUri));
  assert.equal(restoredText({ ...place, world: next.world }, 1), "checkpoint 1");
});

test("IC4 a predecessor finds out at its next write, stays to say so, and stays fenced when started again", async (t) => {
  const place = await setting(t);
  const old = await active(t, place, "old");
  await checkpointed(old);
  const young = await active(t, place, "young", latest(old.storeUri));
  old.triggerCheckpoint(null);
  await phase(old, "ended");
  assert.deepEqual([old.incarnation().error?.code, old.incarnation().job], ["FENCED", null]);
  await old.close();
  const again = await incarnation(t, place, "old");
  await phase(again, "ended");
  assert.equal(again.incarnation().error?.code, "FENCED");
  await checkpointed(young);
});

test("P-10 another job's checkpoints that were put into an incarnation's own store are refused, and the log is left alone", async (t) => {
  const place = await setting(t);
  const other = await active(t, place, "other");
  await checkpointed(other);
  await other.close();
  await cp(join(place.folder, "other", "chk"), join(place.folder, "one", "chk"), { recursive: true });
  const entries = await readdir(join(place.folder, "one", "chk"));
  const one = await incarnation(t, place, "one");
  await phase(one, "refused");
  const { error } = one.incarnation();
  assert.equal(error?.code, "RESTORE_REFUSED");
  assert.match(error?.message ?? "", /something was copied there/);
  assert.deepEqual(await readdir(join(place.folder, "one", "chk")), entries);
});

test("an activation whose predecessor's store does not answer is tried again, and says so", async (t) => {
  const place = await setting(t);
  const old = await active(t, place, "old");
  await checkpointed(old);
  await old.close();
  const young = await standby(t, place, "young");
  const [folder, away] = [join(place.folder, "old"), join(place.folder, "away")];
  await rename(folder, away);
  await writeFile(folder, "a file in the way");
  await young.activate(request(latest(old.storeUri)));
  await new Promise((resolve) => systemClock.after(300, () => resolve(undefined)));
  assert.equal(young.incarnation().phase, "activating");
  await rename(folder, join(place.folder, "file"));
  await rename(away, folder);
  await until("it runs", () => young.incarnation().job?.status === "RUNNING");
  assert.equal(young.checkpoints().restored?.id, 1);
});

test("T2 a savepoint at a path that has one already fails, and neither harms the first nor the job", async (t) => {
  const place = await setting(t);
  const one = await active(t, place, "one");
  const targetPath = join(place.folder, "saves", "exact");
  const take = async (kind: "savepoint" | "stop", triggerId: string): Promise<string | undefined> => {
    assert.equal(one.triggerSavepoint({ kind, targetDirectory: null, targetPath, triggerId }).kind, "accepted");
    await until("its outcome is known", () => one.trigger(triggerId)?.kind !== "inProgress");
    const state = one.trigger(triggerId);
    return state?.kind === "completed" ? state.location : undefined;
  };
  assert.equal(await take("savepoint", FIRST), `file://${targetPath}`);
  assert.equal(one.incarnation().lastSavepoint?.path, `file://${targetPath}`);
  assert.equal(await take("savepoint", FIRST), `file://${targetPath}`);
  assert.equal(await take("stop", SECOND), undefined);
  await checkpointed(one);
  assert.equal(one.incarnation().job?.status, "RUNNING");
  assert.deepEqual(await one.preflight({ kind: "path", path: targetPath, allowNonRestoredState: false }), {
    kind: "compatible",
    from: targetPath,
  });
});

test("P-9 a JobManager started again knows the outcome of the trigger whose savepoint is its newest state, and of no other", async (t) => {
  const place = await setting(t);
  const one = await active(t, place, "one");
  for (const [triggerId, name] of [
    [FIRST, "a"],
    [SECOND, "b"],
  ] as const) {
    one.triggerSavepoint({ kind: "savepoint", targetDirectory: null, targetPath: join(place.folder, name), triggerId });
    await until("it is completed", () => one.trigger(triggerId)?.kind === "completed");
  }
  await one.close();
  const again = await incarnation(t, place, "one");
  await phase(again, "active");
  assert.deepEqual([again.trigger(FIRST), again.trigger(SECOND)?.kind], [null, "completed"]);
  assert.deepEqual(
    [again.incarnation().completedCheckpoints, again.incarnation().lastSavepoint?.path.at(-1)],
    [2, "b"],
  );
});

test("CC7 while it is not known whether the manifest of a stop exists no task is told to go on; then the log decides", async (t) => {
  // A stop that timed out before its tasks have acknowledged would fail at once, and nothing would be in doubt.
  const place = await setting(t, { options: { "execution.checkpointing.timeout": "5 s" } });
  const one = await active(t, place, "one");
  await checkpointed(one);
  const [chk, away] = [join(place.folder, "one", "chk"), join(place.folder, "one", "away")];
  await rename(chk, away);
  await writeFile(chk, "a file in the way");
  const targetPath = join(place.folder, "save");
  one.triggerSavepoint({ kind: "stop", targetDirectory: null, targetPath, triggerId: FIRST });
  const startMs = systemClock.monotonicMs();
  await until("the timeout is over", () => systemClock.monotonicMs() - startMs > 5500);
  assert.equal(one.trigger(FIRST)?.kind, "inProgress");
  assert.equal(one.world.of("checkpointAborted").length, 0);
  await rename(chk, join(place.folder, "file"));
  await rename(away, chk);
  await until("the log has decided", () => one.trigger(FIRST)?.kind === "failed");
  await until("its tasks go on", () => one.world.of("checkpointAborted").length > 0);
  await checkpointed(one);
});

test("a preflight says every reason why the job does not accept a state, and changes nothing", async (t) => {
  const place = await setting(t);
  const old = await active(t, place, "old");
  await checkpointed(old);
  const other = await setting(t, { module: OTHER_UIDS.replace('"out"', '"end"') });
  const young = await standby(t, other, "young");
  const answer = await young.preflight(latest(old.storeUri));
  assert.ok(answer.kind === "incompatible");
  assert.match(answer.reasons.join(), /state of the operator with uid "sum".*state of the operator with uid "out"/);
  const same = await standby(t, place, "same");
  assert.deepEqual(await same.preflight(latest(old.storeUri)), {
    kind: "compatible",
    from: old.incarnation().lastCheckpoint?.path,
  });
  for (const [from, reason] of [
    [{ kind: "path", path: "/nowhere", allowNonRestoredState: false }, /no savepoint was found/],
    [latest(join(place.folder, "empty")), /no incarnation ever ran there/],
    [latest(old.storeUri, "/another"), /another is not the newest state .*that is file:.*manifest$/],
    [latest(same.storeUri), /cannot be its predecessor/],
  ] as const satisfies readonly (readonly [RestoreMessage, RegExp])[]) {
    const refusal = await same.preflight(from);
    assert.ok(refusal.kind === "incompatible");
    assert.match(refusal.reasons.join(), reason);
  }
  await checkpointed(old);
});

test("a preflight refuses a changed type, and a changed sharing out, of a state that a process function declares (T26, PREF2)", async (t) => {
  const place = await setting(t);
  const old = await active(t, place, "old");
  await checkpointed(old);
  // The scripted tasks write `memory`, a list of strings, for each operator.
  const declaring = (state: string): string =>
    TWO_VERTICES.replace(
      '.reduce((a, b) => a + b, { uid: "sum" })',
      `.process(() => ({ state: { memory: ${state} }, process() {} }), { uid: "sum", type: t.string })`,
    ).replace("{ job }", "{ job, operatorList, unionList, t }");
  for (const [name, state, reason] of [
    ["type", "operatorList(t.int64)", /uid "sum", state "memory": its type was string and is now int64/],
    ["union", "unionList(t.string)", /uid "sum", state "memory": it was a state of kind operator-list.*union-list/],
  ] as const) {
    const changed = await standby(t, await setting(t, { module: declaring(state) }), name);
    const refusal = await changed.preflight(latest(old.storeUri));
    assert.ok(refusal.kind === "incompatible", refusal.kind);
    assert.match(refusal.reasons.join(), reason);
  }
  const kept = await standby(t, await setting(t, { module: declaring("operatorList(t.string)") }), "kept");
  assert.equal((await kept.preflight(latest(old.storeUri))).kind, "compatible");
});

test("LS1 a permission to leave state behind is for what is restored, not for the job's own checkpoints later", async (t) => {
  const place = await setting(t);
  const old = await active(t, place, "old");
  await checkpointed(old);
  const renamed = { ...(await setting(t, { module: OTHER_UIDS })), folder: place.folder };
  const asked = await standby(t, renamed, "asked");
  const refusal = await asked.preflight(latest(old.storeUri));
  assert.ok(refusal.kind === "incompatible");
  assert.match(refusal.reasons.join(), /uid "sum".*or set upgrade\.allowNonRestoredState: true in the manifest/);
  const path = old.incarnation().lastCheckpoint?.path ?? "";
  const fromPath = await asked.preflight({ kind: "path", path, allowNonRestoredState: false });
  assert.ok(fromPath.kind === "incompatible");
  assert.match(fromPath.reasons.join(), /or set restore\.allowNonRestoredState: true in the manifest/);
  const young = await active(t, renamed, "young", {
    ...latest(old.storeUri),
    allowNonRestoredState: true,
  } as RestoreMessage);
  assert.deepEqual(young.incarnation().leftOut, ["sum"]);
  await checkpointed(young);
  await young.close();
  // Its pods come back with the code of before.
  const again = await incarnation(t, place, "young");
  await phase(again, "refused");
  assert.match(again.incarnation().error?.message ?? "", /uid "total".*no operator of the job has that uid/);
});

test("PREF3 a preflight says that there are too few slots, once all TaskManagers are there", async (t) => {
  const place = await setting(t, { options: { "parallelism.default": "3" } });
  const one = await standby(t, place, "one");
  const answer = await one.preflight(NONE);
  assert.ok(answer.kind === "incompatible");
  assert.match(answer.reasons.join(), /needs 3 slots, and its TaskManagers have 2/);
});

test("a TaskManager that cannot load the job shows in standby, and a module that is none is refused", async (t) => {
  const place = await setting(t);
  const one = await incarnation(t, { ...place, module: join(place.folder, "none.ts") }, "broken");
  await phase(one, "refused");
  assert.equal(one.incarnation().error?.code, "JOB_MODULE_INVALID");
  assert.equal((await one.activate(request(NONE))).kind, "refused");
  await assert.rejects(
    one.preflight(NONE),
    (error) => error instanceof StreamError && error.code === "JOB_STATE_CONFLICT",
  );
});

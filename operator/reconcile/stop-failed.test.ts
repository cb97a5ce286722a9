/** What a stop that was refused or failed leads to (P-37, P-40): never to a job that begins without its state. */
import assert from "node:assert/strict";
import test from "node:test";
import type { StreamJobSpec } from "../../crds/index.ts";
import { reconcile } from "./reconcile.ts";
import { settings, SimulatedWorld, specOf } from "./simulated-world.test-support.ts";

const upgrade: NonNullable<StreamJobSpec["upgrade"]> = { stability: { window: "3s" }, deployTimeout: "20s" };
const more: Partial<StreamJobSpec> = { upgrade };
const REFUSAL = "the JobManager of incarnation 1 refused it (400): no store has the scheme s3";

const condition = (world: SimulatedWorld, type: string) => world.status.conditions.find((each) => each.type === type);
const told = (world: SimulatedWorld, type: string): unknown =>
  condition(world, type)?.status === "True" && condition(world, type)?.reason;

function running(behaviour: Parameters<typeof specOf>[0] = "good", failingSavepoints = 0): SimulatedWorld {
  const world = new SimulatedWorld(specOf(behaviour, 1, more), { failingSavepoints });
  assert.ok(world.settle());
  return world;
}

/** Until its end says how it came to it. */
const ended = (world: SimulatedWorld): void =>
  world.run(60_000, () => (world.status.active?.ended ?? null) !== null || world.status.active?.incarnation !== 1);

for (const standby of ["warm", "cold"] as const) {
  test(`P-40: a job that says FINISHED when its stop failed is not upgraded without state (${standby})`, () => {
    const world = running("end-with-failed-stop", 1);
    world.patch(() => specOf("good", 2, { upgrade: { ...upgrade, standby } }));
    ended(world);
    world.run(60_000);
    assert.deepEqual([world.status.active?.incarnation, world.starts.length], [1, 1]);
    assert.deepEqual([told(world, "Stalled"), told(world, "UpgradeBlocked")], ["StopFailed", "SavepointFailed"]);
    assert.equal(told(world, "Ready"), false);
    assert.match(condition(world, "Stalled")?.message ?? "", /the store is full.*upgrade\.mode to stateless/);
    assert.deepEqual(world.violations, []);
  });
}

test("P-40: it stays so when the change is taken back, and its JobManager and its operator are started anew", () => {
  const world = running("end-with-failed-stop", 1);
  world.patch(() => specOf("good", 2, more));
  ended(world);
  world.patch(() => specOf("end-with-failed-stop", 1, more));
  world.run(20_000);
  assert.deepEqual([told(world, "Stalled"), told(world, "Ready"), world.status.phase], ["StopFailed", false, "Failed"]);
  world.patch((old) => ({ ...old, restartNonce: 1 }));
  world.run(20_000);
  assert.deepEqual([told(world, "Stalled"), world.starts.length], ["StopFailed", 1]);
  // What a person can say.
  world.patch((old) => ({ ...old, ...specOf("good", 3), upgrade: { ...upgrade, mode: "stateless" } }));
  assert.ok(world.settle());
  assert.deepEqual([told(world, "Ready"), world.starts.at(-1)?.from.kind], ["Running", "none"]);
});

test("P-40: while the stop blocks the upgrade, a person can have the new version begin without state", () => {
  const world = running("end-with-failed-stop", 1);
  world.patch(() => specOf("good", 2, more));
  ended(world);
  world.run(5000);
  world.patch((old) => ({ ...old, upgrade: { ...upgrade, mode: "stateless" } }));
  assert.ok(world.settle());
  assert.deepEqual([world.status.active?.incarnation, world.starts.at(-1)?.from.kind], [2, "none"]);
});

test("P-40: such a job is not Suspended, and does not count as Finished", () => {
  const world = running("end-with-failed-stop", 1);
  world.patch((old) => ({ ...old, state: "suspended" }));
  ended(world);
  world.run(60_000);
  assert.deepEqual(
    [told(world, "Stalled"), told(world, "Ready"), world.status.resume],
    ["StopFailed", false, undefined],
  );
  assert.equal(told(world, "Suspended"), false);
  world.patch((old) => ({ ...old, state: "running" }));
  world.run(60_000);
  assert.deepEqual([told(world, "Stalled"), world.starts.length], ["StopFailed", 1]);
});

test("P-40: a deletion goes on, and says that there is no savepoint", () => {
  const world = new SimulatedWorld(specOf("end-with-failed-stop", 1, { ...more, deletion: { savepoint: true } }), {
    failingSavepoints: 1,
  });
  assert.ok(world.settle());
  world.delete();
  const events: string[] = [];
  world.run(60_000, (plan) => {
    events.push(...plan.events.map(({ reason, note }) => `${reason}: ${note}`));
    return false;
  });
  assert.equal(world.job, null);
  assert.ok(
    events.some((text) => /^SavepointSkipped: .*the store is full/.test(text)),
    events.join("\n"),
  );
});

test("P-40: FINISHED after a JobManager that may have taken the stop was started anew is not the job's own end", () => {
  const world = running();
  world.patch(() => specOf("good", 2, more));
  world.run(60_000, () => world.status.operation?.stopAskedOf !== undefined);
  const observed = world.observe();
  const seen = (epoch: number) => ({
    ...observed,
    stopTrigger: { kind: "unknown" as const },
    incarnations: observed.incarnations.map((incarnation) => {
      const { jobManager, number } = incarnation;
      if (number !== 1 || jobManager.kind !== "answering") return incarnation;
      const result = { status: "FINISHED" as const, savepoint: null };
      return {
        ...incarnation,
        jobManager: { ...jobManager, incarnation: { ...jobManager.incarnation, epoch, result } },
      };
    }),
  });
  const endOf = (epoch: number) => reconcile(seen(epoch), settings, world.nowMs).status?.active;
  assert.equal(endOf(2)?.ended?.stopFailed, true);
  assert.equal(endOf(1)?.incarnation, 2, "the same process never took it, so the job ended by itself");
});

test("P-37: a stop that is refused for good is in UpgradeBlocked with its text, and the job runs on", () => {
  const world = running();
  world.refusals.refuse = (action) => (action.kind === "triggerStop" ? { message: REFUSAL, isFinal: true } : null);
  world.patch(() => specOf("good", 2, more));
  world.run(5000);
  assert.equal(told(world, "UpgradeBlocked"), "SavepointFailed");
  assert.match(condition(world, "UpgradeBlocked")?.message ?? "", /no store has the scheme s3/);
  assert.equal(world.active?.jobStatus, "RUNNING");
  world.refusals.refuse = () => null;
  assert.ok(world.settle());
  assert.deepEqual([world.status.active?.incarnation, told(world, "UpgradeBlocked")], [2, false]);
  assert.deepEqual(world.violations, []);
});

test("P-37: a savepoint folder that was corrected is used at once, whatever the backoff", () => {
  const world = running();
  world.refusals.refuse = (action) =>
    action.kind === "triggerStop" && action.target.startsWith("s3:") ? { message: REFUSAL, isFinal: true } : null;
  const spec = specOf("good", 2, { upgrade: { ...upgrade, retryBackoffMax: "8000h" }, savepoints: { path: "s3://b" } });
  world.patch(() => spec);
  world.run(15 * 60_000);
  assert.equal(told(world, "UpgradeBlocked"), "SavepointFailed");
  world.patch((old) => ({ ...old, savepoints: { path: "/there" } }));
  world.run(20_000);
  assert.equal(world.status.active?.incarnation, 2);
  assert.match(world.status.lastSavepoint?.path ?? "", /^\/there\//);
  assert.deepEqual(world.violations, []);
});

test("P-40: what is said of an end after a stop that failed says no more that the job keeps running", () => {
  const world = running();
  world.refusals.refuse = (action) => (action.kind === "triggerStop" ? { message: REFUSAL, isFinal: true } : null);
  world.patch(() => specOf("good", 2, more));
  world.run(60_000, () => (world.status.operation?.attempt ?? 0) > 0);
  const observed = { ...world.observe(), refusals: [], stopTrigger: { kind: "unknown" } as const };
  const incarnations = observed.incarnations.map((incarnation) => {
    const { jobManager, number } = incarnation;
    if (number !== 1 || jobManager.kind !== "answering") return incarnation;
    const result = { status: "FINISHED" as const, savepoint: null };
    return { ...incarnation, jobManager: { ...jobManager, incarnation: { ...jobManager.incarnation, result } } };
  });
  const ended = reconcile({ ...observed, incarnations }, settings, world.nowMs).status?.active?.ended;
  assert.equal(ended?.stopFailed, true);
  assert.ok(ended?.message.endsWith(REFUSAL), ended?.message);
});

test("P-37: a suspension whose stop is refused ends by last-state as soon as the spec says so", () => {
  const world = running();
  world.refusals.refuse = (action) => (action.kind === "triggerStop" ? { message: REFUSAL, isFinal: true } : null);
  world.patch((old) => ({ ...old, state: "suspended" }));
  world.run(60_000);
  assert.equal(told(world, "UpgradeBlocked"), "SavepointFailed");
  world.patch((old) => ({ ...old, upgrade: { ...upgrade, mode: "last-state" } }));
  assert.ok(world.settle());
  assert.deepEqual([world.status.phase, world.status.resume?.kind], ["Suspended", "latest"]);
  assert.deepEqual(world.violations, []);
});

test("P-6: savepoints that fail for longer than savepointTimeout give way to a checkpoint that is young enough", () => {
  const world = running("good", 1000);
  world.patch(() => specOf("good", 2, { upgrade: { ...upgrade, savepointTimeout: "60s", lastStateMaxAge: "30s" } }));
  world.run(50_000);
  assert.equal(world.status.active?.incarnation, 1);
  world.run(120_000);
  assert.equal(world.status.active?.incarnation, 2);
  assert.deepEqual(world.violations, []);
});

/** Until a stop has failed and the next try is waited for. */
function blocked(world: SimulatedWorld): void {
  world.run(60_000, () => (world.status.operation?.attempt ?? 0) > 0);
  assert.equal(world.status.operation?.step, "Stopping");
}

for (const standby of ["warm", "cold"] as const) {
  test(`P-34: a change that is taken back while its stop fails is given up: the job runs on, and nothing of it is left (${standby})`, () => {
    const world = running("good", 2);
    world.patch(() => specOf("good", 2, { upgrade: { ...upgrade, standby } }));
    blocked(world);
    world.patch(() => specOf("good", 1, { upgrade: { ...upgrade, standby } }));
    assert.ok(world.settle());
    const { operation, active, failed } = world.status;
    assert.deepEqual([operation, active?.incarnation, failed, world.starts.length], [undefined, 1, undefined, 1]);
    assert.deepEqual([told(world, "Ready"), told(world, "UpgradeBlocked")], ["Running", false]);
    assert.deepEqual(world.violations, []);
    world.patch(() => specOf("good", 3, { upgrade: { ...upgrade, standby } }));
    assert.ok(world.settle());
    assert.deepEqual([told(world, "Ready"), world.starts.length], ["Running", 2]);
    assert.deepEqual(world.violations, []);
  });
}

test("P-34: a suspension that is taken back while its stop fails is given up", () => {
  const world = running("good", 1000);
  world.patch((old) => ({ ...old, state: "suspended" }));
  blocked(world);
  world.patch((old) => ({ ...old, state: "running" }));
  assert.ok(world.settle());
  const { operation, active } = world.status;
  assert.deepEqual([operation, active?.incarnation, world.starts.length], [undefined, 1, 1]);
  assert.deepEqual([told(world, "Ready"), told(world, "Suspended")], ["Running", false]);
  assert.deepEqual(world.violations, []);
});

test("P-34: a newer version takes the place of one whose stop fails, and is the only one that starts", () => {
  const world = running("good", 1);
  world.patch(() => specOf("good", 2, more));
  blocked(world);
  world.patch(() => specOf("good", 3, more));
  assert.ok(world.settle());
  assert.deepEqual([told(world, "Ready"), world.starts.length], ["Running", 2]);
  assert.equal(world.status.active?.generation, 3);
  assert.deepEqual(world.violations, []);
});

test("P-34: a restart that is asked for no more while its stop fails is given up", () => {
  const world = running("good", 2);
  world.patch((old) => ({ ...old, restartNonce: 1 }));
  blocked(world);
  world.patch((old) => {
    const { restartNonce: _, ...rest } = old;
    return rest;
  });
  assert.ok(world.settle());
  const { operation, active } = world.status;
  assert.deepEqual([operation, active?.incarnation, world.starts.length], [undefined, 1, 1]);
  assert.deepEqual([told(world, "Ready"), told(world, "UpgradeBlocked")], ["Running", false]);
  world.patch((old) => ({ ...old, restartNonce: 2 }));
  assert.ok(world.settle());
  assert.deepEqual([world.status.active?.incarnation, world.starts.length], [world.status.incarnations, 2]);
  assert.deepEqual(world.violations, []);
});

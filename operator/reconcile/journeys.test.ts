import assert from "node:assert/strict";
import test from "node:test";
import type { StreamJobSpec } from "../../crds/index.ts";
import { nativeEngine } from "../engine-native/index.ts";
import type { StatefulSet } from "../kubernetes/api/index.ts";
import type { ObservedIncarnation } from "./facts/observed.ts";
import { reconcile } from "./reconcile.ts";
import { settings, SimulatedWorld, specOf } from "./simulated-world.test-support.ts";

const upgrade: NonNullable<StreamJobSpec["upgrade"]> = { stability: { window: "3s" }, deployTimeout: "20s" };
const more: Partial<StreamJobSpec> = { upgrade };

function running(spec: StreamJobSpec = specOf("good", 1, more)): SimulatedWorld {
  const world = new SimulatedWorld(spec);
  assert.ok(world.settle(), JSON.stringify(world.status.operation));
  return world;
}

const reasonOf = (world: SimulatedWorld, type: string): string | undefined =>
  world.status.conditions.find((condition) => condition.type === type)?.reason;
const statusOf = (world: SimulatedWorld, type: string): string | undefined =>
  world.status.conditions.find((condition) => condition.type === type)?.status;

test("P-1: a spec that means the same changes nothing but observedGeneration", () => {
  const world = running();
  const pods = world.podNames;
  world.patch((old) => ({ stateBackend: "fs", parallelism: 1, taskManager: { replicas: 1, slots: 1 }, ...old }));
  assert.ok(world.settle());
  assert.deepEqual(world.podNames, pods);
  assert.equal(world.status.observedGeneration, 2);
  assert.equal(world.status.active?.generation, 2);
  assert.equal(statusOf(world, "Ready"), "True");
});

test("P-2: with an invalid field that only the operator reads, the job runs on and is healed", () => {
  const world = running();
  world.patch((old) => ({ ...old, upgrade: { ...upgrade, stability: { window: "no duration" } } }));
  world.run(20_000);
  assert.equal(reasonOf(world, "Stalled"), "InvalidSpec");
  world.killJobManager();
  world.run(20_000);
  assert.equal(world.active?.jobStatus, "RUNNING");
  assert.equal(world.starts.length, 2);
  assert.deepEqual(world.violations, []);
});

test("P-37: a spec whose pods could not run stops nothing, and says with numbers what to set; a corrected one goes on", () => {
  const world = running(specOf("good", 1, { upgrade: { ...upgrade, standby: "cold" } }));
  const resources = (memory: string) => ({ taskManager: { slots: 4, resources: { limits: { memory } } } });
  world.patch((old) => ({ ...old, ...resources("200Mi") }));
  world.run(30_000);
  assert.equal(reasonOf(world, "Stalled"), "PodsUnfit");
  const stalled = world.status.conditions.find(({ type }) => type === "Stalled");
  assert.match(stalled?.message ?? "", /needs \d+ MiB and has 200 MiB.*the running version stays as it is/);
  assert.deepEqual([world.stopped, world.status.operation], [[], undefined]);
  assert.equal(world.active?.jobStatus, "RUNNING");
  world.killJobManager();
  world.run(20_000);
  assert.equal(world.active?.jobStatus, "RUNNING");
  world.patch((old) => ({ ...old, ...resources("1Gi") }));
  assert.ok(world.settle());
  assert.deepEqual([statusOf(world, "Ready"), world.status.active?.incarnation], ["True", 2]);
  assert.deepEqual(world.violations, []);
});

test("P-6: a savepoint that fails leaves the old job running, says so, and is tried again in a new folder with backoff", () => {
  const world = new SimulatedWorld(specOf("good", 1, more), { failingSavepoints: 3 });
  assert.ok(world.settle());
  world.patch(() => specOf("good", 2, more));
  world.run(4000);
  assert.equal(statusOf(world, "UpgradeBlocked"), "True");
  assert.equal(reasonOf(world, "UpgradeBlocked"), "SavepointFailed");
  assert.equal(world.manager(1)?.jobStatus, "RUNNING");
  const [first, ...others] = [...(world.manager(1)?.triggers.values() ?? [])];
  assert.equal(others.length, 0);
  world.run(4500);
  const targets = [...(world.manager(1)?.triggers.values() ?? [])].map(({ target }) => target);
  assert.equal(new Set(targets).size, 2, first?.target);
  assert.ok(world.settle());
  assert.equal(world.status.active?.incarnation, 2);
  assert.deepEqual(world.violations, []);
});

test("P-3: an upgrade whose version was lost with the operator, before it was kept, is given up before the job is stopped", () => {
  const world = running(specOf("good", 1, { upgrade: { ...upgrade, standby: "cold" } }));
  world.patch((old) => ({ ...old, parallelism: 2 }));
  // The record is written, and nothing else.
  world.look({ crashAfter: 0 });
  assert.equal(world.status.operation?.step, "Stopping");
  world.patch((old) => ({ ...old, parallelism: 0 }));
  world.run(30_000);
  assert.deepEqual([world.stopped, world.status.operation], [[], undefined]);
  assert.equal(reasonOf(world, "Stalled"), "InvalidSpec");
  assert.equal(world.active?.jobStatus, "RUNNING");
});

test("P-7: a TaskManager that dies right after the savepoint changes nothing: the new job starts from it", () => {
  const world = running();
  world.patch(() => specOf("good", 2, more));
  world.run(60_000, () => world.stopped.length > 0);
  world.killJobManager();
  assert.ok(world.settle());
  assert.equal(world.stopped.length, 1);
  assert.deepEqual(world.violations, []);
});

test("P-14: the old incarnation's children stay until the new one has completed a checkpoint", () => {
  const world = running();
  world.patch(() => specOf("good", 2, more));
  let seen = 0;
  world.run(60_000, () => {
    const { active } = world.status;
    if (active?.incarnation !== 2 || world.status.operation === undefined) return active?.incarnation === 2;
    seen++;
    assert.ok(world.childNames().includes("StatefulSet/wc-1-jobmanager"));
    return false;
  });
  assert.ok(seen > 3);
  assert.ok(world.settle());
  assert.deepEqual(
    world.childNames().filter((name) => name.includes("wc-1")),
    [],
  );
});

test("P-31: an operator with another default image keeps that of the incarnation for what is missing or has another size", () => {
  const world = running();
  const observed = world.observe();
  const [incarnation] = observed.incarnations;
  const { jobManagerSet, taskManagerSet } = incarnation ?? {};
  assert.ok(incarnation !== undefined && jobManagerSet && taskManagerSet);
  const theirs = { storageRoot: "/state", defaultImage: "streamjob:next", engine: nativeEngine };
  const setsOf = (change: Partial<ObservedIncarnation>): readonly StatefulSet[] =>
    reconcile({ ...observed, incarnations: [{ ...incarnation, ...change }] }, theirs, world.nowMs).actions.flatMap(
      (action) => (action.kind === "applyChild" && action.object.kind === "StatefulSet" ? [action.object] : []),
    );
  const imagesOf = (sets: readonly StatefulSet[]): unknown =>
    sets.map(({ spec }) => [spec.replicas, spec.template.spec.containers[0]?.image]);
  assert.deepEqual(setsOf({}), []);
  assert.deepEqual(imagesOf(setsOf({ taskManagerSet: null })), [[1, "streamjob:test"]]);
  assert.deepEqual(imagesOf(setsOf({ jobManagerSet: null })), [[1, "streamjob:test"]]);
  assert.deepEqual(imagesOf(setsOf({ jobManagerSet: null, taskManagerSet: null })), [
    [1, "streamjob:next"],
    [1, "streamjob:next"],
  ]);
  const template = { ...taskManagerSet.spec.template, metadata: { labels: { written: "otherwise" } } };
  const scaled = { ...taskManagerSet, spec: { ...taskManagerSet.spec, replicas: 5, template } };
  assert.deepEqual(
    setsOf({ taskManagerSet: scaled }).map(({ spec }) => [spec.replicas, spec.template]),
    [[1, template]],
  );
});

test("P-15: a restore that does not exist is refused and says so; nothing is started without state", () => {
  const world = new SimulatedWorld(specOf("good", 1, { ...more, restore: { path: "/gone" } }));
  world.run(60_000);
  assert.equal(statusOf(world, "Stalled"), "True");
  assert.equal(world.starts.length, 0);
  world.plantState("/there", 77);
  world.patch(() => specOf("good", 2, { ...more, restore: { path: "/there" } }));
  assert.ok(world.settle());
  assert.deepEqual(
    world.starts.map(({ value }) => value),
    [77],
  );
});

test("P-15: a restore that was corrected is used, though the version is the same", () => {
  const world = new SimulatedWorld(specOf("good", 1, { ...more, restore: { path: "/gone" } }));
  world.run(60_000);
  world.plantState("/there", 77);
  world.patch(() => specOf("good", 1, { ...more, restore: { path: "/there" } }));
  assert.ok(world.settle());
  assert.deepEqual(
    world.starts.map(({ value }) => value),
    [77],
  );
  assert.deepEqual(world.violations, []);
});

test("P-17: what to restore is used once, kept while the first version is refused, and may be corrected while suspended", () => {
  const restore = { path: "/first" };
  const world = new SimulatedWorld(specOf("refuse", 1, { ...more, restore, state: "suspended" }));
  world.plantState("/first", 10);
  world.plantState("/second", 20);
  world.run(20_000);
  assert.equal(statusOf(world, "Ready"), "True");
  world.patch((old) => ({ ...old, restore: { path: "/second" } }));
  world.run(20_000);
  assert.equal(world.status.resume?.kind === "path" && world.status.resume.path, "/second");
  world.patch((old) => ({ ...old, state: "running" }));
  world.run(20_000);
  assert.equal(reasonOf(world, "Stalled"), "Refused");
  world.patch((old) => ({ ...old, ...specOf("good", 2) }));
  assert.ok(world.settle());
  world.patch((old) => ({ ...old, ...specOf("good", 3) }));
  assert.ok(world.settle());
  assert.equal(world.starts[0]?.value, 20);
  assert.deepEqual(world.violations, []);
});

test("a rollback on request goes to that revision with the newest state, once, and the annotation goes", () => {
  const world = running();
  const first = world.status.active?.revision ?? "";
  world.patch(() => specOf("good", 2, more));
  assert.ok(world.settle());
  world.annotate({ "streamjob.dev/rollback-to": first });
  assert.ok(world.settle());
  assert.equal(world.status.active?.revision, first);
  assert.equal(world.status.active?.incarnation, 3);
  assert.equal(statusOf(world, "RolledBack"), "True");
  assert.equal(world.job?.metadata.annotations?.["streamjob.dev/rollback-to"], undefined);
  world.patch(() => specOf("good", 3, more));
  assert.ok(world.settle());
  assert.equal(world.status.active?.incarnation, 4);
  assert.equal(statusOf(world, "RolledBack"), "False");
  assert.deepEqual(world.violations, []);
});

test("a rollback on request of a revision that there is not is said, and changes nothing", () => {
  const world = running();
  world.annotate({ "streamjob.dev/rollback-to": "wc-nothing" });
  world.run(30_000);
  assert.equal(reasonOf(world, "Stalled"), "NoSuchRevision");
  assert.equal(world.status.incarnations, 1);
});

test("a suspension wins over a rollback on request, and nothing is begun again and again", () => {
  const world = running();
  const first = world.status.active?.revision ?? "";
  world.patch(() => specOf("good", 2, more));
  assert.ok(world.settle());
  world.annotate({ "streamjob.dev/rollback-to": first });
  world.patch((old) => ({ ...old, state: "suspended" }));
  world.run(60_000);
  assert.equal(world.status.phase, "Suspended");
  assert.ok(world.status.incarnations <= 3, String(world.status.incarnations));
  // Nor does it happen at some later time.
  assert.equal(world.job?.metadata.annotations?.["streamjob.dev/rollback-to"], undefined);
  assert.equal(world.status.history.at(-1)?.what, "not rolled back");
  world.patch((old) => ({ ...old, state: "running" }));
  assert.ok(world.settle());
  assert.notEqual(world.status.active?.revision, first);
});

test("after a rollback a suspended job resumes with the stable version, not with the one that failed", () => {
  const world = running();
  const good = world.status.active?.revision;
  world.patch(() => specOf("fail-early", 2, more));
  world.run(60_000);
  assert.ok(world.settle());
  world.patch((old) => ({ ...old, state: "suspended" }));
  assert.ok(world.settle());
  assert.equal(world.status.phase, "Suspended");
  world.patch((old) => ({ ...old, state: "running" }));
  assert.ok(world.settle());
  assert.equal(world.status.active?.revision, good);
  assert.deepEqual(world.violations, []);
});

test("with manual approval a change waits for the annotation with its generation, and for no other", () => {
  const world = running(specOf("good", 1, { upgrade: { ...upgrade, approval: "manual" } }));
  world.patch((old) => ({ ...old, ...specOf("good", 2) }));
  world.annotate({ "streamjob.dev/approve": "1" });
  world.run(30_000);
  assert.equal(reasonOf(world, "UpgradeBlocked"), "AwaitingApproval");
  assert.equal(world.status.incarnations, 1);
  world.annotate({ "streamjob.dev/approve": "2" });
  assert.ok(world.settle());
  assert.equal(world.status.active?.incarnation, 2);
});

test("a failed job is started again by policy from its newest state, with backoff, and not without end", () => {
  const recovery = { onFailed: "resume", attemptsMax: 3, backoffInitial: "2s", backoffMax: "4s" } as const;
  for (const behaviour of ["fail-early", "fail-late"] as const) {
    const world = new SimulatedWorld(specOf(behaviour, 1, { upgrade: { stability: { window: "60s" } }, recovery }));
    world.run(240_000);
    assert.equal(world.starts.length, 4, behaviour);
    assert.equal(reasonOf(world, "Stalled"), "RecoveryExhausted");
    assert.equal(world.status.phase, "Failed");
    assert.deepEqual(world.violations, []);
    world.patch((old) => ({ ...old, ...specOf("good", 2) }));
    assert.ok(world.settle());
    assert.deepEqual(world.violations, []);
  }
});

test("a job that was stopped by hand behind the operator's back is over, and a change goes on from its savepoint", () => {
  const world = running();
  world.active?.trigger("by hand", { kind: "stop", target: "/by-hand", endsMs: world.nowMs });
  world.run(30_000);
  assert.equal(world.status.phase, "Finished");
  assert.equal(world.status.active?.ended?.savepoint, "/by-hand");
  world.patch(() => specOf("good", 2, more));
  assert.ok(world.settle());
  const { from } = world.starts.at(-1) ?? {};
  assert.equal(from?.kind === "latest" && from.savepoint, "/by-hand");
  assert.deepEqual(world.violations, []);
});

test("a job that finishes while its upgrade begins is no failure of the new version, which begins anew", () => {
  for (const waitMs of [0, 200, 500, 800, 1100, 1400]) {
    const world = new SimulatedWorld(specOf("finish", 1, more));
    world.run(
      60_000,
      () => world.status.active?.firstCheckpointAt !== undefined && world.status.operation === undefined,
    );
    world.run(5600 + waitMs);
    world.patch(() => specOf("good", 2, more));
    assert.ok(world.settle());
    assert.equal(world.status.failed, undefined, JSON.stringify(world.status.failed));
    assert.equal(world.status.active?.incarnation, 2);
    assert.deepEqual(world.violations, []);
  }
});

test("a job that never runs again is upgraded by last-state once the spec says so", () => {
  const world = running();
  world.patch(() => specOf("good", 2, more));
  world.run(60_000, () => world.status.operation?.step === "Stopping");
  if (world.active !== null) world.active.unreachableUntilMs = Number.POSITIVE_INFINITY;
  world.run(60_000);
  assert.equal(reasonOf(world, "UpgradeBlocked"), "NoSavepoint");
  world.patch((old) => ({ ...old, upgrade: { ...upgrade, mode: "last-state" } }));
  assert.ok(world.settle());
  assert.equal(world.status.active?.incarnation, 2);
  assert.deepEqual(world.violations, []);
});

test("restarts of the JobManager's process count once, and a counter that began anew takes nothing away", () => {
  const world = running();
  world.active?.restartJob();
  world.run(5000);
  assert.equal(world.status.restarts, 1);
  world.killJobManager();
  world.run(5000);
  assert.equal(world.status.restarts, 2);
  world.active?.restartJob();
  world.run(5000);
  assert.equal(world.status.restarts, 3);
});

test("a status that was lost while something runs is said, and nothing is started beside it", () => {
  const world = running();
  const { job } = world;
  assert.ok(job !== null);
  const { status: _, ...bare } = job;
  world.job = bare;
  world.run(30_000);
  assert.equal(reasonOf(world, "Stalled"), "StatusLost");
  assert.equal(world.starts.length, 1);
});

test("a savepoint under way when the StreamJob is deleted with a savepoint is ended, and then the job is stopped", () => {
  const world = new SimulatedWorld(specOf("good", 1, { ...more, deletion: { savepoint: true } }), {
    savepointMs: 3000,
  });
  assert.ok(world.settle());
  world.createSnapshot("asked");
  world.run(1000);
  assert.notEqual(world.status.savepoint, undefined);
  world.delete();
  world.run(60_000);
  assert.equal(world.job, null);
  assert.equal(world.stopped.length, 1);
  assert.deepEqual(world.violations, []);
});

test("a deletion during the stop of an upgrade uses that stop", () => {
  const world = new SimulatedWorld(specOf("good", 1, { ...more, deletion: { savepoint: true } }), {
    savepointMs: 3000,
  });
  assert.ok(world.settle());
  world.patch((old) => ({ ...old, ...specOf("good", 2) }));
  world.run(60_000, () => world.status.operation?.step === "Stopping");
  world.run(500);
  world.delete();
  world.run(60_000);
  assert.equal(world.job, null);
  assert.equal(world.stopped.length, 1);
  assert.deepEqual(world.violations, []);
});

test("a first version that restarted too often is stable after a whole window without a restart, so that there is a way back to it", () => {
  const world = new SimulatedWorld(specOf("good", 1, more));
  for (let restart = 0; restart < 5; restart++) {
    world.run(1500);
    world.active?.restartJob();
  }
  assert.equal(world.status.stable, undefined);
  assert.ok(world.settle());
  assert.notEqual(world.status.stable, undefined);
});

test("RK1: of a StreamJob whose deletion only waits for its pods, nothing is made, though its revisions are gone", () => {
  const world = running();
  world.delete();
  world.run(60_000, () => world.status.operation?.step === "Terminating");
  assert.equal(world.status.operation?.kind, "delete");
  const observed = world.observe();
  assert.notDeepEqual(observed.incarnations, []);
  const plan = reconcile({ ...observed, revisions: [] }, settings, world.nowMs);
  const made = plan.actions.filter(({ kind }) => kind === "createRevision" || kind === "applyChild");
  assert.deepEqual(made, []);
});

/** What one look at an upgrade's Proving decides, when its job runs and has completed no checkpoint yet. */
function proved(world: SimulatedWorld) {
  const observed = world.observe();
  const incarnations = observed.incarnations.map((each) => {
    const { jobManager } = each;
    if (jobManager.kind !== "answering" || each.number !== world.status.operation?.to) return each;
    const incarnation = { ...jobManager.incarnation, completedCheckpoints: 0, firstCheckpointMs: null };
    return { ...each, jobManager: { ...jobManager, incarnation } };
  });
  const plan = reconcile({ ...observed, incarnations }, settings, world.nowMs);
  world.apply(observed, plan);
  return plan.actions.map(({ kind }) => kind);
}

test("PRO2: a version that runs is asked for a checkpoint and has its time for it, though nobody looked for longer than that", () => {
  const world = running();
  world.patch((old) => ({ ...old, ...specOf("good", 2, more) }));
  world.run(60_000, () => world.status.operation?.step === "Proving");
  world.advance(60_000);
  assert.deepEqual(proved(world), ["triggerCheckpoint"]);
  world.advance(19_000);
  assert.deepEqual(proved(world), ["triggerCheckpoint"]);
  assert.equal(world.status.operation?.step, "Proving");
  world.advance(2000);
  proved(world);
  assert.deepEqual([world.status.operation?.kind, world.status.failed?.generation], ["rollback", 2]);
});

test("STAN3: pods whose StatefulSet is gone are not let run", () => {
  const world = running();
  world.patch((old) => ({ ...old, ...specOf("good", 2, { upgrade: { ...upgrade, standby: "cold" } }) }));
  world.run(60_000, () => world.status.operation?.step === "Standby");
  world.look();
  // Nobody looks until the pods are ready.
  world.advance(10_000);
  const observed = world.observe();
  assert.equal(world.status.operation?.step, "Standby");
  const without = (set: "jobManagerSet" | "taskManagerSet" | null) =>
    reconcile(
      {
        ...observed,
        incarnations: observed.incarnations.map((each) => (set === null ? each : { ...each, [set]: null })),
      },
      settings,
      world.nowMs,
    ).status?.operation?.step ?? "Standby";
  assert.deepEqual(
    [without("jobManagerSet"), without("taskManagerSet"), without(null)],
    ["Standby", "Standby", "Activating"],
  );
});

test("P-29: checkpoints that are to go with the StreamJob are deleted by a JobManager that answers late, and kept by one that never does", () => {
  const deleted = (unreachableMs: number) => {
    const world = running(specOf("good", 1, { ...more, deletion: { keepState: false } }));
    const { active } = world;
    assert.ok(active !== null);
    active.unreachableUntilMs = world.nowMs + unreachableMs;
    world.delete();
    const asked: string[] = [];
    world.run(120_000, ({ actions }) => {
      asked.push(...actions.flatMap(({ kind }) => (kind === "cancelJob" ? [kind] : [])));
      return false;
    });
    assert.equal(world.job, null);
    assert.deepEqual(world.violations, []);
    return asked.length;
  };
  assert.deepEqual([deleted(0), deleted(10_000), deleted(Number.POSITIVE_INFINITY)], [1, 1, 0]);
});

test("REO3: a version that failed is tried again when it is put back in place of one that does not load", () => {
  const world = new SimulatedWorld(specOf("good", 1, more));
  world.run(60_000, () => world.status.operation?.step === "Proving");
  for (let death = 0; death < 4; death++) world.killJobManager();
  world.patch(() => specOf("refuse", 2, more));
  world.run(60_000);
  assert.deepEqual([world.status.failed?.generation, world.status.operation?.toGeneration], [1, 2]);
  assert.equal(reasonOf(world, "Stalled"), "Refused");
  world.patch(() => specOf("good", 1, more));
  assert.ok(world.settle());
  assert.deepEqual([world.status.failed, reasonOf(world, "Ready")], [undefined, "Running"]);
  assert.deepEqual(world.violations, []);
});

test("T20: a restart is asked for by each new value of the nonce, and not by its removal", () => {
  const world = running();
  const expected: [StreamJobSpec["restartNonce"], number][] = [
    [1, 2],
    [undefined, 2],
    [1, 3],
    [2, 4],
    [1, 5],
    [undefined, 5],
  ];
  for (const [restartNonce, incarnation] of expected) {
    world.patch(({ restartNonce: _, ...old }) => ({ ...old, ...(restartNonce === undefined ? {} : { restartNonce }) }));
    assert.ok(world.settle());
    assert.equal(world.status.active?.incarnation, incarnation, `after ${restartNonce}`);
    assert.equal(statusOf(world, "Ready"), "True");
    assert.equal(world.status.active?.generation, world.job?.metadata.generation);
  }
  assert.deepEqual(world.violations, []);
});

test("T20, P-27: a first version with a nonce that FAILED is not taken for one that is to be restarted", () => {
  const world = new SimulatedWorld(specOf("fail-early", 1, { ...more, restartNonce: 1 }));
  world.run(120_000);
  assert.equal(world.status.incarnations, 1);
  assert.equal(reasonOf(world, "Stalled"), "JobFailed");
});

test("T37: a rollback on request to a version that has failed is refused in the history, once, and the annotation goes", () => {
  const world = running();
  world.patch(() => specOf("fail-early", 2, more));
  assert.ok(world.settle());
  const { failed, incarnations } = world.status;
  world.annotate({ "streamjob.dev/rollback-to": failed?.revision ?? "" });
  const events: string[] = [];
  world.run(30_000, (plan) => {
    events.push(...plan.events.map(({ reason }) => reason));
    return false;
  });
  const refusals = world.status.history.filter(({ what }) => what === "not rolled back");
  assert.deepEqual(
    refusals.map(({ why }) => why.includes(`${failed?.revision} is marked as failed`)),
    [true],
  );
  assert.deepEqual(events, ["RequestRefused"]);
  assert.equal(world.status.incarnations, incarnations);
  assert.equal(world.job?.metadata.annotations?.["streamjob.dev/rollback-to"], undefined);
});

test("a StreamJob whose children were orphaned goes without saying that nothing runs any more", () => {
  const note = (isOrphaned: boolean): string | undefined => {
    const world = running();
    world.delete();
    const observed = world.observe();
    const incarnations = isOrphaned ? [] : observed.incarnations;
    const [plan] = [reconcile({ ...observed, incarnations }, settings, world.nowMs)];
    return plan.events.find(({ reason }) => reason === "Deleted")?.note;
  };
  assert.match(note(true) ?? "", /orphaned pods keep running unmanaged.*streamjob\.dev\/job=wc/);
  assert.equal(note(false), undefined);
  const world = running();
  world.delete();
  const notes: string[] = [];
  world.run(30_000, (plan) => {
    notes.push(...plan.events.filter(({ reason }) => reason === "Deleted").map(({ note: text }) => text));
    return false;
  });
  assert.deepEqual([...new Set(notes)], ["no pod of the job runs any more"]);
});

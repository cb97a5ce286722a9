/** Each action that a StreamJob's life needs, refused in turn and then allowed (P-37). */
import assert from "node:assert/strict";
import test from "node:test";
import type { StreamJobSpec } from "../../../crds/index.ts";
import type { Action } from "./plan.ts";
import { subjectOf } from "./refusals.ts";
import { SimulatedWorld, specOf } from "../simulated-world.test-support.ts";
import { snapshotStatusOf } from "../status/stored-status.ts";

const TEXT = 'pods "x" is forbidden: exceeded quota: compute';
const upgrade: NonNullable<StreamJobSpec["upgrade"]> = { stability: { window: "3s" }, deployTimeout: "20s" };
const base: Partial<StreamJobSpec> = { upgrade };
const isChild =
  (kind: string, name: RegExp) =>
  (action: Action): boolean =>
    action.kind === "applyChild" && action.object.kind === kind && name.test(action.object.metadata.name);
const isPod =
  (name: RegExp) =>
  (action: Action): boolean =>
    action.kind === "tryPod" && name.test(action.pod.metadata.name);
const isKind =
  (kind: Action["kind"]) =>
  (action: Action): boolean =>
    action.kind === kind;

type Case = {
  readonly is: (action: Action) => boolean;
  readonly isFinal?: boolean;
  /** What brings the action into a plan; default: the StreamJob is new. */
  readonly when?: (world: SimulatedWorld) => void;
  /** Default: Stalled. */
  readonly told?: "Stalled" | "UpgradeBlocked" | "snapshot" | "message";
};

const bump = (world: SimulatedWorld): void => world.patch((old) => ({ ...old, ...specOf("good", 2) }));
const cases: Readonly<Record<string, Case>> = {
  "the finalizer": { is: isKind("addFinalizer") },
  "the first revision": { is: isKind("createRevision") },
  "a ConfigMap of the first version": { is: isChild("ConfigMap", /^wc-1-/) },
  "a Service of the first version": { is: isChild("Service", /^wc-1$/) },
  "the JobManager's StatefulSet": { is: isChild("StatefulSet", /jobmanager/), isFinal: true },
  "the TaskManagers' StatefulSet": { is: isChild("StatefulSet", /taskmanager/) },
  "the JobManager's pod": { is: isPod(/^wc-1-jobmanager-0$/) },
  "a TaskManager's pod": { is: isPod(/^wc-1-taskmanager-0$/) },
  "a pod of an upgrade": { is: isPod(/^wc-2-/), when: bump, told: "UpgradeBlocked" },
  "the activation, for the moment": { is: isKind("activate"), told: "UpgradeBlocked" },
  "the Service of the active incarnation": { is: isChild("Service", /rest/), told: "UpgradeBlocked" },
  "a revision of an upgrade": { is: isKind("createRevision"), when: bump, told: "UpgradeBlocked" },
  "a StatefulSet of an upgrade": { is: isChild("StatefulSet", /wc-2/), when: bump, told: "UpgradeBlocked" },
  "a stop, for the moment": { is: isKind("triggerStop"), when: bump, told: "UpgradeBlocked" },
  "a stop, for good": { is: isKind("triggerStop"), isFinal: true, when: bump, told: "UpgradeBlocked" },
  "the object of an upgrade's savepoint": { is: isKind("createSnapshot"), when: bump, told: "UpgradeBlocked" },
  "a deletion of what is not wanted any more": { is: isKind("deleteChild"), when: bump },
  "a budget": {
    is: isChild("PodDisruptionBudget", /./),
    when: (world) => world.patch((old) => ({ ...old, jobManager: { pdb: true } })),
  },
  healing: {
    is: isChild("Service", /^wc-1$/),
    when: (world) => world.remove("Service/wc-1"),
  },
  "the finalizer of a snapshot": { is: isKind("holdSnapshot"), when: (world) => world.createSnapshot("asked") },
  "a savepoint, for the moment": {
    is: isKind("triggerSavepoint"),
    when: (world) => world.createSnapshot("asked"),
    told: "snapshot",
  },
  "a savepoint, for good": {
    is: isKind("triggerSavepoint"),
    isFinal: true,
    when: (world) => world.createSnapshot("asked"),
    told: "snapshot",
  },
};

for (const [name, { is, isFinal = false, when, told = "Stalled" }] of Object.entries(cases)) {
  test(`P-37: ${name} refused is in the status with its words in the next look, in one Warning, and allowed it goes on`, () => {
    const world = new SimulatedWorld(specOf("good", 1, base));
    if (when !== undefined) {
      assert.ok(world.settle());
      when(world);
    }
    let asked = 0;
    world.refusals.refuse = (action) =>
      is(action) ? { message: `${subjectOf(action)} failed: ${TEXT}`, isFinal } : null;
    const warnings: string[] = [];
    const look = (): void => {
      const { events, wakeAfterMs, actions } = world.look();
      asked += actions.filter(is).length;
      warnings.push(...events.flatMap(({ type, note }) => (type === "Warning" && note.includes(TEXT) ? [note] : [])));
      world.advance(Math.max(100, wakeAfterMs ?? 100));
    };
    for (let looks = 0; asked === 0 && looks < 1000; looks++) look();
    assert.ok(asked > 0, "it was never asked for");
    look();
    assert.ok(toldBy(world, told).includes(TEXT), `${told}: ${toldBy(world, told)}`);
    assert.notEqual(conditionOf(world, "Ready")?.status, told === "snapshot" ? "False" : "True");
    for (let looks = 0; looks < 10; looks++) look();
    assert.ok(warnings.length > 0, "no Warning");
    assert.deepEqual(warnings, [...new Set(warnings)], "each is told once");
    world.refusals.refuse = () => null;
    assert.ok(world.settle(), JSON.stringify(world.status.operation));
    assert.equal(conditionOf(world, "Ready")?.status, "True", JSON.stringify(world.status.conditions));
    assert.deepEqual([toldBy(world, "Stalled"), toldBy(world, "UpgradeBlocked")], ["", ""]);
    assert.deepEqual(world.violations, []);
  });
}

const conditionOf = (world: SimulatedWorld, type: string) =>
  world.status.conditions.find((condition) => condition.type === type);

function toldBy(world: SimulatedWorld, where: NonNullable<Case["told"]>): string {
  if (where === "snapshot") {
    const asked = world.snapshots.get("asked");
    return asked === undefined ? "" : (snapshotStatusOf(asked).message ?? "");
  }
  const condition = conditionOf(world, where);
  return condition?.status === "True" ? (condition.message ?? "") : "";
}

test("P-37: an activation that is refused for good is a failed version: the stable one comes back", () => {
  const world = new SimulatedWorld(specOf("good", 1, base));
  assert.ok(world.settle());
  bump(world);
  world.refusals.refuse = (action) =>
    action.kind === "activate" && action.incarnation === 2 ? { message: TEXT, isFinal: true } : null;
  assert.ok(world.settle());
  assert.deepEqual([world.status.active?.incarnation, world.status.failed?.reason], [3, TEXT]);
  assert.equal(conditionOf(world, "RolledBack")?.status, "True");
  assert.deepEqual(world.violations, []);
});

test("P-37: pods that are refused when nothing runs any more are a failed version after deployTimeout", () => {
  const world = new SimulatedWorld(specOf("good", 1, { upgrade: { ...upgrade, standby: "cold" } }));
  assert.ok(world.settle());
  bump(world);
  world.refusals.refuse = (action) =>
    action.kind === "applyChild" && action.object.metadata.name.startsWith("wc-2")
      ? { message: TEXT, isFinal: true }
      : null;
  world.run(15_000);
  assert.ok(toldBy(world, "Stalled").includes(TEXT));
  assert.ok(world.settle());
  assert.equal(world.status.active?.incarnation, 3);
  assert.ok(world.status.failed?.reason.includes(TEXT));
  assert.deepEqual(world.violations, []);
});

test("P-37: of a deletion, too: what holds it up is told, and allowed it ends", () => {
  for (const kind of ["deleteChild", "removeFinalizer", "releaseSnapshot", "cancelJob"] as const) {
    const world = new SimulatedWorld(specOf("good", 1, { ...base, deletion: { keepState: false } }));
    assert.ok(world.settle());
    world.createSnapshot("asked");
    assert.ok(world.settle());
    world.refusals.refuse = (action) => (action.kind === kind ? { message: TEXT, isFinal: false } : null);
    world.delete();
    world.run(60_000, () => toldBy(world, "Stalled").includes(TEXT));
    assert.ok(toldBy(world, "Stalled").includes(TEXT), kind);
    world.refusals.refuse = () => null;
    world.run(120_000);
    assert.equal(world.job, null, kind);
    assert.deepEqual(world.violations, []);
  }
});

test("DP1: nothing runs a revision that could not be kept", () => {
  const world = new SimulatedWorld(specOf("good", 1, base));
  world.refusals.refuse = (action) => (action.kind === "createRevision" ? { message: TEXT, isFinal: true } : null);
  world.run(30_000);
  assert.deepEqual(world.childNames(), []);
});

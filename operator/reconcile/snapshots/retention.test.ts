import assert from "node:assert/strict";
import test from "node:test";
import { CLEANUP_FINALIZER, formatTime, type StreamJobSnapshot } from "../../../crds/index.ts";
import type { Observed } from "../facts/observed.ts";
import { reconcile } from "../reconcile.ts";
import { settings, SimulatedWorld, specOf } from "../simulated-world.test-support.ts";

const HOUR_MS = 3_600_000;

function world(retain: { count?: number; age?: string }): SimulatedWorld {
  const made = new SimulatedWorld(
    specOf("good", 1, { upgrade: { stability: { window: "3s" } }, savepoints: { retain } }),
  );
  assert.ok(made.settle());
  return made;
}

/** Completed `hours` ago, in `/<name>`. */
function snapshot(
  { nowMs }: SimulatedWorld,
  name: string,
  hours: number,
  more: { origin?: "manual" | "scheduled" | "upgrade"; isGoing?: boolean } = {},
): StreamJobSnapshot {
  const { origin = "scheduled", isGoing = false } = more;
  return {
    apiVersion: "streamjob.dev/v1alpha1",
    kind: "StreamJobSnapshot",
    metadata: {
      name,
      namespace: "default",
      uid: `uid-${name}`,
      resourceVersion: "1",
      finalizers: [CLEANUP_FINALIZER],
      ...(isGoing ? { deletionTimestamp: formatTime(nowMs) } : {}),
    },
    spec: { jobRef: { name: "wc" }, origin },
    status: {
      phase: "Completed",
      location: `/${name}`,
      completedAt: formatTime(nowMs - hours * HOUR_MS),
      observedGeneration: 0,
    },
  };
}

function removed(made: SimulatedWorld, change: Partial<Observed>): string[] {
  const plan = reconcile({ ...made.observe(), ...change }, settings, made.nowMs);
  return plan.actions.flatMap((action) => (action.kind === "deleteSnapshot" ? [action.name] : [])).sort();
}

test("P-28: beyond the count the oldest go, never those that people asked for, nor the newest", () => {
  const made = world({ count: 1 });
  const snapshots = [
    snapshot(made, "old", 9),
    snapshot(made, "manual", 10, { origin: "manual" }),
    snapshot(made, "upgrade", 5, { origin: "upgrade" }),
    snapshot(made, "new", 1),
  ];
  assert.deepEqual(removed(made, { snapshots }), ["old", "upgrade"]);
  assert.deepEqual(removed(made, { snapshots: snapshots.toReversed() }), ["old", "upgrade"]);
});

test("P-28: what is too old goes, but for the newest of all", () => {
  const made = world({ count: 10, age: "4h" });
  assert.deepEqual(
    removed(made, { snapshots: [snapshot(made, "a", 9), snapshot(made, "b", 5), snapshot(made, "c", 1)] }),
    ["a", "b"],
  );
  assert.deepEqual(removed(made, { snapshots: [snapshot(made, "a", 9)] }), []);
});

test("P-28: what another job names, or a restore of the spec, stays", () => {
  const made = world({ count: 1 });
  const snapshots = [snapshot(made, "a", 3), snapshot(made, "b", 2), snapshot(made, "c", 1)];
  assert.deepEqual(removed(made, { snapshots, foreignReferences: new Set(["/a"]) }), ["b"]);
  const restoreSnapshot = { kind: "completed", name: "b", location: "/b" } as const;
  assert.deepEqual(removed(made, { snapshots, restoreSnapshot }), ["a"]);
});

test("P-28: what the active incarnation started from stays until it is stable, and all do while that cannot be known", () => {
  const made = world({ count: 1 });
  made.patch((old) => ({ ...old, ...specOf("good", 2), upgrade: { stability: { window: "1h" } } }));
  made.run(60_000);
  const used = made.status.lastSavepoint?.path ?? "";
  const base = snapshot(made, "used", 9);
  const snapshots = [
    { ...base, status: { ...base.status, location: used } },
    snapshot(made, "b", 2),
    snapshot(made, "c", 1),
  ];
  assert.deepEqual(removed(made, { snapshots }), ["b"]);
  if (made.active !== null) made.active.unreachableUntilMs = Number.POSITIVE_INFINITY;
  assert.deepEqual(removed(made, { snapshots }), []);
});

test("RETE2: a snapshot that is deleted is let go only when its files are gone", () => {
  const made = world({});
  const act = (change: Partial<Observed>): string[] =>
    reconcile({ ...made.observe(), ...change }, settings, made.nowMs).actions.map(({ kind }) => kind);
  const snapshots = [snapshot(made, "a", 3, { isGoing: true }), snapshot(made, "b", 1)];
  assert.deepEqual(act({ snapshots }), ["disposeSavepoint"]);
  assert.deepEqual(act({ snapshots, disposals: { a: { kind: "inProgress" } } }), []);
  assert.deepEqual(act({ snapshots, disposals: { a: { kind: "failed", message: "full" } } }), [
    "writeSnapshotStatus",
    "disposeSavepoint",
  ]);
  assert.deepEqual(act({ snapshots, disposals: { a: { kind: "done" } } }), ["releaseSnapshot"]);
  assert.deepEqual(act({ snapshots, foreignReferences: new Set(["/a"]) }), []);
  if (made.active !== null) made.active.unreachableUntilMs = Number.POSITIVE_INFINITY;
  assert.deepEqual(act({ snapshots }), []);
});

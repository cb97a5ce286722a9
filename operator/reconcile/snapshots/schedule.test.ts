import assert from "node:assert/strict";
import test from "node:test";
import { formatTime, type StreamJobSpec } from "../../../crds/index.ts";
import { dueAt } from "./schedule.ts";
import { SimulatedWorld, specOf, START_MS } from "../simulated-world.test-support.ts";

const due = (schedule: string, since: string): string | null => {
  const found = dueAt(schedule, since, Number.POSITIVE_INFINITY);
  return found === null ? null : formatTime(found.ms);
};

const table: Readonly<Record<string, readonly [string, string, string | null]>> = {
  "every hour": ["0 * * * *", "2031-01-01T10:30:00.000Z", "2031-01-01T11:00:00.000Z"],
  "at the very minute the next one counts": ["0 * * * *", "2031-01-01T11:00:00.000Z", "2031-01-01T12:00:00.000Z"],
  "in UTC, across a year": ["30 2 1 1 *", "2031-01-01T02:30:00.000Z", "2032-01-01T02:30:00.000Z"],
  "on working days": ["0 3 * * MON-FRI", "2031-01-03T04:00:00.000Z", "2031-01-06T03:00:00.000Z"],
  never: ["0 0 30 2 *", "2031-01-01T00:00:00.000Z", null],
};

for (const [name, [schedule, since, expected]] of Object.entries(table)) {
  test(`a schedule is due ${name}`, () => assert.equal(due(schedule, since), expected));
}

test("a schedule makes one savepoint each time, one for all that were missed, and the operator's death makes no second", () => {
  const world = new SimulatedWorld(
    specOf("good", 1, { upgrade: { stability: { window: "3s" } }, savepoints: { schedule: "*/5 * * * *" } }),
  );
  world.run(
    16 * 60_000,
    () => false,
    (look) => (look % 3 === 0 ? { crashAfter: 1 } : {}),
  );
  assert.equal(world.snapshots.all.length, 3);
  // The operator is away for an hour.
  world.advance(60 * 60_000);
  world.run(60_000);
  assert.equal(world.snapshots.all.length, 4);
  assert.ok(world.nowMs > START_MS);
  assert.deepEqual(world.violations, []);
});

const hourly = { schedule: "25 * * * *" };
const window: Partial<StreamJobSpec> = { upgrade: { stability: { window: "3s" } } };

/** A job that has run since 00:00, at 00:25:05. */
function afterTheTime(more: Partial<StreamJobSpec> = {}): SimulatedWorld {
  const world = new SimulatedWorld(specOf("good", 1, { ...window, ...more }));
  assert.ok(world.settle());
  world.run(START_MS + (25 * 60 + 5) * 1000 - world.nowMs);
  return world;
}

test("T21: a schedule counts from when it is there, not from when the job began", () => {
  const world = afterTheTime();
  world.patch((old) => ({ ...old, savepoints: hourly }));
  world.run(59 * 60_000);
  assert.equal(world.snapshots.all.length, 0);
  world.run(2 * 60_000);
  assert.equal(world.snapshots.all.length, 1);
});

test("T21: so does one that is changed, or comes back", () => {
  const world = afterTheTime({ savepoints: { schedule: "0 12 * * *" } });
  world.patch((old) => ({ ...old, savepoints: hourly }));
  world.run(5000);
  world.patch(({ savepoints: _, ...old }) => old);
  world.run(60 * 60_000);
  world.patch((old) => ({ ...old, savepoints: hourly }));
  world.run(59 * 60_000);
  assert.equal(world.snapshots.all.length, 0);
  world.run(2 * 60_000);
  assert.equal(world.snapshots.all.length, 1);
});

test("T21: times that went by while the job was suspended have not been missed", () => {
  const world = afterTheTime({ savepoints: { schedule: "50 * * * *" } });
  world.patch((old) => ({ ...old, state: "suspended" }));
  world.run(3 * 3600_000);
  world.patch((old) => ({ ...old, state: "running" }));
  world.run(20 * 60_000);
  const scheduled = (): number => world.snapshots.all.filter(({ spec }) => spec.origin === "scheduled").length;
  assert.equal(world.status.phase, "Running");
  assert.equal(scheduled(), 0);
  world.run(10 * 60_000);
  assert.equal(scheduled(), 1);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { taskManagerId } from "../../../base/index.ts";
import { SlotPool } from "./slot-pool.ts";

const never = (): boolean => false;

function poolOf(...slots: number[]): SlotPool {
  const pool = new SlotPool();
  slots.forEach((count, index) => {
    const dataPorts = Array.from({ length: count }, (_, slot) => 1000 * (index + 1) + slot);
    pool.add({ id: taskManagerId(`tm${index}`), host: "h", pid: index, dataPorts }, 0, 0);
  });
  return pool;
}

const hosts = (pool: SlotPool, count: number): (string | undefined)[] =>
  Array.from({ length: count }, (_, shared) => pool.location(shared)?.taskManagerId);

test("SLP2 slots are spread evenly over TaskManagers", () => {
  const pool = poolOf(4, 4);
  assert.deepEqual(pool.assign([0, 1, 2], never), { kind: "assigned" });
  assert.deepEqual(hosts(pool, 3), ["tm0", "tm1", "tm0"]);
  assert.deepEqual(
    pool.view().map((view) => [view.slots, view.freeSlots]),
    [
      [4, 2],
      [4, 3],
    ],
  );
});

test("SLP4 slots of one that leaves serve what runs there, and are given to nothing else", () => {
  const pool = poolOf(2, 2);
  pool.assign([0, 1], never);
  pool.retire(taskManagerId("tm0"));
  assert.deepEqual([pool.taskManagers, pool.slots], [1, 2]);
  assert.deepEqual(pool.assign([0, 1, 2], (shared) => shared === 0).kind, "assigned");
  assert.deepEqual(hosts(pool, 3), ["tm0", "tm1", "tm1"]);
  assert.deepEqual(pool.assign([0, 1, 2], never), { kind: "missing", missing: 1 });
  assert.deepEqual(
    pool.view().map(({ freeSlots }) => freeSlots),
    [0, 0],
  );
  assert.deepEqual(pool.silent(1000, 500).length, 2, "its heartbeat is still judged");
});

test("SLP3 with too few slots nothing is assigned, and the number missing is told", () => {
  const pool = poolOf(1, 1);
  assert.deepEqual(pool.assign([0, 1, 2, 3], never), { kind: "missing", missing: 2 });
  assert.deepEqual(hosts(pool, 4), [undefined, undefined, undefined, undefined]);
});

test("busy shared slots stay where they are while a lost one is placed again", () => {
  const pool = poolOf(1, 1, 1);
  pool.assign([0, 1], never);
  pool.remove(taskManagerId("tm0"));
  assert.deepEqual(hosts(pool, 2), [undefined, "tm1"]);
  assert.deepEqual(
    pool.assign([0], (shared) => shared === 1),
    { kind: "assigned" },
  );
  assert.deepEqual(hosts(pool, 2), ["tm2", "tm1"]);
});

test("a TaskManager is silent after more than the timeout without a word", () => {
  const pool = poolOf(1, 1);
  pool.heard(taskManagerId("tm1"), 1000, 0);
  assert.deepEqual(pool.silent(2500, 2500), []);
  assert.deepEqual(pool.silent(2501, 2500), ["tm0"]);
});

test("SLP1 SLP2 SLP3 no slot serves two shared slots, and loads differ by one at most where there is room", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 25 }),
      (slots, wanted) => {
        const pool = poolOf(...slots);
        const outcome = pool.assign(
          Array.from({ length: wanted }, (_, shared) => shared),
          never,
        );
        const total = slots.reduce((sum, count) => sum + count, 0);
        assert.equal(outcome.kind, wanted <= total ? "assigned" : "missing");
        if (outcome.kind === "missing") return;
        const ports = Array.from({ length: wanted }, (_, shared) => pool.location(shared)?.dataPort);
        assert.equal(new Set(ports).size, wanted);
        const loads = pool.view().map((view) => view.slots - view.freeSlots);
        const most = Math.max(...loads);
        pool.view().forEach((view, index) => assert.ok(view.freeSlots === 0 || (loads[index] ?? 0) >= most - 1));
      },
    ),
  );
});

/** A join with versions: each left row once, with the version of its time, whatever came first, and old versions gone (SQJV1 to SQJV4). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ManualClock } from "../../testkit/index.ts";
import type { PlanRow, TemporalJoinNode } from "../plan/plan-tree.ts";
import { type Change, ChangelogRun, inputOf, isLess, planRow, sessionOf } from "./changelog-run.test-support.ts";
import { temporalJoinOperator } from "./temporal-join.ts";

const LEFT = planRow({ id: "int", at: "rowtime", worth: "int" });
const RIGHT = planRow({ id: "int", at: "rowtime", rate: "int" });
const inputs = [LEFT, RIGHT];

const node = (join: "INNER" | "LEFT", own: Partial<TemporalJoinNode> = {}): TemporalJoinNode => ({
  kind: "temporalJoin",
  uid: "temporal",
  row: [...LEFT, ...RIGHT.map((column) => ({ ...column, name: `${column.name}0`, time: null }))] as PlanRow,
  changes: "append",
  keys: [],
  left: inputOf(LEFT),
  right: inputOf(RIGHT),
  join,
  leftKeys: [0],
  rightKeys: [0],
  condition: null,
  leftTime: 1,
  rightTime: 1,
  ...own,
});

const factoryOf = (made: TemporalJoinNode) => temporalJoinOperator(made, sessionOf(new ManualClock()), "streaming");
const open = (made: TemporalJoinNode): Promise<ChangelogRun> => ChangelogRun.open(factoryOf(made), { inputs });

test("a row gets the version of its time, when the watermark is there, in the order of times", async () => {
  const run = await open(node("INNER"));
  assert.deepEqual(run.give(0, ["+I", 1, 20, 1], ["+I", 1, 10, 2], ["+I", 2, 5, 3]), []);
  run.give(1, ["+I", 1, 15, 150], ["+I", 1, 5, 50], ["+I", 1, 21, 210], ["+I", 2, 5, 55]);
  assert.deepEqual(run.watermark(10), ["+I[2, 5, 3, 2, 5, 55]", "+I[1, 10, 2, 1, 5, 50]"]);
  assert.deepEqual(run.watermark(19), []);
  assert.deepEqual(run.watermark(20), ["+I[1, 20, 1, 1, 15, 150]"]);
});

test("LEFT keeps rows without a version: of no key, ahead of the first, and where the condition does not hold", async () => {
  const condition = isLess([...LEFT, ...RIGHT], 2, 5);
  const run = await open(node("LEFT", { condition }));
  run.give(1, ["+I", 1, 10, 100]);
  assert.deepEqual(run.give(0, ["+I", null, 15, 1], ["+I", 1, null, 2]), [
    "+I[null, 15, 1, null, null, null]",
    "+I[1, null, 2, null, null, null]",
  ]);
  run.give(0, ["+I", 1, 9, 3], ["+I", 1, 10, 4], ["+I", 1, 11, 500], ["+I", 7, 12, 5]);
  assert.deepEqual(run.watermark(20), [
    "+I[1, 9, 3, null, null, null]",
    "+I[1, 10, 4, 1, 10, 100]",
    "+I[1, 11, 500, null, null, null]",
    "+I[7, 12, 5, null, null, null]",
  ]);
});

test("updates and deletions hold from their time on, a deletion without one from that of what it deletes", async () => {
  const run = await open(node("LEFT"));
  run.give(1, ["+I", 1, 10, 100], ["-U", 1, 10, 100], ["+U", 1, 20, 200], ["-D", 1, 30, 200], ["+I", 1, 40, 400]);
  run.give(1, ["+I", 2, 10, 7], ["-D", 2, null, null], ["+I", null, 1, 8], ["+I", 3, null, 9], ["-D", 4, null, null]);
  run.give(0, ...[15, 25, 35, 45].map((at): Change => ["+I", 1, at, at]), ["+I", 2, 15, 0], ["+I", 3, 15, 0]);
  assert.deepEqual(run.watermark(50).toSorted(), [
    "+I[1, 15, 15, 1, 10, 100]",
    "+I[1, 25, 25, 1, 20, 200]",
    "+I[1, 35, 35, null, null, null]",
    "+I[1, 45, 45, 1, 40, 400]",
    "+I[2, 15, 0, null, null, null]",
    "+I[3, 15, 0, null, null, null]",
  ]);
});

test("of the versions that the watermark has passed the newest stays; a late row meets it only when it is its own", async () => {
  const run = await open(node("LEFT"));
  run.give(1, ["+I", 1, 10, 100], ["+I", 1, 20, 200], ["+I", 1, 30, 300], ["+I", 2, 10, 7], ["-D", 2, 11, 7]);
  run.give(1, ["-D", 9, 15, 0]);
  assert.equal(run.keysWith("versions"), 3);
  run.watermark(25);
  assert.equal(run.keysWith("versions"), 1);
  assert.deepEqual(run.give(0, ["+I", 1, 22, 1], ["+I", 1, 15, 2]), [
    "+I[1, 22, 1, 1, 20, 200]",
    "+I[1, 15, 2, null, null, null]",
  ]);
  // A late version counts from now on, where it is the newest of its time.
  run.give(1, ["+I", 1, 23, 230], ["+I", 1, 12, 120]);
  assert.deepEqual(run.give(0, ["+I", 1, 24, 3], ["+I", 1, 22, 4]), [
    "+I[1, 24, 3, 1, 23, 230]",
    "+I[1, 22, 4, null, null, null]",
  ]);
  assert.equal(run.keysWith("left"), 0);
});

test("of two versions with one time the one that came last counts", async () => {
  const run = await open(node("INNER"));
  run.give(1, ["+I", 1, 10, 1], ["+I", 1, 10, 2]);
  run.give(0, ["+I", 1, 10, 0]);
  assert.deepEqual(run.watermark(10), ["+I[1, 10, 0, 1, 10, 2]"]);
});

test("what waits and what is late is the same after a restore", async () => {
  const made = node("LEFT");
  let run = await open(made);
  run.give(1, ["+I", 1, 10, 100], ["-D", 1, 40, 100]);
  run.give(0, ["+I", 1, 35, 1], ["+I", 1, 45, 2]);
  run.watermark(30);
  run = await run.restored(factoryOf(made), { inputs });
  assert.deepEqual(run.give(0, ["+I", 1, 29, 3]), ["+I[1, 29, 3, 1, 10, 100]"]);
  assert.deepEqual(run.watermark(50), ["+I[1, 35, 1, 1, 10, 100]", "+I[1, 45, 2, null, null, null]"]);
});

test("rows of any order within the watermarks give what each row's own version says", async () => {
  const event = fc.record({
    side: fc.constantFrom(0, 1),
    id: fc.integer({ min: 1, max: 3 }),
    at: fc.integer({ min: 0, max: 30 }),
    isDeleted: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { maxLength: 40 }),
      fc.array(fc.nat({ max: 30 }), { maxLength: 4 }),
      async (events, marks) => {
        const made = node("LEFT");
        let run = await open(made);
        const out: string[] = [];
        const versions = new Map<string, { at: number; rate: number | null }>();
        const lefts: { id: number; at: number; worth: number }[] = [];
        let watermark = -1;
        for (const [index, { side, id, at, isDeleted }] of events.entries()) {
          // Nothing is late.
          const time = Math.max(at, watermark + 1);
          if (side === 0) lefts.push({ id, at: time, worth: index });
          else versions.set(`${id} ${time}`, { at: time, rate: isDeleted ? null : index });
          out.push(...run.give(side, [side === 1 && isDeleted ? "-D" : "+I", id, time, index]));
          if (index % 9 === 8) {
            watermark = Math.max(watermark, marks[index % Math.max(1, marks.length)] ?? 0);
            out.push(...run.watermark(watermark));
            run = await run.restored(factoryOf(made), { inputs });
          }
        }
        out.push(...run.watermark(1000));
        const expected = lefts.map(({ id, at, worth }) => {
          const own = [...versions].filter(([key, version]) => key.startsWith(`${id} `) && version.at <= at);
          const newest = own
            .map(([, version]) => version)
            .toSorted((one, other) => one.at - other.at)
            .at(-1);
          const right =
            newest === undefined || newest.rate === null ? [null, null, null] : [id, newest.at, newest.rate];
          return `+I[${[id, at, worth, ...right].map(String).join(", ")}]`;
        });
        assert.deepEqual(out.filter((line) => line.startsWith("+")).toSorted(), expected.toSorted());
      },
    ),
    { numRuns: 100, seed: 11 },
  );
});

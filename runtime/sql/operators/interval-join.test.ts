/** A join of rows whose times are near each other: each pair once, each row without a match once, and nothing kept for ever (SQJI1 to SQJI4). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ManualClock } from "../../testkit/index.ts";
import type { IntervalJoinNode, JoinType, PlanRow } from "../plan/plan-tree.ts";
import {
  type Change,
  ChangelogRun,
  inputOf,
  inWords,
  isLess,
  planRow,
  sessionOf,
} from "./changelog-run.test-support.ts";
import { intervalJoinOperator } from "./interval-join.ts";

const LEFT = planRow({ id: "int", at: "rowtime", worth: "int" });
const RIGHT = planRow({ id: "int", at: "rowtime", worth: "int" });
const inputs = [LEFT, RIGHT];
const JOINS: readonly JoinType[] = ["INNER", "LEFT", "RIGHT", "FULL", "SEMI", "ANTI"];

function intervalNode(join: JoinType, own: Partial<IntervalJoinNode> = {}): IntervalJoinNode {
  const isHalf = join === "SEMI" || join === "ANTI";
  const row: PlanRow = isHalf ? LEFT : [...LEFT, ...RIGHT.map((column) => ({ ...column, name: `${column.name}0` }))];
  return {
    kind: "intervalJoin",
    uid: "interval",
    row,
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
    lower: -10,
    upper: 5,
    isProctime: false,
    ...own,
  };
}

const open = (node: IntervalJoinNode, clock = new ManualClock()): Promise<ChangelogRun> =>
  ChangelogRun.open(intervalJoinOperator(node, sessionOf(clock), "streaming"), { inputs, clock });

test("rows meet when their times are near enough, and a row is gone when no other can come to it", async () => {
  const run = await open(intervalNode("INNER", { lower: -1000, upper: 500 }));
  run.give(0, ["+I", 1, 10_000, 0]);
  assert.deepEqual(run.give(1, ["+I", 1, 9500, 1], ["+I", 1, 11_000, 2], ["+I", 1, 9499, 3], ["+I", 1, 11_001, 4]), [
    "+I[1, 10000, 0, 1, 9500, 1]",
    "+I[1, 10000, 0, 1, 11000, 2]",
  ]);
  run.watermark(10_999);
  assert.equal(run.keysWith("left"), 1);
  // Up to a quarter of the interval longer.
  run.watermark(11_375);
  assert.equal(run.keysWith("left"), 0);
  run.watermark(11_877);
  assert.equal(run.keysWith("right"), 0);
});

test("a row that is emitted when it goes goes in time", async () => {
  const run = await open(intervalNode("LEFT"));
  run.give(0, ["+I", 1, 103, 2], ["+I", 1, 100, 0], ["+I", 1, 101, 1]);
  assert.deepEqual(run.watermark(109), ["watermark 99"]);
  assert.deepEqual(run.watermark(111), [
    "+I[1, 100, 0, null, null, null]",
    "+I[1, 101, 1, null, null, null]",
    "watermark 101",
  ]);
  assert.equal(run.keysWith("left"), 1);
  const ofRight = await open(intervalNode("RIGHT"));
  ofRight.give(1, ["+I", 1, 100, 0]);
  assert.deepEqual(ofRight.watermark(104), ["watermark 94"]);
  assert.deepEqual(ofRight.watermark(105), ["+I[null, null, null, 1, 100, 0]", "watermark 95"]);
});

test("rows that go are emitted some at a time, and the others wait for room", async () => {
  const run = await open(intervalNode("FULL"));
  for (const input of [0, 1])
    run.give(input, ...Array.from({ length: 3000 }, (_none, at): Change => ["+I", input, at, at]));
  const { operator } = run.harness;
  const emitted: string[] = [];
  let portions = 1;
  for (; operator.reachWatermark?.(10_000, () => false) !== true; portions++) {
    const portion = run.taken();
    assert.ok(portion.length <= 2048, `${portion.length} rows at once`);
    emitted.push(...portion);
  }
  emitted.push(...run.taken());
  assert.ok(portions > 4, `${portions} portions`);
  assert.equal(new Set(emitted).size, 6000);
  assert.equal(emitted.length, 6000);
  assert.equal(run.keysWith("left") + run.keysWith("right"), 0);
});

test("watermarks wait for the row that waits the longest, and idleness passes", async () => {
  const run = await open(intervalNode("INNER"));
  assert.deepEqual(run.watermark(100), ["watermark 90"]);
  run.harness.operator.onStatus?.(true);
  assert.deepEqual(run.taken(), ["idle"]);
});

test("a row that comes too late to be kept meets those that are there, and else is emitted with NULLs", async () => {
  const run = await open(intervalNode("LEFT"));
  run.give(1, ["+I", 1, 108, 1]);
  run.watermark(110);
  assert.deepEqual(run.give(0, ["+I", 1, 100, 2], ["+I", 1, 90, 3], ["+I", null, 200, 4], ["+I", 1, null, 5]), [
    "+I[1, 100, 2, 1, 108, 1]",
    "+I[1, 90, 3, null, null, null]",
    "+I[null, 200, 4, null, null, null]",
    "+I[1, null, 5, null, null, null]",
  ]);
  assert.equal(run.keysWith("left"), 0);
});

test("what is late is the same after a restore", async () => {
  const node = intervalNode("LEFT");
  const factory = intervalJoinOperator(node, sessionOf(new ManualClock()), "streaming");
  let run = await ChangelogRun.open(factory, { inputs });
  run.watermark(110);
  run = await run.restored(factory, { inputs });
  assert.deepEqual(run.give(0, ["+I", 1, 100, 2]), ["+I[1, 100, 2, null, null, null]"]);
});

test("by the clock a row waits for its own time", async () => {
  const clock = new ManualClock();
  const run = await open(intervalNode("FULL", { isProctime: true, lower: -10, upper: 5 }), clock);
  run.give(0, ["+I", 1, null, 1]);
  clock.advance(10);
  assert.deepEqual(run.give(1, ["+I", 1, null, 2]), ["+I[1, null, 1, 1, null, 2]"]);
  run.give(0, ["+I", 2, null, 3]);
  run.harness.advance(10);
  assert.deepEqual(run.taken(), []);
  run.harness.advance(1);
  assert.deepEqual(run.taken(), ["+I[2, null, 3, null, null, null]"]);
  // Those that have had a match go with their slice.
  run.harness.advance(200);
  assert.deepEqual(run.taken(), []);
  assert.equal(run.keysWith("left") + run.keysWith("right"), 0);
});

test("by the clock rows that go sooner than others leave no calls of the clock behind", async () => {
  const clock = new ManualClock();
  const run = await open(intervalNode("LEFT", { isProctime: true, lower: -4000, upper: 0 }), clock);
  for (let step = 0; step < 100; step++) {
    run.give(0, ["+I", 1, null, step]);
    run.harness.advance(300);
    run.give(1, ["+I", 2, null, step]);
    run.harness.advance(1100);
  }
  assert.ok(clock.armed <= 8, `${clock.armed} calls of the clock`);
  run.harness.advance(10_000);
  assert.equal(run.keysWith("left") + run.keysWith("right"), 0);
  assert.equal(clock.armed, 0);
});

type Row = readonly [number | null, number, number];
type Step = { readonly input: 0 | 1; readonly row: Row } | { readonly advance: number } | "restore";

function joined(node: IntervalJoinNode, lefts: readonly Row[], rights: readonly Row[]): readonly string[] {
  const { join, lower, upper, condition } = node;
  const matches = (left: Row, right: Row): boolean => {
    const apart = left[1] - right[1];
    return (
      left[0] !== null &&
      left[0] === right[0] &&
      apart >= lower &&
      apart <= upper &&
      (condition === null || left[2] < right[2])
    );
  };
  const found: string[] = [];
  for (const left of lefts) {
    const mates = rights.filter((right) => matches(left, right));
    if (join === "SEMI" || join === "ANTI") {
      if ((join === "SEMI") === mates.length > 0) found.push(inWords(...left));
      continue;
    }
    for (const right of mates) found.push(inWords(...left, ...right));
    if (mates.length === 0 && (join === "LEFT" || join === "FULL")) found.push(inWords(...left, null, null, null));
  }
  if (join === "RIGHT" || join === "FULL")
    for (const right of rights)
      if (!lefts.some((left) => matches(left, right))) found.push(inWords(null, null, null, ...right));
  return found.sort();
}

/** Milliseconds of a step: rows are in several slices. */
const UNIT = 50;
const row = fc.tuple(fc.option(fc.constantFrom(1, 2), { freq: 8 }), fc.nat(30), fc.nat(2));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ input: fc.constantFrom(0 as const, 1 as const), row }) },
  { weight: 3, arbitrary: fc.record({ advance: fc.nat(12) }) },
  { weight: 1, arbitrary: fc.constant("restore" as const) },
);

/** Times of what was emitted; those of NULLs are none. */
const timesIn = (change: string): readonly number[] => {
  const [, at, , , at0] = change.slice(3, -1).split(", ");
  return [at, at0].filter((time) => time !== undefined && time !== "null").map(Number);
};

for (const join of JOINS) {
  test(`${join}: of rows in time, each pair and each row without a match once, none behind a watermark, over restores`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40, size: "max" }),
        fc.record({ lower: fc.integer({ min: -10, max: 4 }), length: fc.nat(12), isConditional: fc.boolean() }),
        async (steps, { lower, length, isConditional }) => {
          const condition = isConditional ? isLess([...LEFT, ...RIGHT], 2, 5) : null;
          const node = intervalNode(join, { lower: lower * UNIT, upper: (lower + length) * UNIT, condition });
          const factory = intervalJoinOperator(node, sessionOf(new ManualClock()), "streaming");
          let run = await ChangelogRun.open(factory, { inputs });
          const rows: [Row[], Row[]] = [[], []];
          const out: string[] = [];
          let [watermark, told] = [0, Number.NEGATIVE_INFINITY];
          const take = (changes: readonly string[]): void => {
            for (const change of changes) {
              if (change.startsWith("watermark")) told = Number(change.slice(10));
              else {
                for (const time of timesIn(change)) assert.ok(time > told, `${change} behind ${told}`);
                out.push(change);
              }
            }
          };
          for (const each of steps) {
            if (each === "restore") run = await run.restored(factory, { inputs });
            else if ("advance" in each) {
              watermark += each.advance * UNIT;
              take(run.watermark(watermark));
              if (node.upper <= 0 && lower >= 0) told = watermark;
            } else {
              // Not late: behind the watermark.
              const [id, time, worth] = each.row;
              const onTime: Row = [id, watermark + 1 + time * UNIT, worth];
              rows[each.input].push(onTime);
              take(run.give(each.input, ["+I", ...onTime]));
            }
          }
          told = Number.NEGATIVE_INFINITY;
          take(run.watermark(Number.MAX_SAFE_INTEGER));
          assert.deepEqual(
            out.sort(),
            joined(node, rows[0], rows[1]).map((each) => `+I${each}`),
          );
          assert.equal(run.keysWith("left") + run.keysWith("right"), 0);
        },
      ),
      { numRuns: 120, seed: 17 },
    );
  });
}

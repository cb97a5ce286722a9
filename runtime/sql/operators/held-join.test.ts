/** A join of windows: once, when the watermark has ended the window (SQJH1, SQJH2). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ManualClock } from "../../testkit/index.ts";
import type { JoinType, PlanRow, WindowJoinNode } from "../plan/plan-tree.ts";
import {
  type Change,
  ChangelogRun,
  inputOf,
  inWords,
  isLess,
  planRow,
  sessionOf,
} from "./changelog-run.test-support.ts";
import { windowJoinOperator } from "./held-join.ts";

const SIDE = planRow({ id: "int", end: "time", worth: "int" });
const inputs = [SIDE, SIDE];
const SIZE = 10;

function windowNode(join: JoinType): WindowJoinNode {
  const isHalf = join === "SEMI" || join === "ANTI";
  const row: PlanRow = isHalf ? SIDE : [...SIDE, ...SIDE.map((column) => ({ ...column, name: `${column.name}0` }))];
  return {
    kind: "windowJoin",
    uid: "windows",
    row,
    changes: "append",
    keys: [],
    left: inputOf(SIDE),
    right: inputOf(SIDE),
    join,
    leftKeys: [0, 1],
    rightKeys: [0, 1],
    condition: isLess([...SIDE, ...SIDE], 2, 5),
    leftEnd: 1,
    rightEnd: 1,
  };
}
const factoryOf = (join: JoinType) => windowJoinOperator(windowNode(join), sessionOf(new ManualClock()));

test("rows of a window are joined when it ends, once, and what comes then is dropped, after a restore, too", async () => {
  const factory = factoryOf("LEFT");
  let run = await ChangelogRun.open(factory, { inputs });
  run.give(0, ["+I", 1, 10, 1], ["+I", 2, 10, 1], ["+I", 1, 20, 1]);
  assert.deepEqual(run.give(1, ["+I", 1, 10, 2]), []);
  run = await run.restored(factory, { inputs });
  assert.deepEqual(run.watermark(8), []);
  assert.deepEqual([...run.watermark(9)].sort(), ["+I[1, 10, 1, 1, 10, 2]", "+I[2, 10, 1, null, null, null]"]);
  run = await run.restored(factory, { inputs });
  assert.deepEqual(run.give(1, ["+I", 1, 10, 3], ["+I", 1, 20, 3]), []);
  assert.equal(run.harness.metric("numLateRecordsDropped"), 1);
  assert.deepEqual(run.watermark(19), ["+I[1, 20, 1, 1, 20, 3]"]);
  assert.equal(run.keysWith("left") + run.keysWith("right"), 0);
});

test("the pairs of a window are emitted some at a time, and the others wait for room (SQJH3)", async () => {
  for (const join of ["INNER", "FULL"] as const) {
    const run = await ChangelogRun.open(factoryOf(join), { inputs });
    for (let batch = 0; batch < 3; batch++) {
      run.give(0, ...Array.from({ length: 1000 }, (_none, at): Change => ["+I", at, 10, batch]));
      run.give(1, ...Array.from({ length: 1000 }, (_none, at): Change => ["+I", at, 10, 2 * batch + 1]));
    }
    const { operator } = run.harness;
    const emitted: string[] = [];
    let portions = 1;
    while (operator.reachWatermark?.(9, () => false) !== true) {
      const portion = run.taken();
      assert.ok(portion.length <= 2048, `${portion.length} rows at once`);
      emitted.push(...portion);
      portions += 1;
    }
    emitted.push(...run.taken());
    assert.ok(portions > 3, `${portions} portions`);
    // 0 < 1, 3, 5; 1 < 3, 5; 2 < 3, 5.
    assert.equal(new Set(emitted).size, 7000);
    assert.equal(emitted.length, 7000);
    assert.equal(run.keysWith("left") + run.keysWith("right"), 0);
  }
});

test("a row with very many matches, too: its pairs are emitted some at a time, and what it is without one only when all were looked at (SQJH3)", async () => {
  // Worth of the left rows: of one all right rows are a match, of one the last that is looked at, of one none.
  const lefts = [-1, 4998, 9999];
  const rights = Array.from({ length: 5000 }, (_none, at): Change => ["+I", 1, 10, at]);
  const alone = { INNER: 0, LEFT: 1, RIGHT: 0, FULL: 1, SEMI: 2, ANTI: 1 };
  for (const join of Object.keys(alone) as (keyof typeof alone)[])
    for (const order of [rights, rights.toReversed()]) {
      const run = await ChangelogRun.open(factoryOf(join), { inputs });
      run.give(0, ...lefts.map((worth): Change => ["+I", 1, 10, worth]));
      for (let from = 0; from < order.length; from += 1000) run.give(1, ...order.slice(from, from + 1000));
      const { operator } = run.harness;
      const emitted: string[] = [];
      while (operator.reachWatermark?.(9, () => false) !== true) {
        const portion = run.taken();
        assert.ok(portion.length <= 2048, `${portion.length} rows at once`);
        emitted.push(...portion);
      }
      emitted.push(...run.taken());
      const pairs = join === "SEMI" || join === "ANTI" ? 0 : 5000 + 1;
      assert.equal(new Set(emitted).size, pairs + alone[join], join);
      assert.equal(emitted.length, pairs + alone[join], join);
    }
});

type Row = readonly [number | null, number, number];

function joined(join: JoinType, lefts: readonly Row[], rights: readonly Row[]): readonly string[] {
  const matches = (left: Row, right: Row): boolean =>
    left[0] !== null && left[0] === right[0] && left[1] === right[1] && left[2] < right[2];
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

const row = fc.tuple(fc.option(fc.constantFrom(1, 2), { freq: 6 }), fc.nat(2), fc.nat(3));
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ input: fc.constantFrom(0 as const, 1 as const), row }) },
  { weight: 2, arbitrary: fc.record({ advance: fc.nat(SIZE) }) },
  { weight: 1, arbitrary: fc.constant("restore" as const) },
);

for (const join of ["INNER", "LEFT", "RIGHT", "FULL", "SEMI", "ANTI"] as const) {
  test(`${join}: of rows in time, the join of each window's rows, over restores`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40, size: "max" }), async (steps) => {
        const factory = factoryOf(join);
        let run = await ChangelogRun.open(factory, { inputs });
        const rows: [Row[], Row[]] = [[], []];
        const out: string[] = [];
        let watermark = -1;
        for (const each of steps) {
          if (each === "restore") run = await run.restored(factory, { inputs });
          else if ("advance" in each) {
            watermark += each.advance;
            out.push(...run.watermark(watermark));
          } else {
            const [id, windows, worth] = each.row;
            const inTime: Row = [id, (Math.floor((watermark + 1) / SIZE) + 1 + windows) * SIZE, worth];
            rows[each.input].push(inTime);
            out.push(...run.give(each.input, ["+I", ...inTime]));
          }
        }
        out.push(...run.watermark(Number.MAX_SAFE_INTEGER));
        assert.deepEqual(
          out.sort(),
          joined(join, rows[0], rows[1]).map((each) => `+I${each}`),
        );
        assert.equal(run.keysWith("left") + run.keysWith("right"), 0);
      }),
      { numRuns: 80, seed: 17 },
    );
  });
}

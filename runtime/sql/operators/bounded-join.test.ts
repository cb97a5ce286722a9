/** A join of bounded inputs that are larger than memory (SQBJ1, SQBJ2). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ManualClock } from "../../testkit/index.ts";
import { MemorySpillSpace } from "../../testkit/engine-tests.ts";
import type { JoinNode, JoinType, PlanRow } from "../plan/plan-tree.ts";
import { type Change, ChangelogRun, inputOf, isLess, planRow, sessionOf } from "./changelog-run.test-support.ts";
import { joinOperator } from "./join.ts";

const SIDE = planRow({ id: "int", worth: "int" });
const inputs = [SIDE, SIDE];
const JOINS = ["INNER", "LEFT", "RIGHT", "FULL", "SEMI", "ANTI"] as const satisfies readonly JoinType[];

function nodeOf(join: JoinType, hasCondition: boolean, hasKeys = true): JoinNode {
  const isHalf = join === "SEMI" || join === "ANTI";
  const row: PlanRow = isHalf ? SIDE : [...SIDE, ...SIDE.map((column) => ({ ...column, name: `${column.name}0` }))];
  return {
    kind: "join",
    uid: "join",
    row,
    changes: "append",
    keys: [],
    left: inputOf(SIDE),
    right: inputOf(SIDE),
    join,
    leftKeys: hasKeys ? [0] : [],
    rightKeys: hasKeys ? [0] : [],
    condition: hasCondition ? isLess([...SIDE, ...SIDE], 1, 3) : null,
  };
}

type Rows = readonly (readonly [number | null, number])[];

/** `space`: null: all is in memory. */
async function resultOf(
  node: JoinNode,
  sides: readonly [Rows, Rows],
  space: MemorySpillSpace | null,
): Promise<string[]> {
  const factory = joinOperator(node, sessionOf(new ManualClock()), "batch");
  const run = await ChangelogRun.open(factory, { inputs, ...(space === null ? {} : { spill: space }) });
  const size = 41;
  for (let from = 0; from < Math.max(sides[0].length, sides[1].length); from += size)
    for (const [input, rows] of sides.entries()) {
      const changes = rows.slice(from, from + size).map((row): Change => ["+I", ...row]);
      if (changes.length > 0) assert.deepEqual(run.give(input, ...changes), []);
    }
  const result = await run.end();
  if (space !== null) assert.equal(space.open, 0, "files that are open");
  assert.equal(run.keysWith("left") + run.keysWith("right"), 0);
  return [...result].sort();
}

/** As SQL says it. */
function wantedOf({ join, condition, leftKeys }: JoinNode, [left, right]: readonly [Rows, Rows]): string[] {
  const matches = ([id, worth]: Rows[number], [otherId, otherWorth]: Rows[number]): boolean =>
    (leftKeys.length === 0 || (id !== null && id === otherId)) && (condition === null || worth < otherWorth);
  const shown = (...values: readonly (number | null)[]): string => `+I[${values.map(String).join(", ")}]`;
  const out: string[] = [];
  for (const one of left) {
    const found = right.filter((other) => matches(one, other));
    if (join === "SEMI" || join === "ANTI") {
      if ((join === "SEMI") === found.length > 0) out.push(shown(...one));
      continue;
    }
    for (const other of found) out.push(shown(...one, ...other));
    if (found.length === 0 && (join === "LEFT" || join === "FULL")) out.push(shown(...one, null, null));
  }
  if (join === "RIGHT" || join === "FULL")
    for (const other of right) if (!left.some((one) => matches(one, other))) out.push(shown(null, null, ...other));
  return out.sort();
}

const rows = fc.array(fc.tuple(fc.option(fc.nat(60), { freq: 8 }), fc.integer({ min: 0, max: 9 })), {
  maxLength: 250,
  size: "max",
});

test("the result is the join of all rows, whatever memory holds", async () => {
  await fc.assert(
    fc.asyncProperty(
      rows,
      rows,
      fc.constantFrom(...JOINS),
      fc.boolean(),
      fc.constantFrom(0, 3000, 20_000, Number.POSITIVE_INFINITY),
      async (left, right, join, hasCondition, budget) => {
        const node = nodeOf(join, hasCondition);
        assert.deepEqual(
          await resultOf(node, [left, right], new MemorySpillSpace(budget)),
          wantedOf(node, [left, right]),
        );
      },
    ),
    { numRuns: 120, seed: 31 },
  );
});

test("rows of one key alone, or of a join without keys, pass by as many tables as they need", async () => {
  const hot = (count: number): Rows => Array.from({ length: count }, (_none, at) => [7, at % 50] as const);
  for (const join of JOINS)
    for (const hasKeys of [true, false]) {
      const node = nodeOf(join, true, hasKeys);
      const sides = [
        [...hot(150), [1, 3] as const, [null, 2] as const],
        [...hot(170), [1, 1] as const],
      ] as const;
      const space = new MemorySpillSpace(2000);
      assert.deepEqual(await resultOf(node, sides, space), wantedOf(node, sides), `${join} ${hasKeys}`);
      assert.ok(space.made >= 2);
    }
});

test("parts that are too large are parted again, and only the rows of a hot key pass by several tables", async () => {
  const many: Rows = Array.from({ length: 12_000 }, (_none, at) => [at, at] as const);
  const space = new MemorySpillSpace(10_000);
  const node = nodeOf("FULL", false);
  const sides = [many, many.slice(0, 11_000)] as const;
  const result = await resultOf(node, sides, space);
  assert.equal(result.length, 12_000);
  assert.equal(result.filter((row) => row.includes("null")).length, 1000);
  assert.ok(space.made > 4, `${space.made} files`);
});

test("a checkpoint is refused while rows are in parts, and taken before", async () => {
  const factory = joinOperator(nodeOf("LEFT", false), sessionOf(new ManualClock()), "batch");
  const options = { inputs, spill: new MemorySpillSpace(20_000) };
  let run = await ChangelogRun.open(factory, options);
  run.give(0, ["+I", 1, 10], ["+I", 2, 20]);
  run = await run.restored(factory, options);
  for (let at = 0; at < 100; at++)
    run.give(1, ...Array.from({ length: 40 }, (_none, id): Change => ["+I", at * 40 + id, id]));
  await assert.rejects(run.restored(factory, options), { code: "STATE_SPILLED" });
  assert.deepEqual([...(await run.end())].sort(), ["+I[1, 10, 1, 1]", "+I[2, 20, 2, 2]"]);
  await run.harness.snapshot(2);
});

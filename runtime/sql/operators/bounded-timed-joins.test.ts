/** Joins of bounded inputs that go by times, larger than memory: each pair and each row without a match once (SQBI1, SQBZ1, SQBZ2, SQSS1). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { OperatorFactory } from "../../ports/index.ts";
import { ManualClock } from "../../testkit/index.ts";
import { MemorySpillSpace } from "../../testkit/engine-tests.ts";
import type { IntervalJoinNode, JoinType, PlanRow, TemporalJoinNode } from "../plan/plan-tree.ts";
import { type Change, ChangelogRun, inputOf, isLess, planRow, sessionOf } from "./changelog-run.test-support.ts";
import { intervalJoinOperator } from "./interval-join.ts";
import { temporalJoinOperator } from "./temporal-join.ts";

const SIDE = planRow({ id: "int", at: "rowtime", worth: "int" });
const inputs = [SIDE, SIDE];
const BOTH: PlanRow = [...SIDE, ...SIDE.map((column) => ({ ...column, name: `${column.name}0`, time: null }))];
const CONDITION = isLess([...SIDE, ...SIDE], 2, 5);
const JOINS = ["INNER", "LEFT", "RIGHT", "FULL", "SEMI", "ANTI"] as const satisfies readonly JoinType[];
const UNIT = 50;
const session = sessionOf(new ManualClock());

/** Key, time, worth. */
type Row = readonly [number | null, number | null, number];
type Sides = readonly [readonly Row[], readonly Row[]];

const joinParts = (join: JoinType, isConditional: boolean) => ({
  changes: "append" as const,
  keys: [],
  left: inputOf(SIDE),
  right: inputOf(SIDE),
  join,
  leftKeys: [0],
  rightKeys: [0],
  condition: isConditional ? CONDITION : null,
  leftTime: 1,
  rightTime: 1,
});

const shown = (...values: readonly (number | null)[]): string => `+I[${values.map(String).join(", ")}]`;

async function resultOf(
  factory: OperatorFactory<unknown, unknown>,
  sides: Sides,
  space: MemorySpillSpace,
  restores: boolean,
): Promise<readonly string[]> {
  const options = { inputs, spill: space };
  let run = await ChangelogRun.open(factory, options);
  for (let from = 0; from < Math.max(sides[0].length, sides[1].length); from += 31) {
    for (const [input, rows] of sides.entries()) {
      const changes = rows.slice(from, from + 31).map((row): Change => ["+I", ...row]);
      if (changes.length > 0) assert.deepEqual(run.give(input, ...changes), []);
    }
    if (restores) run = await run.restored(factory, options);
  }
  const result = await run.end();
  assert.equal(space.open, 0, "files that are open");
  return [...result].sort();
}

const row = fc.tuple(
  fc.option(fc.constantFrom(1, 2, 3), { freq: 12 }),
  fc.option(
    fc.nat(60).map((time) => time * UNIT),
    { freq: 20 },
  ),
  fc.nat(3),
);
const sidesOf = fc.tuple(
  fc.array(row, { maxLength: 150, size: "max" }),
  fc.array(row, { maxLength: 150, size: "max" }),
);
const budgets = fc.constantFrom(0, 3000, 1_000_000);

/** By definition. */
function within({ join, lower, upper, condition }: IntervalJoinNode, [left, right]: Sides): readonly string[] {
  const isMatch = ([id, at, worth]: Row, [otherId, otherAt, otherWorth]: Row): boolean =>
    id !== null &&
    id === otherId &&
    at !== null &&
    otherAt !== null &&
    at - otherAt >= lower &&
    at - otherAt <= upper &&
    (condition === null || worth < otherWorth);
  const out: string[] = [];
  for (const one of left) {
    const found = right.filter((other) => isMatch(one, other));
    if (join === "SEMI" || join === "ANTI") {
      if ((join === "SEMI") === found.length > 0) out.push(shown(...one));
      continue;
    }
    for (const other of found) out.push(shown(...one, ...other));
    if (found.length === 0 && (join === "LEFT" || join === "FULL")) out.push(shown(...one, null, null, null));
  }
  if (join === "RIGHT" || join === "FULL")
    for (const other of right)
      if (!left.some((one) => isMatch(one, other))) out.push(shown(null, null, null, ...other));
  return out.sort();
}

function intervalNode(join: JoinType, lower: number, upper: number, isConditional = false): IntervalJoinNode {
  return {
    kind: "intervalJoin",
    uid: "interval",
    row: join === "SEMI" || join === "ANTI" ? SIDE : BOTH,
    ...joinParts(join, isConditional),
    lower,
    upper,
    isProctime: false,
  };
}

test("within a time: the result is the join of all rows, whatever memory holds", async () => {
  let files = 0;
  await fc.assert(
    fc.asyncProperty(
      sidesOf,
      budgets,
      fc.constantFrom(...JOINS),
      fc.record({ lower: fc.integer({ min: -10, max: 4 }), length: fc.nat(12), isConditional: fc.boolean() }),
      async (sides, budget, join, { lower, length, isConditional }) => {
        const node = intervalNode(join, lower * UNIT, (lower + length) * UNIT, isConditional);
        const space = new MemorySpillSpace(budget);
        const found = await resultOf(intervalJoinOperator(node, session, "batch"), sides, space, budget === 1_000_000);
        assert.deepEqual(found, within(node, sides));
        if (space.made > 0) files += 1;
      },
    ),
    { numRuns: 150, seed: 20261201 },
  );
  assert.ok(files > 50, `${files} runs had files`);
});

/** One key, or many: what the join holds while it emits. */
for (const keys of [1, 500])
  test(`within a time, ${keys} keys: no more rows are held than others may still come to`, async () => {
    const node = intervalNode("INNER", 0, 0);
    const factory = intervalJoinOperator(node, session, "batch");
    let held = 0;
    const watched: OperatorFactory<unknown, unknown> = {
      ...factory,
      create: () => {
        const operator = factory.create();
        const open = operator.open?.bind(operator);
        operator.open = (context, output) =>
          open?.(context, {
            ...output,
            collect: (value, timestamp) => output.collect(value, timestamp),
            collectBatch: (batch) => {
              held = Math.max(held, run.keysWith("left") + run.keysWith("right"));
              output.collectBatch(batch);
            },
          });
        return operator;
      },
    };
    const space = new MemorySpillSpace(2000);
    const run = await ChangelogRun.open(watched, { inputs, spill: space });
    const rows = Array.from({ length: 4000 }, (_none, at): Row => [at % keys, at * 1000, at]);
    for (let from = 0; from < rows.length; from += 500)
      for (const input of [0, 1])
        run.give(input, ...rows.slice(from, from + 500).map((each): Change => ["+I", ...each]));
    const result = await run.end();
    assert.equal(result.length, rows.length);
    assert.ok(held > 0 && held < 200, `${held} rows were held`);
  });

/** By definition. */
function ofTimes({ join, condition }: TemporalJoinNode, [left, right]: Sides): readonly string[] {
  return left
    .flatMap((one): readonly string[] => {
      const [id, at, worth] = one;
      const versions = right.filter(
        (other) => id !== null && other[0] === id && other[1] !== null && at !== null && other[1] <= at,
      );
      const newest = Math.max(...versions.map(([, time]) => time as number));
      const version = versions.findLast(([, time]) => time === newest);
      const isMatch = version !== undefined && (condition === null || worth < version[2]);
      if (isMatch) return [shown(...one, ...version)];
      return join === "LEFT" ? [shown(...one, null, null, null)] : [];
    })
    .sort();
}

test("with the row of a time: each left row has the version of its time, whatever memory holds", async () => {
  let files = 0;
  await fc.assert(
    fc.asyncProperty(
      sidesOf,
      budgets,
      fc.constantFrom<"INNER" | "LEFT">("INNER", "LEFT"),
      fc.boolean(),
      async (sides, budget, join, isConditional) => {
        const node: TemporalJoinNode = {
          kind: "temporalJoin",
          uid: "temporal",
          row: BOTH,
          ...joinParts(join, isConditional),
        };
        const space = new MemorySpillSpace(budget);
        const found = await resultOf(temporalJoinOperator(node, session, "batch"), sides, space, budget === 1_000_000);
        assert.deepEqual(found, ofTimes(node, sides));
        if (space.made > 0) files += 1;
      },
    ),
    { numRuns: 150, seed: 20261201 },
  );
  assert.ok(files > 50, `${files} runs had files`);
});

/** A join of changing inputs: at any time the join of what is there, and nothing is taken back that was not emitted (SQJJ1 to SQJJ3). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ManualClock } from "../../testkit/index.ts";
import type { Changes, JoinNode, JoinType, PlanRow } from "../plan/plan-tree.ts";
import {
  type Change,
  ChangelogRun,
  ChangelogView,
  inputOf,
  inWords,
  isLess,
  planRow,
  sessionOf,
} from "./changelog-run.test-support.ts";
import { joinOperator } from "./join.ts";

const LEFT = planRow({ id: "int", worth: "int", name: "string" });
const RIGHT = planRow({ id: "int", worth: "int" });
const inputs = [LEFT, RIGHT];
const JOINS: readonly JoinType[] = ["INNER", "LEFT", "RIGHT", "FULL", "SEMI", "ANTI"];
const session = sessionOf(new ManualClock());

type Sides = { readonly left?: Changes; readonly right?: Changes; readonly isConditional?: boolean };

function joinNode(
  join: JoinType,
  { left = "retract", right = "retract", isConditional = false }: Sides = {},
): JoinNode {
  const isHalf = join === "SEMI" || join === "ANTI";
  const row: PlanRow = isHalf ? LEFT : [...LEFT, ...RIGHT.map((column) => ({ ...column, name: `${column.name}0` }))];
  const isSteady = left === "append" && right === "append" && (join === "INNER" || join === "SEMI");
  return {
    kind: "join",
    uid: "join",
    row,
    changes: isSteady ? "append" : "retract",
    keys: [],
    left: inputOf(LEFT, { changes: left, keys: left === "upsert" ? [[0]] : [] }),
    right: inputOf(RIGHT, { changes: right, keys: right === "upsert" ? [[0]] : [] }),
    join,
    leftKeys: [0],
    rightKeys: [0],
    condition: isConditional ? isLess([...LEFT, ...RIGHT], 1, 4) : null,
  };
}

type Row = readonly unknown[];

/** As SQL defines it, from all rows. */
function joined(
  join: JoinType,
  lefts: readonly Row[],
  rights: readonly Row[],
  isConditional: boolean,
): readonly string[] {
  const matches = (left: Row, right: Row): boolean =>
    left[0] !== null &&
    left[0] === right[0] &&
    (!isConditional || (left[1] !== null && right[1] !== null && (left[1] as number) < (right[1] as number)));
  const found: string[] = [];
  for (const left of lefts) {
    const with_ = rights.filter((right) => matches(left, right));
    if (join === "SEMI" || join === "ANTI") {
      if ((join === "SEMI") === with_.length > 0) found.push(inWords(...left));
      continue;
    }
    for (const right of with_) found.push(inWords(...left, ...right));
    if (with_.length === 0 && (join === "LEFT" || join === "FULL")) found.push(inWords(...left, null, null));
  }
  if (join === "RIGHT" || join === "FULL")
    for (const right of rights)
      if (!lefts.some((left) => matches(left, right))) found.push(inWords(null, null, null, ...right));
  return found.sort();
}

const open = (node: JoinNode, pauses = false): Promise<ChangelogRun> =>
  ChangelogRun.open(joinOperator(node, session, "streaming"), { inputs, pauses });

test("a left row waits for its match with NULLs, which are taken back", async () => {
  const run = await open(joinNode("LEFT", { left: "append", right: "append" }));
  assert.deepEqual(run.give(0, ["+I", 1, 10, "a"]), ["+I[1, 10, a, null, null]"]);
  assert.deepEqual(run.give(1, ["+I", 1, 5]), ["-D[1, 10, a, null, null]", "+I[1, 10, a, 1, 5]"]);
  assert.deepEqual(run.give(1, ["+I", 1, 6]), ["+I[1, 10, a, 1, 6]"]);
});

test("an inner join changes as its inputs do", async () => {
  const run = await open(joinNode("INNER"));
  run.give(1, ["+I", 1, 5]);
  assert.deepEqual(run.give(0, ["+I", 1, 1, "a"], ["-U", 1, 1, "a"], ["+U", 1, 2, "a"], ["-D", 1, 2, "a"]), [
    "+I[1, 1, a, 1, 5]",
    "-U[1, 1, a, 1, 5]",
    "+U[1, 2, a, 1, 5]",
    "-D[1, 2, a, 1, 5]",
  ]);
});

test("an upsert takes the place of the row of its key, and a -D needs no more than the key", async () => {
  const run = await open(joinNode("INNER", { left: "upsert" }));
  run.give(1, ["+I", 1, 5]);
  assert.deepEqual(run.give(0, ["+I", 1, 1, "a"], ["+U", 1, 2, "b"], ["-D", 1, null, null], ["-D", 1, null, null]), [
    "+I[1, 1, a, 1, 5]",
    "-U[1, 1, a, 1, 5]",
    "+U[1, 2, b, 1, 5]",
    "-D[1, 2, b, 1, 5]",
  ]);
});

test("a new version of a row that comes before the old one is taken back stays", async () => {
  const run = await open(joinNode("INNER"));
  run.give(0, ["+I", 1, 1, "a"], ["+U", 1, 2, "a"], ["-U", 1, 1, "a"]);
  assert.deepEqual(run.give(1, ["+I", 1, 5]), ["+I[1, 2, a, 1, 5]"]);
});

test("a task that pauses after each row of a batch gets the rest of it, every row once", async () => {
  const run = await open(joinNode("LEFT"), true);
  assert.deepEqual(run.give(0, ["+I", 1, 1, "a"], ["+I", 2, 2, "b"], ["-D", 1, 1, "a"], ["+I", 3, 3, "c"]), [
    "+I[1, 1, a, null, null]",
    "+I[2, 2, b, null, null]",
    "-D[1, 1, a, null, null]",
    "+I[3, 3, c, null, null]",
  ]);
});

test("a row that was kept is found again when its columns come in another order", async () => {
  const node = joinNode("INNER");
  const run = await open(node);
  run.give(0, ["+I", 1, 10, "a"]);
  const [id, worth, name] = LEFT as [PlanRow[number], PlanRow[number], PlanRow[number]];
  const left = [name, id, worth];
  const reordered: JoinNode = { ...node, left: inputOf(left, { changes: "retract" }), leftKeys: [1] };
  const later = await run.restored(joinOperator(reordered, session, "streaming"), { inputs: [left, RIGHT] });
  later.give(0, ["-D", "a", 1, 10]);
  assert.equal(later.harness.metric("unknownRetractions"), 0);
  assert.equal(later.keysWith("left"), 0);
});

test("what is taken back and is not there changes nothing, and is counted", async () => {
  const run = await open(joinNode("FULL"));
  run.give(0, ["+I", 1, 1, "a"]);
  assert.deepEqual(run.give(0, ["-D", 1, 1, "b"]), []);
  assert.equal(run.harness.metric("unknownRetractions"), 1);
});

test("keys of two types are refused when the operator is made: they would not meet", () => {
  const node = { ...joinNode("INNER"), right: inputOf(planRow({ id: "bigint", worth: "int" })) };
  assert.throws(() => joinOperator(node, session, "streaming"), /compares "id" \(int32\) with "id" \(bigint\)/);
});

test("upserts that are not partitioned by their key are refused when the operator is made", () => {
  const node = { ...joinNode("INNER"), left: inputOf(LEFT, { changes: "upsert", keys: [[1]] }) };
  assert.throws(() => joinOperator(node, session, "streaming"), /partitioned by columns of its key/);
});

type Step =
  | { readonly kind: "add" | "take" | "change"; readonly input: 0 | 1; readonly row: Row; readonly pick: number }
  | { readonly kind: "restore" };

// Few different ones: many rows are the same, and many meet.
const id = fc.constantFrom(0, 0, 0, 1, null);
const worth = fc.constantFrom(0, 1, 1, null);
const rowOf = (input: number): fc.Arbitrary<Row> =>
  input === 0 ? fc.tuple(id, worth, fc.constant("a")) : fc.tuple(id, worth);
const change: fc.Arbitrary<Step> = fc.constantFrom(0 as const, 1 as const).chain((input) =>
  fc.record({
    kind: fc.constantFrom("add" as const, "add" as const, "take" as const, "change" as const),
    input: fc.constant(input),
    row: rowOf(input),
    pick: fc.nat(),
  }),
);
const steps = fc.array(
  fc.oneof({ weight: 9, arbitrary: change }, { weight: 1, arbitrary: fc.constant<Step>({ kind: "restore" }) }),
  {
    maxLength: 40,
    size: "max",
  },
);

/** What a step gives to the operator; `rows` are changed. */
function changesOf(step: Exclude<Step, { kind: "restore" }>, rows: Row[], isGrowing: boolean): readonly Change[] {
  const { kind, row, pick } = step;
  if (kind === "add" || rows.length === 0 || isGrowing) {
    rows.push(row);
    return [["+I", ...row]];
  }
  const [before] = rows.splice(pick % rows.length, 1) as [Row];
  if (kind === "take") return [["-D", ...before]];
  rows.push(row);
  return [
    ["-U", ...before],
    ["+U", ...row],
  ];
}

for (const join of JOINS) {
  test(`${join}: at any time the join of what is there, over restores`, async () => {
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.record({
          isConditional: fc.boolean(),
          pauses: fc.boolean(),
          growing: fc.constantFrom("none", "left", "both"),
        }),
        async (taken, { isConditional, pauses, growing }) => {
          const node = joinNode(join, {
            isConditional,
            ...(growing === "none" ? {} : { left: "append" }),
            ...(growing === "both" ? { right: "append" } : {}),
          });
          const factory = joinOperator(node, session, "streaming");
          let run = await ChangelogRun.open(factory, { inputs, pauses });
          const view = new ChangelogView();
          const rows: [Row[], Row[]] = [[], []];
          for (const step of taken) {
            if (step.kind === "restore") {
              run = await run.restored(factory, { inputs, pauses });
              continue;
            }
            const isGrowing = growing === "both" || (growing === "left" && step.input === 0);
            view.apply(run.give(step.input, ...changesOf(step, rows[step.input], isGrowing)));
            assert.deepEqual(view.rows, joined(join, rows[0], rows[1], isConditional));
          }
        },
      ),
      { numRuns: 60, seed: 17 },
    );
  });

  test(`${join} of bounded inputs: only final rows, when both have ended`, async () => {
    const node: JoinNode = {
      ...joinNode(join, { left: "append", right: "append", isConditional: true }),
      changes: "append",
    };
    const factory = joinOperator(node, session, "batch");
    await fc.assert(
      fc.asyncProperty(
        fc.array(rowOf(0), { maxLength: 12, size: "max" }),
        fc.array(rowOf(1), { maxLength: 12, size: "max" }),
        async (lefts, rights) => {
          let run = await ChangelogRun.open(factory, { inputs });
          const out = [...run.give(0, ...lefts.map((row): Change => ["+I", ...row]))];
          run = await run.restored(factory, { inputs });
          out.push(...run.give(1, ...rights.map((row): Change => ["+I", ...row])), ...(await run.end()));
          assert.deepEqual(
            out.sort(),
            joined(join, lefts, rights, true).map((row) => `+I${row}`),
          );
        },
      ),
      { numRuns: 40, seed: 17 },
    );
  });
}

/** One row of a key: the first, the last, the newest version of an upsert (SQJD1 to SQJD3). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { DeduplicateNode, NormalizeNode, PlanRow } from "../plan/plan-tree.ts";
import { type Change, ChangelogRun, ChangelogView, inputOf, inWords, planRow } from "./changelog-run.test-support.ts";
import { deduplicateOperator, normalizeOperator } from "./latest-rows.ts";

const ROW = planRow({ id: "int", at: "rowtime", name: "string" });
const BY_CLOCK = planRow({ id: "int", at: "proctime", name: "string" });

function deduplicate(keep: "first" | "last", row: PlanRow = ROW): DeduplicateNode {
  const changes = keep === "first" && row === BY_CLOCK ? "append" : "retract";
  return { kind: "deduplicate", uid: "one", row, changes, keys: [[0]], input: inputOf(row), by: [0], time: 1, keep };
}

const run = (node: DeduplicateNode): Promise<ChangelogRun> =>
  ChangelogRun.open(deduplicateOperator(node, "streaming"), { inputs: [node.row] });

const CHANGES: readonly Change[] = [
  ["+I", 1, 20, "a"],
  ["+I", 1, 10, "b"],
  ["+I", 1, 20, "c"],
  ["+I", 1, 10, "d"],
];

test("the last row by rowtime: a later one takes its place, and of equal times the one that came last", async () => {
  const operator = await run(deduplicate("last"));
  const out = CHANGES.flatMap((change) => operator.give(0, change));
  assert.deepEqual(out, ["+I[1, 20, a]", "-U[1, 20, a]", "+U[1, 20, c]"]);
});

test("the first row by rowtime: an earlier one takes its place, and of equal times the one that came first stays", async () => {
  const operator = await run(deduplicate("first"));
  const out = CHANGES.flatMap((change) => operator.give(0, change));
  assert.deepEqual(out, ["+I[1, 20, a]", "-U[1, 20, a]", "+U[1, 10, b]"]);
});

test("of a key one change is emitted for a batch", async () => {
  const operator = await run(deduplicate("last"));
  assert.deepEqual(operator.give(0, ...CHANGES), ["+I[1, 20, c]"]);
  assert.deepEqual(operator.give(0, ["+I", 1, 30, "e"], ["+I", 2, 1, "f"], ["+I", 1, 40, "g"]), [
    "+I[2, 1, f]",
    "-U[1, 20, c]",
    "+U[1, 40, g]",
  ]);
});

test("by the clock the first row stays, and the last one is that which came last", async () => {
  const first = await run(deduplicate("first", BY_CLOCK));
  assert.deepEqual(first.give(0, ...CHANGES), ["+I[1, 20, a]"]);
  const last = await run(deduplicate("last", BY_CLOCK));
  assert.deepEqual(last.give(0, ...CHANGES), ["+I[1, 10, d]"]);
});

const timed = fc.tuple(fc.constantFrom(1, 2, null), fc.integer({ min: 0, max: 5 }), fc.constantFrom("a", "b", "c"));

for (const keep of ["first", "last"] as const) {
  for (const mode of ["streaming", "batch"] as const) {
    test(`the ${keep} of each key, ${mode}, over restores`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.option(timed, { freq: 8 }), { maxLength: 30, size: "max" }), async (rows) => {
          const node: DeduplicateNode = { ...deduplicate(keep), changes: mode === "batch" ? "append" : "retract" };
          const factory = deduplicateOperator(node, mode);
          let operator = await ChangelogRun.open(factory, { inputs: [ROW] });
          const view = new ChangelogView();
          const kept = new Map<number | null, readonly [number | null, number, string]>();
          for (const row of rows) {
            if (row === null) {
              operator = await operator.restored(factory, { inputs: [ROW] });
              continue;
            }
            view.apply(operator.give(0, ["+I", ...row]));
            const before = kept.get(row[0]);
            if (before === undefined || (keep === "last" ? row[1] >= before[1] : row[1] < before[1]))
              kept.set(row[0], row);
            if (mode === "streaming")
              assert.deepEqual(view.rows, [...kept.values()].map((each) => inWords(...each)).sort());
          }
          if (mode === "batch") assert.deepEqual(view.rows, []);
          view.apply(await operator.end());
          assert.deepEqual(view.rows, [...kept.values()].map((each) => inWords(...each)).sort());
        }),
        { numRuns: 60, seed: 17 },
      );
    });
  }
}

test("of upserts each -U and -D has the whole row that was there, and what changes nothing is not emitted", async () => {
  const node: NormalizeNode = {
    kind: "normalize",
    uid: "n",
    row: ROW,
    changes: "retract",
    keys: [[0]],
    input: inputOf(ROW, { changes: "upsert", keys: [[0]] }),
    by: [0],
  };
  const factory = normalizeOperator(node);
  let operator = await ChangelogRun.open(factory, { inputs: [ROW] });
  assert.deepEqual(operator.give(0, ["+U", 1, 1, "a"], ["+I", 1, 1, "a"], ["-U", 1, 1, "a"], ["+U", 1, 2, "b"]), [
    "+I[1, 1, a]",
    "-U[1, 1, a]",
    "+U[1, 2, b]",
  ]);
  operator = await operator.restored(factory, { inputs: [ROW] });
  assert.deepEqual(operator.give(0, ["-D", 1, null, null], ["-D", 1, null, null], ["+I", 1, 2, "b"]), [
    "-D[1, 2, b]",
    "+I[1, 2, b]",
  ]);
});

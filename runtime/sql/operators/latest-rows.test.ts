/** One row of a key: the first, the last, the newest version of an upsert (SQJD1 to SQJD3). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { DeduplicateNode, NormalizeNode, PlanRow } from "../plan/plan-tree.ts";
import { type Change, ChangelogRun, ChangelogView, inputOf, inWords, planRow } from "./changelog-run.test-support.ts";
import { deduplicateOperator, normalizeOperator } from "./latest-rows.ts";
import { tableLatest } from "./table-latest.ts";

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

/** Rows of the first are in tables, a DECIMAL is not. */
const WIDE: Readonly<Record<string, PlanRow>> = {
  "in tables": [...ROW, { name: "n", type: { kind: "bigint", isNullable: true }, time: null }],
  "not in tables": [
    ...ROW,
    { name: "n", type: { kind: "decimal", isNullable: true, precision: 9, scale: 0 }, time: null },
  ],
};
const wide = fc.tuple(
  fc.constantFrom(1, 2, 3, null),
  fc.integer({ min: 0, max: 5 }),
  fc.option(fc.constantFrom("", "a", "größer", "\ud800", "x".repeat(3000))),
  fc.option(fc.constantFrom(0n, 7n, -1n)),
);

for (const [where, row] of Object.entries(WIDE)) {
  for (const keep of ["first", "last"] as const) {
    for (const changes of ["retract", "upsert"] as const) {
      test(`the ${keep} of each key, ${where}, as ${changes}: batch by batch the rows that are there are those that are kept (SQTL1)`, async () => {
        await fc.assert(
          fc.asyncProperty(fc.array(fc.array(wide, { maxLength: 8 }), { maxLength: 12 }), async (batches) => {
            const node: DeduplicateNode = { ...deduplicate(keep, row), changes };
            assert.equal(tableLatest(node) !== null, where === "in tables");
            const factory = deduplicateOperator(node, "streaming");
            let operator = await ChangelogRun.open(factory, { inputs: [row] });
            const shown = new Map<string, string>();
            const kept = new Map<string, readonly unknown[]>();
            for (const [at, rows] of batches.entries()) {
              if (at % 3 === 2) operator = await operator.restored(factory, { inputs: [row] });
              for (const each of rows) {
                const before = kept.get(String(each[0]));
                if (
                  before === undefined ||
                  (keep === "last" ? each[1] >= (before[1] as number) : each[1] < (before[1] as number))
                )
                  kept.set(String(each[0]), each);
              }
              const out = operator.give(0, ...rows.map((each): Change => ["+I", ...each]));
              // Of a key one change at most.
              assert.ok(out.filter((change) => !change.startsWith("-")).length <= new Set(rows.map(([id]) => id)).size);
              for (const change of out) {
                const [, sign = "", text = "", id = ""] = /^(..)(\[([^,]*),[^]*)$/.exec(change) ?? [];
                if (sign === "-U") assert.equal(shown.get(id), text);
                else assert.equal(shown.has(id), sign === "+U");
                if (sign === "-U") assert.equal(changes, "retract");
                shown.set(id, text);
              }
              assert.deepEqual([...shown.values()].sort(), [...kept.values()].map((each) => inWords(...each)).sort());
            }
          }),
          { numRuns: 40, seed: 17 },
        );
      });
    }
  }
}

test("keys of more than a page, of which thousands change in one batch", async () => {
  const operator = await run(deduplicate("last"));
  const view = new ChangelogView();
  const rows = (round: number): readonly Change[] =>
    Array.from({ length: 3000 }, (_none, id): Change => ["+I", (id * 7) % 2500, round, `${round} ${id}`]);
  for (const round of [1, 2, 3]) view.apply(operator.give(0, ...rows(round)));
  const last = new Map(rows(3).map(([, id, ...rest]) => [id, rest]));
  assert.deepEqual(view.rows, [...last].map(([id, rest]) => inWords(id, ...rest)).sort());
});

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

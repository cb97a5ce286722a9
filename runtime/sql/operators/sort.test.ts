/** All rows in order (SQJO1 to SQJO4). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { SortNode } from "../plan/plan-tree.ts";
import { MemorySpillSpace } from "../../testkit/engine-tests.ts";
import { type Change, ChangelogRun, inputOf, inWords, planRow } from "./changelog-run.test-support.ts";
import { OperatorRun, type Row } from "./operator-run.test-support.ts";
import { sortOperator } from "./sort.ts";

const ROW = planRow({ at: "rowtime", worth: "int", id: "int" });
const inputs = [ROW];

const sortNode = (own: Partial<SortNode>): SortNode => ({
  kind: "sort",
  uid: "sort",
  row: ROW,
  changes: "append",
  keys: [],
  input: inputOf(ROW),
  orderBy: [{ column: 1, direction: "DESC", nulls: "LAST" }],
  offset: 0,
  limit: null,
  ...own,
});
const byTime: SortNode["orderBy"] = [
  { column: 0, direction: "ASC", nulls: "FIRST" },
  { column: 1, direction: "ASC", nulls: "FIRST" },
];

const row = fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 3 }));

test("of a bounded input all rows come in order at its end, those of equal order as they came, from the offset up to the limit", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { maxLength: 20, size: "max" }),
      fc.nat(20),
      fc.nat(4),
      fc.option(fc.nat(5), { freq: 2 }),
      async (values, cut, offset, limit) => {
        const rows = values.map(([at, worth], id) => [at, worth, id] as const);
        const given = rows.map((each): Change => ["+I", ...each]);
        const factory = sortOperator(sortNode({ offset, limit }), "batch");
        let run = await ChangelogRun.open(factory, { inputs });
        assert.deepEqual(run.give(0, ...given.slice(0, cut)), []);
        run = await run.restored(factory, { inputs });
        assert.deepEqual(run.give(0, ...given.slice(cut)), []);
        const wanted = [...rows].sort((one, other) => other[1] - one[1] || one[2] - other[2]);
        const shown = wanted.slice(offset, limit === null ? undefined : offset + limit);
        assert.deepEqual(
          await run.end(),
          shown.map((each) => `+I${inWords(...each)}`),
        );
      },
    ),
    { numRuns: 80, seed: 17 },
  );
});

test("few rows in memory go into a checkpoint; many do not, and are sorted all the same (SQJO6)", async () => {
  const space = new MemorySpillSpace(2 ** 20);
  const run = await OperatorRun.open(sortOperator(sortNode({}), "batch"), ROW, { spill: space });
  const rows = Array.from({ length: 12_000 }, (_none, id): Row => ({ at: 0, worth: id % 7, id }));
  run.feed(rows.slice(0, 1000));
  await run.restore();
  run.feed(rows.slice(1000));
  await assert.rejects(run.restore(), { code: "STATE_SPILLED", message: /more rows than go into a checkpoint/ });
  assert.equal(space.made, 0, "files");
  await run.end();
  await run.restore();
  assert.equal(run.shown.length, rows.length);
});

test("by rowtime each watermark sends the rows that it has reached, in order, and what comes behind it is dropped, after a restore, too", async () => {
  const factory = sortOperator(sortNode({ orderBy: byTime }), "streaming");
  let run = await ChangelogRun.open(factory, { inputs });
  assert.deepEqual(
    run.give(0, ["+I", 5, 2, 1], ["+I", 3, 1, 2], ["+I", 5, 1, 3], ["+I", 9, 0, 4], ["+I", 5, 1, 5]),
    [],
  );
  run = await run.restored(factory, { inputs });
  assert.deepEqual(run.watermark(5), ["+I[3, 1, 2]", "+I[5, 1, 3]", "+I[5, 1, 5]", "+I[5, 2, 1]"]);
  run = await run.restored(factory, { inputs });
  assert.deepEqual(run.give(0, ["+I", 5, 0, 6], ["+I", 6, 0, 7]), []);
  assert.equal(run.harness.metric("numLateRecordsDropped"), 1);
  assert.deepEqual(run.watermark(Number.MAX_SAFE_INTEGER), ["+I[6, 0, 7]", "+I[9, 0, 4]"]);
});

test("by rowtime an offset and a limit count over restores", async () => {
  const factory = sortOperator(sortNode({ orderBy: byTime, offset: 1, limit: 2 }), "streaming");
  let run = await ChangelogRun.open(factory, { inputs });
  run.give(0, ["+I", 1, 0, 1], ["+I", 2, 0, 2], ["+I", 3, 0, 3], ["+I", 4, 0, 4]);
  assert.deepEqual(run.watermark(2), ["+I[2, 0, 2]"]);
  run = await run.restored(factory, { inputs });
  assert.deepEqual(run.watermark(4), ["+I[3, 0, 3]"]);
});

test("an unbounded input is sorted by its rowtime first", () => {
  assert.throws(() => sortOperator(sortNode({}), "streaming").create(), /sorted by its rowtime first/);
});

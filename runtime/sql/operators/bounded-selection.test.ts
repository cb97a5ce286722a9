/** Ranks and deduplication of bounded inputs that are larger than memory (SQBS1, SQBS2, SQBN1, SQBD1). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ManualClock } from "../../testkit/index.ts";
import { MemorySpillSpace } from "../../testkit/engine-tests.ts";
import type { DeduplicateNode, PlanColumn, PlanRow, RankNode } from "../plan/plan-tree.ts";
import type { OperatorFactory } from "../../ports/index.ts";
import { type Change, ChangelogRun, inputOf, planRow, sessionOf } from "./changelog-run.test-support.ts";
import { deduplicateOperator } from "./latest-rows.ts";
import { rankOperator } from "./rank.ts";

const ROW = planRow({ shop: "string", at: "time", id: "int" });
/** Rows with it are in no table: nothing is held ahead of the sort. */
const PRICE: PlanColumn = {
  name: "price",
  type: { kind: "decimal", isNullable: true, precision: 9, scale: 2 },
  time: null,
};
const RANK = planRow({ rank: "bigint" });
const session = sessionOf(new ManualClock());

type Row = readonly [string, number, number];

const rows = fc
  .array(fc.tuple(fc.constantFrom("a", "b", "c", "größer"), fc.nat(6)), { maxLength: 300, size: "max" })
  .map((parts): readonly Row[] => parts.map(([shop, at], id) => [shop, at, id]));

/** In batches, with a restore behind some of the rows that fit into a checkpoint; what comes at the end. */
async function resultOf(
  factory: OperatorFactory<unknown, unknown>,
  row: PlanRow,
  given: readonly Row[],
  { space, cut }: { readonly space: MemorySpillSpace; readonly cut: number | null },
): Promise<readonly string[]> {
  const more = row.slice(ROW.length).map(() => 1n);
  const changes = given.map((each): Change => ["+I", ...each, ...more]);
  let run = await ChangelogRun.open(factory, { inputs: [row], spill: space });
  const size = 23;
  for (let from = 0; from < changes.length; from += size) {
    assert.deepEqual(run.give(0, ...changes.slice(from, from + size)), []);
    if (cut === from / size) run = await run.restored(factory, { inputs: [row], spill: space });
  }
  const out = await run.end();
  assert.equal(space.open, 0, "files that are open");
  return [...out].sort();
}

/** By partition and place. */
function placed(given: readonly Row[], sign: 1 | -1): readonly (readonly Row[])[] {
  const shops = [...new Set(given.map(([shop]) => shop))];
  return shops.map((shop) =>
    given.filter((row) => row[0] === shop).toSorted((one, other) => sign * (one[1] - other[1])),
  );
}

const budgets = fc.constantFrom(0, 3000, 20_000, 1_000_000);

test("the rows at the shown places of each partition, whatever memory holds", async () => {
  const ends = { files: 0, held: 0 };
  await fc.assert(
    fc.asyncProperty(
      rows,
      budgets,
      fc.record({
        from: fc.integer({ min: 1, max: 3 }),
        length: fc.option(fc.constantFrom(0, 3, 40)),
        showsRank: fc.boolean(),
        hasPrice: fc.boolean(),
      }),
      async (given, budget, { from, length, showsRank, hasPrice }) => {
        const row = hasPrice ? [...ROW, PRICE] : ROW;
        const node: RankNode = {
          kind: "rank",
          uid: "rank",
          row: showsRank ? [...row, ...RANK] : row,
          changes: "append",
          keys: [],
          input: inputOf(row),
          partitionBy: [0],
          orderBy: [{ column: 1, direction: "DESC", nulls: "LAST" }],
          from,
          to: length === null ? null : from + length,
          showsRank,
          windowEnd: null,
        };
        const space = new MemorySpillSpace(budget);
        const cut = budget === 1_000_000 ? 2 : null;
        const found = await resultOf(rankOperator(node, session, "batch"), row, given, { space, cut });
        const wanted = placed(given, -1).flatMap((partition) =>
          partition.flatMap((each, at) => {
            const isShown = at + 1 >= from && at + 1 <= (node.to ?? Number.POSITIVE_INFINITY);
            const values = [...each, ...(hasPrice ? [1n] : []), ...(showsRank ? [at + 1] : [])];
            return isShown ? [`+I[${values.map(String).join(", ")}]`] : [];
          }),
        );
        assert.deepEqual(found, wanted.sort());
        if (space.made > 0) ends.files += 1;
        else ends.held += 1;
      },
    ),
    { numRuns: 80, seed: 17 },
  );
  assert.ok(ends.files > 20 && ends.held > 10, JSON.stringify(ends));
});

for (const keep of ["first", "last"] as const)
  test(`the ${keep} row of each key, whatever memory holds`, async () => {
    let files = 0;
    await fc.assert(
      fc.asyncProperty(rows, budgets, fc.boolean(), async (given, budget, hasPrice) => {
        const row = hasPrice ? [...ROW, PRICE] : ROW;
        const node: DeduplicateNode = {
          kind: "deduplicate",
          uid: "deduplicate",
          row,
          changes: "append",
          keys: [[0]],
          input: inputOf(row),
          by: [0],
          time: 1,
          keep,
        };
        const space = new MemorySpillSpace(budget);
        const cut = budget === 1_000_000 ? 2 : null;
        const found = await resultOf(deduplicateOperator(node, "batch"), row, given, { space, cut });
        const wanted = placed(given, 1).flatMap((partition) => {
          const newest = partition.at(-1)?.[1];
          const last = partition.findLast(([, at]) => at === newest);
          const shown = keep === "first" ? partition[0] : last;
          return shown === undefined ? [] : [`+I[${[...shown, ...(hasPrice ? [1n] : [])].map(String).join(", ")}]`];
        });
        assert.deepEqual(found, wanted.sort());
        if (space.made > 0) files += 1;
      }),
      { numRuns: 60, seed: 17 },
    );
    assert.ok(files > 15, `${files} runs had files`);
  });

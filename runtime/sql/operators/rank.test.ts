/** Top-N: at any time the rows at the places that are shown, and nothing is taken back that was not emitted (SQJN1 to SQJN3, SQJP1, SQJP2). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Changes, PlanColumn, PlanNode, PlanRow, RankNode } from "../plan/plan-tree.ts";
import { t, type ValueType } from "../../record/index.ts";
import { ManualClock } from "../../testkit/index.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import {
  type Change,
  ChangelogRun,
  ChangelogView,
  inputOf,
  inWords,
  planRow,
  sessionOf,
} from "./changelog-run.test-support.ts";
import { rankOperator } from "./rank.ts";
import { SlotRows } from "./slot-rows.ts";
import { SpreadRun } from "./spread-run.test-support.ts";
import { tableRank } from "./table-rank.ts";

const ROW = planRow({ shop: "string", worth: "int", id: "int" });
/** Rows with it are in no table. */
const DECIMAL: PlanColumn = {
  name: "price",
  type: { kind: "decimal", isNullable: true, precision: 9, scale: 2 },
  time: null,
};
const RANK = planRow({ rank: "bigint" });
const inputs = [ROW];
const session = sessionOf(new ManualClock());

function rankNode(own: Partial<RankNode>, changes: Changes = "append"): RankNode {
  const showsRank = own.showsRank === true;
  return {
    kind: "rank",
    uid: "rank",
    row: showsRank ? [...ROW, ...RANK] : ROW,
    changes: "retract",
    keys: [],
    input: inputOf(ROW, { changes, keys: changes === "upsert" ? [[0, 2]] : [] }),
    partitionBy: [0],
    orderBy: [{ column: 1, direction: "DESC", nulls: "LAST" }],
    from: 1,
    to: 2,
    showsRank: false,
    windowEnd: null,
    ...own,
  };
}

const open = (node: RankNode): Promise<ChangelogRun> =>
  ChangelogRun.open(rankOperator(node, session, "streaming"), { inputs });

test("a better row sends the last one away", async () => {
  const run = await open(rankNode({}));
  assert.deepEqual(run.give(0, ["+I", "a", 5, 1], ["+I", "a", 7, 2], ["+I", "b", 1, 3]), [
    "+I[a, 7, 2]",
    "+I[a, 5, 1]",
    "+I[b, 1, 3]",
  ]);
  assert.deepEqual(run.give(0, ["+I", "a", 4, 4]), []);
  assert.deepEqual(run.give(0, ["+I", "a", 6, 5]), ["-D[a, 5, 1]", "+I[a, 6, 5]"]);
});

test("with ranks, each place whose row moves is a change", async () => {
  const run = await open(rankNode({ showsRank: true }));
  run.give(0, ["+I", "a", 5, 1], ["+I", "a", 4, 2]);
  assert.deepEqual(run.give(0, ["+I", "a", 6, 3]), [
    "-U[a, 5, 1, 1]",
    "+U[a, 6, 3, 1]",
    "-U[a, 4, 2, 2]",
    "+U[a, 5, 1, 2]",
  ]);
});

test("what a batch changes and changes back is not emitted", async () => {
  const run = await open(rankNode({ showsRank: true }, "retract"));
  run.give(0, ["+I", "a", 5, 1], ["+I", "a", 4, 2]);
  assert.deepEqual(run.give(0, ["+I", "a", 9, 3], ["-U", "a", 5, 1], ["-D", "a", 9, 3], ["+U", "a", 5, 1]), []);
  const plain = await open(rankNode({}, "retract"));
  plain.give(0, ["+I", "a", 5, 1], ["+I", "a", 4, 2]);
  assert.deepEqual(plain.give(0, ["-U", "a", 5, 1], ["+U", "a", 5, 1], ["+I", "a", 9, 3]), [
    "-D[a, 4, 2]",
    "+I[a, 9, 3]",
  ]);
});

test("of an upsert input the row of a key has one place, and a -D needs no more than the key", async () => {
  const run = await open(rankNode({ to: 1 }, "upsert"));
  assert.deepEqual(run.give(0, ["+I", "a", 5, 1], ["+I", "a", 4, 2]), ["+I[a, 5, 1]"]);
  assert.deepEqual(run.give(0, ["+U", "a", 3, 1]), ["-D[a, 5, 1]", "+I[a, 4, 2]"]);
  assert.deepEqual(run.give(0, ["-D", "a", null, 2]), ["-D[a, 4, 2]", "+I[a, 3, 1]"]);
});

test("without an order the first rows stay", async () => {
  const run = await open(rankNode({ orderBy: [], partitionBy: [], changes: "append" }));
  assert.deepEqual(run.give(0, ["+I", "a", 1, 1], ["+I", "b", 2, 2], ["+I", "c", 3, 3]), [
    "+I[a, 1, 1]",
    "+I[b, 2, 2]",
  ]);
});

test("what is taken back and is not there changes nothing, and is counted", async () => {
  const run = await open(rankNode({}, "retract"));
  run.give(0, ["+I", "a", 5, 1]);
  assert.deepEqual(run.give(0, ["-D", "a", 5, 2]), []);
  assert.equal(run.harness.metric("unknownRetractions"), 1);
});

/** How many rows are kept of each partition. */
function keptRows(run: ChangelogRun, row = ROW): readonly number[] {
  const lengths: number[] = [];
  const state = run.keyed.value({ name: "rows", type: t.record({ rows: t.list(rowTypeOf(row)) }) });
  run.keyed.forEachKey("rows", () => lengths.push(state.value()?.rows.length ?? 0));
  return lengths;
}

test("of rows that stay no more are kept than may be shown, and of those that may go all that are there", async () => {
  const rows = [5, 7, 6, 8, 1].map((worth, id): Change => ["+I", "a", worth, id]);
  const growing = await open(rankNode({}));
  growing.give(0, ...rows.slice(0, 2));
  growing.give(0, ...rows.slice(2));
  const more = { key: { cell: t.int32 as ValueType<unknown> }, value: { number: t.int64, hash: t.int32 } as never };
  const { descriptor } = new SlotRows("rows", { row: ROW, keys: [0] }, more);
  assert.equal(growing.keyed.slicedTable(descriptor).find(0)?.size, 2);
  const odd = [...ROW, DECIMAL];
  const node = { ...rankNode({}), row: odd, input: inputOf(odd) };
  const growingObjects = await ChangelogRun.open(rankOperator(node, session, "streaming"), { inputs: [odd] });
  growingObjects.give(0, ...rows.map((row): Change => [...row, 1n]));
  assert.deepEqual(keptRows(growingObjects, odd), [2]);
  const changing = await open(rankNode({}, "retract"));
  changing.give(0, ...rows);
  assert.deepEqual(keptRows(changing), [5]);
  changing.give(0, ...rows.map(([, ...values]): Change => ["-D", ...values]));
  assert.deepEqual(keptRows(changing), []);
});

type Row = readonly [string, number | null, number];

/** Rows of a partition in order: `rows` are in the order in which they came. */
function shown(rows: readonly Row[], { from, to, showsRank }: RankNode): readonly string[] {
  const found: string[] = [];
  for (const shop of ["a", "b"]) {
    const ordered = rows
      .filter((row) => row[0] === shop)
      .sort((one, other) => (other[1] ?? -1) - (one[1] ?? -1))
      .slice(from - 1, to ?? undefined);
    for (const [at, row] of ordered.entries()) found.push(inWords(...row, ...(showsRank ? [from + at] : [])));
  }
  return found.sort();
}

const rowOf: fc.Arbitrary<Row> = fc.tuple(
  fc.constantFrom("a", "b"),
  fc.constantFrom<(number | null)[]>(0, 1, 2, 3, 4, 4, 4, null),
  fc.integer({ min: 0, max: 3 }),
);
const shape = fc.record({
  from: fc.integer({ min: 1, max: 3 }),
  length: fc.option(fc.integer({ min: 0, max: 3 }), { freq: 4 }),
  showsRank: fc.boolean(),
});
const nodeOf = ({ from, length, showsRank }: { from: number; length: number | null; showsRank: boolean }) =>
  rankNode({ from, to: length === null ? null : from + length, showsRank });

const change = fc.record({ row: rowOf, takes: fc.option(fc.nat(), { freq: 2 }) });

for (const changes of ["append", "retract"] as const) {
  test(`of an input that may ${changes}: at any time the rows at the shown places, over restores`, async () => {
    await fc.assert(
      fc.asyncProperty(
        shape,
        fc.array(fc.option(change, { freq: 8 }), { maxLength: 40, size: "max" }),
        fc.nat(3),
        async (wanted, taken, batchRows) => {
          const node = { ...nodeOf(wanted), input: inputOf(ROW, { changes }) };
          const factory = rankOperator(node, session, "streaming");
          let run = await ChangelogRun.open(factory, { inputs });
          const view = new ChangelogView();
          const rows: Row[] = [];
          let given: Change[] = [];
          for (const step of [...taken, null]) {
            if (step === null || given.length > batchRows) {
              view.apply(run.give(0, ...given));
              given = [];
              assert.deepEqual(view.rows, shown(rows, node));
            }
            if (step === null) {
              run = await run.restored(factory, { inputs });
              continue;
            }
            const before = changes === "retract" && step.takes !== null ? rows[step.takes % rows.length] : undefined;
            if (before !== undefined) {
              // Of rows that are the same the last one goes.
              const last = rows.findLastIndex((row) => row.every((value, place) => value === before[place]));
              rows.splice(last, 1);
              given.push(["-D", ...before]);
            } else {
              rows.push(step.row);
              given.push(["+I", ...step.row]);
            }
          }
        },
      ),
      { numRuns: 150, seed: 17 },
    );
  });
}

const MIXED = planRow({ shop: "string", name: "string", worth: "bigint", at: "time" });
const mixed = fc.tuple(
  fc.option(fc.constantFrom("a", "größe", "b")),
  fc.option(fc.constantFrom("", "x", "größer", "größe", "\ud800", "\u{10000}", "\uffff", "y".repeat(500))),
  fc.option(fc.constantFrom(-1n, 0n, 2n ** 60n)),
  fc.option(fc.integer({ min: 0, max: 2 })),
);

test("by texts, whole numbers and times, also NULL, rows in tables have the places that rows as objects have, also after restores at other parallelisms (SQTN1, SQTN2)", async () => {
  const directions = fc.constantFrom("ASC" as const, "DESC" as const);
  const order = fc.record({
    column: fc.constantFrom(1, 2, 3),
    direction: directions,
    nulls: fc.constantFrom("FIRST" as const, "LAST" as const),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.record({ orderBy: fc.array(order, { maxLength: 3 }), shape, isPartitioned: fc.boolean() }),
      fc.array(fc.array(mixed, { maxLength: 6 }), { maxLength: 8 }),
      async ({ orderBy, shape: { from, length, showsRank }, isPartitioned }, batches) => {
        const partitionBy = isPartitioned ? [0] : [];
        const makeNode = (row: PlanRow): RankNode => ({
          ...rankNode({ orderBy, from, to: from + (length ?? 5), partitionBy, showsRank }),
          row: showsRank ? [...row, ...RANK] : row,
          input: inputOf(row),
        });
        const [node, odd] = [makeNode(MIXED), makeNode([...MIXED, DECIMAL])];
        assert.deepEqual([tableRank(node) !== null, tableRank(odd)], [true, null]);
        const open = (of: RankNode, parallelism: number) =>
          SpreadRun.open(rankOperator(of, session, "streaming"), { row: of.input.row, keys: partitionBy, parallelism });
        const [tables, moved, objects] = [await open(node, 1), await open(node, 2), await open(odd, 1)];
        for (const [at, values] of batches.entries()) {
          const rows = values.map((row) => Object.fromEntries(MIXED.map(({ name }, place) => [name, row[place]])));
          for (const run of [tables, moved]) run.feed(rows);
          objects.feed(rows.map((row) => ({ ...row, price: null })));
          await moved.restore(1 + ((at * 3) % 4));
        }
        const of = (run: SpreadRun) =>
          run.shown.map((change) => change.replace(showsRank ? / NULL,(?= \d+\]$)/ : /, NULL(?=\]$)/, ""));
        assert.deepEqual(tables.shown, of(objects));
        assert.deepEqual(moved.shown.toSorted(), tables.shown.toSorted());
      },
    ),
    { numRuns: 60, seed: 17 },
  );
});

test("thousands of partitions, whose places all change in one batch", async () => {
  for (const showsRank of [true, false]) {
    const node = rankNode({ showsRank });
    const run = await open(node);
    const view = new ChangelogView();
    const rows: Row[] = [];
    for (const worth of [1, 2, 3]) {
      const given = Array.from({ length: 1500 }, (_none, id): Row => [`${id}`, worth, id]);
      rows.push(...given);
      view.apply(run.give(0, ...given.map((row): Change => ["+I", ...row])));
    }
    const expected = rows
      .filter(([, worth]) => worth !== null && worth > 1)
      .map((row) => inWords(...row, ...(showsRank ? [4 - (row[1] ?? 0)] : [])));
    assert.deepEqual(view.rows, expected.sort());
  }
});

test("of a bounded input: only the rows at the shown places, at its end", async () => {
  await fc.assert(
    fc.asyncProperty(shape, fc.array(rowOf, { maxLength: 20, size: "max" }), fc.nat(20), async (wanted, rows, cut) => {
      const node: RankNode = { ...nodeOf(wanted), changes: "append" };
      const factory = rankOperator(node, session, "batch");
      const given = rows.map((row): Change => ["+I", ...row]);
      let run = await ChangelogRun.open(factory, { inputs });
      const out = [...run.give(0, ...given.slice(0, cut))];
      run = await run.restored(factory, { inputs });
      out.push(...run.give(0, ...given.slice(cut)));
      assert.deepEqual(out, []);
      assert.deepEqual(
        [...(await run.end())].sort(),
        shown(rows, node).map((row) => `+I${row}`),
      );
    }),
    { numRuns: 60, seed: 17 },
  );
});

const WINDOWED = planRow({ end: "time", worth: "int" });
const windowNode: RankNode = {
  ...rankNode({}),
  row: [...WINDOWED, ...RANK],
  changes: "append",
  input: inputOf(WINDOWED),
  showsRank: true,
  windowEnd: 0,
};

test("the ranks of a window are emitted when it ends, once, and what comes then is dropped, after a restore, too", async () => {
  const factory = rankOperator(windowNode, session, "streaming");
  const options = { inputs: [WINDOWED] };
  let run = await ChangelogRun.open(factory, options);
  assert.deepEqual(run.give(0, ["+I", 1000, 1], ["+I", 1000, 3], ["+I", 1000, 2], ["+I", 2000, 9]), []);
  run = await run.restored(factory, options);
  assert.deepEqual(run.watermark(998), []);
  assert.deepEqual(run.watermark(999), ["+I[1000, 3, 1]", "+I[1000, 2, 2]"]);
  run = await run.restored(factory, options);
  assert.deepEqual(run.give(0, ["+I", 1000, 8], ["+I", 2000, 8]), []);
  assert.equal(run.harness.metric("numLateRecordsDropped"), 1);
  assert.deepEqual(run.watermark(1999), ["+I[2000, 9, 1]", "+I[2000, 8, 2]"]);
});

test("windows of instants end by the clock of the session's time zone", async () => {
  const instants = planRow({ at: "rowtime", worth: "int" }).map(
    (column): PlanColumn =>
      column.name === "at" ? { ...column, type: { kind: "timestamp_ltz", isNullable: false, precision: 3 } } : column,
  );
  const bounds = planRow({ start: "time", end: "time", time: "rowtime" });
  const row = [...instants, ...bounds];
  const hour = 3_600_000;
  const input: PlanNode = {
    kind: "windowTable",
    uid: "w",
    row,
    changes: "append",
    keys: [],
    input: inputOf(instants),
    window: { kind: "tumble", time: 0, isProctime: false, size: hour, offset: 0 },
  };
  const node: RankNode = { ...windowNode, row, input, partitionBy: [2, 3], windowEnd: 3, showsRank: false };
  const berlin = { ...session, timeZone: "Europe/Berlin" };
  const run = await ChangelogRun.open(rankOperator(node, berlin, "streaming"), { inputs: [row] });
  // 1970-01-01T00:30Z is half past one in Berlin: its window ends at two o'clock there, which is 01:00Z.
  run.give(0, ["+I", hour / 2, 7, hour, 2 * hour, hour - 1]);
  assert.deepEqual(run.watermark(hour - 2), []);
  assert.deepEqual(run.watermark(hour - 1), [`+I[${hour / 2}, 7, ${hour}, ${2 * hour}, ${hour - 1}]`]);
});

test("of many places each batch changes a few, and the rows of others stay in theirs", async () => {
  const places = 20_000;
  const node = rankNode({
    partitionBy: [],
    from: 3,
    to: places,
    orderBy: [{ column: 1, direction: "DESC", nulls: "LAST" }],
  });
  const factory = rankOperator(node, session, "streaming");
  const view = new ChangelogView();
  let run = await ChangelogRun.open(factory, { inputs });
  const worths: number[] = [];
  for (let batch = 0; batch < 24; batch++) {
    const rows = Array.from({ length: 1024 }, (_none, at) => ((batch * 1024 + at) * 7919) % 100_003);
    view.apply(run.give(0, ...rows.map((worth): Change => ["+I", "a", worth, worth])));
    worths.push(...rows);
    if (batch === 21) run = await run.restored(factory, { inputs });
  }
  const best = worths.sort((left, right) => right - left).slice(2, places);
  assert.deepEqual(view.rows, best.map((worth) => inWords("a", worth, worth)).sort());
});

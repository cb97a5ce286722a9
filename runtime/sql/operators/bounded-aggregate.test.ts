/** GROUP BY over a bounded input with more groups than memory holds (SQBG1, SQBG2). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MemorySpillSpace } from "../../testkit/engine-tests.ts";
import type { AggregateCall, AggregateNode, PlanRow } from "../plan/plan-tree.ts";
import type { SqlType } from "../types/sql-type.ts";
import { aggregateOperator } from "./aggregate.ts";
import { column, inputOf, OperatorRun, type Row, scalar, text } from "./operator-run.test-support.ts";

const input: PlanRow = [
  column("k", text),
  column("n", scalar("int")),
  column("v", scalar("double")),
  column("even", scalar("boolean")),
];

const call = (name: string, place: number | null, type: SqlType, isDistinct = false): AggregateCall => ({
  name,
  arguments: place === null ? [] : [place],
  isDistinct,
  filter: null,
  ignoresNulls: false,
  order: [],
  type: { ...type, isNullable: true },
});

/** The first are in a column table, those with LISTAGG are objects. */
const inTables = [
  call("COUNT", null, scalar("bigint")),
  call("SUM", 2, scalar("double")),
  call("MAX", 0, text),
  call("COUNT", 1, scalar("bigint"), true),
];
const asObjects = [
  call("COUNT", null, scalar("bigint")),
  call("LISTAGG", 0, text),
  call("FIRST_VALUE", 2, scalar("double")),
];

function nodeOf(groupBy: readonly number[], calls: readonly AggregateCall[]): AggregateNode {
  return {
    kind: "aggregate",
    uid: "aggregate",
    row: [
      ...groupBy.map((place) => input[place] as PlanRow[number]),
      ...calls.map(({ type }, at) => column(`c${at}`, type)),
    ],
    changes: "append",
    keys: [],
    input: inputOf(input),
    groupBy,
    calls,
  };
}

/** `space`: null: all is in memory. */
async function resultOf(node: AggregateNode, rows: readonly Row[], space: MemorySpillSpace | null): Promise<string[]> {
  const options = { keySelector: () => null, ...(space === null ? {} : { spill: space }) };
  const run = await OperatorRun.open(aggregateOperator(node, "batch"), input, options);
  for (let from = 0; from < rows.length; from += 37) run.feed(rows.slice(from, from + 37));
  await run.end();
  if (space !== null) assert.equal(space.open, 0, "files that are open");
  return run.shown.toSorted();
}

const rowsOf = (keys: readonly number[]): Row[] =>
  keys.map((key, at) => ({ k: key % 11 === 0 ? null : `key ${key}`, n: key, v: at, even: at % 2 === 0 }));

test("the result is the one of memory, whatever memory holds, and the rows of a group come as they came", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(300), { maxLength: 500, size: "max" }),
      fc.constantFrom(0, 30_000, 200_000),
      fc.constantFrom([], [0], [1], [0, 1]),
      fc.constantFrom(inTables, asObjects),
      async (keys, budget, groupBy, calls) => {
        const node = nodeOf(groupBy, calls);
        const rows = rowsOf(keys);
        assert.deepEqual(await resultOf(node, rows, new MemorySpillSpace(budget)), await resultOf(node, rows, null));
      },
    ),
    { numRuns: 60, seed: 23 },
  );
});

test("parts with more groups than memory holds are parted again, and a group that has begun needs no file for its rows", async () => {
  for (const calls of [inTables, asObjects]) {
    const node = nodeOf([1], calls);
    const many = new MemorySpillSpace(60_000);
    const keys = Array.from({ length: 20_000 }, (_none, at) => at);
    assert.equal((await resultOf(node, rowsOf([...keys, ...keys]), many)).length, 20_000);
    assert.ok(many.made > 3, `${many.made} files`);

    const one = new MemorySpillSpace(0);
    assert.equal((await resultOf(node, rowsOf(keys.map(() => 7)), one)).length, 1);
    assert.equal(one.made, 0);
  }
});

/** By two arguments, with conditions, and beside calls of all rows. */
const distinct = [
  call("COUNT", 1, scalar("bigint"), true),
  { ...call("COUNT", 1, scalar("bigint"), true), filter: 3 },
  call("SUM", 1, scalar("int"), true),
  call("COUNT", 0, scalar("bigint"), true),
  { ...call("COUNT", 0, scalar("bigint"), true), filter: 3 },
  call("COUNT", null, scalar("bigint")),
  call("SUM", 2, scalar("double")),
];

test("values of DISTINCT are counted once, whatever memory holds of them, also of one group (SQBG4, SQLV1)", async () => {
  let files = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(400), { maxLength: 900, size: "max" }),
      fc.constantFrom(0, 40_000, 90_000),
      fc.constantFrom<readonly number[]>([], [3]),
      async (keys, budget, groupBy) => {
        const node = nodeOf(groupBy, distinct);
        const rows = rowsOf([...keys, ...keys.toReversed()]);
        const space = new MemorySpillSpace(budget);
        assert.deepEqual(await resultOf(node, rows, space), await resultOf(node, rows, null));
        if (space.made > 0) files += 1;
      },
    ),
    { numRuns: 50, seed: 23 },
  );
  assert.ok(files > 10, `${files} runs had files`);
});

test("a part with more values of DISTINCT than memory holds is parted again, and each counts once (SQLV2)", async () => {
  const keys = Array.from({ length: 60_000 }, (_none, at) => at);
  const space = new MemorySpillSpace(120_000);
  const [row] = await resultOf(nodeOf([], [distinct[0] as AggregateCall]), rowsOf([...keys, ...keys]), space);
  assert.equal(row, "+I[60000]");
  assert.ok(space.made > 4, `${space.made} files`);
});

test("a checkpoint is refused while values of DISTINCT are in files", async () => {
  const options = { keySelector: () => null, spill: new MemorySpillSpace(40_000) };
  const run = await OperatorRun.open(aggregateOperator(nodeOf([], distinct), "batch"), input, options);
  run.feed(rowsOf([1, 2, 3]));
  await run.restore();
  for (let at = 0; at < 100; at++) run.feed(rowsOf(Array.from({ length: 50 }, (_none, key) => at * 50 + key)));
  await assert.rejects(run.restore(), { code: "STATE_SPILLED" });
  await run.end();
  assert.match(run.shown[0] ?? "", /^\+I\[5000, 2502, /);
});

test("a checkpoint is refused while rows are in files, and taken before", async () => {
  const node = nodeOf([1], inTables);
  const options = { keySelector: () => null, spill: new MemorySpillSpace(40_000) };
  const run = await OperatorRun.open(aggregateOperator(node, "batch"), input, options);
  run.feed(rowsOf([1, 2, 3, 1]));
  await run.restore();
  run.feed(rowsOf([1]));
  await run.restore();
  for (let at = 0; at < 100; at++) run.feed(rowsOf(Array.from({ length: 50 }, (_none, key) => at * 50 + key)));
  await assert.rejects(run.restore(), { code: "STATE_SPILLED" });
  await run.end();
  await run.restore();
  assert.equal(run.shown.length, 5000);
  assert.ok(
    run.shown.some((row) => row.startsWith("+I[1, 4, ")),
    "those of before the checkpoint count",
  );
});

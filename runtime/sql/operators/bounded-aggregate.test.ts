/** GROUP BY over a bounded input with more groups than memory holds (SQBG1, SQBG2). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MemorySpillSpace } from "../../testkit/engine-tests.ts";
import type { AggregateCall, AggregateNode, PlanRow } from "../plan/plan-tree.ts";
import type { SqlType } from "../types/sql-type.ts";
import { aggregateOperator } from "./aggregate.ts";
import { column, inputOf, OperatorRun, type Row, scalar, text } from "./operator-run.test-support.ts";

const input: PlanRow = [column("k", text), column("n", scalar("int")), column("v", scalar("double"))];

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
  keys.map((key, at) => ({ k: key % 11 === 0 ? null : `key ${key}`, n: key, v: at }));

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

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { AggregateCall, AggregateNode, Changes, PlanMode, PlanRow } from "../plan/plan-tree.ts";
import type { SqlType } from "../types/sql-type.ts";
import { aggregateOperator } from "./aggregate.ts";
import { column, inputOf, OperatorRun, type Row, scalar, tableOf, text, time } from "./operator-run.test-support.ts";
import { SpreadRun } from "./spread-run.test-support.ts";
import { tableAggregate } from "./table-aggregate.ts";

const input: PlanRow = [
  column("k", text),
  column("b", scalar("bigint")),
  column("i", scalar("int")),
  column("s", scalar("tinyint")),
  column("d", scalar("double")),
  column("day", scalar("date")),
  column("ok", scalar("boolean")),
  column("ts", time),
  column("x", { kind: "double", isNullable: false }),
];
const [K, B, I, S, D, DAY, OK, TS, X] = [0, 1, 2, 3, 4, 5, 6, 7, 8];

const call = (
  name: string,
  place: number | null,
  type: SqlType,
  filter: number | null = null,
  isDistinct = false,
): AggregateCall => ({
  name,
  arguments: place === null ? [] : [place],
  isDistinct,
  filter,
  ignoresNulls: false,
  order: [],
  type: { ...type, isNullable: true },
});
const count = scalar("bigint");
const everyCall: readonly AggregateCall[] = [
  call("COUNT", null, count),
  call("COUNT", K, count, OK),
  ...[B, I, S, D].flatMap((place) =>
    ["SUM", "AVG", "MIN", "MAX"].map((name) => call(name, place, (input[place] as PlanRow[number]).type)),
  ),
  call("MAX", DAY, scalar("date")),
  call("MIN", TS, time, OK),
  call("MIN", K, text),
  call("MAX", K, text, OK),
  ...[K, B, D, DAY, OK, X].map((place) => call("COUNT", place, count, null, true)),
  call("COUNT", B, count, OK, true),
  call("COUNT", B, count, OK, true),
  call("COUNT", TS, count, OK, true),
  call("SUM", I, scalar("int"), null, true),
  call("AVG", B, count, OK, true),
  call("MAX", I, scalar("int"), OK, true),
  call("APPROX_COUNT_DISTINCT", TS, count),
];

type Of = {
  readonly groupBy: readonly number[];
  readonly calls?: readonly AggregateCall[];
  readonly changes?: Changes;
};

/** Of an input that only appends the groups are in a table, of one that changes they are not. */
function openRun(of: Of, from: Changes, mode: PlanMode): Promise<OperatorRun> {
  const node = nodeOf(of, from);
  assert.equal(tableAggregate(node) !== null, from === "append");
  return OperatorRun.open(aggregateOperator(node, mode), input);
}

function nodeOf({ groupBy, calls = everyCall, changes = "retract" }: Of, from: Changes): AggregateNode {
  return {
    kind: "aggregate",
    uid: "aggregate",
    row: [
      ...groupBy.map((place) => input[place] as PlanRow[number]),
      ...calls.map(({ type }, at) => column(`c${at}`, type)),
    ],
    changes,
    keys: [],
    input: inputOf(input, from),
    groupBy,
    calls,
  };
}

const rowsOfAll: fc.Arbitrary<readonly Row[]> = fc.array(
  fc.record(
    {
      k: fc.constantFrom("a", "größe", "größer", "\u{10000}", "\ud800", "\uffff", null),
      b: fc.option(
        fc.oneof(
          fc.constantFrom(1n, -5n, 2n ** 63n - 1n, -(2n ** 63n)),
          // On both sides of what is added as doubles, and of half of a word.
          fc.constantFrom(3n, -1n, 2n ** 31n, 3n * 2n ** 30n, 2n ** 52n - 1n, -(2n ** 52n), 2n ** 52n),
        ),
      ),
      i: fc.option(fc.constantFrom(1, -7, 2 ** 31 - 1, -(2 ** 31))),
      s: fc.option(fc.constantFrom(1, -3, 127)),
      d: fc.option(fc.constantFrom(0.5, -1, Number.NaN, 1e300, 0, -0)),
      day: fc.option(fc.constantFrom(new Date(0), new Date(86_400_000))),
      ok: fc.option(fc.boolean()),
      ts: fc.integer({ min: 0, max: 5 }),
      x: fc.constantFrom(0, 1.5, Number.NaN),
    },
    { noNullPrototype: true },
  ),
  { maxLength: 24 },
);

test("after restores at other parallelisms a table goes on as if nothing had happened: values that have counted are known to be there (SQTA2, SQDV2)", async () => {
  await fc.assert(
    fc.asyncProperty(rowsOfAll, rowsOfAll, rowsOfAll, async (first, second, third) => {
      const node = nodeOf({ groupBy: [B, DAY] }, "append");
      const make = (parallelism: number) =>
        SpreadRun.open(aggregateOperator(node, "streaming"), { row: input, keys: [B, DAY], parallelism });
      const [straight, moved] = [await make(1), await make(2)];
      for (const [rows, parallelism] of [
        [first, 3],
        [second, 1],
        [third, 4],
      ] as const) {
        for (const run of [straight, moved]) run.feed(rows);
        await moved.restore(parallelism);
      }
      assert.deepEqual(moved.shown.toSorted(), straight.shown.toSorted());
    }),
    { numRuns: 25, seed: 20261130 },
  );
});

for (const changes of ["retract", "upsert"] as const) {
  for (const groupBy of [[K], [], [X], [B, DAY, D]]) {
    test(`${changes} by ${groupBy.length} columns: a table emits what states of each key do, row by row and in one batch, also after a restore (SQOC1, SQTG1)`, async () => {
      await fc.assert(
        fc.asyncProperty(rowsOfAll, async (rows) => {
          const of = { groupBy, changes };
          const states = await openRun(of, "retract", "streaming");
          const table = await openRun(of, "append", "streaming");
          const restored = await openRun(of, "append", "streaming");
          states.feed(rows);
          table.feed(rows);
          for (const row of rows) {
            restored.feed([row]);
            await restored.restore();
          }
          for (const run of [states, table, restored]) await run.end();
          assert.deepEqual(table.shown, states.shown);
          assert.deepEqual(restored.shown, states.shown);
        }),
        { numRuns: 30, seed: 20261130 },
      );
    });
  }
}

test("in batch mode a table emits each key once, at the end, also after a restore (SQBG3)", async () => {
  await fc.assert(
    fc.asyncProperty(rowsOfAll, async (rows) => {
      for (const groupBy of [[K], []]) {
        const states = await openRun({ groupBy }, "retract", "batch");
        const table = await openRun({ groupBy }, "append", "batch");
        states.feed(rows);
        for (const row of rows) {
          table.feed([row]);
          await table.restore();
        }
        assert.deepEqual(table.shown, []);
        for (const run of [states, table]) await run.end();
        assert.deepEqual(tableOf(table.shown), tableOf(states.shown));
      }
    }),
    { numRuns: 15, seed: 20261130 },
  );
});

test("without calls a table emits each key once, as an insert", async () => {
  for (const mode of ["streaming", "batch"] as const) {
    const run = await openRun({ groupBy: [K, I], calls: [], changes: "append" }, "append", mode);
    const rows = Array.from({ length: 3000 }, (_none, at) => ({
      ...emptyRow,
      k: at % 2 === 0 ? "a" : null,
      i: at % 2500,
    }));
    run.feed(rows);
    await run.end();
    assert.equal(run.shown.length, 2500);
    assert.equal(new Set(run.shown).size, 2500);
  }
});

const emptyRow: Row = { k: null, b: null, i: null, s: null, d: null, day: null, ok: null, ts: 0, x: 0 };

test("rows that change no result leave nothing", async () => {
  const run = await openRun({ groupBy: [K], calls: [call("MAX", I, scalar("int"))] }, "append", "streaming");
  run.feed([
    { ...emptyRow, k: "a", i: 5 },
    { ...emptyRow, k: "b", i: 5 },
  ]);
  run.feed([
    { ...emptyRow, k: "a", i: 3 },
    { ...emptyRow, k: "b", i: 5 },
  ]);
  assert.deepEqual(run.shown, ["+I[a, 5]", "+I[b, 5]"]);
});

test("of more conditions than a field has bits each call counts its own values (SQDV1)", async () => {
  const conditions = Array.from({ length: 70 }, (_none, at) => column(`f${at}`, scalar("boolean")));
  const row = [...input, ...conditions];
  const calls = conditions.map((_condition, at) => call("COUNT", B, count, input.length + at, true));
  const node: AggregateNode = { ...nodeOf({ groupBy: [K], calls }, "append"), input: inputOf(row) };
  const run = await OperatorRun.open(aggregateOperator(node, "streaming"), row);
  // Of the value v the call c counts where v divides c; each row comes twice.
  const values = [1, 2, 3, 5, 31, 32];
  const rows = values.map((value) => ({
    ...emptyRow,
    k: "a",
    b: BigInt(value),
    ...Object.fromEntries(conditions.map(({ name }, at) => [name, at % value === 0])),
  }));
  run.feed([...rows, ...rows]);
  await run.restore();
  run.feed(rows);
  const expected = conditions.map((_condition, at) => values.filter((value) => at % value === 0).length);
  assert.equal(run.shown.at(-1), `+U[a, ${expected.join(", ")}]`);
});

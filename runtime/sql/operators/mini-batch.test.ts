import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { AggregateCall, AggregateNode, Changes, MiniBatch, PlanRow } from "../plan/plan-tree.ts";
import type { SqlType } from "../types/sql-type.ts";
import { aggregateOperator } from "./aggregate.ts";
import {
  column,
  inputOf,
  OperatorRun,
  type Row,
  scalar,
  type Step,
  tableOf,
  text,
} from "./operator-run.test-support.ts";
import { SpreadRun } from "./spread-run.test-support.ts";

const row: PlanRow = [
  column("k", text),
  column("i", scalar("int")),
  column("b", scalar("bigint")),
  column("d", scalar("double")),
  column("ok", scalar("boolean")),
];
const [K, I, B, D, OK] = [0, 1, 2, 3, 4];

const call = (name: string, place: number | null, type: SqlType, more: Partial<AggregateCall> = {}): AggregateCall => ({
  name,
  arguments: place === null ? [] : [place],
  isDistinct: false,
  filter: null,
  ignoresNulls: false,
  order: [],
  type: { ...type, isNullable: true },
  ...more,
});
const count = scalar("bigint");
const everyCall: readonly AggregateCall[] = [
  call("COUNT", null, count),
  call("SUM", I, scalar("int"), { filter: OK }),
  call("AVG", D, scalar("double")),
  call("MIN", K, text, { filter: OK }),
  call("MAX", B, count),
  call("COUNT", B, count, { isDistinct: true }),
  call("COUNT", K, count, { isDistinct: true, filter: OK }),
];

const HUNDRED: MiniBatch = { size: 100, latencyMs: 1000 };

type Of = {
  readonly groupBy?: readonly number[];
  readonly calls?: readonly AggregateCall[];
  readonly changes?: Changes;
  readonly miniBatch?: MiniBatch | null;
  readonly ttl?: number;
};

/** Of an input that only appends the groups are in a table, of one that changes they are keyed values. */
function nodeOf(from: Changes, of: Of = {}): AggregateNode {
  const { groupBy = [K], calls = everyCall, changes = "retract", miniBatch = HUNDRED, ttl } = of;
  return {
    kind: "aggregate",
    uid: "aggregate",
    row: [
      ...groupBy.map((place) => row[place] as PlanRow[number]),
      ...calls.map(({ type }, at) => column(`c${at}`, type)),
    ],
    changes,
    keys: [],
    input: inputOf(row, from),
    groupBy,
    calls,
    ...(miniBatch === null ? {} : { miniBatch }),
    ...(ttl === undefined ? {} : { ttl }),
  };
}

const openRun = (from: Changes, of: Of = {}): Promise<OperatorRun> =>
  OperatorRun.open(aggregateOperator(nodeOf(from, of), "streaming"), row);

const blank: Row = { k: "a", i: null, b: null, d: null, ok: true };

const rows: fc.Arbitrary<Row> = fc.record(
  {
    k: fc.constantFrom("a", "b", "größer", null),
    i: fc.option(fc.constantFrom(1, -7, 2 ** 31 - 1)),
    b: fc.option(fc.constantFrom(1n, -5n, 2n ** 63n - 1n)),
    d: fc.option(fc.constantFrom(0.5, -1, Number.NaN)),
    ok: fc.option(fc.boolean()),
  },
  { noNullPrototype: true },
);
const rowsOfAll = fc.array(rows, { maxLength: 40 });
/** Rows, in batches, with what ends a mini-batch between them; null: a checkpoint. */
const courses = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.array(rows, { minLength: 1, maxLength: 9 }) },
    fc.constantFrom({ watermark: 5 }, { afterMs: 400 }, { afterMs: 1500 }, null),
  ),
  { maxLength: 14 },
);

/** What was emitted last of each key follows what was emitted before. */
function assertUpdatesFollow(changes: readonly string[], width: number): void {
  const last = new Map<string, string>();
  for (const change of changes) {
    const [sign, values] = [change.slice(0, 2), change.slice(3, -1)];
    const key = values.split(", ").slice(0, width).join();
    if (sign === "+I") assert.equal(last.has(key), false, `${change} is not the first`);
    if (sign === "-U" || sign === "-D") assert.equal(last.get(key), values, `${change} takes back another row`);
    if (sign === "+U") assert.notEqual(last.get(key), undefined, `${change} updates nothing`);
    if (sign === "-D") last.delete(key);
    else last.set(key, sign === "-U" ? "" : values);
  }
}

for (const groupBy of [[K], [], [B, D]])
  test(`by ${groupBy.length} columns: mini-batches end in the table that rows one by one end in, by a valid and shorter change log, and tables emit what keyed values do, also over restores (SQMT1, SQMK1)`, async () => {
    await fc.assert(
      fc.asyncProperty(courses, fc.integer({ min: 1, max: 12 }), async (course, size) => {
        const miniBatch = { size, latencyMs: 1000 };
        const single = await openRun("append", { groupBy, miniBatch: null });
        const inTable = await openRun("append", { groupBy, miniBatch });
        const inValues = await openRun("retract", { groupBy, miniBatch });
        for (const run of [single, inTable, inValues]) {
          for (const step of course) {
            if (step === null) await run.restore();
            else run.feed(Array.isArray(step) ? step : [step as Step]);
          }
          await run.end();
        }
        assert.deepEqual(tableOf(inTable.shown), tableOf(single.shown));
        assert.deepEqual(inValues.shown, inTable.shown);
        assertUpdatesFollow(inTable.shown, groupBy.length);
        assert.ok(inTable.shown.length <= single.shown.length);
      }),
      { numRuns: 60, seed: 20261130 },
    );
  });

test("rows that are taken back leave the table that they leave without mini-batches, and groups that come and go nothing (SQMT2)", async () => {
  await fc.assert(
    fc.asyncProperty(rowsOfAll, fc.integer({ min: 1, max: 12 }), async (all, size) => {
      const steps = all.flatMap((each, at): Step[] => [
        ["+I", each],
        ...(at % 3 === 2 ? [["-U", all[at - 1] as Row] as const, ["+U", { ...all[at - 1], i: at }] as const] : []),
        ...(at % 4 === 3 ? [["-D", each] as const] : []),
      ]);
      const [single, batched] = [
        await openRun("retract", { miniBatch: null }),
        await openRun("retract", { miniBatch: { size, latencyMs: 1000 } }),
      ];
      for (const run of [single, batched]) {
        run.feed(steps);
        await run.end();
      }
      assert.deepEqual(tableOf(batched.shown), tableOf(single.shown));
      assertUpdatesFollow(batched.shown, 1);
    }),
    { numRuns: 60, seed: 20261130 },
  );
});

for (const from of ["append", "retract"] as const)
  describe(`mini-batches ${from === "append" ? "in a table" : "of keyed values"}`, () => {
    const counts = [call("COUNT", null, count), call("MAX", I, scalar("int"))];
    const one: Row = { ...blank, i: 1 };

    test("end after so many rows", async () => {
      const run = await openRun(from, { calls: counts, miniBatch: { size: 3, latencyMs: 1000 } });
      run.feed([one, one]);
      assert.deepEqual(run.shown, []);
      run.feed([{ ...one, i: 2 }, one, one, { ...one, k: "b" }, one]);
      assert.deepEqual(run.shown, ["+I[a, 3, 2]", "-U[a, 3, 2]", "+U[a, 5, 2]", "+I[b, 1, 1]"]);
      await run.end();
      assert.deepEqual(run.shown.slice(4), ["-U[a, 5, 2]", "+U[a, 6, 2]"]);
    });

    test("end so long after their first row, also when one was full before its time", async () => {
      const run = await openRun(from, { calls: counts, miniBatch: { size: 3, latencyMs: 1000 } });
      run.feed([one, one, one, { afterMs: 600 }, one]);
      assert.deepEqual(run.shown, ["+I[a, 3, 1]"]);
      // The call of the first one, which is over.
      run.feed([{ afterMs: 400 }]);
      assert.deepEqual(run.shown, ["+I[a, 3, 1]"]);
      run.feed([{ afterMs: 600 }]);
      assert.deepEqual(run.shown, ["+I[a, 3, 1]", "-U[a, 3, 1]", "+U[a, 4, 1]"]);
      run.feed([one, { afterMs: 1000 }]);
      assert.deepEqual(run.shown.slice(3), ["-U[a, 4, 1]", "+U[a, 5, 1]"]);
    });

    test("end ahead of a watermark, and ahead of a checkpoint, after which the next one begins", async () => {
      const run = await openRun(from, { calls: counts });
      run.feed([one, one, { watermark: 7 }]);
      const at = run.events.findIndex(({ kind }) => kind === "watermark");
      assert.deepEqual(run.shown, ["+I[a, 2, 1]"]);
      assert.equal(at, 1);
      run.feed([one, one]);
      await run.restore();
      assert.deepEqual(run.shown, ["+I[a, 2, 1]", "-U[a, 2, 1]", "+U[a, 4, 1]"]);
      run.feed([one, { afterMs: 1000 }]);
      assert.deepEqual(run.shown.slice(3), ["-U[a, 4, 1]", "+U[a, 5, 1]"]);
    });

    test("emit no row that is as it was, and no -U where keys say what is updated", async () => {
      const run = await openRun(from, { calls: [call("MAX", I, scalar("int"))], changes: "upsert" });
      run.feed([one, { ...one, k: "b" }, { watermark: 1 }]);
      run.feed([{ ...one, i: 0 }, { ...one, k: "b", i: 5 }, { watermark: 2 }]);
      assert.deepEqual(run.shown, ["+I[a, 1]", "+I[b, 1]", "+U[b, 5]"]);
    });

    test("of thousands of groups leave portion by portion, as there is room, each once", async () => {
      const run = await openRun(from, { calls: counts, miniBatch: { size: 100_000, latencyMs: 1000 } });
      const keys = Array.from({ length: 3000 }, (_none, at) => ({ ...one, k: `k${at}` }));
      run.feed(keys);
      const portions = run.reach(1);
      assert.ok(portions.length > 2);
      assert.deepEqual(portions.flat().toSorted(), keys.map(({ k }) => `+I[${k}, 1, 1]`).toSorted());
      run.feed([...keys, ...keys]);
      await run.end();
      assert.deepEqual(tableOf(run.shown), keys.map(({ k }) => `[${k}, 3, 1]`).toSorted());
      assert.equal(run.shown.length, 9000);
    });

    test("emit the row of no input at the end, and not beside a group", async () => {
      const [none, some] = [
        await openRun(from, { groupBy: [], calls: counts }),
        await openRun(from, { groupBy: [], calls: counts }),
      ];
      some.feed([one]);
      for (const run of [none, some]) await run.end();
      assert.deepEqual([none.shown, some.shown], [["+I[0, NULL]"], ["+I[1, 1]"]]);
    });
  });

test("mini-batches are not in the state of a table: it goes on at other parallelisms, and without mini-batches", async () => {
  await fc.assert(
    fc.asyncProperty(rowsOfAll, rowsOfAll, rowsOfAll, async (first, second, third) => {
      const make = (parallelism: number) =>
        SpreadRun.open(aggregateOperator(nodeOf("append"), "streaming"), { row, keys: [K], parallelism });
      const moved = await make(2);
      const straight = await openRun("append", { miniBatch: null });
      for (const [part, parallelism] of [
        [first, 3],
        [second, 1],
        [third, 4],
      ] as const) {
        moved.feed(part);
        straight.feed(part);
        await moved.restore(parallelism);
      }
      assert.deepEqual(tableOf(moved.shown), tableOf(straight.shown));
    }),
    { numRuns: 15, seed: 20261130 },
  );
});

test("of state that expires a pending group keeps its row, and one that was written is emitted as it is (SQMK2)", async () => {
  const run = await openRun("append", { calls: [call("MAX", I, scalar("int"))], ttl: 500 });
  const one: Row = { ...blank, i: 1 };
  run.feed([one, { watermark: 1 }, one, { watermark: 2 }, { ...one, i: 2 }, { afterMs: 1000 }]);
  assert.deepEqual(run.shown, ["+I[a, 1]", "-U[a, 1]", "+U[a, 1]", "-U[a, 1]", "+U[a, 2]"]);
});

test("what only appends, and a bounded input, has no mini-batches", async () => {
  const distinct = await openRun("append", { calls: [], changes: "append" });
  distinct.feed([blank]);
  assert.deepEqual(distinct.shown, ["+I[a]"]);
  const bounded = await OperatorRun.open(aggregateOperator(nodeOf("append"), "batch"), row);
  bounded.feed([blank, { watermark: 1 }]);
  assert.deepEqual(bounded.shown, []);
});

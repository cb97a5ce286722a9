import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { AggregateCall, AggregateNode, Changes, PlanMode, PlanRow } from "../plan/plan-tree.ts";
import type { SqlType } from "../types/sql-type.ts";
import { aggregateNames } from "./accumulators/aggregate-functions.ts";
import { aggregateOperator } from "./aggregate.ts";
import { aggregateFunctions } from "../validate/functions/aggregate-functions.ts";
import {
  column,
  decimal,
  inputOf,
  OperatorRun,
  type Row,
  scalar,
  type Sign,
  type Step,
  tableOf,
  text,
} from "./operator-run.test-support.ts";

const input: PlanRow = [
  column("k", text),
  column("n", scalar("int")),
  column("d", scalar("double")),
  column("m", decimal(10, 2)),
  column("s", text),
  column("ok", scalar("boolean")),
];
const [K, N, D, M, S, OK] = [0, 1, 2, 3, 4, 5];
const bigint = scalar("bigint");

const call = (
  name: string,
  places: readonly number[],
  type: SqlType,
  more: Partial<AggregateCall> = {},
): AggregateCall => ({
  name,
  arguments: places,
  isDistinct: false,
  filter: null,
  ignoresNulls: false,
  order: [],
  type,
  ...more,
});

type Case = {
  readonly calls: readonly AggregateCall[];
  readonly groupBy?: readonly number[];
  readonly changes?: Changes;
  readonly from?: Changes;
};

function nodeOf({ calls, groupBy = [K], changes = "retract", from = "append" }: Case): AggregateNode {
  const keys = groupBy.map((place) => input[place] as PlanRow[number]);
  return {
    kind: "aggregate",
    uid: "aggregate",
    row: [...keys, ...calls.map(({ type }, at) => column(`c${at}`, type))],
    changes,
    keys: [],
    input: inputOf(input, from),
    groupBy,
    calls,
  };
}

const openRun = (of: Case, mode: PlanMode = "streaming"): Promise<OperatorRun> =>
  OperatorRun.open(aggregateOperator(nodeOf(of), mode), input);

const row = (k: string | null, n: number | null, more: Partial<Row> = {}): Row => ({
  k,
  n,
  d: n,
  m: n === null ? null : BigInt(n) * 100n,
  s: n === null ? null : `s${n}`,
  ok: n === null ? null : n % 2 === 1,
  ...more,
});

async function emitted(of: Case, steps: readonly Step[], mode: PlanMode = "streaming"): Promise<readonly string[]> {
  const run = await openRun(of, mode);
  run.feed(steps);
  await run.end();
  return run.shown;
}

test("a key's first row is an insert, each change of its result an update, and no change is emitted as none (SQOG1)", async () => {
  const calls = [call("COUNT", [N], bigint), call("SUM", [N], scalar("int"))];
  assert.deepEqual(await emitted({ calls }, [row("a", 1), row("b", 5), row("a", 2), row("a", null)]), [
    "+I[a, 1, 1]",
    "+I[b, 1, 5]",
    "-U[a, 1, 1]",
    "+U[a, 2, 3]",
  ]);
});

test("rows that are taken back change the result back, and the last one deletes the key; of an unknown key they are left out (SQOG1)", async () => {
  const calls = [call("COUNT", [], bigint), call("MAX", [N], scalar("int"))];
  const steps: readonly Step[] = [
    ["-D", row("x", 1)],
    ["+I", row("a", 1)],
    ["+U", row("a", 7)],
    ["-U", row("a", 7)],
    ["-D", row("a", 1)],
    ["+I", row("a", 2)],
  ];
  assert.deepEqual(await emitted({ calls, from: "retract" }, steps), [
    "+I[a, 1, 1]",
    "-U[a, 1, 1]",
    "+U[a, 2, 7]",
    "-U[a, 2, 7]",
    "+U[a, 1, 1]",
    "-D[a, 1, 1]",
    "+I[a, 1, 2]",
  ]);
});

test("where the plan says upsert nothing before an update leaves (SQOE2)", async () => {
  const calls = [call("SUM", [N], scalar("int"))];
  assert.deepEqual(await emitted({ calls, changes: "upsert" }, [row("a", 1), row("a", 2)]), ["+I[a, 1]", "+U[a, 3]"]);
});

test("without calls each key is emitted once", async () => {
  assert.deepEqual(
    await emitted({ calls: [], changes: "append" }, [row("a", 1), row("a", 2), row(null, 1), row(null, 2)]),
    ["+I[a]", "+I[NULL]"],
  );
});

test("in batch mode each key is emitted once, at the end (SQBG3)", async () => {
  const calls = [call("SUM", [N], scalar("int"))];
  const run = await openRun({ calls, changes: "append" }, "batch");
  run.feed([row("a", 1), row("b", 5), row("a", 2)]);
  assert.deepEqual(run.shown, []);
  await run.restore();
  await run.end();
  assert.deepEqual(tableOf(run.shown), ["[a, 3]", "[b, 5]"]);
});

test("without keys there is a row of no input, of one subtask (SQOG3)", async () => {
  const calls = [call("COUNT", [], bigint), call("SUM", [N], scalar("int"))];
  for (const mode of ["batch", "streaming"] as const) {
    assert.deepEqual(await emitted({ calls, groupBy: [] }, [], mode), ["+I[0, NULL]"]);
    const factory = aggregateOperator(nodeOf({ calls, groupBy: [] }), mode);
    const shown: string[] = [];
    for (const subtask of [0, 1, 2]) {
      const run = await OperatorRun.open(factory, input, { keySelector: () => null, parallelism: 3, subtask });
      await run.end();
      shown.push(...run.shown);
    }
    assert.deepEqual(shown, ["+I[0, NULL]"]);
  }
  assert.deepEqual(await emitted({ calls, groupBy: [] }, [row("a", 4)], "batch"), ["+I[1, 4]"]);
});

/** The results of the functions over these rows, worked out by hand. */
const rows = [row("a", 1), row("a", 2), row("a", 4), row("a", null), row("a", 2)];
const double = scalar("double");
const results: Readonly<Record<string, readonly [AggregateCall, string]>> = {
  "COUNT(*)": [call("COUNT", [], bigint), "5"],
  "COUNT(n)": [call("COUNT", [N], bigint), "4"],
  "COUNT(DISTINCT n)": [call("COUNT", [N], bigint, { isDistinct: true }), "3"],
  "COUNT(DISTINCT n, s)": [call("COUNT", [N, S], bigint, { isDistinct: true }), "3"],
  "COUNT(n) FILTER": [call("COUNT", [N], bigint, { filter: OK }), "1"],
  "SUM(n)": [call("SUM", [N], scalar("int")), "9"],
  "SUM(DISTINCT n)": [call("SUM", [N], scalar("int"), { isDistinct: true }), "7"],
  "SUM(m)": [call("SUM", [M], decimal(38, 2)), "900"],
  "AVG(n)": [call("AVG", [N], scalar("int")), "2"],
  "AVG(d)": [call("AVG", [D], double), "2.25"],
  "AVG(m)": [call("AVG", [M], decimal(38, 6)), "2250000"],
  "MIN(s)": [call("MIN", [S], text), "s1"],
  "MAX(m)": [call("MAX", [M], decimal(10, 2)), "400"],
  "VAR_POP(d)": [call("VAR_POP", [D], double), "1.1875"],
  "VAR_SAMP(m)": [call("VAR_SAMP", [M], decimal(38, 6)), "1583333"],
  "STDDEV_POP(m)": [call("STDDEV_POP", [M], decimal(38, 6)), "1089724"],
  "STDDEV_SAMP(n)": [call("STDDEV_SAMP", [N], scalar("int")), "1"],
  "LISTAGG(s)": [call("LISTAGG", [S], text), "s1,s2,s4,s2"],
  "LISTAGG(DISTINCT s) in order": [
    call("LISTAGG", [S], text, { isDistinct: true, order: [{ column: N, direction: "DESC", nulls: "LAST" }] }),
    "s4,s2,s1",
  ],
  "FIRST_VALUE(n)": [call("FIRST_VALUE", [N], scalar("int")), "1"],
  "LAST_VALUE(n)": [call("LAST_VALUE", [N], scalar("int")), "2"],
  "COLLECT(n)": [
    call("COLLECT", [N], { kind: "multiset", isNullable: false, element: scalar("int") }),
    "{1=1 2=2 4=1}",
  ],
  "ARRAY_AGG(n)": [
    call("ARRAY_AGG", [N], { kind: "array", isNullable: true, element: scalar("int") }),
    "{1 2 4 NULL 2}",
  ],
  "APPROX_COUNT_DISTINCT(s)": [call("APPROX_COUNT_DISTINCT", [S], bigint), "3"],
};

for (const [name, [of, expected]] of Object.entries(results)) {
  test(`${name} is ${expected}, of rows that come and of rows of which others were taken back`, async () => {
    const appended = await emitted({ calls: [of] }, rows);
    assert.equal(tableOf(appended).join(), `[a, ${expected}]`);
    const detour: Step[] = [
      ...rows,
      ["+I", row("a", 9)],
      ["+I", row("a", -3)],
      ["-D", row("a", 9)],
      ["-D", row("a", -3)],
    ];
    const changed = await emitted({ calls: [of], from: "retract" }, detour);
    assert.equal(tableOf(changed).join(), `[a, ${expected}]`);
  });
}

test("every aggregate of the function table runs", () => {
  assert.deepEqual(aggregateFunctions.plain.map(([name]) => name).toSorted(), aggregateNames.toSorted());
});

test("whole sums wrap at the width of their type, and decimals beyond 38 digits are NULL (SQOS1)", async () => {
  const greatest = 10n ** 38n - 1n;
  const calls = [call("SUM", [N], scalar("int")), call("SUM", [M], decimal(38, 2))];
  const steps = [row("a", 2 ** 31 - 1, { m: greatest }), row("a", 1, { m: 1n }), row("a", 1, { m: -1n })];
  assert.deepEqual(await emitted({ calls, changes: "upsert" }, steps), [
    `+I[a, 2147483647, ${greatest}]`,
    "+U[a, -2147483648, NULL]",
    `+U[a, -2147483647, ${greatest}]`,
  ]);
});

test("texts are compared by code points, NaN is the greatest number (SQRO1)", async () => {
  const calls = [call("MAX", [S], text), call("MIN", [S], text), call("MAX", [D], double), call("MIN", [D], double)];
  const steps = [
    row("a", 1, { s: "\uffff", d: 1 }),
    row("a", 1, { s: "😀", d: Number.NaN }),
    row("a", 1, { s: "\uffffa", d: 2 }),
  ];
  for (const from of ["append", "retract"] as const)
    assert.deepEqual(tableOf(await emitted({ calls, from }, steps)), ["[a, 😀, \uffff, NaN, 1]"]);
});

test("keys of several columns, and of values that are no keys as they are, come back as they were", async () => {
  const steps = [row("a", 1, { d: Number.NaN }), row("a", null, { d: Number.NaN }), row("a", 1, { d: Number.NaN })];
  const of = { calls: [call("COUNT", [], bigint)], groupBy: [D, OK, M, K], changes: "append" } as const;
  assert.deepEqual(tableOf(await emitted(of, steps, "batch")), ["[NaN, NULL, NULL, a, 1]", "[NaN, true, 100, a, 2]"]);
});

const everyCall = Object.values(results).map(([of]) => of);

/** Rows come and, later, some of them are taken back. */
const histories: fc.Arbitrary<readonly (readonly [Sign, Row])[]> = fc
  .array(
    fc.tuple(
      fc.constantFrom("a", "b", null),
      fc.option(fc.integer({ min: -3, max: 3 })),
      fc.option(fc.nat({ max: 20 })),
    ),
    { maxLength: 24 },
  )
  .map((entries) => {
    const history: [Sign, Row][] = [];
    const present: Row[] = [];
    for (const [k, n, taken] of entries) {
      const [old] = taken === null ? [] : present.splice(taken % Math.max(1, present.length), 1);
      if (old !== undefined) history.push(["-D", old]);
      const next = row(k, n);
      present.push(next);
      history.push(["+I", next]);
    }
    return history;
  });

test("a restore after any record changes nothing of what is emitted, and in the end the table is that of the rows that are left", async () => {
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      const of = { calls: everyCall, from: "retract" } as const;
      const straight = await openRun(of);
      straight.feed(history);
      const restored = await openRun(of);
      for (const step of history) {
        restored.feed([step]);
        await restored.restore();
      }
      assert.deepEqual(restored.shown, straight.shown);
      const left: Row[] = [];
      for (const [sign, each] of history) {
        if (sign === "+I") left.push(each);
        else
          left.splice(
            left.findIndex(({ k, n }) => k === each["k"] && n === each["n"]),
            1,
          );
      }
      const fresh = await openRun({ calls: everyCall });
      fresh.feed(left);
      assert.deepEqual(tableOf(straight.shown), tableOf(fresh.shown));
    }),
    { numRuns: 25, seed: 20261130 },
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ManualClock } from "../../testkit/index.ts";
import { MemorySpillSpace } from "../../testkit/engine-tests.ts";
import type { AggregateCall, OverNode, PlanMode, PlanRow, SortColumn } from "../plan/plan-tree.ts";
import type { SqlType } from "../types/sql-type.ts";
import {
  column,
  inputOf,
  instant,
  OperatorRun,
  scalar,
  type Step,
  tableOf,
  text,
  time,
} from "./operator-run.test-support.ts";
import { overOperator } from "./over.ts";
import { LATE_ROWS } from "./window-time.ts";

const input: PlanRow = [
  column("k", text),
  column("id", scalar("int")),
  column("n", scalar("int")),
  column("ts", time, "rowtime"),
  column("one", scalar("int")),
  column("two", scalar("int")),
];
const [K, ID, N, TS, ONE, TWO] = [0, 1, 2, 3, 4, 5];

const call = (name: string, places: readonly number[], type: SqlType = scalar("bigint")): AggregateCall => ({
  name,
  arguments: places,
  isDistinct: false,
  filter: null,
  ignoresNulls: false,
  order: [],
  type,
});
const int = scalar("int");
const sum = call("SUM", [N], int);
const largest = call("MAX", [N], int);

type Over = {
  readonly calls: readonly AggregateCall[];
  readonly frame?: OverNode["frame"];
  readonly orderBy?: readonly SortColumn[];
  readonly row?: PlanRow;
};

const byTime: SortColumn = { column: TS, direction: "ASC", nulls: "FIRST" };

/** Of the result the id and the calls count. */
function nodeOf({
  calls,
  frame = { unit: "RANGE", preceding: null },
  orderBy = [byTime],
  row = input,
}: Over): OverNode {
  return {
    kind: "over",
    uid: "over",
    row: [
      ...row.map(({ name, type }) => column(name, type)),
      ...calls.map(({ type }, at) => column(`c${at}`, { ...type, isNullable: true })),
    ],
    changes: "append",
    keys: [],
    input: inputOf(row),
    partitionBy: [K],
    orderBy,
    frame,
    calls,
  };
}

type RunParts = { readonly clock?: ManualClock; readonly mode?: PlanMode; readonly space?: MemorySpillSpace };

async function openRun(over: Over, { clock = new ManualClock(), mode, space }: RunParts = {}): Promise<OperatorRun> {
  const node = nodeOf(over);
  return OperatorRun.open(overOperator(node, { timeZone: "UTC", clock }, mode ?? "streaming"), node.input.row, {
    keySelector: () => null,
    clock,
    ...(space === undefined ? {} : { spill: space }),
  });
}

type Row = { readonly k: string; readonly id: number; readonly n: number | null; readonly ts: number };
const row = (id: number, ts: number, n: number | null = id, k = "a"): Row & Step => ({ k, id, n, ts, one: 1, two: 2 });

/** `id: results`, as emitted. */
const resultsOf = (run: OperatorRun): readonly string[] =>
  run.events.flatMap((event) => {
    if (event.kind !== "record") return [];
    const value = event.value as Record<string, unknown>;
    const results = Object.entries(value).flatMap(([name, each]) => (/^c\d/.test(name) ? [String(each)] : []));
    return [`${String(value["id"])}: ${results.join(" ")}`];
  });

test("by time: rows leave when the watermark has come to them, in the order of time; late ones are counted (SQOT1)", async () => {
  const run = await openRun({ calls: [sum] });
  run.feed([row(1, 5), row(2, 3), row(3, 5), { watermark: 4 }]);
  assert.deepEqual(resultsOf(run), ["2: 2"]);
  run.feed([row(4, 4), row(5, 7), { watermark: 10 }]);
  assert.deepEqual(resultsOf(run), ["2: 2", "1: 6", "3: 6", "5: 11"]);
  assert.equal(run.metric(LATE_ROWS), 1);
});

test("a partition whose frame is empty keeps nothing, and begins anew (SQOT2)", async () => {
  const over: Over = { calls: [call("COUNT", [])], frame: { unit: "RANGE", preceding: 5 } };
  const empty = await (await openRun(over)).stateBytes();
  const run = await openRun(over);
  run.feed([row(1, 0), row(2, 4), { watermark: 8 }]);
  await run.restore();
  assert.ok((await run.stateBytes()) > empty);
  run.feed([{ watermark: 20 }]);
  assert.ok((await run.stateBytes()) <= empty);
  run.feed([row(3, 21), { watermark: 21 }]);
  assert.deepEqual(resultsOf(run), ["1: 1", "2: 2", "3: 1"]);
});

test("by the clock rows leave at once, and a RANGE forgets by it", async () => {
  const proctime: PlanRow = input.map((each, at) => (at === TS ? column("ts", instant, "proctime") : each));
  const run = await openRun({ calls: [sum], frame: { unit: "RANGE", preceding: 10 }, row: proctime });
  run.feed([row(1, 0), { afterMs: 10 }, row(2, 0), { afterMs: 1 }, row(4, 0)]);
  assert.deepEqual(resultsOf(run), ["1: 1", "2: 3", "4: 6"]);
});

test("in an order that is no time, bounded input leaves at the end, also after a restore (SQOO1)", async () => {
  const orderBy: readonly SortColumn[] = [{ column: N, direction: "DESC", nulls: "LAST" }];
  const calls = [
    ...["ROW_NUMBER", "RANK", "DENSE_RANK"].map((name) => call(name, [])),
    ...["PERCENT_RANK", "CUME_DIST"].map((name) => call(name, [], scalar("double"))),
    call("NTILE", [TWO]),
    call("LEAD", [ID, ONE], int),
    call("LAG", [ID, TWO, N], int),
    call("NTH_VALUE", [ID, TWO], int),
    sum,
  ];
  const run = await openRun({ calls, orderBy }, { mode: "batch" });
  run.feed([row(1, 0, 5), row(2, 0, null), row(3, 0, 9), { watermark: 100 }]);
  await run.restore();
  run.feed([row(4, 0, 5), row(5, 0, 1)]);
  assert.deepEqual(resultsOf(run), []);
  await run.end();
  assert.deepEqual(resultsOf(run), [
    "3: 1 1 1 0 0.2 1 1 9 null 9",
    "1: 2 2 2 0.25 0.6 1 4 5 1 19",
    "4: 3 2 2 0.25 0.6 1 5 3 1 19",
    "5: 4 4 3 0.75 0.8 2 2 1 1 20",
    "2: 5 5 4 1 1 2 null 4 1 20",
  ]);
});

test("without an order all rows of a partition are in the frame (SQOO1)", async () => {
  const run = await openRun({ calls: [sum], orderBy: [] }, { mode: "batch" });
  run.feed([row(1, 0), row(2, 0), row(4, 0, 4, "b")]);
  await run.end();
  assert.deepEqual(
    resultsOf(run).toSorted((left, right) => (left < right ? -1 : 1)),
    ["1: 3", "2: 3", "4: 4"],
  );
});

test("LAG with IGNORE NULLS is refused: it would answer NULLs", () => {
  const node = nodeOf({ calls: [{ ...call("LAG", [N], int), ignoresNulls: true }] });
  assert.throws(() => overOperator(node, { timeZone: "UTC", clock: new ManualClock() }, "streaming"), {
    code: "JOB_GRAPH_INVALID",
  });
});

/** By definition, of the rows of one partition in their order. */
function expected(rows: readonly Row[], { unit, preceding }: OverNode["frame"]): readonly string[] {
  const sorted = rows.toSorted((left, right) => left.ts - right.ts);
  return sorted.map((each, number) => {
    const inFrame = sorted.filter((other, at) => {
      if (unit === "ROWS") return at <= number && (preceding === null || at >= number - preceding);
      return other.ts <= each.ts && (preceding === null || other.ts >= each.ts - preceding);
    });
    const values = inFrame.flatMap(({ n }) => (n === null ? [] : [n]));
    const [total, greatest] =
      values.length === 0 ? [null, null] : [values.reduce((a, b) => a + b), Math.max(...values)];
    const before = sorted.filter(({ ts }) => ts < each.ts);
    const groups = new Set(before.map(({ ts }) => ts)).size;
    const lag = sorted[number - 2]?.id ?? null;
    const ranks = [number + 1, before.length + 1, groups + 1, lag, inFrame[1]?.id ?? null];
    return `${each.id}: ${[total, greatest, ...ranks].map(String).join(" ")}`;
  });
}

const everyCall = [
  sum,
  largest,
  call("ROW_NUMBER", []),
  call("RANK", []),
  call("DENSE_RANK", []),
  call("LAG", [ID, TWO], int),
  call("NTH_VALUE", [ID, TWO], int),
];
const frames: readonly OverNode["frame"][] = (["ROWS", "RANGE"] as const).flatMap((unit) =>
  [null, 0, 3].map((preceding) => ({ unit, preceding })),
);

const rowsOfAll = fc
  .array(fc.tuple(fc.constantFrom("a", "b"), fc.option(fc.integer({ min: 0, max: 4 })), fc.nat({ max: 12 })), {
    maxLength: 18,
  })
  .map((entries) => entries.map(([k, n, ts], id) => row(id, ts, n, k)));

for (const frame of frames) {
  const name = `${frame.unit} ${frame.preceding ?? "UNBOUNDED"} PRECEDING`;
  test(`${name}: results are those of the definition, by watermarks and at the end, and a restore after any step changes nothing`, async () => {
    await fc.assert(
      fc.asyncProperty(rowsOfAll, async (rows) => {
        const all = ["a", "b"].flatMap((k) =>
          expected(
            rows.filter((each) => each.k === k),
            frame,
          ),
        );
        const wanted = tableOf(all.map((each) => `+I${each}`));
        const calls = everyCall;
        const steps: readonly Step[] = Array.from({ length: 13 }, (_none, ts) => [
          ...rows.filter((each) => each.ts === ts),
          { watermark: ts },
        ]).flat();
        const restored = await openRun({ calls, frame });
        for (const step of steps) {
          restored.feed([step]);
          await restored.restore();
        }
        assert.deepEqual(tableOf(resultsOf(restored).map((each) => `+I${each}`)), wanted);
        const ended = await openRun({ calls, frame });
        ended.feed(rows.toSorted((left, right) => left.ts - right.ts));
        await ended.end();
        assert.deepEqual(tableOf(resultsOf(ended).map((each) => `+I${each}`)), wanted);
        const sorted = await openRun({ calls: [...calls, call("LEAD", [ID], int)], frame }, { mode: "batch" });
        sorted.feed(rows);
        await sorted.end();
        const withoutLead = resultsOf(sorted).map((each) => `+I${each.slice(0, each.lastIndexOf(" "))}`);
        assert.deepEqual(tableOf(withoutLead), wanted);
      }),
      { numRuns: 20, seed: 20261130 },
    );
  });
}

/** What is known when all rows of the partition are: LEAD of two, CUME_DIST, PERCENT_RANK, and LAG of as many rows as the row says. */
function expectedAtEnd(rows: readonly Row[]): readonly string[] {
  const sorted = rows.toSorted((left, right) => left.ts - right.ts);
  return sorted.map((each, number) => {
    const before = sorted.filter(({ ts }) => ts < each.ts).length;
    const upTo = sorted.filter(({ ts }) => ts <= each.ts).length;
    const rank = sorted.length <= 1 ? 0 : before / (sorted.length - 1);
    const lag = sorted[number - (each.n ?? 0)]?.id ?? null;
    return [each.id, sorted[number + 2]?.id ?? null, upTo / sorted.length, rank, lag].map(String).join(" ");
  });
}

const atEnd = [
  call("LEAD", [ID, TWO], int),
  call("CUME_DIST", [], scalar("double")),
  call("PERCENT_RANK", [], scalar("double")),
  call("LAG", [ID, N], int),
];

const manyRows = fc
  .array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.nat({ max: 9 }), fc.nat({ max: 40 })), {
    maxLength: 400,
    size: "max",
  })
  .map((entries) => entries.map(([k, n, ts], id) => row(id, ts, n, k)));

test("of bounded input results are those of the definition, whatever memory holds, and no file is left (SQOO2)", async () => {
  let spilled = 0;
  await fc.assert(
    fc.asyncProperty(
      manyRows,
      fc.constantFrom(...frames),
      fc.constantFrom(0, 4000),
      fc.boolean(),
      async (rows, frame, budget, isAtEnd) => {
        const space = new MemorySpillSpace(budget);
        const over: Over = { calls: isAtEnd ? atEnd : everyCall, frame };
        const run = await openRun(over, { mode: "batch", space });
        for (let from = 0; from < rows.length; from += 37) run.feed(rows.slice(from, from + 37));
        await run.end();
        const wanted = ["a", "b", "c"].flatMap((k) => {
          const own = rows.filter((each) => each.k === k);
          return isAtEnd ? expectedAtEnd(own) : expected(own, frame);
        });
        const found = resultsOf(run).map((each) => (isAtEnd ? each.replace(":", "") : each));
        assert.deepEqual(found.toSorted(), [...wanted].toSorted());
        assert.equal(space.open, 0, "files that are open");
        if (run.metric("numBytesSpilled") > 0) spilled += 1;
      },
    ),
    { numRuns: 40, seed: 20261201 },
  );
  assert.ok(spilled > 10, `${spilled} runs had rows in files`);
});

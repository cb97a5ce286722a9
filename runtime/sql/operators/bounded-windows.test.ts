/** Windows over bounded inputs that are larger than memory: their rows are those of the operators of streams when all has come (SQBW1, SQBW2, SQBT1). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { OperatorFactory } from "../../ports/index.ts";
import { ManualClock } from "../../testkit/index.ts";
import { MemorySpillSpace } from "../../testkit/engine-tests.ts";
import type {
  AggregateCall,
  PlanMode,
  PlanRow,
  PlanWindow,
  WindowAggregateNode,
  WindowTableNode,
} from "../plan/plan-tree.ts";
import {
  column,
  decimal,
  inputOf,
  instant,
  OperatorRun,
  scalar,
  type Step,
  text,
} from "./operator-run.test-support.ts";
import { windowAggregateOperator } from "./window-aggregate.ts";
import { windowTableOperator } from "./window-table.ts";

const ROW: PlanRow = [
  column("k", text),
  column("n", scalar("int")),
  column("price", decimal(9, 2)),
  column("ts", instant, "rowtime"),
];
const [K, N, PRICE, TS] = [0, 1, 2, 3];

const call = (name: string, place: number, more: Partial<AggregateCall> = {}): AggregateCall => ({
  name,
  arguments: [place],
  isDistinct: false,
  filter: null,
  ignoresNulls: false,
  order: [],
  type: name === "COUNT" ? scalar("bigint") : (ROW[place] as PlanRow[number]).type,
  ...more,
});
/** Of these groups are in tables, of those they are objects. */
const CALLS = {
  tables: [call("SUM", N), call("COUNT", N, { isDistinct: true }), call("MAX", N)],
  objects: [call("SUM", PRICE), call("COUNT", N, { isDistinct: true }), call("MIN", PRICE)],
};

const HOUR = 3_600_000;
const rowtime = { time: TS, isProctime: false } as const;
const windowOf = fc.constantFrom<PlanWindow>(
  { ...rowtime, kind: "tumble", size: 10, offset: 0 },
  { ...rowtime, kind: "tumble", size: 2 * HOUR, offset: 0 },
  { ...rowtime, kind: "hop", size: 10, slide: 4, offset: 1 },
  { ...rowtime, kind: "hop", size: 3, slide: 7, offset: 0 },
  { ...rowtime, kind: "hop", size: 3 * HOUR, slide: HOUR, offset: 0 },
  { ...rowtime, kind: "cumulate", size: 12, step: 4, offset: -2 },
  { ...rowtime, kind: "session", gap: 5, partition: [K] },
  { ...rowtime, kind: "session", gap: HOUR, partition: [K] },
);

/** The clock of Berlin is put back then. */
const CLOCK_BACK = Date.UTC(2026, 9, 25, 1);
const rowsOf = fc.array(
  fc.record({
    k: fc.constantFrom("a", "b", null),
    n: fc.option(fc.nat(5)),
    price: fc.option(fc.bigInt(-5n, 5n)),
    ts: fc.oneof(
      fc.integer({ min: 0, max: 60 }),
      fc.integer({ min: -4, max: 4 }).map((at) => CLOCK_BACK + at * 1_800_000),
    ),
  }),
  { maxLength: 200, size: "max" },
);

const ADDED = [
  column("window_start", { kind: "timestamp", isNullable: false, precision: 3 }),
  column("window_end", { kind: "timestamp", isNullable: false, precision: 3 }),
  column("window_time", instant, "rowtime"),
];

function aggregateOf(
  window: PlanWindow,
  calls: readonly AggregateCall[],
  groupBy: readonly number[],
): WindowAggregateNode {
  return {
    kind: "windowAggregate",
    uid: "windows",
    row: [
      ...groupBy.map((place) => ROW[place] as PlanRow[number]),
      ...calls.map(({ type }, at) => column(`c${at}`, type)),
      ...ADDED,
    ],
    changes: "append",
    keys: [],
    input: inputOf(ROW),
    window,
    groupBy,
    calls,
    adds: ["start", "end", "time"],
  };
}

async function resultOf(
  factory: OperatorFactory<unknown, unknown>,
  steps: readonly Step[],
  keys: readonly string[],
  parts: { readonly space?: MemorySpillSpace; readonly restores?: boolean },
): Promise<readonly string[]> {
  const { space, restores = false } = parts;
  const keySelector = (row: unknown): string =>
    JSON.stringify(keys.map((name) => (row as Readonly<Record<string, unknown>>)[name]));
  const options = { keySelector, ...(space === undefined ? {} : { spill: space }) };
  const run = await OperatorRun.open(factory, ROW, options);
  for (let from = 0; from < steps.length; from += 19) {
    run.feed(steps.slice(from, from + 19));
    if (restores) await run.restore();
  }
  if (space !== undefined) assert.deepEqual(run.shown, [], "rows leave at the end");
  await run.end();
  if (space !== undefined) assert.equal(space.open, 0, "files that are open");
  return run.shown.toSorted();
}

const budgets = fc.constantFrom(0, 4000, 1_000_000);
const zones = fc.constantFrom("UTC", "Europe/Berlin");

test("each key and window has the row that it has over a stream that has ended, whatever memory holds", async () => {
  const seen = { files: 0, sessions: 0, tables: 0 };
  await fc.assert(
    fc.asyncProperty(
      rowsOf,
      windowOf,
      budgets,
      zones,
      fc.constantFrom<keyof typeof CALLS>("tables", "objects"),
      fc.boolean(),
      async (rows, window, budget, timeZone, sort, hasKey) => {
        const ofAll = window.kind === "session" ? { ...window, partition: hasKey ? [K] : [] } : window;
        const node = aggregateOf(ofAll, CALLS[sort], hasKey ? [K] : []);
        const factoryOf = (mode: PlanMode) =>
          windowAggregateOperator(node, { timeZone, clock: new ManualClock() }, mode);
        const keys = hasKey ? ["k"] : [];
        const space = new MemorySpillSpace(budget);
        const found = await resultOf(factoryOf("batch"), rows, keys, { space, restores: budget === 1_000_000 });
        assert.deepEqual(found, await resultOf(factoryOf("streaming"), rows, keys, {}));
        if (space.made > 0) seen.files += 1;
        if (window.kind === "session") seen.sessions += 1;
        if (window.kind === "tumble" && sort === "tables") seen.tables += 1;
      },
    ),
    { numRuns: 150, seed: 20261201 },
  );
  assert.ok(seen.files > 30 && seen.sessions > 15 && seen.tables > 10, JSON.stringify(seen));
});

test("each row has the session that it has over a stream that has ended, whatever memory holds (SQBV1)", async () => {
  let files = 0;
  await fc.assert(
    fc.asyncProperty(rowsOf, budgets, zones, fc.boolean(), async (rows, budget, timeZone, hasKey) => {
      const partition = hasKey ? [K] : [];
      const window: PlanWindow = { ...rowtime, kind: "session", gap: 5, partition };
      const plain = ROW.map(({ name, type }) => column(name, type));
      const node: WindowTableNode = {
        kind: "windowTable",
        uid: "windows",
        row: [...plain, ...ADDED],
        changes: "append",
        keys: [],
        input: inputOf(ROW),
        window,
      };
      const factoryOf = (mode: PlanMode) => windowTableOperator(node, { timeZone, clock: new ManualClock() }, mode);
      const keys = hasKey ? ["k"] : [];
      const space = new MemorySpillSpace(budget);
      const found = await resultOf(factoryOf("batch"), rows, keys, { space, restores: budget === 1_000_000 });
      assert.deepEqual(found, await resultOf(factoryOf("streaming"), rows, keys, {}));
      if (space.made > 0) files += 1;
    }),
    { numRuns: 80, seed: 20261201 },
  );
  assert.ok(files > 25, `${files} runs had files`);
});

test("a row without a time is refused with its column", async () => {
  const nullable = ROW.map((each, at) =>
    at === TS ? column("ts", { ...instant, isNullable: true }, "rowtime") : each,
  );
  for (const kind of ["tumble", "session"] as const) {
    const window: PlanWindow =
      kind === "tumble" ? { ...rowtime, kind, size: 10, offset: 0 } : { ...rowtime, kind, gap: 5, partition: [K] };
    const node = { ...aggregateOf(window, CALLS.tables, [K]), input: inputOf(nullable) };
    const factory = windowAggregateOperator(node, { timeZone: "UTC", clock: new ManualClock() }, "batch");
    const run = await OperatorRun.open(factory, nullable);
    assert.throws(() => run.feed([{ k: "a", n: 1, price: null, ts: null }]), {
      code: "SQL_EXPRESSION_FAILED",
      message: /"ts"/,
    });
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ManualClock } from "../../testkit/index.ts";
import type { AggregateCall, Changes, PlanRow, PlanWindow, WindowAggregateNode } from "../plan/plan-tree.ts";
import type { SqlType } from "../types/sql-type.ts";
import {
  column,
  inputOf,
  instant,
  OperatorRun,
  type Row,
  scalar,
  type Step,
  tableOf,
  text,
  time,
} from "./operator-run.test-support.ts";
import { SpreadRun } from "./spread-run.test-support.ts";
import { tableSessions } from "./table-sessions.ts";
import { tableWindows } from "./table-windows.ts";
import { windowAggregateOperator } from "./window-aggregate.ts";
import { LATE_ROWS } from "./window-time.ts";

const input: PlanRow = [
  column("k", text),
  column("b", scalar("bigint")),
  column("i", scalar("int")),
  column("s", scalar("smallint")),
  column("d", scalar("double")),
  column("day", scalar("date")),
  column("ok", scalar("boolean")),
  column("ts", time, "rowtime"),
];
const [K, B, I, S, D, DAY, OK, TS] = [0, 1, 2, 3, 4, 5, 6, 7];

const call = (name: string, place: number | null, type: SqlType, filter: number | null = null): AggregateCall => ({
  name,
  arguments: place === null ? [] : [place],
  isDistinct: false,
  filter,
  ignoresNulls: false,
  order: [],
  type,
});
const count = scalar("bigint");
const everyCall: readonly AggregateCall[] = [
  call("COUNT", null, count),
  call("COUNT", K, count, OK),
  ...[B, I, S, D].flatMap((place) =>
    ["SUM", "AVG", "MIN", "MAX"].map((name) => call(name, place, (input[place] as PlanRow[number]).type)),
  ),
  call("MAX", DAY, scalar("date")),
  call("MIN", TS, { ...time, isNullable: true }, OK),
];

/** Of an input that only appends the windows are in tables, of one that changes they are not. */
function nodeOf(
  window: PlanWindow,
  groupBy: readonly number[],
  changes: Changes,
  row = input,
  calls = everyCall,
): WindowAggregateNode {
  return {
    kind: "windowAggregate",
    uid: "windows",
    row: [
      ...groupBy.map((place) => row[place] as PlanRow[number]),
      ...calls.map(({ type }, at) => column(`c${at}`, type)),
      column("window_start", time),
      column("window_end", time),
      column("window_time", time, "rowtime"),
    ],
    changes: "append",
    keys: [],
    input: inputOf(row, changes),
    window: window.kind === "session" ? { ...window, partition: groupBy } : window,
    groupBy,
    calls,
    adds: ["start", "end", "time"],
  };
}

async function openRun(node: WindowAggregateNode, clock = new ManualClock()): Promise<OperatorRun> {
  const session = { timeZone: "Europe/Berlin", clock };
  const isInTables = (tableWindows(node, session) ?? tableSessions(node, session)) !== null;
  assert.equal(isInTables, node.input.changes === "append");
  return OperatorRun.open(windowAggregateOperator(node, session, "streaming"), node.input.row, {
    keySelector: () => null,
    clock,
  });
}

const rowtime = { time: TS, isProctime: false } as const;
const windows = {
  tumble: { ...rowtime, kind: "tumble", size: 10, offset: 0 },
  hop: { ...rowtime, kind: "hop", size: 10, slide: 4, offset: 1 },
  cumulate: { ...rowtime, kind: "cumulate", size: 12, step: 4, offset: -2 },
  session: { ...rowtime, kind: "session", gap: 5, partition: [] },
} as const satisfies Record<string, PlanWindow>;

const histories: fc.Arbitrary<readonly Step[]> = fc
  .array(
    fc.record({
      k: fc.constantFrom("a", "größe", null),
      b: fc.option(fc.constantFrom(1n, -5n, 2n ** 63n - 1n, -(2n ** 63n))),
      i: fc.option(fc.constantFrom(1, -7, 2 ** 31 - 1, -(2 ** 31))),
      s: fc.option(fc.constantFrom(1, -3, 32767)),
      d: fc.option(fc.constantFrom(0.5, -1, Number.NaN, 1e300)),
      day: fc.option(fc.constantFrom(new Date(0), new Date(86_400_000))),
      ok: fc.option(fc.boolean()),
      behind: fc.integer({ min: -3, max: 14 }),
      step: fc.integer({ min: 0, max: 6 }),
      marks: fc.boolean(),
    }),
    { maxLength: 24 },
  )
  .map((entries) => {
    let now = 0;
    return entries.flatMap(({ behind, step, marks, ...row }): Step[] => {
      now += step;
      const come = { ...row, ts: now - behind };
      return marks ? [come, { watermark: now }] : [come];
    });
  });

for (const [name, window] of Object.entries(windows)) {
  for (const groupBy of [[K], [], [K, B, DAY]]) {
    test(`${name} by ${groupBy.length} columns: tables emit what states of each key do, also after a restore (SQOC1, SQTW1, SQTE1)`, async () => {
      await fc.assert(
        fc.asyncProperty(histories, async (history) => {
          const steps = [...history, { watermark: 1e6 }];
          const states = await openRun(nodeOf(window, groupBy, "retract"));
          states.feed(steps);
          const tables = await openRun(nodeOf(window, groupBy, "append"));
          tables.feed(steps);
          assert.deepEqual(tableOf(tables.shown), tableOf(states.shown));
          assert.equal(tables.metric(LATE_ROWS), states.metric(LATE_ROWS));
          const restored = await openRun(nodeOf(window, groupBy, "append"));
          for (const step of steps) {
            restored.feed([step]);
            await restored.restore();
          }
          assert.deepEqual(tableOf(restored.shown), tableOf(tables.shown));
          const ended = await openRun(nodeOf(window, groupBy, "append"));
          ended.feed(history);
          await ended.end();
          assert.deepEqual(tableOf(ended.shown), tableOf(tables.shown));
        }),
        { numRuns: 25, seed: 20261130 },
      );
    });
  }
}

test("after restores at other parallelisms sessions go on, and end when they would have", async () => {
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      const node = nodeOf(windows.session, [K, I], "append");
      const factory = windowAggregateOperator(node, { timeZone: "UTC", clock: new ManualClock() }, "streaming");
      const make = (parallelism: number) => SpreadRun.open(factory, { row: input, keys: [K, I], parallelism });
      const [straight, moved] = [await make(1), await make(2)];
      for (const [at, step] of [...history, { watermark: 1e6 }].entries()) {
        for (const run of [straight, moved]) {
          if ("watermark" in step) run.watermark(step.watermark as number);
          else run.feed([step as Row]);
        }
        if (at % 5 === 4) await moved.restore(1 + (at % 4));
      }
      assert.deepEqual(moved.shown.toSorted(), straight.shown.toSorted());
    }),
    { numRuns: 25, seed: 20261130 },
  );
});

test("sessions that go on for long, of more keys than a page has slots, are emitted once, and nothing is kept of them (SQTE1, SQSC1)", async () => {
  const calls = [call("COUNT", null, count)];
  const session = { ...windows.session, gap: 1000 };
  const [tables, states] = [
    await openRun(nodeOf(session, [I], "append", input, calls)),
    await openRun(nodeOf(session, [I], "retract", input, calls)),
  ];
  const empty = await tables.stateBytes();
  // Keys pause now and then for longer than the gap; some end at once, some go on for ten gaps.
  const steps = Array.from({ length: 12_000 }, (_none, at): Step[] => {
    const [i, ts] = [(at * 7919) % (at % 3 === 0 ? 1500 : 40), at - ((at * 31) % 500)];
    const row = { ...emptyRow, i, ts: ts + Math.floor(i / 700) * 1500 };
    return at % 100 === 99 ? [row, { watermark: at - 500 }] : [row];
  }).flat();
  for (const run of [tables, states]) run.feed([...steps, { watermark: 1e6 }]);
  assert.ok(tables.shown.length > 2500);
  assert.deepEqual(tableOf(tables.shown), tableOf(states.shown));
  assert.equal(await tables.stateBytes(), empty);
});

test("a row that is not late, though the session that it would have been in is over, begins one anew", async () => {
  const run = await openRun(nodeOf(windows.session, [K], "append", input, [call("COUNT", null, count)]));
  const row = (k: string, ts: number): Row => ({ ...emptyRow, k, ts });
  run.feed([row("a", 0), row("a", 0), row("b", 4), { watermark: 4 }, row("a", 1), { watermark: 100 }]);
  assert.deepEqual(tableOf(run.shown), ["[a, 1, 1, 6, 5]", "[a, 2, 0, 5, 4]", "[b, 1, 4, 9, 8]"]);
});

test("sessions of processing time end by the clock, also after a restore, each once", async () => {
  const clock = new ManualClock();
  const proctime = input.map((each, at) => (at === TS ? column("ts", instant, "proctime") : each));
  const window = { kind: "session", gap: 100, partition: [K], time: TS, isProctime: true } as const;
  const run = await openRun(nodeOf(window, [K], "append", proctime, [call("COUNT", null, count)]), clock);
  const row = { ...emptyRow, k: "a", ts: 0 };
  run.feed([row, { watermark: 500 }, { afterMs: 60 }, row, { afterMs: 99 }]);
  assert.deepEqual(run.shown, []);
  await run.restore();
  run.feed([{ afterMs: 1 }]);
  const local = 3_600_000;
  assert.deepEqual(run.shown, [`+I[a, 2, ${local}, ${local + 160}, 159]`]);
  run.feed([row, { afterMs: 1000 }, row]);
  await run.restore();
  run.feed([{ afterMs: 1000 }]);
  assert.deepEqual(run.shown.slice(1), [
    `+I[a, 1, ${local + 160}, ${local + 260}, 259]`,
    `+I[a, 1, ${local + 1160}, ${local + 1260}, 1259]`,
  ]);
});

test("sessions of processing time that go on are looked at now and then, not at every tick of the clock (SQSC2)", async () => {
  const clock = new ManualClock();
  const proctime = input.map((each, at) => (at === TS ? column("ts", instant, "proctime") : each));
  const window = { kind: "session", gap: 1_800_000, partition: [K], time: TS, isProctime: true } as const;
  const run = await openRun(nodeOf(window, [K], "append", proctime, [call("COUNT", null, count)]), clock);
  let calls = 0;
  const after = clock.after.bind(clock);
  clock.after = (delayMs, callback) => {
    calls += 1;
    return after(delayMs, callback);
  };
  run.feed([
    { ...emptyRow, k: "a", ts: 0 },
    { afterMs: 10_000 },
    { ...emptyRow, k: "b", ts: 0 },
    { afterMs: 1_840_000 },
  ]);
  assert.equal(run.shown.length, 2);
  assert.ok(calls < 10, `${calls} calls of the clock`);
});

test("windows and sessions that one watermark ends are emitted as there is room, each once", async () => {
  const rows = Array.from({ length: 60 }, (_none, at): Row => ({ ...emptyRow, k: `k${at % 3}`, ts: at }));
  for (const window of [windows.hop, windows.tumble, { ...windows.session, gap: 1 }]) {
    const open = (): Promise<OperatorRun> =>
      openRun(nodeOf(window, [K], "append", input, [call("COUNT", null, count)]));
    const [stopped, whole] = [await open(), await open()];
    for (const run of [stopped, whole]) run.feed(rows);
    whole.feed([{ watermark: 1000 }]);
    const portions = stopped.reach(1000);
    assert.ok(portions.length > 5, `${portions.length} portions`);
    assert.deepEqual(portions.flat(), whole.shown);
    stopped.feed([...rows, { watermark: 2000 }]);
    assert.equal(stopped.metric(LATE_ROWS), rows.length);
  }
});

test("more keys than a page has slots are emitted, each once, and nothing is kept of a window that is over (SQTW2)", async () => {
  const run = await openRun(nodeOf(windows.hop, [I], "append", input, [call("COUNT", null, count)]));
  const rows = Array.from({ length: 3000 }, (_none, i): Row => ({ ...emptyRow, i: i % 2500, ts: i % 8 }));
  const empty = await run.stateBytes();
  run.feed([...rows, { watermark: 1e6 }]);
  const counted = run.shown.reduce((sum, shown) => sum + Number(shown.split(", ")[1]), 0);
  const inWindows = rows.reduce((sum, { ts }) => sum + windowsOf(ts as number), 0);
  assert.equal(counted, inWindows);
  assert.equal(new Set(run.shown).size, run.shown.length);
  assert.equal(await run.stateBytes(), empty);
});

const emptyRow: Row = { k: null, b: null, i: null, s: null, d: null, day: null, ok: null };

/** How many windows of HOP a time is in: [1 + 4n, 11 + 4n). */
const windowsOf = (ts: number): number =>
  [-15, -11, -7, -3, 1, 5, 9].filter((start) => start <= ts && ts < start + 10).length;

test("a row between windows that are shorter than their slide is in none, and is not late", async () => {
  for (const changes of ["append", "retract"] as const) {
    const window = { ...rowtime, kind: "hop", size: 5, slide: 10, offset: 0 } as const;
    const run = await openRun(nodeOf(window, [], changes, input, [call("COUNT", null, count)]));
    run.feed([{ ...emptyRow, ts: 4 }, { ...emptyRow, ts: 5 }, { ...emptyRow, ts: 10 }, { watermark: 100 }]);
    assert.deepEqual(run.shown, ["+I[1, 0, 5, 4]", "+I[1, 10, 15, 14]"]);
    assert.equal(run.metric(LATE_ROWS), 0);
  }
});

test("windows of processing time end by the clock, also after a restore, each once (SQTW1)", async () => {
  const clock = new ManualClock();
  const proctime = input.map((each, at) => (at === TS ? column("ts", instant, "proctime") : each));
  const window = { kind: "hop", size: 10, slide: 5, offset: 0, time: TS, isProctime: true } as const;
  const run = await openRun(nodeOf(window, [K], "append", proctime, [call("COUNT", null, count)]), clock);
  const row = { ...emptyRow, k: "a", ts: 0 };
  run.feed([row, { watermark: 500 }, { afterMs: 4 }, row]);
  assert.deepEqual(run.shown, []);
  run.feed([{ afterMs: 1 }, row]);
  const local = 3_600_000;
  assert.deepEqual(run.shown, [`+I[a, 2, ${local - 5}, ${local + 5}, 4]`]);
  await run.restore();
  run.feed([{ afterMs: 5 }]);
  await run.restore();
  run.feed([{ afterMs: 100 }]);
  assert.deepEqual(run.shown.slice(1), [
    `+I[a, 3, ${local}, ${local + 10}, 9]`,
    `+I[a, 1, ${local + 5}, ${local + 15}, 14]`,
  ]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ManualClock } from "../../testkit/index.ts";
import type { AggregateCall, PlanRow, PlanWindow, WindowAggregateNode } from "../plan/plan-tree.ts";
import type { SqlSession } from "../session.ts";
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
import { windowAggregateOperator } from "./window-aggregate.ts";
import { LATE_ROWS } from "./window-time.ts";

const input: PlanRow = [column("k", text), column("n", scalar("int")), column("ts", time, "rowtime")];
const [K, N, TS] = [0, 1, 2];

const call = (name: string, more: Partial<AggregateCall> = {}): AggregateCall => ({
  name,
  arguments: [N],
  isDistinct: false,
  filter: null,
  ignoresNulls: false,
  order: [],
  type: name === "COUNT" ? scalar("bigint") : scalar("int"),
  ...more,
});
const sumAndCount = [call("SUM"), call("COUNT", { isDistinct: true })];

const rowtime = { time: TS, isProctime: false } as const;
const windows = {
  tumble: { ...rowtime, kind: "tumble", size: 10, offset: 0 },
  hop: { ...rowtime, kind: "hop", size: 10, slide: 4, offset: 1 },
  cumulate: { ...rowtime, kind: "cumulate", size: 12, step: 4, offset: -2 },
  session: { ...rowtime, kind: "session", gap: 5, partition: [K] },
} as const satisfies Record<string, PlanWindow>;

function nodeOf(window: PlanWindow, calls = sumAndCount, row = input, groupBy = [K]): WindowAggregateNode {
  const timeType = { ...(row[window.time] as PlanRow[number]).type, isNullable: false };
  return {
    kind: "windowAggregate",
    uid: "windows",
    row: [
      ...groupBy.map((place) => row[place] as PlanRow[number]),
      ...calls.map(({ type }, at) => column(`c${at}`, type)),
      column("window_start", time),
      column("window_end", time),
      column("window_time", timeType, "rowtime"),
    ],
    changes: "append",
    keys: [],
    input: inputOf(row, "retract"),
    window,
    groupBy,
    calls,
    adds: ["start", "end", "time"],
  };
}

const sessionIn = (timeZone: string, clock = new ManualClock()): SqlSession => ({ timeZone, clock });

const openRun = (node: WindowAggregateNode, timeZone = "UTC"): Promise<OperatorRun> =>
  OperatorRun.open(windowAggregateOperator(node, sessionIn(timeZone), "streaming"), node.input.row);

const row = (k: string, n: number, ts: number): Step => ({ k, n, ts });

const examples: Readonly<Record<string, { readonly window: PlanWindow; readonly emitted: readonly string[] }>> = {
  TUMBLE: { window: windows.tumble, emitted: ["[a, 3, 2, 0, 10, 9]", "[a, 4, 1, 10, 20, 19]"] },
  HOP: {
    window: windows.hop,
    emitted: [
      "[a, 1, 1, -7, 3, 2]",
      "[a, 1, 1, -3, 7, 6]",
      "[a, 3, 2, 1, 11, 10]",
      "[a, 6, 2, 5, 15, 14]",
      "[a, 6, 2, 9, 19, 18]",
      "[a, 4, 1, 13, 23, 22]",
    ],
  },
  CUMULATE: {
    window: windows.cumulate,
    emitted: [
      "[a, 1, 1, -2, 2, 1]",
      "[a, 1, 1, -2, 6, 5]",
      "[a, 3, 2, -2, 10, 9]",
      "[a, 4, 1, 10, 18, 17]",
      "[a, 4, 1, 10, 22, 21]",
    ],
  },
  SESSION: { window: windows.session, emitted: ["[a, 1, 1, 1, 6, 5]", "[a, 6, 2, 9, 19, 18]"] },
};

for (const [name, { window, emitted }] of Object.entries(examples)) {
  test(`${name}: a key's row is emitted when its window is over, and rows without a window that is open are late (WM-6)`, async () => {
    const run = await openRun(nodeOf(window));
    run.feed([row("a", 1, 1), row("a", 2, 9), row("a", 4, 14)]);
    assert.deepEqual(run.shown, []);
    run.feed([{ watermark: 40 }]);
    assert.deepEqual(
      tableOf(run.shown),
      [...emitted].sort((left, right) => (left < right ? -1 : 1)),
    );
    run.feed([row("a", 9, 20), { watermark: 100 }]);
    assert.equal(run.metric(LATE_ROWS), 1);
    assert.equal(run.shown.length, emitted.length);
  });
}

type Row = { readonly k: string; readonly n: number; readonly ts: number };
type History = readonly (Row | { readonly watermark: number })[];

const histories: fc.Arbitrary<History> = fc
  .array(
    fc.record({
      k: fc.constantFrom("a", "b"),
      n: fc.integer({ min: 0, max: 3 }),
      behind: fc.integer({ min: -3, max: 14 }),
      step: fc.integer({ min: 0, max: 6 }),
      marks: fc.boolean(),
    }),
    { maxLength: 20 },
  )
  .map((entries) => {
    let now = 0;
    return entries.flatMap(({ k, n, behind, step, marks }) => {
      now += step;
      const come = { k, n, ts: now - behind };
      return marks ? [come, { watermark: now }] : [come];
    });
  });

type Opened = { readonly start: number; readonly end: number; readonly rows: Row[] };

/** The windows of a time by definition: [start, end). */
function windowsOf(
  window: Exclude<PlanWindow, { kind: "session" }>,
  ts: number,
): readonly (readonly [number, number])[] {
  const unit = window.kind === "hop" ? window.slide : window.size;
  const lengths =
    window.kind === "cumulate"
      ? Array.from({ length: window.size / window.step }, (_none, at) => (at + 1) * window.step)
      : [window.size];
  const found: [number, number][] = [];
  for (let start = ts - window.size; start <= ts; start++) {
    if ((start - window.offset) % unit !== 0) continue;
    for (const length of lengths) if (ts < start + length) found.push([start, start + length]);
  }
  return found;
}

/** What is emitted by definition, and how many rows are late. */
function expected(
  window: PlanWindow,
  history: History,
): { readonly emitted: readonly string[]; readonly late: number } {
  let watermark = Number.NEGATIVE_INFINITY;
  let late = 0;
  let open: Opened[] = [];
  const emitted: string[] = [];
  for (const step of [...history, { watermark: 1e6 }]) {
    if ("watermark" in step) {
      watermark = step.watermark;
      const over = open.filter(({ end }) => end - 1 <= watermark);
      open = open.filter(({ end }) => end - 1 > watermark);
      for (const { start, end, rows } of over) {
        const sum = rows.reduce((total, { n }) => total + n, 0);
        const distinct = new Set(rows.map(({ n }) => n)).size;
        emitted.push(`[${rows[0]?.k}, ${sum}, ${distinct}, ${start}, ${end}, ${end - 1}]`);
      }
    } else if (window.kind === "session") {
      const isTouched = ({ start, end, rows }: Opened): boolean =>
        rows[0]?.k === step.k && start <= step.ts + window.gap && end >= step.ts;
      const touched = open.filter(isTouched);
      const end = Math.max(step.ts + window.gap, ...touched.map((each) => each.end));
      if (end - 1 <= watermark) {
        late += 1;
        continue;
      }
      open = open.filter((each) => !isTouched(each));
      const start = Math.min(step.ts, ...touched.map((each) => each.start));
      open.push({ start, end, rows: [...touched.flatMap(({ rows }) => rows), step] });
    } else {
      const left = windowsOf(window, step.ts).filter(([, end]) => end - 1 > watermark);
      if (left.length === 0) late += 1;
      for (const [start, end] of left) {
        const found = open.find((each) => each.start === start && each.end === end && each.rows[0]?.k === step.k);
        if (found === undefined) open.push({ start, end, rows: [step] });
        else found.rows.push(step);
      }
    }
  }
  return { emitted: emitted.sort((left, right) => (left < right ? -1 : 1)), late };
}

for (const [name, window] of Object.entries(windows)) {
  test(`${name}: whatever comes, windows hold what their definition says, each is emitted once, and a restore after any record changes nothing (SQWA1)`, async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (history) => {
        const straight = await openRun(nodeOf(window));
        straight.feed([...history, { watermark: 1e6 }]);
        const { emitted, late } = expected(window, history);
        assert.deepEqual(tableOf(straight.shown), emitted);
        assert.equal(straight.metric(LATE_ROWS), late);
        const restored = await openRun(nodeOf(window));
        for (const step of [...history, { watermark: 1e6 }]) {
          restored.feed([step]);
          await restored.restore();
        }
        assert.deepEqual(restored.shown.toSorted(inOrder), straight.shown.toSorted(inOrder));
      }),
      { numRuns: 60, seed: 20261130 },
    );
  });
}

const inOrder = (left: string, right: string): number => (left < right ? -1 : 1);

test("rows that are taken back before their window is over do not count, and a window without rows is not emitted", async () => {
  for (const window of Object.values(windows)) {
    const run = await openRun(nodeOf(window));
    const [gone, kept] = [
      { k: "a", n: 7, ts: 1 },
      { k: "b", n: 5, ts: 1 },
    ];
    run.feed([gone, kept, { ...kept, n: 6 }, ["-D", gone], ["-U", { ...kept, n: 6 }], { watermark: 100 }]);
    assert.ok(run.shown.length > 0);
    for (const shown of run.shown) assert.match(shown, /^\+I\[b, 5, 1, /);
  }
});

test("when all input has come every window is over (SQWA2)", async () => {
  for (const window of Object.values(windows)) {
    const [ended, marked] = [await openRun(nodeOf(window)), await openRun(nodeOf(window))];
    const rows = [row("a", 1, 1), row("a", 2, 9), row("b", 4, 14), row("a", 4, 30)];
    ended.feed(rows);
    await ended.end();
    marked.feed([...rows, { watermark: 1e6 }]);
    assert.deepEqual(tableOf(ended.shown), tableOf(marked.shown));
  }
});

test("windows of processing time end by the clock; a row at that moment is in the next one", async () => {
  const clock = new ManualClock();
  const proctime: PlanRow = [...input.slice(0, 2), column("ts", instant, "proctime")];
  const window = { kind: "tumble", size: 10, offset: 0, time: TS, isProctime: true } as const;
  const node = nodeOf(window, [call("SUM")], proctime);
  const run = await OperatorRun.open(windowAggregateOperator(node, sessionIn("UTC", clock), "streaming"), proctime, {
    keySelector: () => null,
    clock,
  });
  run.feed([row("a", 1, 0), { afterMs: 9 }, row("a", 2, 0)]);
  assert.deepEqual(run.shown, []);
  await run.restore();
  run.feed([{ afterMs: 1 }]);
  assert.deepEqual(run.shown, ["+I[a, 3, 0, 10, 9]"]);
  run.feed([row("a", 5, 0)]);
  await run.end();
  assert.deepEqual(run.shown, ["+I[a, 3, 0, 10, 9]", "+I[a, 5, 10, 20, 19]"]);
});

const HOUR_MS = 3_600_000;

test("windows of instants begin and end with the clock of the session's zone, also on days of 23 and 25 hours (SQWT1)", async () => {
  const instants: PlanRow = [...input.slice(0, 2), column("ts", instant, "rowtime")];
  const day = { ...rowtime, kind: "tumble", size: 24 * HOUR_MS, offset: 0 } as const;
  const hours = { ...rowtime, kind: "hop", size: 2 * HOUR_MS, slide: HOUR_MS, offset: 0 } as const;
  // Berlin puts its clock forward at 01:00 UTC on 2026-03-29, and back at 01:00 UTC on 2026-10-25.
  for (const [date, length] of [
    ["2026-03-29", 23],
    ["2026-10-25", 25],
    ["2026-11-30", 24],
  ] as const) {
    const midnight = Date.parse(date);
    const run = await openRun(nodeOf(day, [call("SUM")], instants), "Europe/Berlin");
    const start = midnight - (date === "2026-11-30" ? 1 : date === "2026-03-29" ? 1 : 2) * HOUR_MS;
    const end = start + length * HOUR_MS;
    run.feed([
      row("a", 1, start - 1),
      row("a", 2, start),
      row("a", 4, end - 1),
      row("a", 8, end),
      { watermark: end - 2 },
    ]);
    assert.equal(run.shown.length, 1);
    run.feed([{ watermark: end - 1 }]);
    assert.equal(run.shown[1], `+I[a, 6, ${midnight}, ${midnight + 24 * HOUR_MS}, ${end - 1}]`);
    const all = await openRun(nodeOf(hours, [call("COUNT", { arguments: [] })], instants), "Europe/Berlin");
    const rows = Array.from({ length }, (_none, hour) => row("a", 1, start + hour * HOUR_MS));
    for (const each of rows) all.feed([each, { watermark: (each as Row).ts }]);
    all.feed([{ watermark: end + 48 * HOUR_MS }]);
    const counted = all.shown.reduce((sum, shown) => sum + Number(shown.split(", ")[1]), 0);
    // Each of the hours is in two windows of local time.
    assert.equal(counted, 2 * length);
  }
});

test("where the clock is put back the rows of both times are in one window, which is emitted once (SQWT2)", async () => {
  const instants: PlanRow = [...input.slice(0, 2), column("ts", instant, "rowtime")];
  const half = { ...rowtime, kind: "tumble", size: HOUR_MS / 2, offset: 0 } as const;
  const run = await openRun(nodeOf(half, [call("SUM")], instants), "Europe/Berlin");
  const first = Date.parse("2026-10-25T00:00:00Z");
  // 02:10 and 02:40, and an hour later again; a row of each comes after the watermark of the next.
  const times = [10, 40, 70, 100, 130].map((minutes) => first + minutes * 60_000);
  for (const [at, ts] of times.entries())
    run.feed([row("a", 2 ** at, ts), { watermark: ts }, row("a", 100 * 2 ** at, times[Math.max(0, at - 1)] as number)]);
  run.feed([{ watermark: first + 12 * HOUR_MS }]);
  const local = first + 2 * HOUR_MS;
  assert.deepEqual(
    run.shown.map((shown) => shown.split(", ").slice(1, 3).map(Number)),
    [
      [1 + 4 + 100 + 200, local],
      [2 + 8 + 400, local + HOUR_MS / 2],
      [16, local + HOUR_MS],
    ],
  );
  assert.equal(run.metric(LATE_ROWS), 2);
});

test("a row without a time fails the job, and the message says what to do", async () => {
  const nullable: PlanRow = [...input.slice(0, 2), column("ts", { ...time, isNullable: true }, "rowtime")];
  const run = await openRun(nodeOf(windows.tumble, sumAndCount, nullable));
  assert.throws(() => run.feed([{ k: "a", n: 1, ts: null }]), /WHERE "ts" IS NOT NULL/);
});

test("sessions by other columns than the groups are refused", () => {
  assert.throws(
    () => windowAggregateOperator(nodeOf(windows.session, sumAndCount, input, [K, N]), sessionIn("UTC"), "streaming"),
    {
      code: "JOB_GRAPH_INVALID",
    },
  );
});

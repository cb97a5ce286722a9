import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../testkit/index.ts";
import type { PlanRow, PlanWindow, WindowTableNode } from "../plan/plan-tree.ts";
import { column, inputOf, OperatorRun, type Step, tableOf, text, time } from "./operator-run.test-support.ts";
import { LATE_ROWS } from "./window-time.ts";
import { windowTableOperator } from "./window-table.ts";

const input: PlanRow = [column("k", text), column("ts", time, "rowtime")];
const [K, TS] = [0, 1];

const nodeOf = (window: PlanWindow): WindowTableNode => ({
  kind: "windowTable",
  uid: "windows",
  row: [
    ...input.map(({ name, type }) => column(name, type)),
    column("window_start", time),
    column("window_end", time),
    column("window_time", time, "rowtime"),
  ],
  changes: "retract",
  keys: [],
  input: inputOf(input, "retract"),
  window,
});

const openRun = (window: PlanWindow): Promise<OperatorRun> =>
  OperatorRun.open(
    windowTableOperator(nodeOf(window), { timeZone: "UTC", clock: new ManualClock() }, "streaming"),
    input,
  );

const row = (k: string | null, ts: number): Step => ({ k, ts });
const rowtime = { time: TS, isProctime: false, offset: 0 } as const;

const examples: Readonly<Record<string, { readonly window: PlanWindow; readonly emitted: readonly string[] }>> = {
  TUMBLE: {
    window: { ...rowtime, kind: "tumble", size: 10 },
    emitted: ["+I[a, 3, 0, 10, 9]", "+I[NULL, 12, 10, 20, 19]", "-U[a, 3, 0, 10, 9]", "+U[b, 3, 0, 10, 9]"],
  },
  HOP: {
    window: { ...rowtime, kind: "hop", size: 10, slide: 5 },
    emitted: [
      "+I[a, 3, -5, 5, 4]",
      "+I[NULL, 12, 5, 15, 14]",
      "-U[a, 3, -5, 5, 4]",
      "+U[b, 3, -5, 5, 4]",
      "+I[a, 3, 0, 10, 9]",
      "+I[NULL, 12, 10, 20, 19]",
      "-U[a, 3, 0, 10, 9]",
      "+U[b, 3, 0, 10, 9]",
    ],
  },
  CUMULATE: {
    window: { ...rowtime, kind: "cumulate", size: 10, step: 5 },
    emitted: [
      "+I[a, 3, 0, 5, 4]",
      "+I[NULL, 12, 10, 15, 14]",
      "-U[a, 3, 0, 5, 4]",
      "+U[b, 3, 0, 5, 4]",
      "+I[a, 3, 0, 10, 9]",
      "+I[NULL, 12, 10, 20, 19]",
      "-U[a, 3, 0, 10, 9]",
      "+U[b, 3, 0, 10, 9]",
    ],
  },
};

for (const [name, { window, emitted }] of Object.entries(examples)) {
  test(`${name}: a row leaves once for each of its windows, with its kind (SQWX1)`, async () => {
    const run = await openRun(window);
    run.feed([row("a", 3), row(null, 12), ["-U", { k: "a", ts: 3 }], ["+U", { k: "b", ts: 3 }]]);
    assert.deepEqual(run.shown, emitted);
  });
}

test("SESSION: rows leave when their session is over, without those that were taken back, also after a restore (SQWX2)", async () => {
  const run = await openRun({ ...rowtime, kind: "session", gap: 5, partition: [K] });
  run.feed([row("a", 3), row("b", 4), row("a", 12), row("a", 8), row("a", 30), ["-D", { k: "b", ts: 4 }]]);
  await run.restore();
  run.feed([row("a", 8), ["-D", { k: "a", ts: 8 }], { watermark: 15 }]);
  assert.deepEqual(run.shown, []);
  run.feed([{ watermark: 16 }, row("a", 11)]);
  assert.deepEqual(tableOf(run.shown), ["[a, 12, 3, 17, 16]", "[a, 3, 3, 17, 16]", "[a, 8, 3, 17, 16]"]);
  assert.equal(run.metric(LATE_ROWS), 1);
  await run.end();
  assert.deepEqual(run.shown.at(-1), "+I[a, 30, 30, 35, 34]");
});

/** Rows and columns in one job: every record once, in order, whatever takes what (COJ1 to COJ3, CLP1, CLP2, OP7, SK2). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { debugColumns } from "../record/index.ts";
import { slotRun } from "./slot-run.test-support.ts";

type Seen = { given: number; taken: number[]; watermarks: number[]; atBarrier: [number, number][]; wrong: string[] };

const COUNT = 5000;
const KEYS = 16;
const RECORD = fileURLToPath(new URL("../record/index.ts", import.meta.url));

/** `stages`: what stands between the source, `rows` or `columns`, and the end. */
const module = (source: "rows" | "columns", stages: string): string => `
import { job, t } from "streamjob";
import { ColumnBuilder } from ${JSON.stringify(RECORD)};
const seen = (globalThis.jointTest = { given: 0, taken: [], watermarks: [], atBarrier: [], wrong: [] });
const Event = t.record({ n: t.int64, key: t.string, odd: t.boolean });
const event = (n) => ({ n, key: "k" + (n % ${KEYS}), odd: n % 2 === 1 });

const source = {
  kind: "source", name: "events", boundedness: "bounded", type: Event,
  discover: () => [{ next: 0 }],
  createReader: () => {
    let next = 0;
    const builder = new ColumnBuilder(Event, 600);
    return {
      poll(output, records) {
        const end = Math.min(${COUNT}, next + records);
        for (; next < end; next++) {
          if (${source === "rows"}) output.collect(event(next), next);
          else builder.appendRow(event(next), next);
        }
        if (builder.count > 0) {
          const batch = builder.take();
          output.collectBatch(batch);
          batch.release();
        }
        seen.given = next;
        return next < ${COUNT} ? "more" : "end";
      },
      snapshot: () => [{ next }],
    };
  },
};

/** Says what it works on; \`step\`: takes so many records at a time, and stops when it should. */
const columns = (step) => ({ kind: "operator", name: "columns", create: () => {
  let output, context;
  return {
    open(c, out) { context = c; output = out; },
    process() { seen.wrong.push("rows came to an operator of columns"); },
    processBatch(batch, from) {
      for (let at = from; at < batch.count; at += step) {
        const count = Math.min(step, batch.count - at);
        output.collectBatch(batch.select(batch.rows.subarray(at, at + count), count));
        if (context.emission.isPaused) return at + count;
      }
      return batch.count;
    },
    onWatermark(timestamp) { seen.watermarks.push(timestamp); },
  };
} });
const rows = () => ({ kind: "operator", name: "rows", create: () => {
  let output;
  return { open(_c, out) { output = out; }, process(value, timestamp) { output.collect({ ...value }, timestamp); } };
} });

/** The end: notes what comes, and makes its task wait again and again. */
const take = (value, timestamp) => {
  if (timestamp !== value.n) seen.wrong.push("record " + value.n + " has timestamp " + timestamp);
  if (value.key !== "k" + (value.n % ${KEYS}) || value.odd !== (value.n % 2 === 1)) seen.wrong.push("record " + JSON.stringify(value));
  seen.taken.push(value.n);
};
const slow = (isOfColumns) => ({ kind: "operator", name: "slow", create: () => {
  let context, isBlocked = false;
  const wait = () => {
    isBlocked = true;
    context.blockUntil(new Promise((resolve) => setImmediate(() => { isBlocked = false; resolve(); })));
  };
  const check = () => { if (isBlocked) seen.wrong.push("a record came while its operator waited"); };
  return {
    open(c) { context = c; },
    process(value, timestamp) {
      check();
      take(value, timestamp);
      if (value.n % 500 === 7) wait();
    },
    ...(isOfColumns ? { processBatch(batch, from) {
      check();
      const to = Math.min(batch.count, from + 300);
      const part = batch.select(batch.rows.subarray(from, to), to - from);
      const times = part.timestampsFrom(0);
      for (const [at, value] of part.toRows().entries()) take(value, times[at]);
      if (to < batch.count) wait();
      return to;
    } } : {}),
    prepareSnapshot() { seen.atBarrier.push([seen.given, seen.taken.length]); },
  };
} });

/** A sink whose writers take batches. */
const sink = { kind: "sink", name: "sink", guarantee: "at-least-once", takesBatches: true, createWriter: () => ({
  write() { seen.wrong.push("a row came to a sink of batches"); },
  writeBatch(batch) {
    const times = batch.timestampsFrom(0);
    for (const [at, value] of batch.toRows().entries()) take(value, times[at]);
  },
  flush() { seen.atBarrier.push([seen.given, seen.taken.length]); },
}) };

/** One that takes columns where they come as columns. */
const both = { ...sink, name: "both", takesBatches: undefined, createWriter: () => ({
  write: take,
  writeColumns(columns) {
    const times = columns.timestamps();
    for (const [at, value] of columns.rows().entries()) take(value, times[at]);
    return columns.column("n")[0] % 3 === 0 ? new Promise((resolve) => setImmediate(resolve)) : undefined;
  },
  flush() { seen.atBarrier.push([seen.given, seen.taken.length]); },
}) };

/** One of rows whose writes take long, and hold the thread: its task has to let others in between (TK2). */
let burst = 0;
const held = { ...sink, name: "held", takesBatches: undefined, createWriter: () => ({
  write(value, timestamp) {
    if (burst++ === 0) setImmediate(() => { burst = 0; });
    if (burst === 300) seen.wrong.push("300 writes in one turn");
    for (const until = performance.now() + 0.1; performance.now() < until; );
    take(value, timestamp);
  },
  flush() { seen.atBarrier.push([seen.given, seen.taken.length]); },
}) };

export default job((env) => {
  env.configure({ name: "joints", checkpoints: { interval: "1 h" } });
  const events = env.fromSource(source, { uid: "events" });
  ${stages}
});`;

const seenOf = (): Seen => (globalThis as unknown as { jointTest: Seen }).jointTest;

async function runOf(context: Parameters<typeof slotRun>[0], text: string): Promise<Seen> {
  debugColumns(true);
  context.after(() => debugColumns(false));
  const run = await slotRun(context, text);
  await run.run();
  let checkpointId = 0;
  let triggeredAt = -1;
  await run.until("the end of the data", () => {
    const failed = run.sent.find((message) => message.kind === "taskState" && message.state.kind === "failed");
    assert.equal(failed, undefined, JSON.stringify(failed));
    if (seenOf().taken.length > triggeredAt) {
      triggeredAt = seenOf().taken.length;
      void run.host.handle({
        kind: "triggerCheckpoint",
        epoch: 1,
        checkpointId: ++checkpointId,
        checkpointKind: "checkpoint",
        aligned: true,
        target: null,
        triggeredMs: 0,
        tasks: run.tasks.slice(0, 1),
      });
    }
    const ended = run.sent.filter((message) => message.kind === "taskState" && message.state.kind === "endOfData");
    return ended.length === run.tasks.length;
  });
  assert.deepEqual(seenOf().wrong.slice(0, 3), []);
  return seenOf();
}

const all = Array.from({ length: COUNT }, (_none, n) => n);

const ofOneTask: Readonly<Record<string, readonly ["rows" | "columns", string]>> = {
  "rows into an operator of columns, and rows behind it": [
    "rows",
    "events.transform(columns(7), { type: Event }).transform(slow(false));",
  ],
  "columns into an operator of rows": ["columns", "events.transform(slow(false));"],
  "columns all the way, the last takes part of a batch": [
    "columns",
    "events.transform(columns(50), { type: Event }).transform(slow(true));",
  ],
  "rows into a sink of batches": ["rows", "events.sinkTo(sink);"],
  "columns into a sink of batches": ["columns", "events.sinkTo(sink);"],
  "rows into a sink of both": ["rows", "events.sinkTo(both);"],
  "columns into a sink of both": ["columns", "events.sinkTo(both);"],
  "columns into a sink of rows whose writes take long": ["columns", "events.sinkTo(held);"],
  "columns, rows, columns": [
    "columns",
    "events.transform(rows(), { type: Event }).transform(columns(1000), { type: Event }).transform(slow(true));",
  ],
};
for (const [what, [source, stages]] of Object.entries(ofOneTask)) {
  test(`${what}: in order, none while it waits, and a barrier comes behind all that was read before it`, async (context) => {
    const { taken, atBarrier } = await runOf(context, module(source, stages));
    assert.deepEqual(taken, all);
    assert.ok(atBarrier.length > 1);
    for (const [given, had] of atBarrier) assert.equal(had, given);
  });
}

const overEdges: Readonly<Record<string, readonly ["rows" | "columns", string]>> = {
  "a batch to a head of columns": [
    "columns",
    "events.rebalance().transform(columns(100), { type: Event }).transform(slow(true));",
  ],
  "a batch to a head of rows": ["columns", "events.rebalance().transform(slow(false));"],
  "rows to a head of columns": [
    "rows",
    "events.rebalance().transform(columns(100), { type: Event }).transform(slow(false));",
  ],
  "rows to a sink of both": ["rows", "events.rebalance().sinkTo(both);"],
  "rows that have no columns to a sink of both": [
    "rows",
    "events.map((value) => value, { type: t.any }).rebalance().sinkTo(both);",
  ],
  "columns to a sink of both": ["columns", "events.rebalance().sinkTo(both);"],
  "columns to a sink of rows whose writes take long": ["columns", "events.rebalance().sinkTo(held);"],
  "columns by a key's column": ["columns", 'events.keyBy("key").transform(slow(true));'],
  "columns by a function": ["columns", "events.keyBy((value) => value.key).transform(slow(false));"],
};
for (const [what, [source, stages]] of Object.entries(overEdges)) {
  test(`over an edge, ${what}: in order and complete`, async (context) => {
    const { taken } = await runOf(context, module(source, stages));
    assert.deepEqual(taken, all);
  });
}

test("an operator of columns gets the rows before a watermark before it", async (context) => {
  const text = module(
    "rows",
    `events.transform({ kind: "operator", name: "marks", create: () => {
      let output;
      return {
        ownsWatermarks: true,
        open(_c, out) { output = out; },
        process(value, timestamp) {
          output.collect(value, timestamp);
          if (value.n % 100 === 99) output.emitWatermark(value.n);
        },
      };
    } }, { type: Event }).transform({ ...columns(1000), create: () => {
      let last = -1;
      return {
        process() {},
        processBatch(batch) {
          for (const { n } of batch.toRows()) { last = n; seen.taken.push(n); }
          return batch.count;
        },
        onWatermark(timestamp) { if (timestamp < ${COUNT} && last !== timestamp) seen.wrong.push("watermark " + timestamp + " behind " + last); },
      };
    } });`,
  );
  const { taken } = await runOf(context, text);
  assert.deepEqual(taken, all);
});

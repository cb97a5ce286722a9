/** Batches of several inputs: each comes to the operator by its own input, with its row kinds, once and in order (CLP3, OP7). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { debugColumns } from "../record/index.ts";
import { slotRun } from "./slot-run.test-support.ts";

type Seen = { readonly taken: readonly (readonly number[])[]; readonly wrong: readonly string[]; parts: number };

const COUNT = 3000;
const RECORD = fileURLToPath(new URL("../record/index.ts", import.meta.url));

/** `takesBatches`: of the second input, too. `second`: in which form it sends. */
const module = (takesBatches: boolean, second: "rows" | "columns"): string => `
import { job, t } from "streamjob";
import { ColumnBuilder } from ${JSON.stringify(RECORD)};
const seen = (globalThis.batchesOfInputs = { taken: [[], []], wrong: [], parts: 0 });
const Left = t.record({ n: t.int64, key: t.string });
const Right = t.record({ key: t.string, other: t.boolean, n: t.int64 });
const kindOf = (n) => n % 4;
const left = (n) => ({ n, key: "k" + (n % 16) });
const right = (n) => ({ key: "k" + (n % 16), other: true, n });

const source = (name, type, make, form) => ({
  kind: "source", name, boundedness: "bounded", type,
  discover: () => [{ next: 0 }],
  createReader: () => {
    let next = 0;
    const builder = new ColumnBuilder(type, 600);
    return {
      poll(output, records) {
        const end = Math.min(${COUNT}, next + records);
        for (; next < end; next++) {
          if (form === "rows") output.collect(make(next), next);
          else {
            builder.appendRow(make(next), next);
            builder.rowKinds()[builder.count - 1] = kindOf(next);
          }
        }
        if (builder.count > 0) {
          const batch = builder.take();
          output.collectBatch(batch);
          batch.release();
        }
        return next < ${COUNT} ? "more" : "end";
      },
      snapshot: () => [{ next }],
    };
  },
});

const both = { kind: "operator", name: "both", create: () => {
  let context;
  let isBlocked = false;
  const take = (input, kinds) => (batch, from) => {
    if (isBlocked) seen.wrong.push("a batch came while its operator waited");
    const to = Math.min(batch.count, from + 300);
    const part = batch.select(batch.rows.subarray(from, to), to - from);
    const times = part.timestampsFrom(0);
    for (const [at, row] of part.toRows().entries()) {
      const place = part.rows[at];
      const kind = batch.marks.rowKinds === null ? 0 : batch.marks.rowKinds[place];
      if (kind !== (kinds ? kindOf(row.n) : 0)) seen.wrong.push("row " + row.n + " of input " + input + " has kind " + kind);
      if (times[at] !== row.n) seen.wrong.push("timestamp " + times[at] + " of row " + row.n);
      if (batch.marks.keyHashes === null) seen.wrong.push("a batch without hashes of its keys");
      if ((row.other === true) !== (input === 1)) seen.wrong.push("row " + row.n + " came by input " + input);
      seen.taken[input].push(row.n);
    }
    if (to < batch.count) {
      seen.parts++;
      isBlocked = true;
      context.blockUntil(new Promise((resolve) => setImmediate(() => { isBlocked = false; resolve(); })));
    }
    return to;
  };
  const second = take(1, ${second === "columns"});
  return {
    open(c) { context = c; },
    process() { seen.wrong.push("rows came by the first input"); },
    processBatch: take(0, true),
    ${
      takesBatches
        ? "processInputBatch(input, batch, from) { if (input !== 1) seen.wrong.push('input ' + input); return second(batch, from); },"
        : "processInput(input, row) { seen.taken[input].push(row.n); },"
    }
  };
} };

export default job((env) => {
  env.configure({ name: "batches-of-inputs" });
  const first = env.fromSource(source("left", Left, left, "columns"), { uid: "left" });
  const other = env.fromSource(source("right", Right, right, ${JSON.stringify(second)}), { uid: "right" });
  first.keyBy("key").connect(other.keyBy("key")).transform(both, { uid: "both", type: Left });
});`;

const seenOf = (): Seen => (globalThis as unknown as { batchesOfInputs: Seen }).batchesOfInputs;
const all = Array.from({ length: COUNT }, (_none, n) => n);

const cases = {
  "both inputs in columns": [true, "columns"],
  "the second input in rows, to an operator that takes its batches": [true, "rows"],
  "the second input in rows, to an operator that takes its rows": [false, "rows"],
} as const;
for (const [what, [takesBatches, second]] of Object.entries(cases)) {
  test(`${what}: every row by its input, with its kind, once and in order`, async (context) => {
    debugColumns(true);
    context.after(() => debugColumns(false));
    const run = await slotRun(context, module(takesBatches, second));
    await run.run();
    await run.until("the end of the data", () => {
      const failed = run.sent.find((message) => message.kind === "taskState" && message.state.kind === "failed");
      assert.equal(failed, undefined, JSON.stringify(failed));
      const ended = run.sent.filter((message) => message.kind === "taskState" && message.state.kind === "endOfData");
      return ended.length === run.tasks.length;
    });
    assert.deepEqual(seenOf().wrong.slice(0, 3), []);
    assert.deepEqual(seenOf().taken, [all, all]);
    assert.ok(seenOf().parts > 0);
  });
}

test("rows that take others back do not come as new ones to an operator that takes rows by its second input", async (context) => {
  const run = await slotRun(context, module(false, "columns"));
  await run.run();
  assert.match((await run.failure()).message, /results that change came to an operator of rows/);
});

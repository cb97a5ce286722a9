/** A record that makes many is emitted in steps, under credit, and is never cut by a barrier (OP5, TK5, T45). */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ToJobManager } from "../rpc/index.ts";
import { type SlotRun, slotRun } from "./slot-run.test-support.ts";

type Seen = { made: number; taken: number; ahead: number; held: number; atBarrier: number[] };

/** Each record of `count` makes `each` values; what follows runs in a task of its own and notes how far it was behind. */
const module = (options: { count: number; each: number; expand: string }): string => `
import { job, t, value } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";
const seen = (globalThis.emissionTest = { made: 0, taken: 0, ahead: 0, held: 0, atBarrier: [] });
const each = ${options.each};
function* values(n) { for (let i = 0; i < each; i++) { seen.made++; yield n; } }
const behind = { kind: "operator", name: "behind", create: () => {
  let output;
  return {
    open(_context, out) { output = out; },
    process() { seen.taken++; seen.ahead = Math.max(seen.ahead, seen.made - seen.taken); },
    prepareSnapshot() { seen.atBarrier.push(seen.taken); },
  };
} };
const atWatermark = { kind: "operator", name: "atWatermark", create: () => {
  const held = [];
  let output;
  let left = null;
  function* all() {
    for (const n of held.splice(0))
      for (const value of values(n)) {
        output.collect(value, 0);
        yield;
      }
  }
  return {
    open(_context, out) { output = out; },
    process(n) { held.push(n); },
    reachWatermark(_timestamp, mayGoOn) {
      left ??= all();
      while (!left.next().done) if (!mayGoOn()) return false;
      left = null;
      return true;
    },
  };
} };
const atEnd = { kind: "operator", name: "atEnd", create: () => {
  const held = [];
  let output;
  let emission;
  function* all() {
    for (const n of held.splice(0)) for (const value of values(n)) { output.collect(value, 0); yield; }
  }
  return {
    open(context, out) { output = out; emission = context.emission; },
    process(n) { held.push(n); seen.held = held.length; },
    endInput() {
      const left = all();
      const goOn = () => {
        while (!left.next().done) if (emission.isFull()) return false;
        return true;
      };
      if (!goOn()) emission.defer(goOn);
    },
  };
} };
const twiceAtEnd = { kind: "operator", name: "twiceAtEnd", create: () => {
  let output;
  let got = 0;
  return {
    open(_context, out) { output = out; },
    process(n) { got++; output.collect(n, 0); },
    // What the operator before emits at its end has come by then.
    endInput() { for (let left = got; left > 0; left--) output.collect(0, 0); },
  };
} };
export default job((env) => {
  env.configure({ name: "emission", checkpoints: { interval: "1 h" } });
  const numbers = env.fromSource(generatorSource({ generate: (n) => n, count: ${options.count}, type: t.int64 }), { uid: "numbers" });
  ${options.expand}
});`;

const seen = (): Seen => (globalThis as unknown as { emissionTest: Seen }).emissionTest;
const kinds = (sent: readonly ToJobManager[]): string[] =>
  sent.flatMap((message) => (message.kind === "taskState" ? [message.state.kind] : [message.kind]));

async function runThrough(run: SlotRun): Promise<void> {
  const sources = run.tasks.slice(0, 1);
  await run.run();
  let checkpointId = 0;
  let triggeredAt = -1;
  await run.until("the end of the data", () => {
    // A checkpoint whenever something has happened since the last: most of them in the middle of a record.
    if (seen().taken > triggeredAt) {
      triggeredAt = seen().taken;
      void run.host.handle({
        kind: "triggerCheckpoint",
        epoch: 1,
        checkpointId: ++checkpointId,
        checkpointKind: "checkpoint",
        aligned: true,
        target: null,
        triggeredMs: 0,
        tasks: sources,
      });
    }
    const said = kinds(run.sent);
    assert.ok(
      !said.includes("failed"),
      JSON.stringify(run.sent.find((message) => message.kind === "taskState" && message.state.kind === "failed")),
    );
    return said.filter((kind) => kind === "endOfData").length === run.tasks.length;
  });
}

const shapes: Record<string, { readonly expand: string; readonly factor: number }> = {
  "a generator of flatMap": {
    factor: 1,
    expand: `numbers.flatMap(values, { uid: "expand" }).rebalance().transform(behind, { uid: "behind" });`,
  },
  "a generator of process": {
    factor: 1,
    expand: `numbers.process({ process: values }, { uid: "expand" }).rebalance().transform(behind, { uid: "behind" });`,
  },
  "a generator of process with keys, which still has its own key after each pause": {
    factor: 1,
    expand: `numbers.keyBy((n) => n).process({
      state: { of: value(t.int64) },
      *process(n, context) {
        const state = context.state.of;
        for (const value of values(n)) {
          if (context.currentKey !== n || (state.value() ?? n) !== n) throw new Error("another key's");
          state.update(n);
          yield value;
        }
      },
    }, { uid: "expand" }).rebalance().transform(behind, { uid: "behind" });`,
  },
  "an operator that emits at a watermark": {
    factor: 1,
    expand: `numbers.rebalance().transform(atWatermark, { uid: "expand" }).rebalance().transform(behind, { uid: "behind" });`,
  },
  "an operator that emits at the end of its data": {
    factor: 1,
    expand: `numbers.rebalance().transform(atEnd, { uid: "expand" }).rebalance().transform(behind, { uid: "behind" });`,
  },
  "an operator that emits at the end of its data, in the chain of its source": {
    factor: 1,
    expand: `numbers.transform(atEnd, { uid: "expand" }).rebalance().transform(behind, { uid: "behind" });`,
  },
  "two generators, one behind the other in one chain": {
    factor: 2,
    expand: `numbers.flatMap(values, { uid: "expand" }).flatMap(function* (n) { yield n; yield n; }, { uid: "again" })
      .rebalance().transform(behind, { uid: "behind" });`,
  },
};

for (const [name, { expand, factor }] of Object.entries(shapes)) {
  test(`${name} is paused while there is no room, and no barrier comes between the values of a record`, async (context) => {
    const each = 20_000;
    const count = 12;
    const run = await slotRun(context, module({ count, each, expand }));
    await runThrough(run);
    const { made, taken, ahead, atBarrier } = seen();
    assert.equal(made, each * count);
    assert.equal(taken, each * count * factor);
    // Two batches of 512 may wait, one is being filled, and one is being taken.
    assert.ok(ahead <= 4 * 512 + 256, `${ahead} values waited in memory`);
    assert.ok(atBarrier.length > 0, "there were barriers");
    for (const at of atBarrier) assert.equal(at % (each * factor), 0, `a barrier came after ${at} values`);
  });
}

test("an operator behind one that emits much at its end ends after it has got all (TK7)", async (context) => {
  const expand = `numbers.rebalance().transform(atEnd, { uid: "expand" }).transform(twiceAtEnd, { uid: "twice" })
    .rebalance().transform(behind, { uid: "behind" });`;
  const run = await slotRun(context, module({ count: 2, each: 5000, expand }));
  await runThrough(run);
  assert.equal(seen().taken, 20_000);
});

test("a savepoint that drains has all that is emitted at the end before its barrier (SP-2, TK7)", async (context) => {
  const expand = `numbers.transform(atEnd, { uid: "expand" }).rebalance().transform(behind, { uid: "behind" });`;
  const run = await slotRun(context, module({ count: 1_000_000_000, each: 1, expand }));
  await run.run();
  await run.until("many records", () => seen().held > 20_000);
  assert.equal(seen().made, 0);
  const barrier = { checkpointId: 1, checkpointKind: "drain", aligned: true, target: null, triggeredMs: 0 } as const;
  await run.host.handle({ kind: "triggerCheckpoint", epoch: 1, ...barrier, tasks: run.tasks.slice(0, 1) });
  await run.until("the barrier", () => seen().atBarrier.length > 0);
  const { made, taken, atBarrier } = seen();
  assert.ok(made > 20_000 && taken === made, `${taken} of ${made}`);
  assert.deepEqual(atBarrier, [made]);
  await run.host.handle({ kind: "cancel", epoch: 1, tasks: run.tasks });
});

test("a call that pushes more than may wait fails its task, and says what to do (SLE3)", async (context) => {
  const expand = `numbers.flatMap((n, out) => { for (;;) { seen.made++; out.collect(n); } }, { uid: "expand" })
    .rebalance().transform(behind, { uid: "behind" });`;
  const run = await slotRun(context, module({ count: 1, each: 0, expand }));
  await run.run();
  const { code, message, destiny } = await run.failure();
  assert.equal(code, "EMISSION_TOO_LARGE");
  assert.equal(destiny, "terminal");
  assert.match(message, /flatMap \(uid expand\).*1000000 records.*function\*/);
  assert.ok(seen().made < 1_000_000 + 4 * 512, `${seen().made}`);
});

test("timers that make each other for ever do not keep the thread: the cancellation is heard (T12, TAS4)", async (context) => {
  const expand = `numbers.keyBy((n) => n).process({
      process(n, context) { context.timers.registerEventTime(1); context.timers.registerProcessingTime(1); },
      onTimer(timestamp, context) {
        seen.made++;
        if (context.timeDomain === "event") context.timers.registerEventTime(1);
        else context.timers.registerProcessingTime(1);
      },
    }, { uid: "endless" }).transform(behind, { uid: "behind" });`;
  const run = await slotRun(context, module({ count: 3, each: 0, expand }));
  await run.run();
  await run.until("timers", () => seen().made > 5000);
  await run.host.handle({ kind: "cancel", epoch: 1, tasks: run.tasks });
  assert.equal(kinds(run.sent).filter((kind) => kind === "canceled").length, run.tasks.length);
  const { made } = seen();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(seen().made, made, "nothing fires after the cancellation");
});

/**
 * A job with every kind of state that a restore at another parallelism has to share out, so made that its output is the same
 * wherever it was cut, and at whichever parallelism it went on:
 *
 *   splits          the source's positions
 *   held            operator list state: every number is passed on (`read 30`), every tenth again near the end (`held 30`); a side
 *                   output: every seventh (`side 35`)
 *   windows         keyed state and event-time timers: sums of 500 ms of event time for each key (`window 3 1500 12345`)
 *   alarms          keyed state and processing-time timers: once for each key, DELAY_MS after its first number (`alarm 3`)
 *   pairs           keyed state of two connected streams: every number that has come by both ways (`pair 30`)
 *   ruled           broadcast state: every number once the last one of its BLOCK has been broadcast (`ruled 30`)
 *
 *   -- --count <numbers> --rate <numbers a second> --output <folder> [--delay <ms>] [--until <file>]
 */
import { parseArgs } from "node:util";
import {
  broadcastMap,
  type Emitter,
  forBoundedOutOfOrderness,
  job,
  list,
  map,
  type MapState,
  operatorList,
  type ProcessContext,
  t,
  value,
} from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";
import { filesSink } from "streamjob/connectors/files";
import { heldSource } from "./held-source.ts";

const heldStates = { held: operatorList(t.int64) };
const heldSides = { sevenths: t.int64 };

export const KEYS = 12;
const WINDOW_MS = 500;
/** So long before the end nothing is held back any more. */
const TAIL = 400;
/** Event time: so far a number may be behind others; subtasks are not equally far. */
const DISORDER_MS = 3000;
/** Numbers that wait for one that is broadcast. */
const BLOCK = 250;

/** What the sink has to hold in the end, made without the engine; event time of number n is n ms. */
export function expectedLines(count: number): string[] {
  const sums = new Map<string, number>();
  const lines: string[] = [];
  for (let n = 0; n < count; n++) {
    const window = `window ${n % KEYS} ${windowEnd(n)}`;
    sums.set(window, (sums.get(window) ?? 0) + n);
    lines.push(`read ${n}`);
    if (n % 10 === 0) lines.push(`held ${n}`);
    if (n % 7 === 0) lines.push(`side ${n}`);
    lines.push(`pair ${n}`);
    if (n < count - (count % BLOCK)) lines.push(`ruled ${n}`);
  }
  for (const [window, sum] of sums) lines.push(`${window} ${sum}`);
  for (let key = 0; key < Math.min(KEYS, count); key++) lines.push(`alarm ${key}`);
  return lines;
}

function blockOf(n: number): number {
  return Math.floor(n / BLOCK);
}

/** The second time that a number comes it is a pair. */
function pair(n: number, came: MapState<number, boolean>, out: Emitter<string>): void {
  if (came.has(n)) {
    out.collect(`pair ${n}`);
    came.remove(n);
  } else came.put(n, true);
}

function windowEnd(timestamp: number): number {
  return (Math.floor(timestamp / WINDOW_MS) + 1) * WINDOW_MS;
}

export default job((env) => {
  const { values } = parseArgs({
    args: [...env.args],
    options: {
      count: { type: "string", default: "1000" },
      rate: { type: "string", default: "500" },
      output: { type: "string", default: "output" },
      delay: { type: "string", default: "3000" },
      until: { type: "string" },
    },
  });
  const [count, delayMs] = [Number(values.count), Number(values.delay)];
  env.configure({
    name: "every-state",
    checkpoints: { interval: "300 ms" },
    restart: { strategy: "fixed-delay", attempts: 100, delay: "50 ms" },
  });
  const numbers = env.fromSource(
    heldSource(
      generatorSource({
        generate: (n) => n,
        timestampOf: (n) => n,
        type: t.int64,
        count,
        ratePerSecond: Number(values.rate),
      }),
      values.until,
    ),
    { uid: "numbers", watermarks: forBoundedOutOfOrderness(DISORDER_MS, (n: number) => n) },
  );

  const held = numbers.process(
    () => {
      let isTail = false;
      return {
        state: heldStates,
        sideOutputs: heldSides,
        process(n: number, context: ProcessContext<string, typeof heldStates, typeof heldSides>) {
          const { state, out, sideOutputs } = context;
          isTail ||= n >= count - TAIL;
          out.collect(`read ${n}`);
          if (n % 7 === 0) sideOutputs.sevenths.collect(n);
          if (n % 10 === 0) state.held.add(n);
          if (!isTail) return;
          for (const each of state.held.get()) out.collect(`held ${each}`);
          state.held.update([]);
        },
      };
    },
    { uid: "held", type: t.string },
  );

  const windows = numbers
    .keyBy((n) => n % KEYS)
    .process(
      {
        state: { sums: map(t.int64, t.int64) },
        process(n, context) {
          const { sums } = context.state;
          const end = windowEnd(context.timestamp);
          sums.put(end, (sums.get(end) ?? 0) + n);
          context.timers.registerEventTime(end - 1);
        },
        onTimer(timestamp, context) {
          const { out, state } = context;
          const { sums } = state;
          out.collect(`window ${context.currentKey} ${timestamp + 1} ${sums.get(timestamp + 1)}`);
          sums.remove(timestamp + 1);
        },
      },
      { uid: "windows", type: t.string },
    );

  const alarms = numbers
    .keyBy((n) => n % KEYS)
    .process(
      {
        state: { isSet: value(t.boolean) },
        process(_n, context) {
          const { isSet } = context.state;
          if (isSet.value() === true) return;
          isSet.update(true);
          context.timers.registerProcessingTime(context.clock.nowMs() + delayMs);
        },
        onTimer(_timestamp, context) {
          const { out } = context;
          out.collect(`alarm ${context.currentKey}`);
        },
      },
      { uid: "alarms", type: t.string },
    );

  const sevenths = held.sideOutput("sevenths").map((n) => `side ${n}`, { type: t.string });

  const byKey = numbers.keyBy((n) => n % KEYS);
  const pairs = byKey
    .connect(
      numbers
        .rebalance()
        .map((n) => n, { type: t.int64 })
        .keyBy((n) => n % KEYS),
    )
    .process(
      {
        state: { came: map(t.int64, t.boolean) },
        process1: (n, { state, out }) => pair(n, state.came, out),
        process2: (n, { state, out }) => pair(n, state.came, out),
      },
      { uid: "pairs", type: t.string },
    );

  const ruled = byKey.connect(numbers.filter((n) => n % BLOCK === BLOCK - 1).broadcast()).process(
    {
      state: { waiting: list(t.int64), complete: broadcastMap(t.int64, t.boolean) },
      process(n, { state, out }) {
        if (state.complete.has(blockOf(n))) out.collect(`ruled ${n}`);
        else state.waiting.add(n);
      },
      processBroadcast(last, { state, out, applyToKeys }) {
        state.complete.put(blockOf(last), true);
        applyToKeys("waiting", (waiting) => {
          for (const n of waiting.get()) if (blockOf(n) === blockOf(last)) out.collect(`ruled ${n}`);
          waiting.update(waiting.get().filter((n) => blockOf(n) !== blockOf(last)));
        });
      },
    },
    { uid: "ruled", type: t.string },
  );

  held.union(windows, alarms, sevenths, pairs, ruled).sinkTo(filesSink({ directory: values.output }), { uid: "files" });
});

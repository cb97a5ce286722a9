/**
 * Windows by hand: values are counted for each key and window of event time, and a timer at the window's end tells the count.
 * Times are out of order, up to the bound that the watermarks allow for, so no value is late.
 */
import { forBoundedOutOfOrderness, job, type KeyedProcessContext, type KeyedProcessFunction, map, t } from "streamjob";
import { COUNT, lines, numbers, range } from "./numbers.ts";

const KEYS = 7;
const WINDOW_MS = 1000;
const MS_BETWEEN_VALUES = 20;
const DISORDER_MS = 300;

type Window = { readonly start: number; readonly count: number };

export default job((env) => {
  env.configure({ watermarkInterval: "20 ms" });
  env
    .fromSource(numbers(), { uid: "numbers", watermarks: forBoundedOutOfOrderness(DISORDER_MS, timeOf) })
    .keyBy((value) => value % KEYS)
    .process(() => new WindowCounts(), { uid: "windows", type: t.string })
    .sinkTo(lines(env.args), { uid: "out" });
});

function timeOf(value: number): number {
  return value * MS_BETWEEN_VALUES - ((value * 37) % DISORDER_MS);
}

function windowStartOf(time: number): number {
  return Math.floor(time / WINDOW_MS) * WINDOW_MS;
}

const states = { counts: map(t.int64, t.int32) };
type States = typeof states;

class WindowCounts implements KeyedProcessFunction<number, number, string, States> {
  readonly state = states;

  process(_value: number, context: KeyedProcessContext<number, string, States>): void {
    if (context.timestamp <= context.watermark)
      context.out.collect(`late: ${context.timestamp} <= ${context.watermark}`);
    const start = windowStartOf(context.timestamp);
    const { counts } = context.state;
    counts.put(start, (counts.get(start) ?? 0) + 1);
    context.timers.registerEventTime(start + WINDOW_MS - 1);
  }

  onTimer(timestamp: number, context: KeyedProcessContext<number, string, States>): void {
    const start = timestamp + 1 - WINDOW_MS;
    const { counts } = context.state;
    context.out.collect(lineOf(context.currentKey, { start, count: counts.get(start) ?? 0 }));
    counts.remove(start);
  }
}

function lineOf(key: number, { start, count }: Window): string {
  return `key ${key} window ${start}: ${count}`;
}

export function expected(): string[] {
  const counts = new Map<string, { readonly key: number; readonly start: number; count: number }>();
  for (const value of range(COUNT)) {
    const key = value % KEYS;
    const start = windowStartOf(timeOf(value));
    const window = counts.get(`${key} ${start}`) ?? { key, start, count: 0 };
    window.count += 1;
    counts.set(`${key} ${start}`, window);
  }
  return [...counts.values()].map(({ key, ...window }) => lineOf(key, window));
}

/**
 * Aggregates with an accumulator that changes in place; a keyed process function with value, map, list and reducing state and a
 * processing-time timer. What is said does not depend on the order of a key's values, which several subtasks deliver.
 */
import { job, type KeyedProcessContext, type KeyedProcessFunction, list, map, reducing, t, value } from "streamjob";
import { COUNT, lines, numbers, range } from "./numbers.ts";

const KEYS = 20;
const VALUES_PER_KEY = COUNT / KEYS;

type Accumulator = { count: number; sum: number; largest: number };

export default job((env) => {
  const keyed = env.fromSource(numbers(), { uid: "numbers" }).keyBy((value) => value % KEYS);
  const sums = keyed.aggregate<Accumulator, string>(
    {
      createAccumulator: () => ({ count: 0, sum: 0, largest: 0 }),
      // In place: the snapshot of a barrier must not see it.
      add: (value, accumulator) => {
        accumulator.count += 1;
        accumulator.sum += value;
        accumulator.largest = Math.max(accumulator.largest, value);
        return accumulator;
      },
      getResult: ({ count, sum, largest }) => `${count} values, sum ${sum}, largest ${largest}`,
    },
    { uid: "sums", type: t.string },
  );
  const stories = keyed.process(() => new Storyteller(), { uid: "stories", type: t.string });
  sums
    .filter((line) => line.startsWith(`${VALUES_PER_KEY} values`), { uid: "whole" })
    .union(stories)
    .sinkTo(lines(env.args), { uid: "out" });
});

const states = {
  seen: value(t.int32),
  remainders: map(t.int32, t.int32),
  values: list(t.int32),
  sum: reducing(t.int64, (left, right) => left + right),
};
type States = typeof states;

/** Says that a key was seen, once, a while after its first value; and what it has kept, with the last one. */
class Storyteller implements KeyedProcessFunction<number, number, string, States> {
  readonly state = states;

  process(value: number, context: KeyedProcessContext<number, string, States>): void {
    const { state, timers, clock, currentKey, out } = context;
    const { seen, remainders, values, sum } = state;
    const count = (seen.value() ?? 0) + 1;
    seen.update(count);
    remainders.put(value % 3, (remainders.get(value % 3) ?? 0) + 1);
    values.add(value);
    sum.add(value);
    if (count === 1) timers.registerProcessingTime(clock.nowMs() + 30);
    if (count < VALUES_PER_KEY) return;
    const shares = [0, 1, 2].map((remainder) => remainders.get(remainder) ?? 0);
    const kept = values.get().toSorted((left, right) => left - right);
    out.collect(
      `key ${currentKey}: ${kept.at(0)}-${kept.at(-1)}, ${kept.length} kept, ${shares.join(" ")}, ${sum.get()}`,
    );
  }

  onTimer(_timestamp: number, context: KeyedProcessContext<number, string>): void {
    context.out.collect(`key ${context.currentKey} was seen`);
  }
}

export function expected(): string[] {
  return range(KEYS).flatMap((key) => {
    const values = range(COUNT).filter((value) => value % KEYS === key);
    const sum = values.reduce((left, right) => left + right, 0);
    const shares = [0, 1, 2].map((remainder) => values.filter((value) => value % 3 === remainder).length);
    return [
      `${values.length} values, sum ${sum}, largest ${values.at(-1)}`,
      `key ${key}: ${values[0]}-${values.at(-1)}, ${values.length} kept, ${shares.join(" ")}, ${sum}`,
      `key ${key} was seen`,
    ];
  });
}

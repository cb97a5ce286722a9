/**
 * What must and must not compile in a job module. The test runner only sees that the file loads; the assertions are
 * `@ts-expect-error` and the declared types, checked by tsc in `npm run verify`.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { type DataStream } from "./data-stream.ts";
import { forMonotonousTimestamps } from "../time/index.ts";
import { job } from "./job.ts";
import { broadcastMap, list, map, operatorList, reducing, value } from "../operators/index.ts";
import {
  type KeyedProcessContext,
  type KeyedProcessFunction,
  type ListState,
  type MapState,
  type OperatorListState,
  type ValueState,
} from "../ports/index.ts";
import { type StreamEnvironment } from "./environment.ts";
import { t, type ValueOf } from "../record/index.ts";

const word = t.record({ word: t.string, count: t.int64 });
type Word = { word: string; count: number };
const order = t.record({
  id: t.string,
  state: t.literal("open", "paid"),
  total: t.decimal(2),
  at: t.date,
  tags: t.list(t.string),
  counts: t.map(t.string, t.int64),
  note: t.optional(t.string),
  address: t.nullable(t.record({ street: t.string, extra: t.any })),
});
type Order = {
  id: string;
  state: "open" | "paid";
  total: bigint;
  at: Date;
  tags: readonly string[];
  counts: ReadonlyMap<string, number>;
  note?: string | undefined;
  address: { street: string; extra: unknown } | null;
};
type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;
const same = <A, B>(..._proof: Same<A, B> extends true ? [] : ["the types differ"]): void => {};

const risingStates = { highest: value(t.int64) };
class Rising implements KeyedProcessFunction<string, Word, Word, typeof risingStates> {
  readonly state = risingStates;

  process(word: Word, { state, out }: KeyedProcessContext<string, Word, typeof risingStates>): void {
    if (word.count <= (state.highest.value() ?? 0)) return;
    state.highest.update(word.count);
    out.collect(word);
  }
}

function compiles(env: StreamEnvironment): void {
  const lines = env.fromCollection(["a b", "b"], { type: t.string });
  same<typeof lines, DataStream<string>>();
  const words = lines.flatMap(
    (line, out) => {
      for (const each of line.split(" ")) out.collect({ word: each, count: 1 });
    },
    { type: word, uid: "words" },
  );
  same<typeof words, DataStream<Word>>();
  const ofArray = lines.flatMap((line) => line.split(" "));
  same<typeof ofArray, DataStream<string>>();
  const lengths = lines.map((line) => line.length);
  same<typeof lengths, DataStream<number>>();
  const counted = words
    .keyBy((value) => value.word)
    .reduce((left, right) => ({ word: left.word, count: left.count + right.count }));
  same<typeof counted, DataStream<Word>>();
  const summed = words.keyBy("word").sum("count");
  same<typeof summed, DataStream<Word>>();
  const means = words.keyBy("word").aggregate(
    {
      createAccumulator: () => ({ sum: 0, n: 0 }),
      add: (value, accumulator) => ({ sum: accumulator.sum + value.count, n: accumulator.n + 1 }),
      getResult: ({ sum, n }) => sum / n,
    },
    { type: t.float64, accumulatorType: t.record({ sum: t.float64, n: t.int64 }) },
  );
  same<typeof means, DataStream<number>>();
  const rising = words.keyBy("word").process(() => new Rising(), { type: word });
  same<typeof rising, DataStream<Word>>();
  words
    .keyBy((value) => ({ first: value.word[0] ?? "", even: value.count % 2 === 0 }))
    .process(
      {
        process: (value, context) => {
          const { out } = context;
          same<typeof context.currentKey, { first: string; even: boolean }>();
          context.timers.registerEventTime(context.timestamp + 1000);
          out.collect(value.count);
        },
        onTimer: (timestamp, { out }) => out.collect(timestamp),
      },
      { type: t.int64 },
    );
  words.union(counted, summed).rebalance().print();
  const mixed = lines.map((line): string | number => (line === "" ? 0 : line));
  same<typeof mixed, DataStream<string | number>>();
  const narrowed = mixed.filter((value): value is string => typeof value === "string");
  same<typeof narrowed, DataStream<string>>();
  same<ReturnType<typeof words.filter>, DataStream<Word>>();
  const orders = env.fromCollection<Order>([], { type: order });
  same<typeof orders, DataStream<Order>>();
  same<ValueOf<typeof order>, Order>();
  orders.keyBy("state");
  orders.keyBy("tags");
  orders.map((value) => ({ id: value.id, total: value.total * 2n }), {
    type: t.record({ id: t.string, total: t.bigint }),
  });
  const unchecked = lines.map((line) => JSON.parse(line) as unknown, { type: t.any });
  same<typeof unchecked, DataStream<unknown>>();
  const parsed = lines.map((line): Order => JSON.parse(line), { type: t.anyOf<Order>() });
  same<typeof parsed, DataStream<Order>>();
  words.keyBy("word").process(
    {
      state: { total: value(t.float64), seen: map(t.string, t.int64), last: list(order), all: operatorList(t.string) },
      process(each, { state, out, timers, currentKey }) {
        same<typeof state.total, ValueState<number>>();
        same<typeof state.seen, MapState<string, number>>();
        same<typeof state.last, ListState<Order>>();
        same<typeof state.all, OperatorListState<string>>();
        state.total.update((state.total.value() ?? 0) + each.count);
        timers.registerProcessingTime(1);
        [each.count].forEach(out.collect);
        same<typeof currentKey, string>();
      },
      onTimer: (timestamp, { state, out }) => out.collectAt(state.total.value() ?? 0, timestamp),
    },
    { type: t.float64 },
  );
  const generated = words.keyBy("word").process(
    {
      state: { sum: reducing(t.float64, (left, right) => left + right) },
      *process(each, { state }) {
        yield state.sum.add(each.count) > 3;
      },
    },
    { type: t.boolean },
  );
  same<typeof generated, DataStream<boolean>>();
  words.keyBy("word").process(
    () => ({
      state: { total: value(t.float64) },
      process: (each, { state, out }) => out.collect(`${each.word} ${state.total.value() ?? 0}`),
    }),
    { type: t.string },
  );
  lines.process(
    { state: { all: operatorList(t.string) }, process: (line, { state }) => state.all.add(line) },
    { type: t.any },
  );
  // What comes from untyped code stays possible.
  lines.map((line) => JSON.parse(line));
  const yielded = lines.flatMap(function* (line) {
    yield line.length;
  });
  same<typeof yielded, DataStream<number>>();
  const processed = words.keyBy("word").process<number>({
    *process(value, context) {
      same<typeof context.currentKey, string>();
      yield value.count;
    },
  });
  same<typeof processed, DataStream<number>>();
  lines.process<string>({ process: (line, { out }) => out.collect(line) });
}

function connects(env: StreamEnvironment): void {
  const words = env.fromCollection<Word>([], { type: word });
  const orders = env.fromCollection<Order>([], { type: order });
  const sides = words.process(
    {
      sideOutputs: { long: t.string, counts: t.int64 },
      process(each, { out, sideOutputs }) {
        sideOutputs.long.collect(each.word);
        sideOutputs.counts.collectAt(each.count, 1);
        out.collect(each);
        // @ts-expect-error not of the declared type
        sideOutputs.counts.collect(each.word);
        // @ts-expect-error not a side output that is declared
        sideOutputs.short.collect(each.word);
      },
    },
    { type: word },
  );
  same<ReturnType<typeof sides.sideOutput<"long">>, DataStream<string>>();
  // @ts-expect-error not a side output that is declared
  sides.sideOutput("short");
  // @ts-expect-error there are none
  words.sideOutput("long");
  sides.print();

  const lengths = words.connect(orders).map(
    (each) => each.count,
    (each) => each.tags.length,
  );
  same<typeof lengths, DataStream<number>>();
  const byWord = words.keyBy("word");
  same<ReturnType<typeof byWord.filter>, DataStream<Word>>();
  const both = byWord.connect(orders.keyBy("id")).process(
    {
      state: { total: value(t.int64) },
      process1(each, { state, currentKey, timers }) {
        same<typeof currentKey, string>();
        state.total.update(each.count);
        timers.registerEventTime(1);
      },
      process2(each, { state, out }) {
        out.collect(each.id);
        // @ts-expect-error not of the declared type
        state.total.update(each.id);
      },
      onTimer: (timestamp, { out }) => out.collect(`${timestamp}`),
    },
    { type: t.string },
  );
  same<typeof both, DataStream<string>>();
  words.connect(orders).keyBy("word", ({ id }) => id);
  words.connect(orders).keyBy(({ word: each }) => each, "id");
  // @ts-expect-error keys of another type
  words.connect(orders).keyBy("count", ({ id }) => id);
  byWord.connect(words.keyBy("count")).process(
    // @ts-expect-error keys of another type: no state for each key, and no timers
    { process1: (_each, { timers }) => timers.registerEventTime(1), process2() {} },
    { type: t.string },
  );
  const states = { seen: value(t.int64), limits: broadcastMap(t.string, t.int64) };
  byWord.connect(orders.broadcast()).process(
    {
      state: states,
      process(each, { state, out }) {
        same<ReturnType<typeof state.limits.get>, number | undefined>();
        out.collect(state.limits.get(each.word) ?? state.seen.value() ?? 0);
        // @ts-expect-error broadcast state is for reading here
        state.limits.put("x", 1);
      },
      processBroadcast(each, { state, applyToKeys }) {
        state.limits.put(each.id, each.tags.length);
        applyToKeys("seen", (seen, key) => {
          same<typeof key, string>();
          seen.update(1);
        });
        // @ts-expect-error there is no key here
        state.seen.update(1);
      },
    },
    { type: t.int64 },
  );
  words.connect(orders.broadcast()).process(
    {
      state: { limits: broadcastMap(t.string, t.int64) },
      process: (each, { state, out }) => out.collect(state.limits.get(each.word) ?? 0),
      processBroadcast: (each, { state }) => state.limits.put(each.id, 1),
    },
    { type: t.int64 },
  );
}

function awaitsNothing(env: StreamEnvironment): void {
  const lines = env.fromCollection(["a"], { type: t.string });
  const words = lines.map((line) => ({ word: line, count: 1 }), { type: word });
  const lookup = (line: string): Promise<number> => Promise.resolve(line.length);
  const sum = { createAccumulator: () => 0, add: (value: Word, total: number) => total + value.count };

  // @ts-expect-error a promise is no record
  lines.map((line) => lookup(line));
  // @ts-expect-error also when it is one only sometimes
  lines.map((line) => (line === "" ? 0 : lookup(line)));
  // @ts-expect-error nor with a declared type
  lines.map((line) => lookup(line), { type: t.int64 });
  // @ts-expect-error a promise is always true
  lines.filter((line) => lookup(line));
  // @ts-expect-error
  lines.flatMap((line) => lookup(line));
  // @ts-expect-error promises in an array
  lines.flatMap((line) => [lookup(line)]);
  // @ts-expect-error promises from a generator
  lines.flatMap(function* (line) {
    yield lookup(line);
  });
  // @ts-expect-error an async generator
  lines.flatMap(async function* (line) {
    yield line;
  });
  // @ts-expect-error
  lines.process<number>({ process: async (line, { out }) => out.collect(await lookup(line)) });
  // @ts-expect-error
  words.keyBy("word").process<number>({ process: (value) => lookup(value.word).then(() => undefined) });
  // @ts-expect-error
  words.keyBy("word").process<number>({ process() {}, onTimer: async () => {} });
  // @ts-expect-error a promise cannot be a key
  words.keyBy((value) => lookup(value.word));
  // @ts-expect-error
  words.keyBy("word").reduce(async (left) => left);
  // @ts-expect-error the accumulator
  words.keyBy("word").aggregate({ createAccumulator: async () => 0, add: async () => 1, getResult: () => 1 });
  // @ts-expect-error the result
  words.keyBy("word").aggregate({ ...sum, getResult: (total) => lookup(`${total}`) });
  // @ts-expect-error
  lines.assignTimestampsAndWatermarks(forMonotonousTimestamps((line: string) => lookup(line)));
}

function doesNotCompile(env: StreamEnvironment): void {
  const lines = env.fromCollection(["a"], { type: t.string });
  const words = lines.map((line) => ({ word: line, count: 1 }), { type: word });

  // @ts-expect-error values of another type than declared
  env.fromCollection([1], { type: t.string });
  // @ts-expect-error the function returns another type than declared
  lines.map((line) => line.length, { type: t.string });
  // @ts-expect-error a field is missing from what the function returns
  lines.map((line) => ({ word: line }), { type: word });
  // @ts-expect-error a field has another type than declared
  lines.map((line) => ({ word: line, count: "1" }), { type: word });
  // @ts-expect-error a string has no such method
  lines.filter((line) => line.isLong());
  // @ts-expect-error what is collected is of another type than declared
  lines.flatMap((line, out) => out.collect(line.length), { type: t.string });
  const orders = env.fromCollection<Order>([], { type: order });
  // @ts-expect-error a field that may be missing cannot be a key
  orders.keyBy("note");
  // @ts-expect-error neither can a Date
  orders.keyBy("at");
  // @ts-expect-error not one of the literal's values
  orders.map((value) => ({ ...value, state: "sent" }), { type: order });
  // @ts-expect-error what was emitted is read only
  orders.map((value) => value.tags.push("x"));
  // @ts-expect-error only fields of records are optional
  t.list(t.optional(t.string));
  // @ts-expect-error a Map does not find objects again
  t.map(t.date, t.string);
  // @ts-expect-error what is collected needs a type
  lines.flatMap((line, out) => out.collect(line)).print();
  // @ts-expect-error also in process
  lines.process({ process: (line, { out }) => out.collect(line) }).print();
  const untyped = words.keyBy("word").process({ process: (each, { out }) => out.collect(each) }, { uid: "x" });
  // @ts-expect-error and with keys
  untyped.print();
  // @ts-expect-error state of a key where there is none
  lines.process({ state: { total: value(t.float64) }, process: () => {} }, { type: t.string });
  words.keyBy("word").process(
    {
      state: { total: value(t.float64) },
      // @ts-expect-error not a state that is declared
      process: (each, { state }) => state.sum.update(each.count),
    },
    { type: t.string },
  );
  words.keyBy("word").process(
    {
      state: { total: value(t.float64) },
      // @ts-expect-error not of the declared type
      process: (each, { state }) => state.total.update(each.word),
    },
    { type: t.string },
  );
  // @ts-expect-error there is no such field
  words.keyBy("wort");
  // @ts-expect-error undefined cannot be a key
  words.keyBy(() => undefined);
  // @ts-expect-error a Map cannot be a key
  words.keyBy((value) => new Map([[value.word, 1]]));
  // @ts-expect-error not a field of numbers
  words.keyBy("word").sum("word");
  // @ts-expect-error the reduced value lacks a field
  words.keyBy("word").reduce((left) => ({ word: left.word }));
  const ofNumbers: KeyedProcessFunction<number, Word, Word> = { process: (value, { out }) => out.collect(value) };
  // @ts-expect-error the key is a string, the function's a number
  words.keyBy("word").process(ofNumbers);
  // @ts-expect-error streams of different types
  words.union(lines);
  // @ts-expect-error a sink of numbers for strings
  lines.sinkTo({ kind: "sink", name: "n", guarantee: "at-least-once", createWriter: () => ({ write(_: number) {} }) });
  // @ts-expect-error there is no such option
  lines.map((line) => line, { paralelism: 2 });
  // @ts-expect-error there is no such mode
  env.configure({ checkpoints: { mode: "at-most-once" } });
  // @ts-expect-error a parameter of another strategy
  env.configure({ restart: { strategy: "fixed-delay", maxFailures: 3 } });
  // @ts-expect-error a job is built from a function
  job("words");
}

test("job modules are typed end to end (checked by tsc)", () => {
  assert.equal(typeof compiles, "function");
  assert.equal(typeof connects, "function");
  assert.equal(typeof doesNotCompile, "function");
  assert.equal(typeof awaitsNothing, "function");
});

/** What a function was given ends with its call (UC1, KC4); a promise is no result (UC2). */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { t } from "../record/index.ts";
import type { Emitter, KeyedProcessContext, OperatorFactory, ProcessContext, TimerContext } from "../ports/index.ts";
import { OperatorHarness } from "../testkit/index.ts";
import { forMonotonousTimestamps } from "../time/index.ts";
import { list, map, operatorList, value } from "./declared-state.ts";
import { aggregateOperator } from "./keyed/aggregate-operator.ts";
import { filterOperator } from "./basic/filter-operator.ts";
import { flatMapOperator } from "./basic/flat-map-operator.ts";
import { keyedProcessOperator } from "./keyed/keyed-process-operator.ts";
import { mapOperator } from "./basic/map-operator.ts";
import { processOperator } from "./basic/process-operator.ts";
import { reduceOperator } from "./keyed/reduce-operator.ts";
import { timestampsAndWatermarksOperator } from "./basic/timestamps-and-watermarks-operator.ts";

const keySelector = (value: string): string => value;
const late = (use: string | RegExp) => (error: unknown) => {
  const { code, message, destiny } = error as { code?: string; message: string; destiny?: string };
  assert.equal(code, "USED_OUT_OF_TURN", message);
  assert.equal(destiny, "terminal");
  assert.match(message, /operator/);
  assert.match(message, /mapAsync/);
  assert.match(message, typeof use === "string" ? new RegExp(use.replace(/[.*]/g, "\\$&")) : use);
  return true;
};

describe("a call that has ended", () => {
  it("leaves no key, state, timers, context or emitter of a keyed process function behind (T6)", async () => {
    const states = {
      value: value(t.string),
      list: list(t.string),
      map: map(t.string, t.string),
      all: operatorList(t.any),
    };
    let kept: KeyedProcessContext<string, string, typeof states> | undefined;
    const harness = await OperatorHarness.open(
      keyedProcessOperator<string, string, string, typeof states>({
        state: states,
        process(record, context) {
          kept = context;
          context.state.value.update(record);
        },
      }),
      { keySelector },
    );
    harness.process("a");
    harness.process("b");
    const context = kept as KeyedProcessContext<string, string, typeof states>;
    const { value: ofKey, list: items, map: entries, all } = context.state;
    const uses: Record<string, () => unknown> = {
      'state "value"': () => ofKey.update("of a"),
      'state "value" ': () => ofKey.value(),
      ' state "value"': () => ofKey.clear(),
      'state "list"': () => items.add("x"),
      'state "map"': () => entries.put("x", "y"),
      'operator state "all"': () => all.add("x"),
      "user-timers": () => context.timers.registerEventTime(5),
      "user-timers ": () => context.timers.registerProcessingTime(5),
      " user-timers": () => context.timers.deleteEventTime(5),
      "context.currentKey": () => context.currentKey,
      "context.timestamp": () => context.timestamp,
      "context.watermark": () => context.watermark,
      "out.collect": () => context.out.collect("late"),
      "out.collectAt": () => context.out.collectAt("late", 1),
    };
    for (const [what, use] of Object.entries(uses)) assert.throws(use, late(what.trim()));
    const outcome = await new Promise((resolve, reject) => {
      // As it happens: the promise of one record comes back after another record.
      void Promise.resolve("a")
        .then((record) => ofKey.update(record))
        .then(resolve, reject);
    }).catch((error: unknown) => error);
    assert.ok(late('state "value"')(outcome));
    harness.process("b");
    assert.deepEqual(harness.values, []);
  });

  it("leaves nothing of a timer behind either, nor operator state of a process function without keys (T6)", async () => {
    let kept: TimerContext<string> | undefined;
    const keyed = await OperatorHarness.open(
      keyedProcessOperator<string, string, string>({
        process: (_record, context) => context.timers.registerEventTime(5),
        onTimer(_timestamp, context) {
          kept = context;
        },
      }),
      { keySelector },
    );
    keyed.process("a");
    keyed.watermark(10);
    assert.throws(() => kept?.timestamp, late("context.timestamp"));
    assert.throws(() => kept?.timers.registerEventTime(20), late("user-timers"));

    const states = { all: operatorList(t.string) };
    let plain: ProcessContext<string, typeof states> | undefined;
    const harness = await OperatorHarness.open(
      processOperator<string, string, typeof states>({
        state: states,
        open(context) {
          plain = context;
          context.state.all.add("in open");
        },
        process: (_record, { state }) => state.all.add("in time"),
      }),
    );
    harness.process("a");
    assert.throws(() => plain?.state.all.add("late"), late('operator state "all"'));
    assert.throws(() => plain?.timestamp, late("context.timestamp"));
  });

  it("refuses a timestamp that is no number, in every function that has an emitter", async () => {
    const at = Number.NaN;
    const flatMap = flatMapOperator<string, string>((value, out) => out.collectAt(value, at));
    const process = processOperator<string, string>({ process: (value, { out }) => out.collectAt(value, at) });
    for (const factory of [flatMap, process]) {
      const harness = await OperatorHarness.open(factory);
      assert.throws(() => harness.process("a"), { code: "USER_FUNCTION_FAILED", message: /timestamp NaN/ });
    }
  });

  it("makes the emitter of flatMap refuse (T6)", async () => {
    let kept: Emitter<string> | undefined;
    const harness = await OperatorHarness.open(
      flatMapOperator<string, string>((value, out) => {
        kept = out;
        out.collect(value);
      }),
    );
    harness.process("a");
    assert.throws(() => kept?.collect("late"), late("out.collect"));
    assert.throws(() => kept?.collectAt("late", 1), late("out.collectAt"));
    assert.deepEqual(harness.values, ["a"]);
  });

  it("has not ended while an operator of the lowest level blocks for its record: the key holds (TK6)", async () => {
    let finish: () => void = () => undefined;
    const harness = await OperatorHarness.open<string, string>(
      {
        kind: "operator",
        name: "lookup",
        create: () => {
          let use: (value: string) => void = () => undefined;
          return {
            open(context, output) {
              const state = context.keyed?.value<string>({ name: "seen" });
              use = (value) =>
                context.blockUntil(
                  new Promise<void>((resolve) => {
                    finish = resolve;
                  }).then(() => {
                    state?.update(value);
                    output.collect(value, 1);
                  }),
                );
            },
            process: (value) => use(value),
          };
        },
      },
      { keySelector },
    );
    harness.process("a");
    finish();
    await harness.settled();
    assert.deepEqual(harness.values, ["a"]);
  });
});

describe("a promise as a result (T9)", () => {
  const promise = (): never => Promise.resolve(1) as never;
  // What libraries return that are no promises of the language, such as query builders.
  // oxlint-disable-next-line unicorn/no-thenable
  const thenable = (): never => ({ then: () => undefined }) as never;
  const aggregate = (broken: "createAccumulator" | "add" | "getResult", result: () => never) =>
    aggregateOperator<string, number, number>({
      createAccumulator: () => 0,
      add: () => 1,
      getResult: () => 1,
      [broken]: result,
    });
  const operators = (result: () => never): Record<string, OperatorFactory<string, never>> => ({
    "map: what the function returned": mapOperator(result),
    "filter: what the function returned": filterOperator<string>(result) as never,
    "flatMap: what the function returned": flatMapOperator(result),
    "flatMap: a record": flatMapOperator(() => [result()]),
    "flatMap, collected: a record": flatMapOperator((_value, out) => out.collect(result())),
    "process: what process returned": processOperator({ process: result }),
    "process, emitted: a record": processOperator({ process: (_value, { out }) => out.collect(result()) }),
    "keyed process: what process returned": keyedProcessOperator({ process: result }) as never,
    "keyed process, timer: what onTimer returned": keyedProcessOperator({
      process: (_value, context) => context.timers.registerEventTime(1),
      onTimer: result,
    }) as never,
    "reduce: what the function returned": reduceOperator<string>(result) as never,
    "aggregate: what createAccumulator returned": aggregate("createAccumulator", result) as never,
    "aggregate: what add returned": aggregate("add", result) as never,
    "aggregate: what getResult returned": aggregate("getResult", result) as never,
    "timestamps: what the timestamp function returned": timestampsAndWatermarksOperator<string>(
      forMonotonousTimestamps(result),
      200,
    ) as never,
  });

  for (const [kind, result] of Object.entries({ promise, thenable })) {
    for (const [name, factory] of Object.entries(operators(result))) {
      it(`fails ${name} is a ${kind}`, async () => {
        const harness = await OperatorHarness.open<string, never>(factory, { keySelector, uid: "the-uid" });
        const told = new RegExp(`uid the-uid\\): ${name.slice(name.indexOf(": ") + 2)}.* is a promise.*mapAsync`);
        assert.throws(
          () => {
            harness.process("a", 1);
            harness.process("a", 2);
            harness.watermark(10);
          },
          (error: Error & { code?: string }) => error.code === "USER_FUNCTION_FAILED" && told.test(error.message),
        );
        // The first record of a key is reduced without the function.
        assert.deepEqual(harness.values, name.startsWith("reduce") ? ["a"] : []);
      });
    }
  }

  it("keeps what a filter's truthy result keeps", async () => {
    const harness = await OperatorHarness.open(filterOperator<string>((value) => value.length as never));
    for (const value of ["a", "", "b"]) harness.process(value);
    assert.deepEqual(harness.values, ["a", "b"]);
  });

  it("refuses async functions and generators where the job is built, and runs generators where they have a meaning", async () => {
    function* twice(value: string): IterableIterator<string> {
      yield value;
      yield value;
    }
    const refusals: Record<string, () => unknown> = {
      "is async": () => mapOperator(async (value: string) => value),
      "flatMap.*is async": () => flatMapOperator((async () => []) as never),
      "map.*is a generator": () => mapOperator(twice),
      "filter.*is a generator": () => filterOperator<string>(twice as never),
      "onTimer.*is async": () =>
        keyedProcessOperator({ process() {}, onTimer: (async () => undefined) as never }).create(),
      "onTimer.*is a generator.*by calling": () =>
        keyedProcessOperator({ process() {}, onTimer: twice as never }).create(),
    };
    for (const [message, build] of Object.entries(refusals)) assert.throws(build, new RegExp(message));

    const flatMapped = await OperatorHarness.open(flatMapOperator(twice));
    flatMapped.process("a");
    assert.deepEqual(flatMapped.values, ["a", "a"]);
    const processed = await OperatorHarness.open(processOperator<string, string>({ process: twice }));
    processed.process("b");
    assert.deepEqual(processed.values, ["b", "b"]);
    const lost = await OperatorHarness.open(processOperator<string, string>({ process: (value) => [value] as never }));
    assert.throws(() => lost.process("c"), /process returned an array, which is not emitted/);
  });
});

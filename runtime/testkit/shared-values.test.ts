/**
 * What was emitted never changes (T5 of the trials): each operator that has state, with functions that go on changing what they
 * emitted. Every job below is a mistake that people make; the right output is what it says, or an error where the mistake is.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  aggregateOperator,
  flatMapOperator,
  keyedProcessOperator,
  list,
  map,
  mapOperator,
  operatorList,
  processOperator,
  reduceOperator,
  reducing,
  value,
} from "../operators/index.ts";
import type { KeyedProcessFunction, KeyedStates } from "../ports/index.ts";
import { t } from "../record/index.ts";
import { OperatorHarness } from "./operator-harness.ts";

type Count = { word: string; n: number };
const RECORDS: readonly Count[] = [1, 2, 3].map((n) => ({ word: "a", n }));
const keySelector = (value: Count): string => value.word;

async function run<S extends KeyedStates>(
  fn: KeyedProcessFunction<string, Count, unknown, S>,
): Promise<readonly unknown[]> {
  const harness = await OperatorHarness.open(keyedProcessOperator(fn), { keySelector });
  for (const record of RECORDS) harness.process({ ...record });
  return harness.values;
}

describe("what was emitted never changes", () => {
  it("when list state is emitted as it was handed out, after each add", async () => {
    const values = await run({
      state: { list: list(t.int64) },
      process(each, { state, out }) {
        state.list.add(each.n);
        out.collect({ list: state.list.get() });
        out.collect(state.list.get());
      },
    });
    assert.deepEqual(values, [{ list: [1] }, [1], { list: [1, 2] }, [1, 2], { list: [1, 2, 3] }, [1, 2, 3]]);
  });

  it("when a value is changed in place, updated and emitted, in either order", async () => {
    const values = await run({
      state: { value: value(t.anyOf<{ n: number; seen: number[]; by: Map<string, number> }>()) },
      process(each, { state, out }) {
        const current = state.value.value() ?? { n: 0, seen: [], by: new Map() };
        current.n += each.n;
        current.seen = [...current.seen, each.n];
        current.by.set(each.word, current.n);
        out.collect(current);
        state.value.update(current);
        if (each.n === 2) out.collect(state.value.value());
      },
    }).catch((error: unknown) => error);
    const by = (n: number): Map<string, number> => new Map([["a", n]]);
    assert.deepEqual(values, [
      { n: 1, seen: [1], by: by(1) },
      { n: 3, seen: [1, 2], by: by(3) },
      { n: 3, seen: [1, 2], by: by(3) },
      { n: 6, seen: [1, 2, 3], by: by(6) },
    ]);
  });

  it("when a value of map state, or reducing state, is changed in place and emitted", async () => {
    const values = await run({
      state: {
        cells: map(t.string, t.anyOf<Count>()),
        sum: reducing(t.anyOf<Count>(), (left, right) => ((left.n += right.n), left)),
      },
      process(record, { state, out }) {
        const cell = state.cells.get("x") ?? { word: "x", n: 0 };
        cell.n += record.n;
        state.cells.put("x", cell);
        out.collect(cell);
        for (const [, each] of state.cells.entries()) out.collect([each]);
        out.collect(state.sum.add(record));
      },
    });
    const at = (n: number): unknown[] => [{ word: "x", n }, [{ word: "x", n }], { word: "a", n }];
    assert.deepEqual(values, [...at(1), ...at(3), ...at(6)]);
  });

  it("when operator state is emitted as it was handed out", async () => {
    const states = { list: operatorList(t.int64) };
    const harness = await OperatorHarness.open(
      processOperator<Count, unknown, typeof states>({
        state: states,
        process(each, { state, out }) {
          state.list.add(each.n);
          out.collect(state.list.get());
        },
      }),
    );
    for (const record of RECORDS) harness.process(record);
    assert.deepEqual(harness.values, [[1], [1, 2], [1, 2, 3]]);
  });

  it("when an aggregate's result is its accumulator", async () => {
    const factory = aggregateOperator({
      createAccumulator: () => ({ n: 0, all: [] as number[] }),
      add(value: Count, accumulator: { n: number; all: number[] }) {
        accumulator.n += value.n;
        accumulator.all.push(value.n);
        return accumulator;
      },
      getResult: (accumulator) => accumulator,
    });
    const harness = await OperatorHarness.open(factory, { keySelector });
    for (const record of RECORDS) harness.process(record);
    assert.deepEqual(harness.values, [
      { n: 1, all: [1] },
      { n: 3, all: [1, 2] },
      { n: 6, all: [1, 2, 3] },
    ]);
  });

  it("when reduce changes its current value", async () => {
    const harness = await OperatorHarness.open(
      reduceOperator((current: Count, value: Count) => ((current.n += value.n), current)),
      { keySelector },
    );
    for (const record of RECORDS) harness.process({ ...record });
    assert.deepEqual(
      harness.values.map(({ n }) => n),
      [1, 3, 6],
    );
  });
});

describe("who changes what was emitted is told where", () => {
  const readOnly = { name: "TypeError", message: /read only property 'n'/ };

  it("when flatMap emits one row object again and again", async () => {
    const row = { n: 0 };
    const harness = await OperatorHarness.open(
      flatMapOperator<Count, { n: number }>((value, out) => {
        row.n = value.n;
        out.collect(row);
      }),
    );
    harness.process({ word: "a", n: 1 });
    assert.throws(() => harness.process({ word: "a", n: 2 }), readOnly);
    assert.deepEqual(harness.values, [{ n: 1 }]);
  });

  it("when map changes a record that it was given, and another operator has it too", async () => {
    const first = await OperatorHarness.open(mapOperator((value: Count) => value));
    first.process({ word: "a", n: 1 });
    const second = await OperatorHarness.open(mapOperator((value: Count) => ((value.n += 1), value)));
    assert.throws(() => second.process(first.values[0] as Count), readOnly);
  });

  it("when a part of an accumulator was emitted", async () => {
    const factory = aggregateOperator({
      createAccumulator: () => ({ all: [] as number[] }),
      add: (value: Count, accumulator: { all: number[] }) => (accumulator.all.push(value.n), accumulator),
      getResult: ({ all }) => ({ all }),
    });
    const harness = await OperatorHarness.open(factory, { keySelector });
    harness.process({ word: "a", n: 1 });
    assert.throws(() => harness.process({ word: "a", n: 2 }), /object is not extensible/);
    assert.deepEqual(harness.values, [{ all: [1] }]);
  });

  it("instances of classes are refused when they are emitted", async () => {
    class Total {
      n = 1;
    }
    const harness = await OperatorHarness.open(
      mapOperator(() => ({ total: new Total() })),
      { uid: "m1" },
    );
    assert.throws(() => harness.process(1), {
      code: "VALUE_NOT_SERIALIZABLE",
      message: /operator "map", uid "m1", emitted a record that at \.total is an instance of class Total/,
    });
  });
});

/** The states of process functions are in the graph, and are those that the operator has when it runs (DCS1, FN5). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../base/index.ts";
import {
  aggregateOperator,
  aggregating,
  columnSumOperator,
  broadcastList,
  keyedProcessOperator,
  list,
  map,
  operatorList,
  processOperator,
  reduceOperator,
  reducing,
  sumOperator,
  unionList,
  value,
} from "../operators/index.ts";
import type { Aggregate, OperatorContext, OperatorFactory } from "../ports/index.ts";
import { t, type ValueType } from "../record/index.ts";
import { createKeyedBackend, createOperatorStateBackend } from "../state/index.ts";

const order = t.record({ id: t.string, note: t.optional(t.string) });
const mean: Aggregate<number, { sum: number; n: number }, number> = {
  createAccumulator: () => ({ sum: 0, n: 0 }),
  add: (each, { sum, n }) => ({ sum: sum + each, n: n + 1 }),
  getResult: ({ sum, n }) => sum / n,
};
const accumulator = t.record({ sum: t.float64, n: t.int64 });
const add = (left: number, right: number): number => left + right;

const operators: Readonly<Record<string, OperatorFactory<never, unknown>>> = {
  "process with keys": keyedProcessOperator({
    state: {
      total: value(t.float64),
      orders: list(t.nullable(order)),
      seen: map(t.string, t.list(t.int64)),
      sum: reducing(t.float64, add),
      mean: aggregating(accumulator, mean),
      all: operatorList(order),
    },
    process() {},
  }),
  "process from a factory": keyedProcessOperator(() => ({ state: { total: value(t.any) }, process() {} })),
  "process without keys": processOperator({
    state: { own: operatorList(t.int64), all: unionList(t.date), rules: broadcastList(t.literal("a", "b")) },
    process() {},
  }),
  "process without states": processOperator({ process() {} }),
  reduce: reduceOperator((left: number) => left, t.float64),
  aggregate: aggregateOperator(mean, accumulator),
  sum: sumOperator<{ n: number }>("n"),
  "sum over columns": columnSumOperator({
    type: t.record({ id: t.string, n: t.int64 }) as ValueType<unknown>,
    key: "id",
    field: "n",
  }) as OperatorFactory<unknown, unknown>,
};

for (const [name, factory] of Object.entries(operators)) {
  test(`${name}: the graph names the states that the operator then has`, async () => {
    const options = { operatorUid: "u", subtask: 0, parallelism: 1 };
    const keyed = await createKeyedBackend(
      { keyGroups: { first: 0, last: 7 }, maxParallelism: 8, operatorUid: "u" },
      null,
      () => Promise.resolve(),
    );
    const operatorState = await createOperatorStateBackend(options, null);
    const context: Partial<OperatorContext> = { uid: "u", name, keyed, operatorState, clock: systemClock };
    await factory.create().open?.(context as OperatorContext, {
      collect() {},
      collectBatch() {},
      emitWatermark() {},
      emitStatus() {},
      sideOutput: () => ({ collect() {} }),
    });
    const has = [...keyed.declarations(), ...operatorState.declarations()].map((state) => JSON.stringify(state));
    const declared = (factory.declares ?? []).map((state) => JSON.stringify(state));
    assert.deepEqual([...new Set(has)].sort(), declared.toSorted());
  });
}

test("what is no state, or needs a key that is not there, is refused when the job is built", () => {
  assert.throws(() => processOperator({ state: { total: value(t.int64) } as never, process() {} }), {
    code: "JOB_GRAPH_INVALID",
    message: /state "total" is value state.*keyBy/,
  });
  assert.throws(() => keyedProcessOperator({ state: { total: t.int64 } as never, process() {} }), {
    code: "JOB_GRAPH_INVALID",
    message: /state "total" is not declared with value\(type\)/,
  });
});

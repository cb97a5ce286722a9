import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { StridedOrder, stridedSplits } from "./strided-order.ts";

test("one reader of all splits gives all numbers in order", () => {
  const order = new StridedOrder(stridedSplits(5));
  assert.deepEqual(
    Array.from({ length: 100 }, () => order.take()),
    Array.from({ length: 100 }, (_, index) => index),
  );
});

test("there are at least 12 splits, and every subtask gets as many", () => {
  for (let parallelism = 1; parallelism <= 40; parallelism++) {
    const { length } = stridedSplits(parallelism);
    assert.ok(length >= 12 && length % parallelism === 0, `${length} splits at parallelism ${parallelism}`);
  }
});

test("SOR1 take gives the smallest number left, whatever the positions are", () => {
  const splits = fc.integer({ min: 1, max: 12 }).chain((of) =>
    fc
      .subarray(
        Array.from({ length: of }, (_, part) => part),
        { minLength: 1 },
      )
      .chain((parts) =>
        fc.tuple(...parts.map((part) => fc.nat({ max: 20 }).map((round) => ({ part, of, next: part + round * of })))),
      ),
  );
  fc.assert(
    fc.property(splits, (start) => {
      const order = new StridedOrder(start);
      const next = start.map((split) => split.next);
      for (let taken = 0; taken < 60; taken++) {
        const smallest = Math.min(...next);
        assert.equal(order.head, smallest);
        assert.equal(order.take(), smallest);
        next[next.indexOf(smallest)] = smallest + (start[0]?.of ?? 0);
      }
      assert.deepEqual(
        order.snapshot(Number.POSITIVE_INFINITY).map((split) => split.next),
        next.sort((left, right) => left - right),
      );
    }),
  );
});

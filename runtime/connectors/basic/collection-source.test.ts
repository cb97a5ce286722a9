import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { NO_TIMESTAMP } from "../../record/index.ts";
import { SourceHarness } from "../kit/source-harness.test-support.ts";
import { collectionSource } from "./collection-source.ts";

test("at parallelism 1 the values come in order, without timestamps, and end", async () => {
  const harness = await SourceHarness.start(collectionSource(["a", "b", "c"]));
  await harness.read();
  assert.deepEqual(harness.values, ["a", "b", "c"]);
  assert.ok(harness.records.every(({ timestamp }) => timestamp === NO_TIMESTAMP));
});

test("an empty collection ends at once, and so does a reader without a share", async () => {
  const empty = await SourceHarness.start(collectionSource([]), { parallelism: 2 });
  assert.equal(empty.poll(0), "end");
  assert.equal(empty.poll(1), "end");
});

test("every value comes once, whatever is restored when and at whatever parallelism", () =>
  fc.assert(
    fc.asyncProperty(
      fc.nat({ max: 80 }),
      fc.array(
        fc.record({
          parallelism: fc.integer({ min: 1, max: 5 }),
          polls: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 6 }),
        }),
        {
          maxLength: 5,
        },
      ),
      async (count, rounds) => {
        const source = collectionSource(Array.from({ length: count }, (_, index) => index));
        const given: number[] = [];
        let splits: Awaited<ReturnType<typeof source.discover>> | undefined;
        for (const { parallelism, polls } of rounds) {
          const harness = await SourceHarness.start(source, {
            parallelism,
            ...(splits === undefined ? {} : { splits }),
          });
          polls.forEach((records, place) => harness.poll(place % parallelism, records));
          given.push(...harness.values);
          splits = harness.snapshot();
        }
        const last = await SourceHarness.start(source, splits === undefined ? {} : { splits });
        await last.read();
        assert.deepEqual(
          [...last.values],
          last.values.toSorted((left, right) => left - right),
        );
        assert.deepEqual(
          [...given, ...last.values].sort((left, right) => left - right),
          Array.from({ length: count }, (_, index) => index),
        );
        assert.deepEqual(last.snapshot(), []);
      },
    ),
  ));

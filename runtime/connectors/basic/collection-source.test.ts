import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_TIMESTAMP } from "../../record/index.ts";
import { SourceHarness, sourceContract } from "../../testkit/index.ts";
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

const numbers = Array.from({ length: 23 }, (_, index) => index);
const collectionWorld = { makeSource: () => collectionSource(numbers), records: numbers };
for (const { name, run } of sourceContract(() => collectionWorld)) test(`a collection ${name}`, run);

test("a restored collection goes on in order, and has no splits left at its end", async () => {
  const before = await SourceHarness.start(collectionSource(numbers), { parallelism: 3 });
  before.poll(0, 5);
  before.poll(2, 2);
  const after = await SourceHarness.start(collectionSource(numbers), { splits: before.snapshot() });
  await after.read();
  assert.deepEqual(
    after.values,
    after.values.toSorted((left, right) => left - right),
  );
  assert.deepEqual(after.snapshot(), []);
});

/** Rows in parts (PRW1 to PRW3). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { COLUMN_ROWS, ColumnBuilder, keyHash, NO_TIMESTAMP, t } from "../record/index.ts";
import { LEVELS_MAX, PartitionedRows } from "./partitioned-rows.ts";
import { MemorySpillSpace } from "../testkit/engine-tests.ts";
import { batchOfRows, type TestRow, TestRowType } from "./spill.test-support.ts";

const rowsOf = (keys: readonly number[]): TestRow[] =>
  keys.map((key, id) => ({ key, name: id % 3 === 0 ? null : `row ${id}`, id }));

function partedOf(space: MemorySpillSpace, budgetBytes: number, level = 0): PartitionedRows {
  return new PartitionedRows({ type: TestRowType, space, budgetBytes, level, onSpill: () => undefined });
}

function give(parted: PartitionedRows, rows: readonly TestRow[], size: number): void {
  for (let from = 0; from < rows.length; from += size) {
    const batch = batchOfRows(rows.slice(from, from + size));
    const hashes = Int32Array.from(rows.slice(from, from + size), ({ key }) => keyHash(key));
    parted.add(batch, batch.rows, batch.count, hashes);
  }
}

test("each part has all rows of its keys, as they came, with their hashes, in memory or not", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(40), { maxLength: 600, size: "max" }),
      fc.constantFrom(0, 3000, 1_000_000),
      fc.integer({ min: 1, max: 100 }),
      fc.nat(LEVELS_MAX - 1),
      (keys, budget, size, level) => {
        const space = new MemorySpillSpace(budget);
        const parted = partedOf(space, budget, level);
        const rows = rowsOf(keys);
        give(parted, rows, size);
        const seen = new Map<number | null, number>();
        const found: TestRow[] = [];
        for (const [number, part] of parted.parts().entries()) {
          let count = 0;
          for (const batch of part.batches()) {
            count += batch.count;
            for (const [at, row] of (batch.toRows() as TestRow[]).entries()) {
              assert.equal(seen.get(row.key) ?? number, number, "rows of a key are in one part");
              seen.set(row.key, number);
              assert.equal(batch.marks.keyHashes?.[at], keyHash(row.key));
              found.push(row);
            }
          }
          assert.equal(count, part.rows);
        }
        const byKey = (one: TestRow, other: TestRow): number => (one.key as number) - (other.key as number);
        assert.deepEqual(found.toSorted(byKey), rows.toSorted(byKey));
        parted.close();
        assert.equal(space.open, 0);
      },
    ),
    { numRuns: 100, seed: 3 },
  );
});

test("rows of one part of a level are in many parts of the next", () => {
  const space = new MemorySpillSpace(0);
  const first = partedOf(space, 0);
  give(first, rowsOf(Array.from({ length: 4000 }, (_none, at) => at)), 500);
  for (const part of first.parts()) {
    const next = partedOf(space, 0, 1);
    for (const batch of part.batches()) next.add(batch, batch.rows, batch.count, batch.marks.keyHashes as Int32Array);
    assert.ok(next.parts().every(({ rows }) => rows > 0));
    next.close();
  }
});

test("parts that fit stay in memory: the largest goes first", () => {
  const space = new MemorySpillSpace(60_000);
  const parted = partedOf(space, 60_000);
  // Most rows are of one key.
  const rows = rowsOf(Array.from({ length: 4000 }, (_none, at) => (at % 10 === 0 ? at : -1)));
  give(parted, rows, 100);
  assert.ok(parted.hasSpilled);
  const hot = rows.filter(({ key }) => key === -1).length;
  const inFile = space.used;
  assert.ok(inFile > 0 && inFile < 60 * hot + 20_000, `${inFile} bytes of ${hot} rows`);
  parted.close();
});

test("what a part takes is what its rows take in memory, also when they are in a file, where objects are small", () => {
  const type = t.record({ price: t.decimal(2) });
  const bytesWithin = (budgetBytes: number): number => {
    const space = new MemorySpillSpace(1_000_000);
    const parted = new PartitionedRows({ type, space, budgetBytes, level: 0, onSpill: () => undefined });
    const builder = new ColumnBuilder(type);
    for (let row = 0; row < COLUMN_ROWS; row++) builder.appendRow({ price: BigInt(row) }, NO_TIMESTAMP);
    const batch = builder.take();
    parted.add(batch, batch.rows, batch.count, new Int32Array(COLUMN_ROWS));
    const bytes = parted.parts().reduce((sum, part) => sum + part.bytes, 0);
    assert.equal(parted.hasSpilled, budgetBytes === 0);
    parted.close();
    return bytes;
  };
  assert.equal(bytesWithin(0), bytesWithin(1_000_000));
});

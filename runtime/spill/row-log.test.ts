/** Rows that are read again by number, whatever memory holds (RLG1, RLG2). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { debugColumns } from "../record/index.ts";
import { MemorySpillSpace } from "../testkit/engine-tests.ts";
import { RowLog } from "./row-log.ts";
import { batchOfRows, type TestRow, TestRowType } from "./spill.test-support.ts";

debugColumns(true);

const PAGE_ROWS = 8;

function rowsUpTo(count: number): readonly TestRow[] {
  return Array.from({ length: count }, (_none, id) => ({ key: id % 5, name: id % 3 === 0 ? null : `row ${id}`, id }));
}

function logOf(space: MemorySpillSpace, rows: readonly TestRow[]): RowLog {
  const log = new RowLog({ type: TestRowType, pageRows: PAGE_ROWS, space, onSpill: () => undefined });
  for (let from = 0; from < rows.length; from += PAGE_ROWS) {
    const batch = batchOfRows(rows.slice(from, from + PAGE_ROWS));
    log.add(batch);
    batch.release();
  }
  return log;
}

test("each row that was not forgotten is what it was when it came", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 150 }),
      fc.constantFrom(0, 3000, Number.POSITIVE_INFINITY),
      fc.array(fc.tuple(fc.nat(149), fc.boolean()), { maxLength: 60 }),
      (count, budget, reads) => {
        const rows = rowsUpTo(count);
        const space = new MemorySpillSpace(budget);
        const log = logOf(space, rows);
        assert.equal(log.rows, count);
        let forgotten = 0;
        for (const [at, forgets] of reads) {
          const number = Math.min(count - 1, Math.max(forgotten, at % count));
          if (forgets) {
            forgotten = number;
            log.forget(forgotten);
          }
          assert.deepEqual({ ...log.rowAt(number) }, rows[number]);
        }
        log.close();
        assert.equal(space.open, 0);
      },
    ),
  );
});

test("a file without rows that may still be read is closed, and rows that come later are in another one (RLG1)", () => {
  const space = new MemorySpillSpace(0);
  const log = logOf(space, rowsUpTo(64));
  assert.equal(space.open, 1);
  log.forget(63);
  assert.equal(space.open, 1, "the last page is there");
  log.forget(64);
  assert.equal(space.open, 0);
  const batch = batchOfRows(rowsUpTo(3));
  log.add(batch);
  batch.release();
  assert.equal(space.open, 1);
  assert.equal(log.rowAt(66)["id"], 2);
  log.close();
  assert.equal(space.open, 0);
});

test("what memory holds is in no file", () => {
  const space = new MemorySpillSpace(Number.POSITIVE_INFINITY);
  const log = logOf(space, rowsUpTo(64));
  assert.equal(log.rowAt(5)["id"], 5);
  assert.equal(space.made, 0);
  log.close();
});

/** Sorting beyond memory (EXS1 to EXS4, RMG1, BLF2). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { debugColumns } from "../record/index.ts";
import { ExternalSorter, type SorterOptions } from "./external-sorter.ts";
import { MemorySpillSpace } from "../testkit/engine-tests.ts";
import { batchOfRows, byKey, byKeyAlone, type TestRow, TestRowType } from "./spill.test-support.ts";

debugColumns(true);

const row = fc.record({
  key: fc.option(fc.integer({ min: -3, max: 3 }), { freq: 5 }),
  name: fc.option(fc.string({ unit: "grapheme", maxLength: 30 }), { freq: 5 }),
});

const rowsOf = (parts: readonly Pick<TestRow, "key" | "name">[]): TestRow[] =>
  parts.map((part, id) => ({ ...part, id }));

const sorted = (rows: readonly TestRow[]): TestRow[] =>
  rows.toSorted((one, other) => {
    if (one.key === null || other.key === null) return Number(other.key === null) - Number(one.key === null);
    return one.key - other.key;
  });

const sorterOf = (space: MemorySpillSpace | null, own: Partial<SorterOptions> = {}): ExternalSorter =>
  new ExternalSorter({ type: TestRowType, order: byKey, space, rows: null, onSpill: () => undefined, ...own });

function run(work: Iterator<void>): void {
  while (work.next().done !== true);
}

function give(sorter: ExternalSorter, rows: readonly TestRow[], size: number): void {
  for (let from = 0; from < rows.length; from += size) {
    const batch = batchOfRows(rows.slice(from, from + size));
    sorter.add(batch, 0);
    batch.release();
    if (sorter.isFull) run(sorter.spill());
  }
}

function drained(sorter: ExternalSorter): TestRow[] {
  const out: TestRow[] = [];
  run(sorter.drain((batch) => out.push(...(batch.toRows() as TestRow[]))));
  return out;
}

test("rows come out in order, those of equal order as they came, whatever memory holds", () => {
  fc.assert(
    fc.property(
      fc.array(row, { maxLength: 400, size: "max" }),
      fc.constantFrom(0, 2000, 20_000, Number.POSITIVE_INFINITY),
      fc.integer({ min: 1, max: 90 }),
      fc.boolean(),
      fc.option(fc.nat(60)),
      (parts, budget, size, hasNumbers, limit) => {
        const rows = rowsOf(parts);
        const space = new MemorySpillSpace(budget);
        const sorter = sorterOf(space, { order: hasNumbers ? byKey : byKeyAlone, rows: limit });
        give(sorter, rows, size);
        assert.deepEqual(drained(sorter), sorted(rows).slice(0, limit ?? undefined));
        assert.equal(space.open, 0);
      },
    ),
    { numRuns: 150, seed: 11 },
  );
});

test("runs that are too many to be merged at once are merged in passes, and a file goes when the next one has its rows", () => {
  const space = new MemorySpillSpace(4000);
  const sorter = sorterOf(space);
  const rows = rowsOf(Array.from({ length: 20_000 }, (_none, at) => ({ key: (at * 7919) % 1000, name: `row ${at}` })));
  give(sorter, rows, 100);
  assert.ok(sorter.hasSpilled);
  const before = space.used;
  assert.deepEqual(drained(sorter), sorted(rows));
  assert.ok(space.made > 3, `${space.made} files`);
  assert.ok(space.peak <= 2.2 * before, `${space.peak} bytes for ${before}`);
  assert.equal(space.open, 0);
});

test("of the first rows alone no more are kept than are wanted, and what comes behind them is not taken", () => {
  const space = new MemorySpillSpace(100_000);
  const sorter = sorterOf(space, { rows: 10 });
  const rows = rowsOf(Array.from({ length: 50_000 }, (_none, at) => ({ key: (at * 7919) % 50_000, name: "x" })));
  give(sorter, rows, 1000);
  assert.equal(sorter.hasSpilled, false);
  assert.deepEqual(drained(sorter), sorted(rows).slice(0, 10));
});

test("rows in memory are told as they came, and more may come after them", () => {
  const sorter = sorterOf(new MemorySpillSpace(1_000_000));
  const rows = rowsOf(Array.from({ length: 700 }, (_none, at) => ({ key: at % 3, name: null })));
  give(sorter, rows.slice(0, 333), 50);
  assert.deepEqual(
    [...sorter.collected()].flatMap((batch) => batch.toRows()),
    rows.slice(0, 333),
  );
  give(sorter, rows.slice(333), 50);
  assert.deepEqual(
    [...sorter.collected()].flatMap((batch) => batch.toRows()),
    rows,
  );
  assert.deepEqual(drained(sorter), sorted(rows));
});

test("a full disk, a cut file and a changed byte are told, and no row comes out of a block that is not whole", () => {
  const rows = rowsOf(Array.from({ length: 2000 }, (_none, at) => ({ key: at % 7, name: `row ${at}` })));
  const full = new MemorySpillSpace(2000);
  full.roomBytes = 20_000;
  assert.throws(() => give(sorterOf(full), rows, 100), { code: "SPILL_FAILED", message: /full/ });

  for (const [harm, message] of [
    [(bytes: Buffer) => bytes.subarray(0, bytes.length - 1), /cut/],
    [
      (bytes: Buffer) => ((bytes[bytes.length - 9] = (bytes[bytes.length - 9] as number) ^ 1), bytes),
      /not what was written/,
    ],
  ] as const) {
    const space = new MemorySpillSpace(2000);
    const sorter = sorterOf(space, { rows: 3000 });
    give(sorter, rows, 100);
    // A first look puts what was appended together.
    const [file] = space.files;
    assert.ok(file !== undefined);
    const work = sorter.drain(() => undefined);
    work.next();
    for (const each of space.files) each.bytes = harm(each.bytes);
    assert.throws(() => run(work), { code: "SPILL_FAILED", message });
    sorter.close();
    assert.equal(space.open, 0);
  }
});

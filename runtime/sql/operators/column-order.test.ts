/** The order of rows in columns is that of row objects (SQKO1, SQKO2). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ColumnBatch } from "../../record/index.ts";
import type { PlanRow, SortColumn } from "../plan/plan-tree.ts";
import { compareRows } from "../rows/row-order.ts";
import { ColumnOrder } from "./column-order.ts";
import { batchOf, column, decimal, instant, type Row, scalar, text } from "./operator-run.test-support.ts";

const ROW: PlanRow = [
  column("flag", scalar("boolean")),
  column("small", scalar("int")),
  column("large", scalar("bigint")),
  column("real", scalar("double")),
  column("exact", decimal(38, 2)),
  column("day", scalar("date")),
  column("at", { ...instant, isNullable: true }),
  column("name", text),
  column("raw", { kind: "varbinary", isNullable: true, length: 100 }),
];

const bigints = fc.oneof(fc.bigInt(-3n, 3n), fc.bigInt({ min: 2n ** 60n, max: 2n ** 60n + 3n }));
// Many that begin alike, are cut, or have lone surrogates.
const texts = fc.oneof(
  fc.constantFrom("", "a", "a\0", "prefix-1", "prefix-2", "prefix", "\uffff", "\u{10000}", "é"),
  fc.string({ unit: "binary", maxLength: 8 }),
);
const lone = fc.constantFrom("\ud800", "\udfffa", "\ud800b", "a\ud800");
const rowOf = (names: fc.Arbitrary<string>): fc.Arbitrary<Row> =>
  fc.record({
    flag: fc.option(fc.boolean()),
    small: fc.option(fc.integer({ min: -3, max: 3 })),
    large: fc.option(bigints),
    real: fc.option(fc.oneof(fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 5e-324), fc.double())),
    exact: fc.option(bigints),
    day: fc.option(fc.integer({ min: -2, max: 2 }).map((day) => new Date(day * 86_400_000))),
    at: fc.option(fc.integer({ min: -2, max: 2 })),
    name: fc.option(names),
    raw: fc.option(fc.uint8Array({ maxLength: 3 })),
  });
const order = fc.uniqueArray(
  fc.record({
    column: fc.nat(ROW.length - 1),
    direction: fc.constantFrom("ASC" as const, "DESC" as const),
    nulls: fc.constantFrom("FIRST" as const, "LAST" as const),
  }),
  { selector: ({ column: place }) => place, minLength: 0, maxLength: 3 },
);

const numbersOf = (by: ColumnOrder, batch: ColumnBatch): Float64Array | null => {
  const numbers = new Float64Array(batch.count + 1);
  return by.numbers(batch, batch.rows, batch.count, numbers, 1) ? numbers.subarray(1) : null;
};

test("two rows compare as their objects do, and their numbers, where there are some, say nothing else", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        { weight: 4, arbitrary: fc.array(rowOf(texts), { minLength: 2, maxLength: 12 }) },
        fc.array(rowOf(fc.oneof(lone, texts)), { minLength: 2, maxLength: 12 }),
      ),
      order,
      (rows, sortBy: readonly SortColumn[]) => {
        const batch = batchOf(ROW, rows);
        const by = new ColumnOrder(sortBy, ROW);
        const wanted = compareRows(sortBy, ROW);
        const numbers = numbersOf(by, batch);
        for (const [left, one] of rows.entries())
          for (const [right, other] of rows.entries()) {
            const sign = Math.sign(wanted(one, other));
            assert.equal(Math.sign(by.compare(batch.columns, left, batch.columns, right)), sign);
            if (numbers === null) continue;
            const [first, second] = [numbers[left] as number, numbers[right] as number];
            assert.ok(!Number.isNaN(first));
            if (first !== second) assert.equal(first < second ? -1 : 1, sign);
          }
      },
    ),
    { numRuns: 400, seed: 5 },
  );
});

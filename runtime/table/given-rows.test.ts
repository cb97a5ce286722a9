import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { DataStream } from "../api/index.ts";
import { ColumnBuilder, t, type ValueType } from "../record/index.ts";
import { rowTypeOf } from "../sql/index.ts";
import { OperatorHarness } from "../testkit/index.ts";
import { givenRowsOperator } from "./given-rows.ts";
import { columnsOf, givenTableOf, rowsOf } from "./given-stream.ts";

const type = t.record({
  id: t.int64,
  at: t.int64,
  user: t.literal("ann", "bob"),
  name: t.nullable(t.string),
  count: t.nullable(t.int64),
  amount: t.float64,
  total: t.bigint,
  notes: t.list(t.int64),
  plain: t.list(t.string),
}) as ValueType<unknown>;

const record = fc.record(
  {
    id: fc.maxSafeInteger(),
    at: fc.nat(),
    user: fc.constantFrom("ann", "bob"),
    name: fc.option(fc.string({ unit: "binary" })),
    count: fc.option(fc.integer()),
    amount: fc.double(),
    total: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    notes: fc.array(fc.integer(), { maxLength: 2 }),
    plain: fc.array(fc.string(), { maxLength: 2 }),
  },
  { noNullPrototype: true },
);

test("records in columns become the rows that they become one by one, with their times, whatever part of them is read and counts (GVRW1)", async () => {
  const table = givenTableOf("orders", { type } as DataStream<unknown>, { rowtime: "at" });
  const places = table.columns.map((_column, place) => place);
  const records = fc.array(fc.tuple(record, fc.boolean(), fc.nat()), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fc.subarray(places, { minLength: 1 }), records, async (read, given) => {
      const convert = rowsOf(table, type, read);
      if (convert === null) return;
      const rowType = rowTypeOf(read.map((place) => table.columns[place] as (typeof table.columns)[number]));
      const open = () => OperatorHarness.open(givenRowsOperator(columnsOf(table, type, read), convert, rowType));
      const [byRow, byBatch] = [await open(), await open()];
      const builder = new ColumnBuilder(type, Math.max(1, given.length));
      for (const [value, , timestamp] of given) builder.appendRow(value, timestamp);
      const batch = builder.take();
      const selection = Int32Array.from(given.flatMap(([, counts], at) => (counts ? [at] : [])));
      byBatch.processBatch(batch.select(selection, selection.length));
      batch.release();
      for (const [value, counts, timestamp] of given) if (counts) byRow.process(value, timestamp);
      assert.deepEqual(byBatch.events, byRow.events);
    }),
    { numRuns: 200, seed: 20261130 },
  );
});

test("what tables and streams have alike is shared, whole numbers become bigints, and only lists of them and literals are converted one by one", () => {
  const table = givenTableOf("orders", { type } as DataStream<unknown>, { rowtime: "at" });
  const becomes = columnsOf(table, type, [0, 1, 2, 3, 4, 5, 6, 7, 8]).map((each) => each.becomes);
  const itself = "itself";
  assert.deepEqual(becomes, ["bigint", itself, "other", itself, "bigint", itself, itself, "other", itself]);
});

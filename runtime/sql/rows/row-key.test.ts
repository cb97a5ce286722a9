import assert from "node:assert/strict";
import { test } from "node:test";
import { ColumnBuilder, keyHash, NO_TIMESTAMP } from "../../record/index.ts";
import type { PlanRow } from "../plan/plan-tree.ts";
import type { SqlType } from "../types/sql-type.ts";
import { RowKeys } from "./row-key.ts";
import { rowTypeOf } from "./row-type.ts";

const columnOf = (name: string, type: SqlType): PlanRow[number] => ({ name, type, time: null });
const row: PlanRow = [
  columnOf("day", { kind: "date", isNullable: false }),
  columnOf("bytes", { kind: "varbinary", length: 9, isNullable: true }),
  columnOf("price", { kind: "double", isNullable: true }),
  columnOf("name", { kind: "varchar", length: 9, isNullable: true }),
];
const day = new Date(86_400_000);
const rows = [
  { day, bytes: new Uint8Array([1, 255]), price: Number.NaN, name: "ada" },
  { day, bytes: null, price: 2.5, name: null },
];

test("a row's key is the same from the row object and from the columns, and gives the values back (SQRK1, SQRK2)", () => {
  const builder = new ColumnBuilder(rowTypeOf(row), 8);
  for (const each of rows) builder.appendRow(each, NO_TIMESTAMP);
  const batch = builder.take();
  const expected: readonly (readonly [readonly number[], readonly unknown[]])[] = [
    [[], [[], []]],
    [[3], ["ada", null]],
    [[0], [86_400_000, 86_400_000]],
    [
      [0, 1, 2],
      [
        [86_400_000, "01ff", "NaN"],
        [86_400_000, null, 2.5],
      ],
    ],
  ];
  for (const [places, keys] of expected) {
    const rowKeys = new RowKeys(row, places);
    const hashes = rowKeys.hashes(batch);
    for (const [at, each] of rows.entries()) {
      const key = rowKeys.at(batch, at);
      assert.deepEqual(key, keys[at]);
      assert.deepEqual(rowKeys.ofRow(each), key);
      assert.equal(hashes[at], keyHash(key));
      assert.deepEqual(
        rowKeys.values(key),
        rowKeys.columns.map((name) => each[name as keyof typeof each]),
      );
    }
  }
});

import assert from "node:assert/strict";
import { it } from "node:test";
import type { PlanRow, SortColumn } from "../plan/plan-tree.ts";
import { compareRows } from "./row-order.ts";

const row: PlanRow = [
  { name: "a", type: { kind: "int", isNullable: true }, time: null },
  { name: "b", type: { kind: "varchar", isNullable: true, length: 20 }, time: null },
  { name: "c", type: { kind: "date", isNullable: false }, time: null },
];

function sorted(order: readonly SortColumn[], rows: readonly Record<string, unknown>[]): readonly unknown[] {
  return rows.toSorted(compareRows(order, row)).map(({ id }) => id);
}

it("rows are ordered column by column, each in its direction, NULL where it is to be", () => {
  const c = new Date(0);
  const rows = [
    { id: 1, a: 1, b: "x", c },
    { id: 2, a: null, b: "y", c },
    { id: 3, a: 1, b: null, c: new Date(5) },
    { id: 4, a: 2, b: "x", c },
    { id: 5, a: 1, b: null, c },
  ];
  const a = { column: 0, direction: "DESC", nulls: "FIRST" } as const;
  const b = { column: 1, direction: "ASC", nulls: "LAST" } as const;
  assert.deepEqual(sorted([a, b, { column: 2, direction: "DESC", nulls: "LAST" }], rows), [2, 4, 1, 3, 5]);
  assert.deepEqual(sorted([{ ...a, direction: "ASC", nulls: "LAST" }, b], rows), [1, 3, 5, 4, 2]);
});

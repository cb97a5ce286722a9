import assert from "node:assert/strict";
import { it } from "node:test";
import { t, type ValueType } from "../../../runtime/record/index.ts";
import { lineOfChange, tableOfChanges } from "./changes.ts";

const type = t.record({
  id: t.bigint,
  price: t.decimal(2),
  at: t.timestamp,
  text: t.nullable(t.string),
}) as ValueType<unknown>;
const row = (id: bigint, text: string | null) => ({ id, price: 150n, at: 1_767_268_800_000, text });

it("changes come to a table, in whatever order their lines are read (XQC1)", () => {
  const lines = [
    lineOfChange({ kind: "-U", row: row(1n, "a") }, type),
    lineOfChange({ kind: "+U", row: row(1n, null) }, type),
    lineOfChange({ kind: "+I", row: row(2n, "a") }, type),
    lineOfChange({ kind: "+I", row: row(2n, "a") }, type),
    lineOfChange({ kind: "+I", row: row(1n, "a") }, type),
    lineOfChange({ kind: "+I", row: row(3n, "a") }, type),
    lineOfChange({ kind: "-D", row: row(3n, "a") }, type),
  ];
  const table = ["1 | 1.5 | 1767268800000 | NULL", "2 | 1.5 | 1767268800000 | a", "2 | 1.5 | 1767268800000 | a"];
  assert.deepEqual(tableOfChanges(lines, String), table);
});

it("a row that is taken back and never came is an error", () => {
  const lines = [lineOfChange({ kind: "-D", row: row(1n, "a") }, type)];
  assert.throws(() => tableOfChanges(lines, String), /take 1 \| 1\.5 \| 1767268800000 \| a back 1 times more/);
});

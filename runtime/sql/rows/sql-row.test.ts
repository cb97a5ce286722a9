import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { areEqual } from "../codegen/values.ts";
import { rowText, sameValues } from "./sql-row.ts";

describe("rows within rows", () => {
  const all = ["value"];
  const same = (left: object, right: object): readonly boolean[] => [
    areEqual(left, right),
    sameValues({ value: left }, { value: right }, all),
    rowText({ value: left }, all) === rowText({ value: right }, all),
  ];

  it("are the same field by field, in whatever order their objects were made (SQJR1, SQJR2)", () => {
    assert.deepEqual(same({ x: 1, y: "a" }, { y: "a", x: 1 }), [true, true, true]);
    assert.deepEqual(same({ b: 1, 2: 2, 1: null }, { 1: null, b: 1, 2: 2 }), [true, true, true]);
    assert.deepEqual(same({ in: { x: 1, y: 2 } }, { in: { y: 2, x: 1 } }), [true, true, true]);
  });

  it("are others when a field is another", () => {
    assert.deepEqual(same({ x: 1, y: 2 }, { y: 1, x: 2 }), [false, false, false]);
    assert.deepEqual(same({ 2: 1, 1: 2 }, { 1: 1, 2: 2 }), [false, false, false]);
    assert.deepEqual(same({ x: 1, y: null }, { x: 1, y: 0 }), [false, false, false]);
  });
});

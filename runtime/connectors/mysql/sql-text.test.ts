import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { t } from "../../record/index.ts";
import { piecesBetweenPlaceholders, quotedColumn, quotedName, valueText } from "./sql-text.ts";

describe("SQL text", () => {
  it("MST1: text cannot leave its quotes, and names cannot leave theirs", () => {
    assert.equal(valueText("a'b\\c\"\0\n"), "'a\\'b\\\\c\\\"\\0\\n'");
    assert.equal(quotedName("db.t`x"), "`db`.`t``x`");
    assert.equal(quotedColumn("a.b"), "`a.b`");
  });

  it("writes what has a text, by its declared type", () => {
    assert.equal(valueText(undefined), "NULL");
    assert.equal(valueText(true), "1");
    assert.equal(valueText(2n ** 64n), "18446744073709551616");
    assert.equal(valueText(-5n, t.decimal(2)), "-0.05");
    assert.equal(valueText(12345n, t.decimal(0)), "12345");
    assert.equal(valueText(1.5, t.timestamp), "'1970-01-01 00:00:00.001'");
    assert.equal(valueText(new Date(Date.UTC(2026, 1, 3))), "'2026-02-03 00:00:00.000'");
    assert.equal(valueText(new Uint8Array([10, 255])), "X'0aff'");
  });

  it("MST1: refuses objects, lists and numbers that are none", () => {
    for (const value of [
      { toString: () => "1" },
      { word: 1 },
      [1],
      Number.NaN,
      Number.POSITIVE_INFINITY,
      new Date(Number.NaN),
      () => 1,
    ])
      assert.throws(() => valueText(value), /no value of a column|not a number|invalid date/);
  });

  it("MST2: finds placeholders, and none in quotes and comments", () => {
    assert.deepEqual(piecesBetweenPlaceholders("a ? b ?"), ["a ", " b ", ""]);
    const quoted = "select '?', \"?\", `?`, 'it''s ?', 'a\\'?' -- ?\n # ?\n /* ? */ ";
    assert.deepEqual(piecesBetweenPlaceholders(`${quoted}?`), [quoted, ""]);
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { comparableTypes } from "./comparable-types.ts";
import { operand, outcome, sampleTypes } from "./sql-type.test-support.ts";
import { typeText } from "./sql-type.ts";

function comparison(left: string, right: string): string {
  const result = comparableTypes(operand(left), operand(right));
  if (result.kind === "refused") return outcome(result);
  const as = result.as === null ? "as exact numbers" : `as ${typeText(result.as)}`;
  return result.isOrdered ? as : `${as}, without an order`;
}

const pairs: readonly (readonly [left: string, right: string, text: string])[] = [
  ["INT", "BIGINT", "as exact numbers"],
  ["DECIMAL(38, 0)", "DECIMAL(38, 38)", "as exact numbers"],
  ["DECIMAL(10, 2)", "FLOAT", "as DOUBLE"],
  ["CHAR(3) NOT NULL", "STRING NOT NULL", "as STRING NOT NULL"],
  ["STRING", "DATE", "as DATE"],
  ["TIMESTAMP(3)", "CHAR(19)", "as TIMESTAMP(3)"],
  ["TIMESTAMP(3)", "TIMESTAMP_LTZ(6)", "as TIMESTAMP_LTZ(6)"],
  ["BOOLEAN", "BOOLEAN", "as BOOLEAN"],
  ["NULL", "DATE", "as DATE"],
  ["ARRAY<INT>", "ARRAY<BIGINT>", "as ARRAY<BIGINT>, without an order"],
  ["ROW<a INT>", "ROW<b INT>", "as ROW<a INT>, without an order"],
  ["MAP<STRING, INT>", "NULL", "as MAP<STRING, INT>, without an order"],
  [
    "INT",
    "STRING",
    "refused: INT and STRING cannot be compared. Write both as numbers, or both as texts in quotes: CAST(… AS INT) makes a number of a text.",
  ],
  [
    "STRING",
    "BOOLEAN",
    "refused: STRING and BOOLEAN cannot be compared. Cast the text: CAST(… AS BOOLEAN), or TRY_CAST where it may be none.",
  ],
  [
    "BIGINT",
    "TIMESTAMP(3)",
    "refused: BIGINT and TIMESTAMP(3) cannot be compared. Make a time of the number: TO_TIMESTAMP_LTZ(milliseconds, 3).",
  ],
  [
    "DATE",
    "TIMESTAMP(3)",
    "refused: DATE and TIMESTAMP(3) cannot be compared. Cast the DATE: CAST(… AS TIMESTAMP(3)).",
  ],
  ["BYTES", "STRING", "refused: BYTES and STRING cannot be compared. Cast the BYTES: CAST(… AS STRING)."],
  ["NULL", "NULL", "refused: NULL alone has no type. Say which one it has: CAST(NULL AS STRING)."],
];

describe("comparing", () => {
  for (const [left, right, text] of pairs)
    it(`${left} with ${right}: ${text} (SQCO1, SQCO2, SQCO3)`, () => assert.equal(comparison(left, right), text));

  it("is possible between a type and itself, and the same in both directions", () => {
    for (const one of sampleTypes) {
      assert.equal(comparableTypes(one, one).kind, "comparable");
      for (const other of sampleTypes)
        assert.equal(
          comparableTypes(one, other).kind,
          comparableTypes(other, one).kind,
          `${typeText(one)}, ${typeText(other)}`,
        );
    }
  });
});

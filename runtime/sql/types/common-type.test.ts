import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { castOf } from "./cast-rules.ts";
import { commonType } from "./common-type.ts";
import { operand, outcome, sampleTypes, type } from "./sql-type.test-support.ts";
import { isSameType, type OperandType } from "./type-families.ts";

/** Types, and what they have in common. */
const common: readonly (readonly [types: readonly string[], outcome: string])[] = [
  [["INT NOT NULL", "INT NOT NULL"], "INT NOT NULL"],
  [["INT NOT NULL", "INT"], "INT"],
  [["NULL", "INT NOT NULL"], "INT"],
  [["NULL", "NULL"], "refused: NULL alone has no type. Say which one it has: CAST(NULL AS STRING)."],
  [["TINYINT", "BIGINT", "SMALLINT"], "BIGINT"],
  // Flink's own example.
  [["INT", "BIGINT", "DECIMAL(2, 2)"], "DECIMAL(21, 2)"],
  [["DECIMAL(10, 2)", "DECIMAL(12, 5)"], "DECIMAL(13, 5)"],
  [["DECIMAL(38, 0)", "DECIMAL(38, 10)"], "DECIMAL(38, 0)"],
  [["BIGINT", "FLOAT"], "FLOAT"],
  [["FLOAT", "DOUBLE"], "DOUBLE"],
  [["DECIMAL(10, 2)", "FLOAT"], "DOUBLE"],
  [["FLOAT", "DECIMAL(10, 2)"], "DOUBLE"],
  [["CHAR(3)", "CHAR(3)"], "CHAR(3)"],
  [["CHAR(3)", "CHAR(5)"], "VARCHAR(5)"],
  [["CHAR(7)", "VARCHAR(5)", "STRING"], "STRING"],
  [["BINARY(3)", "BINARY(5)"], "VARBINARY(5)"],
  [["TIME(0)", "TIME(3)"], "TIME(3)"],
  [["TIMESTAMP(3)", "TIMESTAMP(9)"], "TIMESTAMP(9)"],
  [["TIMESTAMP(6)", "TIMESTAMP_LTZ(3)"], "TIMESTAMP_LTZ(6)"],
  [["ARRAY<INT NOT NULL>", "ARRAY<BIGINT NOT NULL>"], "ARRAY<BIGINT NOT NULL>"],
  [["ARRAY<INT NOT NULL>", "ARRAY<BIGINT>"], "ARRAY<BIGINT>"],
  [["MAP<STRING, INT>", "MAP<CHAR(3), DOUBLE>"], "MAP<STRING, DOUBLE>"],
  [["ROW<a INT, b STRING>", "ROW<x BIGINT, y CHAR(2)>"], "ROW<a BIGINT, b STRING>"],
  [["INT", "STRING"], "refused: INT and STRING have no common type. Cast the INT: CAST(… AS STRING)."],
  [["STRING", "INT"], "refused: STRING and INT have no common type. Cast the INT: CAST(… AS STRING)."],
  [
    ["TIMESTAMP(3)", "DATE"],
    "refused: TIMESTAMP(3) and DATE have no common type. Cast the DATE: CAST(… AS TIMESTAMP(3)).",
  ],
  [
    ["TIMESTAMP(3)", "INT"],
    "refused: TIMESTAMP(3) and INT have no common type. Make a time of the number: TO_TIMESTAMP_LTZ(milliseconds, 3).",
  ],
  [
    ["ROW<a INT>", "ROW<a INT, b INT>"],
    "refused: ROW<a INT> and ROW<a INT, b INT> have no common type. Rows go together field by field: give both the same number of fields.",
  ],
  [
    ["MAP<STRING, INT>", "MAP<STRING, DATE>"],
    "refused: INT and DATE have no common type. There is no cast between the two: give both values one type.",
  ],
];

const types: fc.Arbitrary<readonly OperandType[]> = fc.array(
  fc.oneof(
    fc.constantFrom(...sampleTypes),
    fc.record({ precision: fc.integer({ min: 1, max: 38 }), share: fc.integer({ min: 0, max: 38 }) }).map(
      ({ precision, share }): OperandType => ({
        kind: "decimal",
        isNullable: false,
        precision,
        scale: Math.min(share, precision),
      }),
    ),
    fc.constantFrom(...["TIMESTAMP(9)", "CHAR(5)", "TIME(3)", "ARRAY<BIGINT NOT NULL>", "NULL"].map(operand)),
  ),
  { minLength: 1, maxLength: 4 },
);

describe("a common type", () => {
  for (const [each, text] of common)
    it(`of ${each.join(", ")} is ${text} (SQCT1, SQCT3)`, () =>
      assert.equal(outcome(commonType(each.map(operand))), text));

  it("is the same in every order (SQCT2)", () => {
    fc.assert(
      fc.property(types, (some) => {
        const [one, other] = [commonType(some), commonType(some.toReversed())];
        if (one.kind === "refused" || other.kind === "refused") assert.equal(one.kind, other.kind);
        else assert.equal(outcome(one), outcome(other));
      }),
    );
  });

  it("is one that each of them is cast to without being asked, and is its own (SQCT1)", () => {
    fc.assert(
      fc.property(types, (some) => {
        const found = commonType(some);
        if (found.kind === "refused") return;
        for (const each of some) assert.notEqual(castOf(each, found).kind, "refused");
        assert.ok(isSameType(commonType([found, found]) as OperandType, found));
      }),
    );
  });

  it("has the digits before the point of each DECIMAL", () => {
    fc.assert(
      fc.property(types, (some) => {
        const found = commonType(some);
        if (found.kind !== "decimal") return;
        for (const each of some)
          if (each.kind === "decimal") assert.ok(found.precision - found.scale >= each.precision - each.scale);
      }),
    );
  });

  it("of no types is a mistake of who asks", () => assert.throws(() => commonType([]), /no types/));

  it("of one type is that type", () => assert.equal(outcome(commonType([type("DATE NOT NULL")])), "DATE NOT NULL"));
});

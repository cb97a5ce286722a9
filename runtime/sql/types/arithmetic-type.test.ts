import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type ArithmeticOperator, arithmeticType } from "./arithmetic-type.ts";
import { operand, outcome } from "./sql-type.test-support.ts";

const operators: readonly ArithmeticOperator[] = ["+", "-", "*", "/", "%"];

/** Left, operator, right, and what it gives. */
const results: readonly (readonly [left: string, operator: ArithmeticOperator, right: string, outcome: string])[] = [
  ["INT NOT NULL", "+", "INT NOT NULL", "INT NOT NULL"],
  ["INT NOT NULL", "+", "INT", "INT"],
  ["TINYINT", "+", "TINYINT", "TINYINT"],
  ["INT", "*", "BIGINT", "BIGINT"],
  ["INT", "/", "INT", "INT"],
  ["BIGINT", "%", "INT", "INT"],
  ["INT", "/", "FLOAT", "FLOAT"],
  ["DECIMAL(10, 2)", "*", "DOUBLE", "DOUBLE"],
  ["DECIMAL(10, 2)", "+", "FLOAT", "DOUBLE"],
  ["NULL", "+", "INT NOT NULL", "INT"],
  ["DECIMAL(10, 2) NOT NULL", "*", "NULL", "DECIMAL(10, 2)"],
  // Flink's documentation and SQL Server's table, by hand.
  ["DECIMAL(10, 2)", "+", "DECIMAL(10, 2)", "DECIMAL(11, 2)"],
  ["DECIMAL(10, 2)", "-", "DECIMAL(12, 5)", "DECIMAL(14, 5)"],
  ["DECIMAL(10, 2)", "*", "DECIMAL(5, 3)", "DECIMAL(16, 5)"],
  ["DECIMAL(10, 2)", "/", "DECIMAL(5, 3)", "DECIMAL(19, 8)"],
  ["DECIMAL(10, 2)", "%", "DECIMAL(5, 3)", "DECIMAL(5, 3)"],
  ["DECIMAL(5, 0)", "%", "INT", "INT"],
  ["INT", "%", "DECIMAL(5, 0)", "DECIMAL(5, 0)"],
  ["DECIMAL(10, 2)", "+", "INT", "DECIMAL(13, 2)"],
  ["BIGINT", "*", "DECIMAL(4, 3)", "DECIMAL(24, 3)"],
  // The example of Flink's own comment: one digit behind the point goes, and none before it.
  ["DECIMAL(38, 8)", "+", "DECIMAL(32, 8)", "DECIMAL(38, 7)"],
  ["DECIMAL(38, 0)", "/", "DECIMAL(38, 38)", "DECIMAL(38, 6)"],
  ["DECIMAL(38, 38)", "*", "DECIMAL(38, 38)", "DECIMAL(38, 37)"],
  ["DECIMAL(38, 2)", "*", "DECIMAL(38, 2)", "DECIMAL(38, 4)"],
  ["TIMESTAMP(3)", "-", "INTERVAL DAY TO SECOND", "TIMESTAMP(3)"],
  ["TIMESTAMP_LTZ(3)", "+", "INTERVAL YEAR TO MONTH", "TIMESTAMP_LTZ(3)"],
  ["INTERVAL DAY TO SECOND", "+", "DATE NOT NULL", "DATE"],
  ["TIME(0)", "+", "INTERVAL DAY TO SECOND", "TIME(0)"],
  ["NULL", "+", "TIMESTAMP(3)", "TIMESTAMP(3)"],
  ["INTERVAL DAY TO SECOND", "-", "INTERVAL DAY TO SECOND", "INTERVAL DAY TO SECOND(3)"],
  ["INT", "*", "INTERVAL YEAR TO MONTH", "INTERVAL YEAR TO MONTH"],
  ["INTERVAL DAY TO SECOND", "*", "DOUBLE", "INTERVAL DAY TO SECOND(3)"],
];

/** Left, operator, right, and what to write instead. */
const refused: readonly (readonly [left: string, operator: ArithmeticOperator, right: string, remedy: RegExp])[] = [
  ["STRING", "+", "STRING", /joined with \|\|.*CAST\(… AS INT\)/],
  ["STRING", "+", "INT", /CAST\(… AS INT\), or TRY_CAST/],
  ["DOUBLE", "*", "CHAR(3)", /\. Cast the text: CAST\(… AS DOUBLE\)/],
  ["TIMESTAMP(3)", "-", "TIMESTAMP(3)", /TIMESTAMPDIFF/],
  ["DATE", "-", "DATE", /TIMESTAMPDIFF/],
  ["TIMESTAMP(3)", "-", "INT", /INTERVAL '5' SECOND/],
  ["DATE", "+", "INT", /INTERVAL '5' DAY/],
  ["INTERVAL DAY TO SECOND", "-", "TIMESTAMP(3)", /Take the interval from the time/],
  ["TIME(0)", "+", "INTERVAL YEAR TO MONTH", /no months/],
  ["INTERVAL DAY TO SECOND", "+", "INTERVAL YEAR TO MONTH", /one after the other/],
  ["INTERVAL DAY TO SECOND", "/", "INT", /Multiply instead/],
  ["DOUBLE", "%", "INT", /A remainder is exact/],
  ["NULL", "%", "DOUBLE", /takes numbers/],
  ["BOOLEAN", "+", "INT", /takes numbers/],
  ["ARRAY<INT>", "+", "ARRAY<INT>", /takes numbers/],
  ["NULL", "+", "NULL", /CAST\(NULL AS STRING\)/],
];

const decimals = fc
  .record({ precision: fc.integer({ min: 1, max: 38 }), share: fc.integer({ min: 0, max: 38 }) })
  .map(({ precision, share }) => ({
    kind: "decimal" as const,
    isNullable: false,
    precision,
    scale: Math.min(share, precision),
  }));

describe("arithmetic", () => {
  for (const [left, operator, right, text] of results)
    it(`${left} ${operator} ${right} is ${text} (SQAR1, SQAR2, SQAR3, SQAR4)`, () =>
      assert.equal(outcome(arithmeticType(operator, operand(left), operand(right))), text));

  for (const [left, operator, right, remedy] of refused)
    it(`${left} ${operator} ${right} is refused, with ${String(remedy)}`, () => {
      const result = arithmeticType(operator, operand(left), operand(right));
      assert.equal(result.kind, "refused");
      assert.match(outcome(result), remedy);
    });

  it("of two DECIMALs is one of at most 38 digits, six of them behind the point where there are as many (SQAR2)", () => {
    fc.assert(
      fc.property(fc.constantFrom(...operators), decimals, decimals, (operator, left, right) => {
        const result = arithmeticType(operator, left, right);
        assert.ok(result.kind === "decimal");
        assert.ok(
          result.precision >= 1 && result.precision <= 38 && result.scale >= 0 && result.scale <= result.precision,
        );
        const exactScale = operator === "*" ? left.scale + right.scale : Math.max(left.scale, right.scale);
        assert.ok(operator === "%" || result.scale >= Math.min(6, exactScale));
      }),
    );
  });

  it("of two DECIMALs has room for every sum and product that fits (SQAR2)", () => {
    fc.assert(
      fc.property(decimals, decimals, (left, right) => {
        const whole = (each: { precision: number; scale: number }) => each.precision - each.scale;
        const [sum, product] = [arithmeticType("+", left, right), arithmeticType("*", left, right)];
        assert.ok(sum.kind === "decimal" && product.kind === "decimal");
        assert.ok(whole(sum) >= Math.min(Math.max(whole(left), whole(right)) + 1, 32));
        assert.ok(whole(product) >= Math.min(whole(left) + whole(right), 32));
      }),
    );
  });
});

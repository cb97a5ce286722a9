import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { cut, exactOf, floorOf, rescaled } from "./decimals.ts";
import { evaluate } from "./evaluation.test-support.ts";
import { scalarFunction } from "./scalar-function.ts";

/** A DECIMAL is the bigint of its smallest unit. Most examples are from Flink's documentation and its own tests. */
const examples: readonly (readonly [expression: string, value: unknown])[] = [
  ["ABS(-42)", 42],
  ["ABS(CAST(-44 AS BIGINT))", 44n],
  ["ABS(-1.5)", 15n],
  ["ABS(-4.5E0)", 4.5],
  ["ABS(-2147483648)", 2147483648n],
  ["ABS(CAST(-128 AS TINYINT))", -128],
  ["ABS(CAST(-32768 AS SMALLINT))", -32768],
  ["SIGN(44)", 1],
  ["SIGN(CAST(-44 AS BIGINT))", -1n],
  ["SIGN(4.6E0)", 1],
  // DECIMAL(3, 2): -1.00.
  ["SIGN(-3.25)", -100n],
  ["MOD(7, 3)", 1],
  ["MOD(-7, 3)", -1],
  ["MOD(-4, 2)", 0],
  ["MOD(CAST(7 AS BIGINT), 3)", 1],
  ["MOD(3, CAST(5 AS BIGINT))", 3n],
  ["MOD(7.5, 2)", 15n],
  ["MOD(-7.25, 0.5)", -25n],
  ["POWER(2, 3)", 8],
  ["POWER(2.5, 2)", 6.25],
  ["SQRT(25)", 5],
  ["SQRT(6.25)", 2.5],
  ["EXP(3)", Math.exp(3)],
  ["LN(10)", Math.log(10)],
  ["LOG(10)", 2.302585092994046],
  ["LOG(10, 100)", 2],
  ["LOG(1, 100)", Number.POSITIVE_INFINITY],
  ["LOG(-1)", Number.NaN],
  ["log10(1000)", 3],
  ["LOG2(10)", 3.3219280948873626],
  ["SIN(1)", Math.sin(1)],
  ["COS(1)", Math.cos(1)],
  ["TAN(1)", Math.tan(1)],
  ["ASIN(0.5)", Math.asin(0.5)],
  ["ACOS(0.5)", Math.acos(0.5)],
  ["ATAN(0.5)", Math.atan(0.5)],
  ["ATAN2(1, 2)", Math.atan2(1, 2)],
  ["DEGREES(PI())", 180],
  ["RADIANS(180)", Math.PI],
  ["PI()", Math.PI],
  ["E()", Math.E],
  ["FLOOR(4.5E0)", 4],
  ["CEIL(4.5E0)", 5],
  ["FLOOR(43)", 43],
  ["FLOOR(-1231.1231)", -1232n],
  ["CEIL(-1231.1231)", -1231n],
  ["CEILING(12.0)", 12n],
  ["ROUND(125.315)", 125n],
  ["ROUND(-125.315, 2)", -12_532n],
  ["ROUND(99.99, 1)", 1000n],
  ["TYPEOF(ROUND(99.99, 1))", "DECIMAL(4, 1) NOT NULL"],
  ["ROUND(99.99, -2)", 100n],
  ["TYPEOF(ROUND(99.99, -2))", "DECIMAL(3, 0) NOT NULL"],
  ["TYPEOF(ROUND(99.99, 7))", "DECIMAL(4, 2) NOT NULL"],
  ["ROUND(99.99, 1 + 0)", 10_000n],
  ["TYPEOF(ROUND(99.99, 1 + 0))", "DECIMAL(5, 2) NOT NULL"],
  ["ROUND(125.315, 7)", 125_315n],
  ["ROUND(1.4, 1)", 14n],
  ["ROUND(123, -2)", 100],
  ["ROUND(150, -2)", 200],
  ["ROUND(CAST(123 AS BIGINT), -2)", 100n],
  ["ROUND(123, -400)", 0],
  ["ROUND(1.2345E0, 3)", 1.235],
  ["ROUND(1.005E0, 2)", 1.01],
  ["ROUND(-2.5E0)", -3],
  ["ROUND(1.5E300, -299)", 1.5e300],
  ["ROUND(CAST(1.2345 AS FLOAT), 3)", Math.fround(1.235)],
  ["ROUND(LOG(-1), 2)", Number.NaN],
  ["TRUNCATE(42.324, 2)", 4232n],
  ["TRUNCATE(42.324)", 42n],
  ["TRUNCATE(-0.123E0, 2)", -0.12],
  ["TRUNCATE(44, -1)", 40],
  ["TRUNCATE(42, -3)", 0],
  ["MOD(7, CAST(NULL AS INT))", null],
];

describe("functions of numbers", () => {
  for (const [expression, value] of examples) it(expression, () => assert.deepEqual(evaluate(expression), value));

  it("refuse a division by zero, and say what to do", () => {
    const error = { code: "SQL_EXPRESSION_FAILED", message: /MOD by zero\. Divide by NULLIF/ };
    assert.throws(() => evaluate("MOD(7, 0)"), error);
    assert.throws(() => evaluate("MOD(7.5, 0)"), error);
  });

  it("round half away from zero, cut towards zero and round down, whatever the scale", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.nat(8), fc.nat(8), (unscaled, scale, to) => {
        const exact = { unscaled, scale };
        const unit = 10n ** BigInt(Math.max(0, scale - to));
        const value = unscaled * 10n ** BigInt(Math.max(0, to - scale));
        const [rounded, dropped] = [rescaled(exact, to) * unit, cut(exact, to) * unit];
        const size = (number: bigint): bigint => (number < 0n ? -number : number);
        assert.ok(
          size(rounded - value) * 2n <= unit && (size(rounded - value) * 2n < unit || size(rounded) >= size(value)),
        );
        assert.ok(size(dropped) <= size(value) && size(value - dropped) < unit);
        const floor = floorOf(exact) * 10n ** BigInt(scale);
        assert.ok(floor <= unscaled && unscaled - floor < 10n ** BigInt(scale));
      }),
      { seed: 5, numRuns: 200 },
    );
  });

  it("leave a double as it is where it has no digit to lose", () => {
    const round = scalarFunction("ROUND");
    assert.ok(round);
    const double = { kind: "double", isNullable: false } as const;
    const site = { arguments: [double, { kind: "int", isNullable: false }], result: double, words: [] } as const;
    const { call } = round({ ...site, session: { timeZone: "UTC", clock: {} as never } });
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (value) => assert.equal(call(...([value, 400] as never[])), value + 0)),
      { seed: 7, numRuns: 300 },
    );
  });

  it("round and cut doubles as their decimal numbers are (SQUN1)", () => {
    const double = { kind: "double", isNullable: false } as const;
    const site = { arguments: [double, { kind: "int", isNullable: false }], result: double, words: [] } as const;
    const [round, truncate] = ["ROUND", "TRUNCATE"].map((name) =>
      scalarFunction(name)?.({ ...site, session: { timeZone: "UTC", clock: {} as never } }),
    );
    // Near to halves and whole numbers, where the last bit decides.
    const near = fc
      .tuple(fc.integer({ min: -2_000_000, max: 2_000_000 }), fc.nat(6), fc.integer({ min: -2, max: 2 }))
      .map(([halves, scale, ulps]) => {
        const value = halves / 2 / 10 ** scale;
        return value + ulps * Number.EPSILON * Math.abs(value);
      });
    fc.assert(
      fc.property(fc.oneof(near, fc.double({ min: -1e6, max: 1e6, noNaN: true })), fc.nat(8), (value, digits) => {
        const exact = exactOf(value);
        const isKept = digits >= exact.scale;
        const [rounded, dropped] = [rescaled(exact, digits), cut(exact, digits)];
        assert.equal(
          round?.call(...([value, digits] as never[])),
          isKept ? value + 0 : Number(`${rounded}E-${digits}`),
        );
        assert.equal(
          truncate?.call(...([value, digits] as never[])),
          isKept ? value + 0 : Number(`${dropped}E-${digits}`),
        );
      }),
      { seed: 12, numRuns: 2000 },
    );
  });

  it("read a double as the number that it is written as (SQUN1)", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const { unscaled, scale } = exactOf(value);
        // -0 has no sign any more.
        assert.equal(Number(`${unscaled}E-${scale}`), value + 0);
      }),
      { seed: 6, numRuns: 200 },
    );
  });
});

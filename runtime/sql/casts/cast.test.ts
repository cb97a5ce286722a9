import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { evaluate, evaluateAll } from "../codegen/evaluation.test-support.ts";
import { findMisfit } from "../../record/index.ts";
import { columnTypeOf } from "../rows/row-type.ts";
import { castOf } from "../types/cast-rules.ts";
import type { SqlType } from "../types/sql-type.ts";
import { type as typeOfText } from "../types/sql-type.test-support.ts";
import { castOfValue } from "./cast.ts";
import { quotientOf } from "./decimals.ts";
import { textOfDouble, textOfFloat } from "./number-texts.ts";
import { addMonths } from "./time-texts.ts";
import { timeZone } from "../functions/time/time-zone.ts";

/** Expression; value. */
const casts: Readonly<Record<string, readonly (readonly [string, unknown])[]>> = {
  "texts of numbers and truth values": [
    ["CAST(TRUE AS STRING)", "TRUE"],
    ["CAST(-12 AS STRING)", "-12"],
    ["CAST(1.50 AS STRING)", "1.50"],
    ["CAST(-0.05 AS STRING)", "-0.05"],
    ["CAST(1E0 AS STRING)", "1.0"],
    ["CAST(1E7 AS STRING)", "1.0E7"],
    ["CAST(1.5E-5 AS STRING)", "1.5E-5"],
    ["CAST(CAST(0.1 AS FLOAT) AS STRING)", "0.1"],
  ],
  "texts of times": [
    ["CAST(DATE '2026-01-02' AS STRING)", "2026-01-02"],
    ["CAST(TIME '01:02:03' AS STRING)", "01:02:03"],
    ["CAST(TIMESTAMP '2026-01-02 03:04:05.1' AS STRING)", "2026-01-02 03:04:05.1"],
    ["CAST(CAST('2026-01-02 03:04:05.123456' AS TIMESTAMP(6)) AS STRING)", "2026-01-02 03:04:05.123456"],
    ["CAST(CAST('1969-12-31 23:59:59.5' AS TIMESTAMP(3)) AS STRING)", "1969-12-31 23:59:59.500"],
    ["CAST(INTERVAL '1-6' YEAR TO MONTH AS STRING)", "+1-06"],
    ["CAST(INTERVAL '-1 02:03:04.005' DAY TO SECOND AS STRING)", "-1 02:03:04.005"],
  ],
  "texts of parts": [
    ["CAST(ARRAY[1, CAST(NULL AS INT)] AS STRING)", "[1, NULL]"],
    ["CAST(MAP['a', 1] AS STRING)", "{a=1}"],
    ["CAST(ROW(1, 'abc', DATE '2026-01-02') AS STRING)", "(1, abc, 2026-01-02)"],
  ],
  "lengths of texts and bytes": [
    ["CAST('abc' AS CHAR(5))", "abc  "],
    ["CAST('abcdef' AS VARCHAR(3))", "abc"],
    ["CAST('\u{1F600}bc' AS VARCHAR(2))", "\u{1F600}b"],
    ["CAST('ab' AS BINARY(3))", Uint8Array.of(97, 98, 0)],
    ["CAST('ä' AS BYTES)", Uint8Array.of(0xc3, 0xa4)],
    ["CAST(X'C3A4' AS STRING)", "ä"],
    ["TRY_CAST(X'C3' AS STRING)", null],
  ],
  "numbers of texts": [
    ["CAST(' 12 ' AS INT)", 12],
    ["CAST('12.9' AS INT)", 12],
    ["TRY_CAST('12x' AS INT)", null],
    ["TRY_CAST('2147483648' AS INT)", null],
    ["CAST('-128' AS TINYINT)", -128],
    ["TRY_CAST('128' AS TINYINT)", null],
    ["CAST('9223372036854775807' AS BIGINT)", 9223372036854775807n],
    ["CAST('1.255' AS DECIMAL(10, 2))", 126n],
    ["CAST('-1.255' AS DECIMAL(10, 2))", -126n],
    ["CAST('1.2e2' AS DECIMAL(10, 2))", 12000n],
    ["TRY_CAST('123.45' AS DECIMAL(4, 2))", null],
    ["CAST('1e3' AS DOUBLE)", 1000],
    ["CAST('NaN' AS DOUBLE)", Number.NaN],
    ["TRY_CAST('' AS DOUBLE)", null],
    ["TRY_CAST('0x10' AS DOUBLE)", null],
    ["CAST('yes' AS BOOLEAN)", true],
    ["CAST('F' AS BOOLEAN)", false],
    ["TRY_CAST('maybe' AS BOOLEAN)", null],
  ],
  "numbers of numbers, as in Java": [
    ["CAST(300 AS TINYINT)", 44],
    ["CAST(CAST(4294967297 AS BIGINT) AS INT)", 1],
    ["CAST(1E10 AS INT)", 2147483647],
    ["CAST(-1.9E0 AS INT)", -1],
    ["CAST(1E30 AS BIGINT)", 9223372036854775807n],
    ["CAST(-1.99 AS INT)", -1],
    ["CAST(1.99 AS BIGINT)", 1n],
    ["CAST(1.005 AS DECIMAL(10, 2))", 101n],
    ["CAST(1.005E0 AS DECIMAL(10, 2))", 101n],
    ["CAST(TRUE AS INT)", 1],
    ["CAST(0.0 AS BOOLEAN)", false],
    ["CAST(2 AS BOOLEAN)", true],
    ["CAST(1.1 AS DOUBLE)", 1.1],
    ["CAST(0.1 AS FLOAT)", Math.fround(0.1)],
    ["TRY_CAST(1234.5 AS DECIMAL(4, 2))", null],
    ["CAST(12345678901234567890.5 AS DOUBLE)", 12345678901234567000],
  ],
  "times of texts and of each other": [
    ["CAST('2026-1-2' AS DATE)", new Date("2026-01-02")],
    ["CAST('2026-01-02 10:00:00' AS DATE)", new Date("2026-01-02")],
    ["TRY_CAST('2026-02-30' AS DATE)", null],
    ["CAST('10:30' AS TIME)", 37_800_000],
    ["TRY_CAST('24:00:00' AS TIME)", null],
    ["CAST('2026-01-02T03:04:05.678' AS TIMESTAMP(3))", Date.UTC(2026, 0, 2, 3, 4, 5, 678)],
    ["CAST('2026-01-02 03:04:05.678' AS TIMESTAMP(0))", Date.UTC(2026, 0, 2, 3, 4, 5)],
    ["CAST('2026-01-02' AS TIMESTAMP(9))", 1767312000000000000n],
    ["CAST(DATE '2026-01-02' AS TIMESTAMP(3))", Date.UTC(2026, 0, 2)],
    ["CAST(TIMESTAMP '2026-01-02 03:04:05' AS DATE)", new Date("2026-01-02")],
    ["CAST(TIMESTAMP '2026-01-02 03:04:05' AS TIME)", 11_045_000],
    ["CAST(TIMESTAMP '1969-12-31 23:00:00' AS DATE)", new Date("1969-12-31")],
    ["CAST(TIMESTAMP '2026-01-02 03:04:05.123456' AS TIMESTAMP(3))", Date.UTC(2026, 0, 2, 3, 4, 5, 123)],
    ["CAST(90 AS INTERVAL MONTH)", 90],
    ["CAST(INTERVAL '2' SECOND AS BIGINT)", 2000n],
  ],
  "parts of arrays, maps and rows": [
    ["CAST(ARRAY['1', '2'] AS ARRAY<INT>)", [1, 2]],
    ["TRY_CAST(ARRAY['1', 'x'] AS ARRAY<INT>)", null],
    ["CAST(ARRAY['2026-01-02', CAST(NULL AS STRING)] AS ARRAY<DATE>)", [new Date("2026-01-02"), null]],
    ["CAST(MAP['1', 2] AS MAP<INT, STRING>)", new Map([[1, "2"]])],
    ["CAST(ROW('1', 2) AS ROW<a INT, b STRING>)", { a: 1, b: "2" }],
  ],
};

describe("a cast", () => {
  for (const [sentence, cases] of Object.entries(casts))
    it(`makes ${sentence}`, () => {
      const found = cases.map(([expression]) => [expression, evaluate(expression)]);
      assert.deepEqual(found, cases);
    });

  it("says what cannot be cast to what", () => {
    assert.throws(() => evaluate("CAST('abc' AS INT)"), /'abc' cannot be cast to INT\. Write TRY_CAST/);
    assert.throws(() => evaluate("CAST(X'C3' AS STRING)"), /a BINARY\(1\) cannot be cast to STRING/);
  });

  it("goes between the clock of the session's zone and instants, with its summer time", () => {
    const berlin = (expression: string): unknown => evaluate(expression, "Europe/Berlin");
    const toInstant = (text: string): unknown => berlin(`CAST(TIMESTAMP '${text}' AS TIMESTAMP_LTZ(3))`);
    assert.equal(toInstant("2026-01-01 12:00:00"), Date.UTC(2026, 0, 1, 11));
    assert.equal(toInstant("2026-07-01 12:00:00"), Date.UTC(2026, 6, 1, 10));
    // Left out: 02:30 of 29 March. There twice: 02:30 of 25 October.
    assert.equal(toInstant("2026-03-29 02:30:00"), Date.UTC(2026, 2, 29, 1, 30));
    assert.equal(toInstant("2026-10-25 02:30:00"), Date.UTC(2026, 9, 25, 0, 30));
    assert.equal(
      berlin("CAST(CAST('2026-07-01 12:00:00.123456' AS TIMESTAMP_LTZ(6)) AS STRING)"),
      "2026-07-01 12:00:00.123456",
    );
    assert.equal(
      berlin("CAST(CAST('2026-07-01T12:00:00Z' AS TIMESTAMP_LTZ(3)) AS TIMESTAMP(3))"),
      Date.UTC(2026, 6, 1, 14),
    );
    assert.deepEqual(berlin("CAST(CAST('2026-07-01T23:00:00Z' AS TIMESTAMP_LTZ(3)) AS DATE)"), new Date("2026-07-02"));
  });

  it("exists for each pair of types that the rules accept", () => {
    const texts =
      "CHAR(3)|STRING|BINARY(3)|BYTES|BOOLEAN|DECIMAL(10, 2)|TINYINT|SMALLINT|INT|BIGINT|FLOAT|DOUBLE|DATE|TIME|TIMESTAMP(3)|TIMESTAMP(9)|TIMESTAMP_LTZ(3)|TIMESTAMP_LTZ(9)";
    const types = texts.split("|").map(typeOfText);
    const sample = (type: SqlType): unknown =>
      samples[type.kind === "timestamp" || type.kind === "timestamp_ltz" ? `time${type.precision}` : type.kind];
    for (const from of types)
      for (const to of types)
        if (castOf(from, to).kind !== "refused") {
          const result = castOfValue(from, to, timeZone("UTC"))(sample(from));
          if (result === undefined || result === null) continue;
          assert.equal(typeof result, typeof sample(to), `${JSON.stringify(from)} → ${JSON.stringify(to)}`);
        }
  });

  it("gives in generated code values of the type, over rows and over batches", () => {
    const written =
      "CHAR(3); VARCHAR(20); STRING; BINARY(3); BYTES; BOOLEAN; DECIMAL(10, 2); DECIMAL(5, 0); TINYINT; SMALLINT; INT; BIGINT; FLOAT; DOUBLE; DATE; TIME(0); TIME(3); TIMESTAMP(0); TIMESTAMP(3); TIMESTAMP(9); TIMESTAMP_LTZ(3); TIMESTAMP_LTZ(9); INTERVAL YEAR TO MONTH; INTERVAL DAY TO SECOND(3)".split(
        "; ",
      );
    for (const from of written)
      for (const to of written) {
        const [source, target] = [typeOfText(from), typeOfText(to)];
        if (castOf(source, target).kind === "refused") continue;
        const value = rowSampleOf(source);
        const found = evaluateAll(`TRY_CAST(a AS ${to})`, { columns: `a ${from}`, rows: [{ a: value }, { a: null }] });
        assert.equal(found[1], null);
        assert.equal(findMisfit(columnTypeOf(target), found[0]), null, `${from} as ${to}: ${String(found[0])}`);
        if (from === to) assert.deepEqual(found[0], value);
      }
  });

  it("keeps NULL, over rows and over batches", () => {
    const rows = [{ a: "5" }, { a: null }, { a: "x" }];
    assert.deepEqual(evaluateAll("TRY_CAST(a AS BIGINT)", { columns: "a STRING", rows }), [5n, null, null]);
    assert.deepEqual(
      evaluateAll("CAST(a AS DECIMAL(3, 0))", { columns: "a INT", rows: [{ a: 5 }, { a: 5000 }, { a: null }] }),
      [5n, null, null],
    );
  });

  it("gives NULL for a number that a DECIMAL has no room for, also of an operand that never is NULL (SQCA4)", () => {
    const columns = "a INT NOT NULL, b DECIMAL(6, 2) NOT NULL";
    const rows = [
      { a: 5, b: 999n },
      { a: 5000, b: 99_999n },
    ];
    const of = (expression: string): readonly unknown[] => evaluateAll(expression, { columns, rows });
    assert.deepEqual(of("CAST(a AS DECIMAL(3, 0))"), [5n, null]);
    assert.deepEqual(of("CAST(b AS DECIMAL(4, 1))"), [100n, null]);
    assert.deepEqual(of("CAST(b AS DECIMAL(4, 1)) IS NULL"), [false, true]);
    assert.deepEqual(of("COALESCE(CAST(a AS DECIMAL(3, 0)), -1)"), [5n, -1n]);
  });

  it("fails where a part that is NOT NULL would be NULL (SQCA3)", () => {
    for (const [expression, value] of [
      ["CAST(ARRAY[1, 1000] AS ARRAY<DECIMAL(3, 0)>)", [1n, null]],
      ["CAST(ARRAY[1, CAST(NULL AS INT)] AS ARRAY<BIGINT>)", [1n, null]],
    ] as const)
      assert.deepEqual(evaluate(expression), value);
    for (const expression of [
      "CAST(ARRAY[1, 1000] AS ARRAY<DECIMAL(3, 0) NOT NULL>)",
      "CAST(ARRAY[1, CAST(NULL AS INT)] AS ARRAY<BIGINT NOT NULL>)",
      "CAST(ROW(1000, 1) AS ROW<a DECIMAL(3, 0) NOT NULL, b INT>)",
    ]) {
      assert.throws(() => evaluate(expression), { code: "SQL_EXPRESSION_FAILED" }, expression);
      assert.equal(evaluate(expression.replace("CAST", "TRY_CAST")), null);
    }
  });
});

function rowSampleOf(type: SqlType): unknown {
  if (type.kind === "date") return new Date(0);
  if (type.kind === "interval") return 5;
  const isFine = (type.kind === "timestamp" || type.kind === "timestamp_ltz") && type.precision > 3;
  return samples[isFine ? "time9" : type.kind] ?? 1000;
}

/** As generated code has them. */
const samples: Readonly<Record<string, unknown>> = {
  char: "1  ",
  varchar: "1",
  binary: Uint8Array.of(49, 49, 49),
  varbinary: Uint8Array.of(49),
  boolean: true,
  decimal: 150n,
  tinyint: 1,
  smallint: 1,
  int: 1,
  bigint: 1n,
  float: 1.5,
  double: 1.5,
  date: 0,
  time: 1000,
  time3: 1000,
  time9: 1000n,
};

describe("the parts of casts", () => {
  it("divide decimals as exactly as their digits say", () => {
    const digits = fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n });
    fc.assert(
      fc.property(
        digits,
        digits.filter((value) => value !== 0n),
        fc.integer({ min: 0, max: 12 }),
        (left, right, scale) => {
          const quotient = quotientOf([left, 2], [right, 3], scale);
          // |quotient / 10^scale - (left / 10^2) / (right / 10^3)| is at most half a digit.
          const error = (quotient * right - left * 10n * 10n ** BigInt(scale)) * 2n;
          assert.ok((error < 0n ? -error : error) <= (right < 0n ? -right : right));
        },
      ),
      { seed: 1 },
    );
    assert.equal(quotientOf([5n, 0], [1000n, 0], 2), 1n);
    assert.equal(quotientOf([-5n, 0], [1000n, 0], 2), -1n);
    assert.equal(quotientOf([49n, 0], [10000n, 0], 2), 0n);
  });

  it("write doubles and floats so that they are read as the same", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        assert.equal(Number(textOfDouble(value)), value);
        assert.match(textOfDouble(value), /^-?\d+\.\d+(E-?\d+)?$/);
        const single = Math.fround(value);
        if (Number.isFinite(single)) assert.equal(Math.fround(Number(textOfFloat(single))), single);
      }),
      { seed: 2 },
    );
    assert.deepEqual([1234567, 12345678, 0.001, 0.0001, 100, -0].map(textOfDouble), [
      "1234567.0",
      "1.2345678E7",
      "0.001",
      "1.0E-4",
      "100.0",
      "-0.0",
    ]);
  });

  it("move by months as Date does", () => {
    fc.assert(
      fc.property(fc.integer({ min: -100_000, max: 2_000_000 }), fc.integer({ min: -50, max: 50 }), (days, months) => {
        const date = new Date(days * 86_400_000);
        const last = new Date(0);
        last.setUTCFullYear(date.getUTCFullYear(), date.getUTCMonth() + months + 1, 0);
        const moved = new Date(0);
        moved.setUTCFullYear(
          date.getUTCFullYear(),
          date.getUTCMonth() + months,
          Math.min(date.getUTCDate(), last.getUTCDate()),
        );
        assert.equal(addMonths(date.getTime() + 5, months), moved.getTime() + 5);
      }),
      { seed: 3 },
    );
  });
});

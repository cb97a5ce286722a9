import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { evaluate, evaluateAll } from "./evaluation.test-support.ts";

/** Expression; value. Dates are Dates, BIGINT and DECIMAL bigints. */
const constants: Readonly<Record<string, readonly (readonly [string, unknown])[]>> = {
  "whole numbers wrap, and divide towards zero": [
    ["1 + 2", 3],
    ["2147483647 + 1", -2147483648],
    ["-7 / 2", -3],
    ["-7 % 2", -1],
    ["0 * -1", 0],
    ["46341 * 46341", -2147479015],
    ["9223372036854775807 + 1", -9223372036854775808n],
    ["CAST(127 AS TINYINT) + CAST(1 AS TINYINT)", -128],
    ["CAST(5 AS BIGINT) % 3", 2],
    ["7 + CAST(1 AS BIGINT)", 8n],
    ["-(2147483647 + 1)", -2147483648],
    ["- -5", 5],
  ],
  "decimals keep their digits and round half up": [
    ["1.10 + 2.205", 3305n],
    ["1.5 * 1.5", 225n],
    ["1.00 / 3.00", 333333n],
    ["-1.00 / 3.00", -333333n],
    ["2.0 / 3", 666666666667n],
    ["7.5 % 2", 15n],
    ["-7.5 % 2.0", -15n],
    ["1.1 + 1", 21n],
    ["1.5 + CAST(1 AS DOUBLE)", 2.5],
    ["CAST(99999999999999999999999999999999999999 AS DECIMAL(38, 0)) * CAST(NULLIF(10, 1) AS DECIMAL(38, 0))", null],
  ],
  "numbers with a point that floats": [
    ["1E0 / 0", Number.POSITIVE_INFINITY],
    ["CAST(0.1 AS FLOAT) + CAST(0.2 AS FLOAT)", Math.fround(Math.fround(0.1) + Math.fround(0.2))],
    ["CAST(1 AS FLOAT) / 3", Math.fround(1 / 3)],
    ["-(1E0)", -1],
  ],
  "logic has three values": [
    ["TRUE AND CAST(NULL AS BOOLEAN)", null],
    ["FALSE AND CAST(NULL AS BOOLEAN)", false],
    ["CAST(NULL AS BOOLEAN) AND FALSE", false],
    ["TRUE OR CAST(NULL AS BOOLEAN)", true],
    ["CAST(NULL AS BOOLEAN) OR TRUE", true],
    ["FALSE OR CAST(NULL AS BOOLEAN)", null],
    ["NOT CAST(NULL AS BOOLEAN)", null],
    ["CAST(NULL AS BOOLEAN) IS NULL", true],
    ["CAST(NULL AS BOOLEAN) IS TRUE", false],
    ["CAST(NULL AS BOOLEAN) IS NOT TRUE", true],
    ["FALSE IS FALSE", true],
    ["CAST(NULL AS BOOLEAN) IS UNKNOWN", true],
    ["1 = CAST(NULL AS INT)", null],
    ["1 IS DISTINCT FROM CAST(NULL AS INT)", true],
    ["CAST(NULL AS INT) IS NOT DISTINCT FROM CAST(NULL AS INT)", true],
    ["1 IN (2, CAST(NULL AS INT))", null],
    ["1 IN (1, CAST(NULL AS INT))", true],
    ["1 NOT IN (2, CAST(NULL AS INT))", null],
    ["1 NOT IN (2, 3)", true],
    ["5 IN (1, 2, 3, 4, 5, 6)", true],
    ["'e' NOT IN ('a', 'b', 'c', 'd')", true],
    ["2 BETWEEN 1 AND 3", true],
    ["2 BETWEEN 3 AND 1", false],
    ["2 BETWEEN SYMMETRIC 3 AND 1", true],
    ["2 NOT BETWEEN CAST(NULL AS INT) AND 1", true],
    ["2 BETWEEN CAST(NULL AS INT) AND 3", null],
  ],
  "what is not asked for is not worked out": [
    ["1 = 2 AND 1 / 0 = 1", false],
    ["1 = 1 OR 1 / 0 = 1", true],
    ["CASE WHEN 1 = 1 THEN 1 ELSE 1 / 0 END", 1],
    ["COALESCE(1, 1 / 0)", 1],
    ["IF(1 = 2, 1 / 0, 3)", 3],
  ],
  choices: [
    ["CASE 2 WHEN 1 THEN 'one' WHEN 2 THEN 'two' END", "two"],
    ["CASE 3 WHEN 1 THEN 'one' END", null],
    ["CASE 3 WHEN 1, 2 THEN 'few' WHEN 3, 4 THEN 'some' END", "some"],
    ["CASE 2 WHEN 1, 2 THEN 'few' WHEN 2, 4 THEN 'some' END", "few"],
    ["CASE WHEN FALSE THEN 1 ELSE CAST(2 AS BIGINT) END", 2n],
    ["CASE WHEN TRUE THEN 1 ELSE 1.5 END", 10n],
    ["COALESCE(CAST(NULL AS INT), CAST(4 AS BIGINT))", 4n],
    ["NULLIF(1, 1)", null],
    ["NULLIF(1, 2)", 1],
    ["NULLIF('a', 'b')", "a"],
  ],
  "comparison goes by value": [
    ["1 < 1.5", true],
    ["1.50 = 1.5", true],
    ["CAST(2 AS BIGINT) > 1", true],
    ["1 = 1E0", true],
    ["'b' > 'a'", true],
    ["'a' = 'a '", false],
    ["'\uFF5E' < '\u{1F600}'", true],
    ["X'0102' < X'0201'", true],
    ["DATE '2026-01-02' > DATE '2026-01-01'", true],
    ["DATE '2026-01-02' = '2026-1-2'", true],
    ["TIMESTAMP '2026-01-02 00:00:00.000001' > TIMESTAMP '2026-01-02 00:00:00'", true],
    ["ROW(1, 'a') = ROW(1, 'a')", true],
    ["ARRAY[1, 2] <> ARRAY[1, 3]", true],
    ["INTERVAL '1' HOUR = INTERVAL '60' MINUTE", true],
  ],
  texts: [
    ["'a' || 'b' || CAST(NULL AS STRING)", null],
    ["'it''s' || '\\u0041${x}`'", "it's\\u0041${x}`"],
    ["X'01' || X'0203'", Uint8Array.of(1, 2, 3)],
    ["'abc' LIKE 'a%'", true],
    ["'abc' LIKE '%c'", true],
    ["'abc' LIKE '%b%'", true],
    ["'abc' LIKE 'a_c'", true],
    ["'a\nc' LIKE 'a_c'", true],
    ["'\u{1F600}' LIKE '_'", true],
    ["'abcabd' LIKE '%ab_'", true],
    ["'10%' LIKE '10!%' ESCAPE '!'", true],
    ["'100' LIKE '10!%' ESCAPE '!'", false],
    ["'abc' NOT LIKE 'b%'", true],
    ["'abc' SIMILAR TO '(a|b)%'", true],
    ["'a1' SIMILAR TO '[a-z][[:DIGIT:]]'", true],
    ["'a.c' SIMILAR TO 'a.c'", true],
    ["'abc' SIMILAR TO 'a.c'", false],
  ],
  "times and intervals": [
    ["DATE '2026-01-31' + INTERVAL '1' MONTH", new Date("2026-02-28")],
    ["DATE '2026-03-31' - INTERVAL '1' MONTH", new Date("2026-02-28")],
    ["DATE '2026-01-31' + INTERVAL '1' YEAR", new Date("2027-01-31")],
    ["DATE '2026-01-31' + INTERVAL '25' HOUR", new Date("2026-02-01")],
    ["TIME '23:30:00' + INTERVAL '1' HOUR", 1_800_000],
    ["TIME '00:30:00' - INTERVAL '1' HOUR", 84_600_000],
    ["TIMESTAMP '2026-01-01 00:00:00' + INTERVAL '1 02:03:04.5' DAY TO SECOND", Date.UTC(2026, 0, 2, 2, 3, 4, 500)],
    ["TIMESTAMP '2026-01-01 00:00:00.000001' + INTERVAL '1' SECOND", 1767225601000001000n],
    ["TIMESTAMP '2026-01-01 00:00:00' - INTERVAL '-1' DAY", Date.UTC(2026, 0, 2)],
    ["INTERVAL '1-6' YEAR TO MONTH", 18],
    ["INTERVAL '1' DAY - INTERVAL '1' HOUR", 82_800_000],
    ["INTERVAL '1' MINUTE * 1.5", 90_000],
    ["-INTERVAL '2' SECOND", -2000],
    ["- INTERVAL '0' SECOND", 0],
  ],
  "rows, arrays and maps": [
    ["ROW(1, DATE '2026-01-01')", { EXPR$0: 1, EXPR$1: new Date("2026-01-01") }],
    ["ARRAY[1, CAST(2 AS BIGINT)]", [1n, 2n]],
    ["ARRAY[DATE '2026-01-01'][1]", new Date("2026-01-01")],
    ["ARRAY[1, 2][3]", null],
    ["ARRAY[1, 2][2]", 2],
    ["MAP['a', 1, 'bc', 2]['bc']", 2],
    ["MAP['a', 1]['zz']", null],
    ["MAP['a', 1]", new Map([["a", 1]])],
  ],
};

describe("an expression without columns", () => {
  for (const [sentence, cases] of Object.entries(constants))
    it(sentence, () => {
      const found = cases.map(([expression]) => [expression, evaluate(expression)]);
      assert.deepEqual(found, cases);
    });
});

describe("an expression with functions", () => {
  it("calls them by name, with NULL where they take it", () => {
    const expected: readonly (readonly [string, unknown])[] = [
      ["UPPER('a') || CAST(CHAR_LENGTH('b') AS STRING)", "A1"],
      ["CONCAT_WS('-', 'a', CAST(NULL AS STRING), 'b')", "a-b"],
      ["UPPER(CAST(NULL AS STRING))", null],
      ["EXTRACT(DAY FROM DATE '2026-01-31')", 31n],
      ["TO_DATE('2026-01-31') + INTERVAL '1' DAY", new Date("2026-02-01")],
      ["TIMESTAMPADD(DAY, 1, DATE '2026-01-31')", new Date("2026-02-01")],
      ["JSON_VALUE('{\"a\": 1}', '$.a' RETURNING INT) + 1", 2],
      ["JSON_VALUE('{}', 'lax $.a' DEFAULT 'none' ON EMPTY)", "none"],
      ["'{}' IS JSON OBJECT", true],
      ["'{' IS NOT JSON", true],
      ["CARDINALITY(ARRAY[1, 2])", 2],
    ];
    const found = expected.map(([expression]) => [expression, evaluate(expression)]);
    assert.deepEqual(found, expected);
  });
});

describe("an expression over columns", () => {
  it("gives NULL where a column is NULL, over rows and over batches", () => {
    const columns = "a INT, b BIGINT, c STRING, d DOUBLE, e BOOLEAN, f DATE, g DECIMAL(10, 2), h TIMESTAMP(3)";
    const full = { a: 7, b: 8n, c: "x", d: 1.5, e: true, f: new Date("2026-01-01"), g: 150n, h: 1000 };
    const none = { a: null, b: null, c: null, d: null, e: null, f: null, g: null, h: null };
    const expected: readonly (readonly [string, unknown])[] = [
      ["a + 1", 8],
      ["b * 2", 16n],
      ["a + b", 15n],
      ["c || 'y'", "xy"],
      ["c = 'x'", true],
      ["c <> 'x'", false],
      ["c LIKE 'x%'", true],
      ["d / 2", 0.75],
      ["e AND a > 1", true],
      ["NOT e", false],
      ["f + INTERVAL '1' DAY", new Date("2026-01-02")],
      ["g * 2", 300n],
      ["g > a", false],
      ["h + INTERVAL '1' SECOND", 2000],
      ["ROW(a).EXPR$0", 7],
      ["b / a", 1n],
      ["CASE WHEN e THEN c END", "x"],
      ["h", 1000],
      ["f", new Date("2026-01-01")],
    ];
    for (const [expression, value] of expected)
      assert.deepEqual(
        evaluateAll(expression, { columns, rows: [full, none, full] }),
        [value, null, value],
        expression,
      );
  });

  it("says what divided by zero, and what to write", () => {
    assert.throws(
      () => evaluateAll("1 / a", { columns: "a INT", rows: [{ a: 0 }] }),
      /a division by zero\. Divide by NULLIF\(…, 0\)/,
    );
    assert.throws(() => evaluateAll("1.0 % a", { columns: "a BIGINT", rows: [{ a: 0n }] }), /a division by zero/);
  });

  it("reads a text of a row beside a time as one, and takes what is none for NULL", () => {
    assert.deepEqual(
      evaluateAll("DATE '2026-01-01' = a", { columns: "a STRING", rows: [{ a: "2026-01-01" }, { a: "then" }] }),
      [true, null],
    );
    assert.throws(() => evaluate("DATE '2026-01-01' = 'then'"), /'then' cannot be cast to DATE/);
  });
});

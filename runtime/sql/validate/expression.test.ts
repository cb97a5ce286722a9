import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { typeText } from "../types/sql-type.ts";
import { validateScript } from "./validate-script.ts";

const columns =
  "i INT, n INT NOT NULL, s STRING, d DECIMAL(10, 2), b BOOLEAN, ts TIMESTAMP(3), day_of DATE, r ROW<x INT NOT NULL, inner_row ROW<y STRING>> NOT NULL";

/** The type, or the message of the refusal with the words that it is about. */
function typed(expression: string): string {
  const script = `CREATE TABLE t (${columns}, made AS ${expression})`;
  const { statements, problems } = validateScript(script);
  const [problem] = problems;
  if (problem !== undefined) return `${problem.message}: ${script.slice(problem.at.start, problem.at.end)}`;
  const meaning = statements[0]?.meaning;
  const made = meaning?.kind === "table" ? meaning.schema.columns.at(-1) : undefined;
  assert.ok(made, script);
  return typeText(made.type);
}

const expressions: readonly (readonly [expression: string, type: string])[] = [
  // Literals (SQLL1).
  ["'abc'", "CHAR(3) NOT NULL"],
  ["'👍'", "CHAR(1) NOT NULL"],
  ["X'0aff'", "BINARY(2) NOT NULL"],
  ["2147483647", "INT NOT NULL"],
  ["2147483648", "BIGINT NOT NULL"],
  ["9223372036854775808", "DECIMAL(19, 0) NOT NULL"],
  ["1.50", "DECIMAL(3, 2) NOT NULL"],
  // The zero before the point counts, as in Flink.
  ["0.908", "DECIMAL(4, 3) NOT NULL"],
  ["1E3", "DOUBLE NOT NULL"],
  ["123456789012345678901234567890123456789", "the number has 39 digits: 123456789012345678901234567890123456789"],
  ["TRUE", "BOOLEAN NOT NULL"],
  ["NULL", "NULL has no type here: NULL"],
  ["DATE '2026-01-31'", "DATE NOT NULL"],
  ["TIME '10:00:00'", "TIME(0) NOT NULL"],
  ["TIMESTAMP '2026-01-31 10:00:00.123'", "TIMESTAMP(3) NOT NULL"],
  ["INTERVAL '1' QUARTER", "INTERVAL YEAR TO MONTH NOT NULL"],
  ["INTERVAL '1' DAY", "INTERVAL DAY TO SECOND(3) NOT NULL"],
  // Columns and their fields.
  ["i", "INT"],
  ["r.x", "INT NOT NULL"],
  ["r.inner_row.y", "STRING"],
  ["r.z", "ROW<x INT NOT NULL, inner_row ROW<y STRING>> has no field z: z"],
  ["somewhere_else", "there is no column somewhere_else: somewhere_else"],
  // Operators.
  ["n + 1", "INT NOT NULL"],
  ["-d * 0.5", "DECIMAL(13, 3)"],
  ["-s", "- needs a number, and this is STRING: s"],
  ["-INTERVAL '1' DAY", "INTERVAL DAY TO SECOND(3) NOT NULL"],
  ["n + UPPER(s)", "+ cannot be applied to INT and STRING: n + UPPER(s)"],
  ["1 + (s - 1)", "- cannot be applied to STRING and INT: s - 1"],
  ["ts - INTERVAL '5' SECOND", "TIMESTAMP(3)"],
  ["n = 1", "BOOLEAN NOT NULL"],
  ["i < 1.5", "BOOLEAN"],
  ["s = 1", "STRING and INT cannot be compared: s = 1"],
  ["day_of = '2026-01-31'", "BOOLEAN"],
  ["day_of > ts", "DATE and TIMESTAMP(3) cannot be compared: day_of > ts"],
  ["i BETWEEN 1 AND 'z'", "INT and CHAR(1) cannot be compared: 'z'"],
  ["n IN (1, 2.5)", "BOOLEAN NOT NULL"],
  ["i IN (1, DATE '2026-01-31')", "INT and DATE cannot be compared: DATE '2026-01-31'"],
  ["i IS NOT DISTINCT FROM NULL", "BOOLEAN NOT NULL"],
  ["(s + 1) IS NULL", "+ cannot be applied to STRING and INT: s + 1"],
  ["b AND i", "AND needs a condition, and this is INT: i"],
  ["NOT (b OR i = 1)", "BOOLEAN"],
  // Casts.
  ["CAST(s AS DECIMAL(4, 1))", "DECIMAL(4, 1)"],
  ["CAST(n AS STRING)", "STRING NOT NULL"],
  ["TRY_CAST(n AS STRING)", "STRING"],
  ["CAST(UPPER(s) AS INT)", "INT"],
  ["CAST(i AS DATE)", "there is no cast from INT to DATE: CAST(i AS DATE)"],
  ["CAST(NULL AS ARRAY<INT>)", "ARRAY<INT>"],
  // CASE, COALESCE.
  ["CASE WHEN b THEN 1 ELSE 2.5 END", "DECIMAL(11, 1) NOT NULL"],
  ["CASE WHEN b THEN 1 END", "INT"],
  ["CASE i WHEN 1 THEN 'a' WHEN 'x' THEN 'b' END", "INT and CHAR(1) cannot be compared: 'x'"],
  ["CASE WHEN i THEN 1 END", "WHEN needs a condition, and this is INT: i"],
  ["CASE WHEN b THEN 1 ELSE 'none' END", "the values of this CASE have no common type: INT and CHAR(4): 'none'"],
  ["CASE WHEN b THEN UPPER(s) ELSE 'none' END", "STRING"],
  ["CASE WHEN b THEN NULL END", "the type of this CASE is not known: CASE WHEN b THEN NULL END"],
  ["COALESCE(i, NULL, n)", "INT NOT NULL"],
  ["coalesce(i, d)", "DECIMAL(12, 2)"],
  [
    "COALESCE(i, s)",
    "the second argument of COALESCE is to be a value of the same kind as those before it, and this is STRING: s",
  ],
  ["UPPER(i + 'a')", "+ cannot be applied to INT and CHAR(1): i + 'a'"],
];

describe("the type of an expression", () => {
  for (const [expression, text] of expressions)
    it(`${expression}: ${text}`, () => assert.equal(typed(expression), text));

  it("is found in a CASE in a CASE in a CASE, which have several branches", () => {
    let nested = "i";
    for (let depth = 0; depth < 45; depth++) nested = `CASE ${nested} WHEN 1 THEN 2 WHEN 2 THEN 1 END`;
    assert.equal(typed(nested), "INT");
    const { problems } = validateScript(`CREATE TABLE t (i INT); SELECT ${nested}, COUNT(*) FROM t GROUP BY i`);
    assert.deepEqual(problems, []);
  });

  it("is found at the end of a long chain", () => {
    assert.equal(typed(`${"n + ".repeat(900)}s`), `+ cannot be applied to INT and STRING: ${"n + ".repeat(900)}s`);
  });
});

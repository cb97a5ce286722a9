import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { acceptedStatements } from "../corpus/corpus.test-support.ts";
import { describeProblem } from "../syntax/problem.ts";
import { checkScript } from "./check-script.ts";

const errorOf = (script: string): string => {
  const { problems } = checkScript(script);
  return problems
    .map((problem) => describeProblem(problem, script, "job.sql").replace(/\n.* \| .*\n.*\| /, "\n"))
    .join("\n");
};

/** Script, and what is said of it: place and message, carets, remedy. */
const refused: Readonly<Record<string, readonly [script: string, message: string, remedy: RegExp]>> = {
  "a column twice": ["CREATE TABLE t (a INT, a STRING)", "1:24: a second column a", /its own name/],
  "a key that is no column": [
    "CREATE TABLE t (order_id INT, PRIMARY KEY (ordr_id) NOT ENFORCED)",
    "1:44: the table has no column ordr_id",
    /Did you mean order_id\?/,
  ],
  "a key that is like no column": [
    "CREATE TABLE t (order_id INT, b INT, PRIMARY KEY (zip) NOT ENFORCED)",
    "1:51: the table has no column zip",
    /Its columns are order_id, b\./,
  ],
  "a key in another case": [
    "CREATE TABLE t (userId INT, PRIMARY KEY (userid) NOT ENFORCED)",
    "1:42: the table has no column userid",
    /Did you mean userId\?/,
  ],
  "a computed key": [
    "CREATE TABLE t (a INT, b AS a + 1, PRIMARY KEY (b) NOT ENFORCED)",
    "1:49: the computed column b in a PRIMARY KEY",
    /stored/,
  ],
  "a partition that is no column": [
    "CREATE TABLE t (dt STRING) PARTITIONED BY (td)",
    "1:44: the table has no column td",
    /Did you mean dt\?/,
  ],
  "a watermark on no column": [
    "CREATE TABLE t (ts TIMESTAMP(3), WATERMARK FOR tss AS tss)",
    "1:48: the table has no column tss",
    /Did you mean ts\?/,
  ],
  "a watermark on a number": [
    "CREATE TABLE t (ts BIGINT, WATERMARK FOR ts AS ts)",
    "1:42: a watermark needs a TIMESTAMP(3) or TIMESTAMP_LTZ(3), and this is BIGINT",
    /TO_TIMESTAMP_LTZ/,
  ],
  "a watermark that is too fine": [
    "CREATE TABLE t (ts TIMESTAMP, WATERMARK FOR ts AS ts)",
    "1:45: a watermark needs a TIMESTAMP(3) or TIMESTAMP_LTZ(3), and this is TIMESTAMP(6)",
    /Declare it as TIMESTAMP\(3\)/,
  ],
  "a watermark on no field": [
    "CREATE TABLE t (r ROW<ts TIMESTAMP(3)>, WATERMARK FOR r.tt AS r.tt)",
    "1:57: ROW<ts TIMESTAMP(3)> has no field tt",
    /Name a field/,
  ],
  "a computed column of what cannot be added": [
    "CREATE TABLE t (a INT, b STRING, c AS a + b)",
    "1:39: + cannot be applied to INT and STRING",
    /CAST\(… AS INT\)/,
  ],
  "a computed column of what is not there": [
    "CREATE TABLE t (price INT, c AS prices * 2)",
    "1:33: the table has no column prices",
    /Did you mean price\?/,
  ],
  "a computed column of a computed one": [
    "CREATE TABLE t (a INT, b AS a + 1, c AS b + 1)",
    "1:41: b is itself a computed column",
    /Repeat its expression/,
  ],
  "a computed column of nothing": ["CREATE TABLE t (a AS NULL)", "1:22: NULL alone has no type", /CAST\(NULL AS/],
  "a cast that does not exist, inside of a call": [
    "CREATE TABLE t (ms BIGINT, c AS UPPER(CAST(ms AS TIMESTAMP(3))))",
    "1:39: there is no cast from BIGINT to TIMESTAMP(3)",
    /TO_TIMESTAMP_LTZ\(milliseconds, 3\)/,
  ],
  "a cast of a literal that does not exist, in a query": [
    "SELECT a FROM t WHERE b = CAST(DATE '2026-01-31' AS INT)",
    "1:27: there is no cast from DATE to INT",
    /EXTRACT/,
  ],
  "a computed column that is no time": [
    "CREATE TABLE t (ms BIGINT, ts AS ms * 1000, WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)",
    "1:59: a watermark needs a TIMESTAMP(3) or TIMESTAMP_LTZ(3), and this is BIGINT",
    /TO_TIMESTAMP_LTZ/,
  ],
  "a delay that counts nothing": [
    "CREATE TABLE t (ts TIMESTAMP(3), WATERMARK FOR ts AS ts - 5)",
    "1:54: - cannot be applied to TIMESTAMP(3) and INT",
    /INTERVAL '5' SECOND/,
  ],
  "a watermark that is no time": [
    "CREATE TABLE t (ts TIMESTAMP(3), ms INT, WATERMARK FOR ts AS ms)",
    "1:62: a watermark is a TIMESTAMP or TIMESTAMP_LTZ, and this is INT",
    /INTERVAL '5' SECOND/,
  ],
  "an option twice": ["CREATE TABLE t (a INT) WITH ('k' = '1', 'k' = '2')", "1:41: a second option 'k'", /one of them/],
  "too many digits": [
    "SELECT CAST(a AS DECIMAL(39, 2))",
    "1:18: the precision 39 of DECIMAL is out of range",
    /from 1 to 38/,
  ],
  "more digits behind the point than in all": [
    "SELECT CAST(a AS DECIMAL(4, 5))",
    "1:18: the scale 5 is greater than the precision 4",
    /DECIMAL\(precision, scale\)/,
  ],
  "no characters": [
    "CREATE TABLE t (a VARCHAR(0))",
    "1:19: the length 0 of VARCHAR is out of range",
    /from 1 to 2147483647/,
  ],
  "too fine a time": [
    "SELECT TRY_CAST(a AS TIMESTAMP_LTZ(10))",
    "1:22: the precision 10 of TIMESTAMP_LTZ is out of range",
    /from 0 to 9/,
  ],
  "a length where there is none": ["CREATE TABLE t (a INT(11))", "1:19: INT takes no parameters", /Write INT\./],
  "parameters too many": ["CREATE TABLE t (a CHAR(1, 2))", "1:19: CHAR takes at most 1", /CHAR\(length\)/],
  "a type inside of a type": [
    "CREATE TABLE t (a ARRAY<MAP<STRING, DECIMAL(0)>>)",
    "1:37: the precision 0 of DECIMAL is out of range",
    /from 1/,
  ],
  "an unknown type": ["CREATE TABLE t (a TEXT)", "1:19: there is no type TEXT", /STRING/],
  "a field twice": ["CREATE TABLE t (a ROW<x INT, x INT>)", "1:30: a second field x", /its own name/],
  "Java's own": ["CREATE TABLE t (a RAW('x', 'y'))", "1:19: RAW is not supported", /BYTES/],
  "a mixed interval": [
    "SELECT CAST(a AS INTERVAL MONTH TO DAY)",
    "1:18: an interval from MONTH to DAY",
    /no fixed number of days/,
  ],
  "a type in a JSON function": [
    "SELECT JSON_VALUE(a, '$' RETURNING DECIMAL(99))",
    "1:36: the precision 99 of DECIMAL is out of range",
    /from 1/,
  ],
};

describe("a script that is checked", () => {
  for (const [name, [script, message, remedy]] of Object.entries(refused)) {
    it(`is refused: ${name}`, () => {
      const [first = "", , last = ""] = errorOf(script).split("\n");
      assert.equal(first, `job.sql:${message}`);
      assert.match(last, remedy);
    });
  }

  it("has its errors in the order of the script", () => {
    const { statements, problems } = checkScript(
      "CREATE TABLE t (a INT, a INT); SELECT a,; SELECT 1; CREATE TABLE s (b NUMERIC(0))",
    );
    assert.equal(statements.length, 1);
    assert.deepEqual(
      problems.map(({ message }) => message),
      ["a second column a", "nothing follows this comma", "the precision 0 of DECIMAL is out of range"],
    );
  });

  it("may compute columns from those of another table (SQLD2, SQEX1)", () => {
    assert.equal(errorOf("CREATE TABLE t (c AS a + b, d AS other || 'x') LIKE s"), "");
    assert.match(errorOf("CREATE TABLE t (a INT, c AS a + 'x') LIKE s"), /INT and CHAR\(1\)/);
  });

  it("may compute columns in any order, and a watermark from them (SQLD3)", () => {
    assert.equal(
      errorOf(
        "CREATE TABLE t (ts AS TO_TIMESTAMP_LTZ(ms, 3), day_of AS CAST(made AS DATE), ms BIGINT, made TIMESTAMP(3), due AS made + INTERVAL '1' DAY, WATERMARK FOR due AS due - INTERVAL '5' SECOND)",
      ),
      "",
    );
  });

  it("may take columns from another table (SQLD2)", () => {
    assert.equal(errorOf("CREATE TABLE t (PRIMARY KEY (id) NOT ENFORCED, WATERMARK FOR ts AS ts) LIKE s"), "");
  });

  for (const text of acceptedStatements()) it(`accepts ${text.slice(0, 100)}`, () => assert.equal(errorOf(text), ""));
});

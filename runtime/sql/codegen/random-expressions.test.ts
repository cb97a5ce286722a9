import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { batchOf, evaluateAll, outputRow, parse, type Row, session } from "./evaluation.test-support.ts";
import { compileCalc } from "./calc.ts";
import { interpret } from "./interpreter.test-support.ts";

const COLUMNS = "a INT, b BIGINT, c STRING, d DOUBLE, e BOOLEAN, n INT NOT NULL, s SMALLINT";

const depth = { depthIdentifier: fc.createDepthIdentifier(), maxDepth: 4 };

/** Texts of expressions, by what they give. */
const { condition, number, text } = fc.letrec<{ number: string; condition: string; text: string }>((tie) => {
  const [n, b, s] = [tie("number"), tie("condition"), tie("text")];
  const join = (parts: readonly (fc.Arbitrary<string> | string)[]): fc.Arbitrary<string> =>
    fc
      .tuple(...parts.map((part) => (typeof part === "string" ? fc.constant(part) : part)))
      .map((each) => each.join(""));
  const of = (words: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...words);
  const value = fc.oneof(n, s);
  return {
    number: fc.oneof(
      depth,
      of(["a", "b", "d", "n", "s", "0", "1", "-7", "2147483647", "CAST(3 AS BIGINT)", "2.5E0", "CAST(NULL AS INT)"]),
      join(["(", n, of([" + ", " - ", " * "]), n, ")"]),
      join(["(", of(["a", "b", "n", "s"]), of([" / ", " % "]), "NULLIF(", of(["a", "b", "s", "3"]), ", 0))"]),
      join(["(- ", n, ")"]),
      join(["CASE WHEN ", b, " THEN ", n, " ELSE ", n, " END"]),
      join(["CASE ", n, " WHEN ", n, " THEN ", n, " END"]),
      join([of(["COALESCE(", "IF(e, "]), n, ", ", n, ")"]),
      join(["NULLIF(", n, ", ", n, ")"]),
    ),
    condition: fc.oneof(
      depth,
      of(["e", "TRUE", "FALSE", "a > n", "c = 'x'", "c <> 'yy'", "CAST(NULL AS BOOLEAN)"]),
      join(["(", b, of([" AND ", " OR "]), b, ")"]),
      join(["(NOT ", b, ")"]),
      join(["(", n, of([" = ", " <> ", " < ", " <= ", " > ", " >= ", " IS DISTINCT FROM "]), n, ")"]),
      join(["(", s, of([" = ", " <> ", " < ", " >= "]), s, ")"]),
      join(["(", n, of([" BETWEEN ", " NOT BETWEEN "]), n, " AND ", n, ")"]),
      join(["(", n, of([" IN (", " NOT IN ("]), n, ", ", n, "))"]),
      join(["(a", of([" IN (", " NOT IN ("]), "1, 2, 3, 4, 5))"]),
      join(["(c", of([" IN (", " NOT IN ("]), "'x', 'yy', 'z', 'ä', ''))"]),
      join([
        "(",
        fc.oneof(fc.constant("c"), s),
        of([" LIKE", " NOT LIKE"]),
        of([" 'x%'", " '%y'", " '%ou%'", " 'yy'", " '_'", " '%_y'", " ''", " '%'"]),
        ")",
      ]),
      join(["(", value, of([" IS NULL", " IS NOT NULL"]), ")"]),
      join(["(", b, of([" IS TRUE", " IS NOT FALSE"]), ")"]),
    ),
    text: fc.oneof(
      depth,
      of(["c", "'x'", "'yy'", "''", "'ä\u{1F600}'", "CAST(NULL AS STRING)"]),
      join(["(", s, " || ", s, ")"]),
      join(["CASE WHEN ", b, " THEN ", s, " END"]),
      join(["COALESCE(", s, ", ", s, ")"]),
    ),
  };
});

const nullable = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { freq: 4 });
const row: fc.Arbitrary<Row> = fc.record({
  a: nullable(fc.oneof(fc.integer({ min: -3, max: 5 }), fc.integer())),
  b: nullable(fc.oneof(fc.bigInt({ min: -3n, max: 5n }), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))),
  c: nullable(fc.constantFrom("x", "yy", "z", "", "ä", "\u{1F600}", "long enough to be more than a word")),
  d: nullable(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 })),
  e: nullable(fc.boolean()),
  n: fc.integer({ min: -5, max: 5 }),
  s: nullable(fc.integer({ min: -32768, max: 32767 })),
});
const rows = fc.array(row, { minLength: 1, maxLength: 6 });

/** -0 and 0 are one number in SQL. */
const plain = (value: unknown): unknown => (value === 0 ? 0 : value);

describe("random expressions", () => {
  it("give over rows and over batches what they give when they are worked out node by node", () => {
    fc.assert(
      fc.property(fc.oneof(number, condition, text), rows, (expression, records) => {
        const [value] = parse(expression, COLUMNS).values;
        assert(value !== undefined, expression);
        const expected = records.map((record) => plain(interpret(value, record)));
        assert.deepEqual(evaluateAll(expression, { columns: COLUMNS, rows: records }).map(plain), expected, expression);
      }),
      { seed: 11, numRuns: 400 },
    );
  });

  it("select with their conditions the rows for which these are TRUE, and nothing else", () => {
    fc.assert(
      fc.property(condition, number, rows, (where, expression, records) => {
        const { row: input, values, condition: test } = parse(`${expression} FROM t WHERE ${where}`, COLUMNS);
        const [value] = values;
        assert(value !== undefined && test !== null, expression);
        const calc = compileCalc(input, { condition: test, values }, outputRow(values), session());
        const found =
          calc
            .apply(batchOf(input, records), 0)
            ?.toRows()
            .map(({ c0 }) => plain(c0)) ?? [];
        const expected = records.filter((record) => interpret(test, record) === true);
        assert.deepEqual(
          found,
          expected.map((record) => plain(interpret(value, record))),
          `${expression} WHERE ${where}`,
        );
      }),
      { seed: 12, numRuns: 200 },
    );
  });
});

describe("what a query has as text", () => {
  const odd = [
    "'",
    '"',
    "`",
    "\\",
    "\n",
    "\u2028",
    "${globalThis.process}",
    "*/ throw 1; /*",
    '"]; globalThis.taken = true; //',
    "</script>",
    "\0",
    "\u{1F600}",
    "constructor",
    "toString",
    "k0",
    "r",
    "columns",
  ];

  it("stays text, as a literal, a name of a column and of a field", () => {
    for (const word of odd) {
      const literal = `'${word.replaceAll("'", "''")}'`;
      assert.deepEqual(evaluateAll(literal, { columns: "a INT", rows: [{ a: 1 }] }), [word]);
      assert.deepEqual(evaluateAll(`c = ${literal}`, { columns: "c STRING", rows: [{ c: word }, { c: "k" }] }), [
        true,
        false,
      ]);
    }
    for (const word of odd.filter((each) => !/[\n\0]/.test(each) && each !== "constructor")) {
      const name = `\`${word.replaceAll("`", "``")}\``;
      const columns = `${name} INT, f ROW<${name} INT>`;
      const records = [{ [word]: 4, f: { [word]: 5 } }];
      assert.deepEqual(evaluateAll(`${name} + 1`, { columns, rows: records }), [5], word);
      assert.deepEqual(evaluateAll(`f.${name} + 1`, { columns, rows: records }), [6], word);
      assert.deepEqual(
        evaluateAll(`CAST(ROW(1) AS ROW<${name} INT>)`, { columns, rows: records }),
        [{ [word]: 1 }],
        word,
      );
    }
    assert.equal("taken" in globalThis, false);
  });
});

import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { compileCalc } from "./calc.ts";
import { batchOf, evaluateAll, outputRow, parse, session } from "./evaluation.test-support.ts";

/** Bytes of one to four, beside each other and over the ends of words. */
const text = fc.string({ unit: fc.constantFrom("x", "y", "/", "ä", "€", "\u{1F600}", "\0", "z"), maxLength: 18 });
const literal = fc.string({ unit: fc.constantFrom("x", "/", "ä", "\u{1F600}", "\0"), maxLength: 2 });
const quote = (value: string): string => `'${value}'`;
const columns = "c STRING, n STRING NOT NULL, k BOOLEAN NOT NULL";
const rows = fc.array(fc.record({ c: fc.option(text, { freq: 4 }), n: text, k: fc.boolean() }), {
  minLength: 1,
  maxLength: 6,
});

// `evaluateAll` compares columns with rows, where the functions take strings.
it("lengths, how often a text is in one, and parts of texts are over bytes what they are of strings", () => {
  fc.assert(
    fc.property(
      rows,
      fc.tuple(literal, literal),
      fc.nat(5),
      fc.constantFrom("c", "n"),
      (records, [old, put], place, column) => {
        const having = (expression: string): readonly unknown[] => evaluateAll(expression, { columns, rows: records });
        const texts = records.map((record) => record[column as "c" | "n"]);
        assert.deepEqual(
          having(`CHAR_LENGTH(${column})`),
          texts.map((each) => (each === null ? null : Array.from(each).length)),
        );
        having(`CHAR_LENGTH(${column}) - CHAR_LENGTH(REPLACE(${column}, ${quote(old)}, ${quote(put)}))`);
        having(
          `CASE WHEN k THEN CHAR_LENGTH(${column}) ELSE CHARACTER_LENGTH(REPLACE(${column}, ${quote(old)}, ${quote(put)})) END`,
        );
        having(`SPLIT_INDEX(${column}, ${quote(old)}, ${place})`);
        having(`SPLIT_INDEX(${column}, ${quote(old)}, -1)`);
      },
    ),
    { seed: 21, numRuns: 400 },
  );
});

it("parts of one text are found in any order, and of the next row anew", () => {
  const select =
    "SPLIT_INDEX(c, '/', 2), SPLIT_INDEX(c, '/', 0), SPLIT_INDEX(c, '--', 1), CHAR_LENGTH(c), SPLIT_INDEX(c, '/', 1) FROM t";
  const { row, values } = parse(select, columns);
  const output = outputRow(values);
  const texts = ["a/bäc/d--e", null, "", "--", "x/", "//", "long enough to be more than a word/y/z"];
  const records = texts.map((c) => ({ c, n: "", k: true }));
  const result = compileCalc(row, { condition: null, values }, output, session()).apply(batchOf(row, records), 0);
  assert.deepEqual(
    result?.toRows().map((found) => Object.values(found)),
    [
      ["d--e", "a", "e", 10, "bäc"],
      [null, null, null, null, null],
      [null, null, null, 0, null],
      [null, "--", "", 2, null],
      [null, "x", null, 2, ""],
      ["", "", null, 2, ""],
      ["z", "long enough to be more than a word", null, 38, "y"],
    ],
  );
});

it("a text that repeats from row to row is that of each row, in batch after batch", () => {
  const select =
    "DATE_FORMAT(h, 'yyyy-MM-dd'), CASE WHEN HOUR(h) < 12 THEN 'early' WHEN HOUR(h) < 18 THEN 'late' END, CASE WHEN k THEN 'yes' ELSE 'no' END FROM t";
  const { row, values } = parse(select, "h TIMESTAMP(3), k BOOLEAN NOT NULL");
  const calc = compileCalc(row, { condition: null, values }, outputRow(values), session());
  const days = ["2026-01-01", "2026-01-01", null, "2026-01-01", "2026-01-02", "2026-01-01"];
  for (const hours of [
    [3, 4, 5, 13, 14, 20],
    [20, 20, 0, 3, 3, 13],
    [13, 13, 13, 13, 13, 13],
  ]) {
    const records = days.map((day, at) => ({
      h: day === null ? null : Date.parse(`${day}T${String(hours[at]).padStart(2, "0")}:00:00Z`),
      k: (hours[at] as number) % 2 === 0,
    }));
    const result = calc.apply(batchOf(row, records), 0);
    const expected = days.map((day, at) => {
      const hour = hours[at] as number;
      const part = hour < 12 ? "early" : hour < 18 ? "late" : null;
      return [day, day === null ? null : part, hour % 2 === 0 ? "yes" : "no"];
    });
    assert.deepEqual(
      result?.toRows().map((found) => Object.values(found)),
      expected,
    );
    result?.release();
  }
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { formatAlone, notNull, sql } from "../tables.test-support.ts";
import { csvFormat } from "./csv-format.ts";
import { type CsvDialect, csvField, CsvLines } from "./csv-line.ts";
import { rawFormat } from "./raw-format.ts";

/** All fields of a line, with whether they were quoted. */
function fieldsOf(line: string, dialect: CsvDialect): readonly (readonly [string | undefined, boolean | undefined])[] {
  const lines = new CsvLines(dialect, [true, true, true, true]);
  return Array.from({ length: lines.read(line) }, (_none, place) => [lines.texts[place], lines.quoted[place]]);
}

describe("lines of csv", () => {
  it("TBCL1: any fields without line ends come back from their line", () => {
    const dialects = [
      { delimiter: ",", quote: '"', escape: null },
      { delimiter: ";", quote: "'", escape: "\\" },
      { delimiter: "|", quote: null, escape: "\\" },
    ];
    const text = fc.string({ unit: fc.constantFrom("a", " ", ",", ";", "|", '"', "'", "\\", "€", "n") });
    fc.assert(
      fc.property(fc.constantFrom(...dialects), fc.array(text, { minLength: 1, maxLength: 4 }), (dialect, texts) => {
        const line = texts.map((each) => csvField(each, dialect, null)).join(dialect.delimiter);
        assert.deepEqual(
          fieldsOf(line, dialect).map(([field]) => field),
          texts,
        );
      }),
      { seed: 5, numRuns: 1000 },
    );
  });

  it("TBCL2: refuses a quoted field without an end, and text behind one", () => {
    const dialect = { delimiter: ",", quote: '"', escape: null };
    assert.throws(() => fieldsOf('1,"a', dialect), /a quoted field has no end in its line/);
    assert.throws(() => fieldsOf('"a"b,1', dialect), /after a quoted field comes "b"/);
    assert.deepEqual(fieldsOf("", dialect), [["", false]]);
    assert.deepEqual(fieldsOf(',"",', dialect), [
      ["", false],
      ["", true],
      ["", false],
    ]);
  });

  it("TBCL3: makes texts of wanted fields alone, and counts all", () => {
    const lines = new CsvLines({ delimiter: ",", quote: '"', escape: null }, [false, true]);
    for (const line of ["a,b,c,d", '"a",b,"c,c",d']) {
      assert.equal(lines.read(line), 4);
      assert.equal(Object.hasOwn(lines.texts, 0), false);
      assert.equal(lines.texts[1], "b");
    }
    assert.equal(lines.read('a,"b"'), 2);
    assert.deepEqual([lines.texts[1], lines.quoted[1]], ["b", true]);
    assert.equal(lines.read("a,c"), 2);
    assert.deepEqual([lines.texts[1], lines.quoted[1]], ["c", false]);
  });
});

describe("the format csv", () => {
  const types = {
    a: sql.int,
    b: sql.string,
    c: sql.decimal(10, 8),
    d: sql.timestamp(3),
    e: sql.array(sql.int),
    f: sql.row({ x: sql.int, y: sql.string }),
  };
  const row = { a: 1, b: 'x,"y"', c: 1n, d: Date.UTC(2024, 4, 1, 10), e: [1, 2], f: { x: 3, y: "z" } };

  it("TBCC2: writes as Flink does, and reads it again", () => {
    const { encode, decode } = formatAlone(csvFormat, types);
    const line = encode(row);
    assert.equal(line, '1,"x,""y""",1E-8,2024-05-01 10:00:00,1;2,3;z');
    assert.deepEqual(decode(line), [[row, 0]]);
    const plain = formatAlone(csvFormat, types, {
      "csv.write-bigdecimal-in-scientific-notation": "false",
      "csv.field-delimiter": "|",
    });
    assert.equal(plain.encode(row), '1|"x,""y"""|0.00000001|2024-05-01 10:00:00|1;2|3;z');
  });

  it("takes characters as Java escapes them", () => {
    const decodeWith = (delimiter: string, line: string) =>
      formatAlone(csvFormat, { a: sql.int, b: sql.int }, { "csv.field-delimiter": delimiter }).decode(line);
    const row = [[{ a: 1, b: 2 }, 0]];
    assert.deepEqual(decodeWith("\\t", "1\t2"), row);
    assert.deepEqual(decodeWith("\\u0001", "1\u00012"), row);
    assert.deepEqual(decodeWith("\t", "1\t2"), row);
    assert.throws(() => decodeWith("\\x", "1"), /Write one character/);
  });

  it("tells NULL from text: an empty field where no text may be, or the literal that was not quoted", () => {
    const plain = formatAlone(csvFormat, { a: sql.int, b: sql.string });
    assert.deepEqual(plain.decode(","), [[{ a: null, b: "" }, 0]]);
    const literal = formatAlone(csvFormat, { a: sql.int, b: sql.string }, { "csv.null-literal": "n/a" });
    assert.equal(literal.encode({ a: null, b: "n/a" }), 'n/a,"n/a"');
    assert.deepEqual(literal.decode('n/a,"n/a"'), [[{ a: null, b: "n/a" }, 0]]);
    assert.throws(() => formatAlone(csvFormat, { a: notNull(sql.int) }).decode(""), /the column a is INT NOT NULL/);
  });

  it("TBCC1: refuses a record with other fields than the table has, and reads only what is asked for", () => {
    const { decode } = formatAlone(csvFormat, { a: sql.int, b: sql.int, c: sql.int }, {}, ["c", "a"]);
    assert.equal(JSON.stringify(decode("1,x,3")), '[[{"c":3,"a":1},0]]');
    assert.deepEqual(decode(""), []);
    assert.deepEqual(formatAlone(csvFormat, { a: sql.string }).decode(""), [[{ a: "" }, 0]]);
    assert.throws(() => decode("1,2"), /it has 2 fields, and the table has 3 columns/);
    assert.throws(() => decode("x,2,3"), /the column a: "x" is not INT/);
  });

  it("passes what it cannot read where the options say so, and comments", () => {
    const lenient = formatAlone(
      csvFormat,
      { a: sql.int, b: sql.int },
      { "csv.ignore-parse-errors": "true", "csv.allow-comments": "true" },
    );
    assert.deepEqual(lenient.decode("x,2"), [[{ a: null, b: 2 }, 0]]);
    assert.deepEqual(lenient.decode("1"), [[{ a: 1, b: null }, 0]]);
    assert.deepEqual(lenient.decode('1,"2'), []);
    assert.deepEqual(lenient.decode("# 1,2"), []);
  });

  it("refuses to write what would be read as something else", () => {
    const { encode } = formatAlone(csvFormat, { a: sql.string });
    assert.throws(() => encode({ a: "x\ny" }), /has a line end in it/);
    assert.throws(
      () => formatAlone(csvFormat, { a: sql.map(sql.string, sql.int) }),
      /the format csv cannot have this table/,
    );
  });
});

describe("the format raw", () => {
  it("TBCX1: a number has its bytes, in the order of the options", () => {
    const big = formatAlone(rawFormat, { a: sql.int });
    assert.deepEqual(big.encode({ a: 258 }), Uint8Array.of(0, 0, 1, 2));
    assert.deepEqual(big.decode(Uint8Array.of(0, 0, 1, 2)), [[{ a: 258 }, 0]]);
    const little = formatAlone(rawFormat, { a: sql.bigint }, { "raw.endianness": "little-endian" });
    assert.deepEqual(little.decode(little.encode({ a: -2n })), [[{ a: -2n }, 0]]);
    assert.throws(() => big.decode(Uint8Array.of(1)), /it has 1 bytes, not 4/);
  });

  it("reads a line as text, and refuses more than one column", () => {
    assert.deepEqual(formatAlone(rawFormat, { line: sql.string }).decode("to be"), [[{ line: "to be" }, 0]]);
    assert.throws(
      () => formatAlone(rawFormat, { a: sql.string, b: sql.string }),
      /the format raw is of one column, and here are 2/,
    );
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { TableError } from "../table-error.ts";
import { formatAlone, notNull, sql } from "../tables.test-support.ts";
import type { Row } from "./format.ts";
import { jsonFormat } from "./json-format.ts";

const oneRow = (decoded: readonly (readonly [Row, number])[]): Row => {
  assert.equal(decoded.length, 1);
  const [[row, kind] = [{}, -1]] = decoded;
  assert.equal(kind, 0);
  return row;
};

const all = {
  a: sql.boolean,
  b: sql.tinyint,
  c: sql.int,
  d: sql.bigint,
  e: sql.double,
  f: sql.decimal(20, 4),
  g: sql.string,
  h: sql.bytes,
  i: sql.date,
  j: sql.time(3),
  k: sql.timestamp(3),
  l: sql.timestamp(9),
  m: sql.instant(3),
  n: sql.array(sql.int),
  o: sql.map(sql.string, sql.bigint),
  p: sql.row({ x: sql.string, y: sql.decimal(5, 2) }),
  q: sql.multiset(sql.string),
  r: sql.float,
};

describe("the format json", () => {
  it("writes as Flink does, and reads it again", () => {
    const { encode, decode } = formatAlone(jsonFormat, all);
    const row = {
      a: true,
      b: -128,
      c: 7,
      d: 9_223_372_036_854_775_807n,
      e: 1,
      f: 12_345_678_901_234_567_890n,
      g: 'a "b"\n€',
      h: Uint8Array.of(1, 2, 255),
      i: new Date(Date.UTC(2024, 4, 1)),
      j: 36_005_500,
      k: Date.UTC(2024, 4, 1, 10, 0, 0, 120),
      l: 1_714_557_600_000_000_001n,
      m: Date.UTC(2024, 4, 1, 10),
      n: [1, null],
      o: new Map([["k", 2n]]),
      p: { x: "x", y: 150n },
      q: new Map([["m", 2]]),
      r: Math.fround(0.1),
    };
    const text = encode(row);
    assert.equal(
      text,
      '{"a":true,"b":-128,"c":7,"d":9223372036854775807,"e":1.0,"f":1234567890123456.7890,"g":"a \\"b\\"\\n€","h":"AQL/","i":"2024-05-01","j":"10:00:05.5",' +
        '"k":"2024-05-01 10:00:00.12","l":"2024-05-01 10:00:00.000000001","m":"2024-05-01 10:00:00Z","n":[1,null],"o":{"k":2},"p":{"x":"x","y":1.50},"q":{"m":2},"r":0.1}',
    );
    assert.deepEqual(oneRow(decode(text)), row);
  });

  it("TBCJ1: every BIGINT and DECIMAL comes back with all its digits", () => {
    const { encode, decode } = formatAlone(jsonFormat, {
      a: sql.bigint,
      b: sql.decimal(38, 18),
      c: sql.decimal(15, 3),
    });
    const bigint = (limit: bigint): fc.Arbitrary<bigint> => fc.bigInt({ min: 1n - limit, max: limit - 1n });
    fc.assert(
      fc.property(bigint(2n ** 63n), bigint(10n ** 38n), bigint(10n ** 15n), (a, b, c) => {
        assert.deepEqual(oneRow(decode(encode({ a, b, c }))), { a, b, c });
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  it("TBCJ2: takes scalars as strings, and any value for a STRING, with its digits", () => {
    const { decode } = formatAlone(jsonFormat, {
      a: sql.int,
      b: sql.boolean,
      c: sql.double,
      d: sql.string,
      e: sql.bigint,
      f: sql.string,
    });
    const row = oneRow(
      decode(
        '{"a":" 7 ","b":"TRUE","c":"1.5","d":{"x":[1.0,9007199254740993]},"e":"9007199254740993","f":12345678901234567890}',
      ),
    );
    assert.deepEqual(row, {
      a: 7,
      b: true,
      c: 1.5,
      d: '{"x":[1.0,9007199254740993]}',
      e: 9_007_199_254_740_993n,
      f: "12345678901234567890",
    });
  });

  it("TBCJ3: a missing field is NULL, and refused where the column is NOT NULL or the options say so", () => {
    assert.deepEqual(oneRow(formatAlone(jsonFormat, { a: sql.int, toString: sql.string }).decode("{}")), {
      a: null,
      toString: null,
    });
    assert.throws(
      () => formatAlone(jsonFormat, { a: notNull(sql.int) }).decode("{}"),
      /the field a is INT NOT NULL, and the record has no value for it/,
    );
    const strict = formatAlone(jsonFormat, { a: sql.int }, { "json.fail-on-missing-field": "true" });
    assert.throws(() => strict.decode("{}"), /the field a is missing/);
    assert.deepEqual(oneRow(strict.decode('{"a":null}')), { a: null });
  });

  it("reads only the columns that are asked for, in that order", () => {
    const { decode } = formatAlone(jsonFormat, { a: sql.int, b: sql.int, c: sql.int }, {}, ["c", "a"]);
    assert.equal(JSON.stringify(oneRow(decode('{"a":1,"b":"no number","c":3}'))), '{"c":3,"a":1}');
  });

  it("says which field is wrong, and passes it where the options say so", () => {
    const types = { a: sql.int, b: sql.row({ x: sql.array(sql.tinyint) }) };
    const { decode } = formatAlone(jsonFormat, types);
    assert.throws(() => decode('{"a":1.5}'), /the field a: "1.5" is not INT/);
    assert.throws(() => decode('{"a":3000000000}'), /the field a: "3000000000" is not INT/);
    assert.throws(() => decode('{"b":{"x":[1,200]}}'), /the field b: the field x: an element: "200" is not TINYINT/);
    assert.throws(() => decode("[1]"), /it is an array, not an object/);
    assert.throws(() => decode('{"a":'), /it is no JSON/);
    const lenient = formatAlone(jsonFormat, types, { "json.ignore-parse-errors": "true" });
    assert.deepEqual(oneRow(lenient.decode('{"a":1.5,"b":{"x":[1,200]}}')), { a: null, b: { x: [1, null] } });
    assert.deepEqual(lenient.decode('{"a":'), []);
    assert.deepEqual(decode(" "), []);
  });

  it("follows its options when it writes", () => {
    const types = { a: sql.decimal(10, 8), b: sql.map(sql.string, sql.int), c: sql.timestamp(3) };
    const row = { a: 1n, b: new Map<string | null, number>([[null, 1]]), c: 0 };
    const encode = (options: Readonly<Record<string, string>>) => formatAlone(jsonFormat, types, options).encode(row);
    assert.throws(() => encode({}), /a map has NULL as a key/);
    assert.equal(
      encode({
        "json.map-null-key.mode": "LITERAL",
        "json.map-null-key.literal": "none",
        "json.timestamp-format.standard": "ISO-8601",
      }),
      '{"a":1E-8,"b":{"none":1},"c":"1970-01-01T00:00:00"}',
    );
    assert.equal(
      encode({ "json.map-null-key.mode": "DROP", "json.encode.decimal-as-plain-number": "true" }),
      '{"a":0.00000001,"b":{},"c":"1970-01-01 00:00:00"}',
    );
    const ignoring = formatAlone(jsonFormat, types, { "json.encode.ignore-null-fields": "true" });
    assert.equal(ignoring.encode({ a: null, b: null, c: 0 }), '{"c":"1970-01-01 00:00:00"}');
  });

  it("refuses a table that it cannot have", () => {
    assert.throws(
      () => formatAlone(jsonFormat, { a: sql.map(sql.array(sql.int), sql.int) }),
      (error) =>
        error instanceof TableError &&
        /the format json cannot have this table/.test(error.message) &&
        error.problem.option === "format",
    );
  });
});

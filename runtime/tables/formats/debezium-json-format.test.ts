import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatAlone, sql } from "../tables.test-support.ts";
import { avroFormat } from "./avro-format.ts";
import { debeziumJsonFormat } from "./debezium-json-format.ts";

const types = { id: sql.bigint, name: sql.string, weight: sql.decimal(10, 2) };
const before = '{"id":9007199254740993,"name":"spare tire","weight":22.2}';
const after = '{"id":9007199254740993,"name":"tire","weight":20}';
const old = { id: 9_007_199_254_740_993n, name: "spare tire", weight: 2220n };
const now = { id: 9_007_199_254_740_993n, name: "tire", weight: 2000n };

describe("the format debezium-json", () => {
  const { decode } = formatAlone(debeziumJsonFormat, types);

  it("TBCZ1: a change is an insert, an update with the row before it, or a deletion", () => {
    const record = (op: string, first: string, second: string): string =>
      `{"before":${first},"after":${second},"source":{"db":"shop"},"op":"${op}","ts_ms":1589362330904}`;
    assert.deepEqual(decode(record("c", "null", after)), [[now, 0]]);
    assert.deepEqual(decode(record("r", "null", after)), [[now, 0]]);
    assert.deepEqual(decode(record("u", before, after)), [
      [old, 1],
      [now, 2],
    ]);
    assert.deepEqual(decode(record("d", before, "null")), [[old, 3]]);
  });

  it("TBCZ1: refuses a change that does not say what it takes back, and one of no kind", () => {
    assert.throws(
      () => decode(`{"before":null,"after":${after},"op":"u"}`),
      /the field before is null; let the database log whole rows/,
    );
    assert.throws(() => decode(`{"before":null,"after":null,"op":"d"}`), /REPLICA IDENTITY FULL/);
    assert.throws(() => decode(`{"before":null,"after":${after},"op":"t"}`), /the field op is "t", not c, r, u or d/);
    assert.throws(() => decode(after), /the field op is missing/);
    const lenient = formatAlone(debeziumJsonFormat, types, { "debezium-json.ignore-parse-errors": "true" });
    assert.deepEqual(lenient.decode(after), []);
  });

  it("finds the change in its payload where records have their schema", () => {
    const withSchema = formatAlone(debeziumJsonFormat, types, { "debezium-json.schema-include": "true" }, ["name"]);
    assert.deepEqual(withSchema.decode(`{"schema":{},"payload":{"before":null,"after":${after},"op":"c"}}`), [
      [{ name: "tire" }, 0],
    ]);
  });
});

describe("the format avro", () => {
  const all = {
    a: sql.boolean,
    b: sql.tinyint,
    c: sql.bigint,
    d: sql.float,
    e: sql.double,
    f: sql.decimal(20, 4),
    g: sql.string,
    h: sql.bytes,
    i: sql.date,
    j: sql.time(3),
    k: sql.timestamp(3),
    l: sql.instant(3),
    m: sql.array(sql.row({ x: sql.int })),
    n: sql.map(sql.string, sql.bigint),
    o: sql.row({ x: sql.row({ y: sql.string }) }),
  };
  const row = {
    a: true,
    b: -7,
    c: 9_007_199_254_740_993n,
    d: 0.5,
    e: 0.1,
    f: -123_456n,
    g: "€",
    h: Uint8Array.of(1, 2),
    i: new Date(Date.UTC(1969, 11, 31)),
    j: 1000,
    k: 1_700_000_000_123,
    l: -1,
    m: [{ x: 1 }, null],
    n: new Map([["k", 2n]]),
    o: { x: { y: "z" } },
  };
  const nulls = Object.fromEntries(Object.keys(all).map((name) => [name, null]));

  it("TBCV1: rows come back from their bytes, with NULLs and dates, and only the columns that are read", () => {
    const { encode, decode } = formatAlone(avroFormat, all);
    assert.deepEqual(decode(encode(row)), [[row, 0]]);
    assert.deepEqual(decode(encode(nulls)), [[nulls, 0]]);
    assert.deepEqual(formatAlone(avroFormat, all, {}, ["i", "a"]).decode(encode(row)), [[{ i: row.i, a: true }, 0]]);
  });

  it("has the bytes that Avro's specification gives them", () => {
    const { encode } = formatAlone(avroFormat, { a: { ...sql.int, isNullable: false }, b: sql.string });
    // A long as zigzag varint; a union's branch; a string's length before it.
    assert.deepEqual([...(encode({ a: 64, b: "ab" }) as Uint8Array)], [0x80, 0x01, 0x02, 0x04, 0x61, 0x62]);
  });

  it("refuses bytes of other columns, and types that Avro does not have", () => {
    const { decode } = formatAlone(avroFormat, { a: sql.int });
    assert.throws(() => decode(Uint8Array.of(0x0a)), /it is not in Avro's form for these columns/);
    assert.throws(
      () => formatAlone(avroFormat, { a: sql.timestamp(6) }),
      /TIMESTAMP\(6\) is finer than the milliseconds of Avro/,
    );
    assert.throws(() => formatAlone(avroFormat, { "a-b": sql.int }), /"a-b" is no name in Avro/);
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { describeType, t, type ValueType } from "../../record/index.ts";
import { outcome, sampleTypes, type } from "./sql-type.test-support.ts";
import { typeText } from "./sql-type.ts";
import { sqlTypeOf, valueTypeOf } from "./value-types.ts";

type Value = ValueType<unknown>;

function valueText(written: string): string {
  const value = valueTypeOf(type(written));
  return value.kind === "refused" ? outcome(value) : describeType(value);
}

/** A type of SQL, and what its values are in a stream. */
const values: readonly (readonly [sql: string, value: string])[] = [
  ["BOOLEAN NOT NULL", "boolean"],
  ["TINYINT", "int32 | null"],
  ["SMALLINT NOT NULL", "int32"],
  ["INT", "int32 | null"],
  ["BIGINT NOT NULL", "bigint"],
  ["FLOAT NOT NULL", "float64"],
  ["DECIMAL(10, 2) NOT NULL", "decimal<2>"],
  ["CHAR(3)", "string | null"],
  ["BYTES NOT NULL", "bytes"],
  ["DATE NOT NULL", "date"],
  ["TIME(3) NOT NULL", "int32"],
  ["TIMESTAMP(3) NOT NULL", "timestamp"],
  ["TIMESTAMP_LTZ(0)", "timestamp | null"],
  ["ARRAY<INT> NOT NULL", "list<int32 | null>"],
  ["MAP<STRING, INT NOT NULL> NOT NULL", "map<string, int32>"],
  ["MULTISET<STRING> NOT NULL", "map<string, int32>"],
  ["ROW<id BIGINT NOT NULL, r ROW<x INT>> NOT NULL", "record<id: bigint, r: record<x: int32 | null> | null>"],
  [
    "TIMESTAMP",
    "refused: TIMESTAMP(6) cannot be converted between tables and streams. Times have milliseconds in a stream: select CAST(… AS TIMESTAMP(3)).",
  ],
  [
    "ROW<a ARRAY<TIME(9)>>",
    "refused: a[] of type TIME(9) cannot be converted between tables and streams. Times have milliseconds in a stream: select CAST(… AS TIME(3)).",
  ],
  [
    "ROW<since INTERVAL YEAR TO MONTH>",
    "refused: since of type INTERVAL YEAR TO MONTH cannot be converted between tables and streams. An interval has no type in a stream: select CAST(… AS INT), its months.",
  ],
  [
    "MAP<INTERVAL DAY TO SECOND, INT>",
    "refused: [key] of type INTERVAL DAY TO SECOND(3) cannot be converted between tables and streams. An interval has no type in a stream: select CAST(… AS BIGINT), its milliseconds.",
  ],
];

/** A value type, and what it is in a table. */
const types: readonly (readonly [value: Value, sql: string])[] = [
  [t.string, "STRING NOT NULL"],
  [t.nullable(t.int32), "INT"],
  [t.int64, "BIGINT NOT NULL"],
  [t.bigint, "BIGINT NOT NULL"],
  [t.float64, "DOUBLE NOT NULL"],
  [t.boolean, "BOOLEAN NOT NULL"],
  [t.timestamp, "TIMESTAMP_LTZ(3) NOT NULL"],
  [t.date, "TIMESTAMP_LTZ(3) NOT NULL"],
  [t.bytes, "BYTES NOT NULL"],
  [t.decimal(2), "DECIMAL(38, 2) NOT NULL"],
  [t.literal("open", "paid"), "STRING NOT NULL"],
  [t.literal(1, 2), "INT NOT NULL"],
  [t.literal(1, 2 ** 40), "BIGINT NOT NULL"],
  [t.literal(0.5), "DOUBLE NOT NULL"],
  [t.literal(true), "BOOLEAN NOT NULL"],
  [t.list(t.nullable(t.string)), "ARRAY<STRING> NOT NULL"],
  [t.map(t.string, t.nullable(t.float64)), "MAP<STRING NOT NULL, DOUBLE> NOT NULL"],
  [t.record({ id: t.bigint, at: t.nullable(t.timestamp) }), "ROW<id BIGINT NOT NULL, `at` TIMESTAMP_LTZ(3)> NOT NULL"],
  [
    t.record({ a: t.record({ b: t.any }) }),
    "refused: a.b of type any cannot be converted between tables and streams. A column has a declared type: use t.string, t.record(…) or another.",
  ],
  [
    t.record({ note: t.optional(t.string) }),
    "refused: note of type string cannot be converted between tables and streams. A column is always there: use t.nullable(…), and null.",
  ],
  [
    t.decimal(39),
    "refused: decimal<39> cannot be converted between tables and streams. A DECIMAL has at most 38 digits: use a smaller scale.",
  ],
  [
    t.list(t.literal("a", 1)),
    'refused: [] of type literal<"a", 1> cannot be converted between tables and streams. A column has values of one kind: only strings, only numbers or only booleans.',
  ],
];

const anyValue = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom<Value>(t.string, t.int32, t.int64, t.bigint, t.float64, t.boolean, t.timestamp, t.date, t.bytes),
    fc.integer({ min: 0, max: 38 }).map((scale): Value => t.decimal(scale)),
    tie("value").map((value): Value => t.nullable(value)),
    tie("value").map((value): Value => t.list(value)),
    fc
      .tuple(fc.constantFrom(t.string, t.int32, t.bigint, t.float64), tie("value"))
      .map(([key, value]): Value => t.map<string | number | bigint, unknown>(key, value)),
    fc
      .dictionary(fc.constantFrom("a", "b", "c d", "größe", "select"), tie("value"))
      .map((fields): Value => t.record(fields)),
  ),
})).value;

describe("a type of a table in a stream", () => {
  for (const [sql, text] of values) it(`${sql}: ${text} (SQVT1, SQVT2)`, () => assert.equal(valueText(sql), text));

  it("is there for every kind but intervals, of which nothing is said in silence (SQVT1)", () => {
    for (const each of sampleTypes) assert.equal(valueTypeOf(each).kind === "refused", each.kind === "interval");
  });

  it("is refused where t.record refuses it, in its words", () => {
    assert.match(valueText("MAP<DATE, INT>"), /^refused: \[key\] of type DATE .*not found again by their content/);
    assert.match(valueText("MULTISET<BYTES>"), /^refused: \[key\] of type BYTES /);
  });
});

describe("a type of a stream in a table", () => {
  for (const [value, text] of types)
    it(`${describeType(value)}: ${text} (SQVT1, SQVT4)`, () => assert.equal(outcome(sqlTypeOf(value)), text));

  it("is the same after there and back again (SQVT3)", () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const sql = sqlTypeOf(value);
        assert.ok(sql.kind !== "refused", describeType(value));
        const back = valueTypeOf(sql);
        assert.ok(back.kind !== "refused", typeText(sql));
        assert.equal(outcome(sqlTypeOf(back)), typeText(sql));
      }),
    );
  });
});

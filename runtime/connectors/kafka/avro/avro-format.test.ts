import assert from "node:assert/strict";
import { test } from "node:test";
import avsc from "avsc";
import { describeType, t, type ValueType } from "../../../record/index.ts";
import { BatchBuilder } from "../wire/batch-builder.ts";
import { batchesOf, type LogBatch, RecordCursor } from "../wire/batch-reader.ts";
import type { KafkaFormat } from "../source/formats.ts";
import { avroFormat, avroValue } from "./avro-format.ts";

function read<T>(format: KafkaFormat<T>, value: Uint8Array | null): T {
  const builder = new BatchBuilder();
  builder.add(null, value, 0, null);
  const owner = { producerId: -1, epoch: -1, sequence: -1, isTransactional: false };
  const cursor = new RecordCursor(batchesOf(builder.finish(owner, "none"))[0] as LogBatch);
  cursor.next();
  return format.read(cursor, { topic: "t", partition: 0 });
}

const record = (...fields: readonly object[]) => ({ type: "record", name: "Order", fields });
const field = (name: string, type: unknown, more: object = {}) => ({ name, type, ...more });

/** A type, its schema, and a value that comes back. */
const pairs: readonly (readonly [ValueType<unknown>, unknown, unknown])[] = [
  [t.string, "string", "grüße"],
  [t.int32, "int", -7],
  [t.int64, "long", Number.MAX_SAFE_INTEGER - 1],
  [t.bigint, "long", -(2n ** 63n)],
  [t.float64, "double", 0.1],
  [t.boolean, "boolean", true],
  [t.bytes, "bytes", Uint8Array.of(0, 255)],
  [t.bytes, { type: "fixed", name: "F", size: 2 }, Uint8Array.of(1, 2)],
  [t.timestamp, { type: "long", logicalType: "timestamp-millis" }, 1_700_000_000_000],
  [t.date, { type: "long", logicalType: "timestamp-millis" }, new Date(1_700_000_000_000)],
  [t.decimal(2), { type: "bytes", logicalType: "decimal", precision: 20, scale: 2 }, -123456789012345678n],
  [t.decimal(2), { type: "fixed", name: "D", size: 9, logicalType: "decimal", precision: 20, scale: 2 }, -1n],
  [t.literal("open", "paid"), { type: "enum", name: "E", symbols: ["open", "paid", "sent"] }, "paid"],
  [t.list(t.nullable(t.int32)), { type: "array", items: ["null", "int"] }, [1, null]],
  [t.map(t.string, t.float64), { type: "map", values: "double" }, new Map([["a", 1.5]])],
  [t.nullable(t.timestamp), ["null", { type: "long", logicalType: "timestamp-millis" }], 5],
  [t.nullable(t.string), ["string", "null"], null],
  [
    t.record({
      id: t.bigint,
      count: t.int64,
      note: t.optional(t.string),
      lines: t.list(t.record({ sku: t.string, at: t.nullable(t.date) })),
    }),
    record(
      field("id", "long"),
      field("count", "long"),
      field("note", ["null", "string"], { default: null }),
      field("lines", {
        type: "array",
        items: {
          type: "record",
          name: "Line",
          fields: [field("sku", "string"), field("at", ["null", { type: "long", logicalType: "timestamp-millis" }])],
        },
      }),
    ),
    {
      id: 2n ** 60n,
      count: 3,
      lines: [
        { sku: "x", at: new Date(7) },
        { sku: "y", at: null },
      ],
    },
  ],
];

for (const [type, schema, value] of pairs) {
  test(`${describeType(type)} as ${JSON.stringify(schema).slice(0, 80)} comes back as it was written`, () => {
    const written = avroValue(type, { schema: schema as object })(value);
    const back = read(avroFormat(type, { schema: JSON.stringify(schema) }), written);
    assert.deepEqual(back, value);
    const isRecord = typeof back === "object" && back !== null && type.kind === "record";
    if (isRecord) assert.equal(Object.getPrototypeOf(back), Object.prototype, "plain, as every value of a job");
  });
}

test("AVV2 fields that are not declared are left out, a nullable one that the schema lacks is null, and a default is written", () => {
  const schema = record(field("id", "int"), field("more", "string"));
  const bytes = avsc.Type.forSchema(schema as avsc.Schema).toBuffer({ id: 1, more: "x" });
  const type = t.record({ id: t.int32, note: t.nullable(t.string), tag: t.optional(t.string) });
  assert.deepEqual(read(avroFormat(type, { schema }), bytes), { id: 1, note: null });
  const withDefault = record(field("id", "int"), field("state", "string", { default: "open" }));
  const written = avroValue(t.record({ id: t.int32 }), { schema: withDefault })({ id: 1 });
  const all = avsc.Type.forSchema(withDefault as avsc.Schema).fromBuffer(Buffer.from(written)) as object;
  assert.deepEqual({ ...all }, { id: 1, state: "open" });
});

/** What is refused when the job is built: a type, a schema, for whom, and the message. */
const refused: readonly (readonly [ValueType<unknown>, unknown, "read" | "write" | "both", RegExp])[] = [
  [t.int32, "long", "read", /the value is declared as int32, and the schema says long/],
  [t.int64, "double", "both", /declared as int64/],
  [
    t.record({ a: t.record({ b: t.int32 }) }),
    record(field("a", { ...record(field("b", "string")), name: "A" })),
    "both",
    /the value\.a\.b is declared as int32, and the schema says string/,
  ],
  [t.timestamp, { type: "long", logicalType: "timestamp-micros" }, "both", /timestamp-micros is not in milliseconds/],
  [
    t.decimal(3),
    { type: "bytes", logicalType: "decimal", precision: 9, scale: 2 },
    "both",
    /its scale in the schema is 2/,
  ],
  [t.string, ["null", "string", "int"], "both", /only null and one other type/],
  [t.nullable(t.string), "string", "write", /it may be null, which the schema does not allow/],
  [t.record({ id: t.int32 }), record(field("no", "int")), "read", /\.id .*the schema has no such field/],
  [t.record({ id: t.int32, more: t.int32 }), record(field("id", "int")), "write", /\.more .*it would be lost/],
  [t.record({ id: t.int32 }), record(field("id", "int"), field("b", "int")), "write", /\.b .*has no default/],
  [t.literal("a", "b"), { type: "enum", name: "E", symbols: ["a"] }, "write", /the enum has no symbol b/],
  [t.any, "string", "both", /declare what the schema says/],
  [t.string, { type: "nonsense" }, "both", /the schema is not one of Avro/],
  [t.string, "{}}", "both", /the schema is not one of Avro/],
];

for (const [type, schema, who, message] of refused) {
  test(`AVV1 ${describeType(type)} for ${JSON.stringify(schema).slice(0, 60)} is refused when the job is built`, () => {
    const isRefusal = (error: Error & { code?: string }): boolean =>
      error.code === "OPTION_INVALID" && message.test(error.message);
    const options = { schema: schema as object };
    if (who !== "write") assert.throws(() => avroFormat(type, options), isRefusal);
    if (who !== "read") assert.throws(() => avroValue(type, options), isRefusal);
  });
}

test("what cannot be read is a poison record, with the reason", () => {
  const format = avroFormat(t.record({ id: t.int64 }), { schema: record(field("id", "long")) });
  assert.throws(() => read(format, null), /tombstone/);
  assert.throws(() => read(format, Buffer.alloc(0)), /truncated/);
  const huge = avroValue(t.bigint, { schema: "long" })(2n ** 60n);
  assert.throws(() => read(avroFormat(t.int64, { schema: "long" }), huge), /precision|safe/);
  const none = avroValue(t.nullable(t.string), { schema: ["null", "string"] })(null);
  assert.throws(() => read(avroFormat(t.string, { schema: ["null", "string"] }), none), /is null, not string/);
  assert.throws(() => avroValue(t.int32, { schema: "int" })("x" as never), /invalid/);
});

test("AVF1 logical types are read as they were written, and not as others that look the same", () => {
  const stamp = (logicalType: string) => record(field("at", { type: "long", logicalType }));
  const money = (scale: number) => record(field("a", { type: "bytes", logicalType: "decimal", precision: 9, scale }));
  const type = t.record({ at: t.timestamp, note: t.nullable(t.string) });
  const schema = record(
    field("at", { type: "long", logicalType: "timestamp-millis" }),
    field("note", ["null", "string"], { default: null }),
  );
  const format = avroFormat(type, {
    schema,
    schemas: { 1: stamp("timestamp-millis"), 2: record(field("at", "long")) },
  });
  for (const schemaId of [1, 2]) {
    const write = avroValue(t.record({ at: t.timestamp }), { schema: stamp("timestamp-millis"), schemaId });
    assert.deepEqual(read(format, write({ at: 5 })), { at: 5, note: null });
  }
  assert.throws(() => avroFormat(type, { schema, schemas: { 1: stamp("timestamp-micros") } }), /cannot read what was/);
  const amounts = t.record({ a: t.decimal(2) });
  assert.throws(() => avroFormat(amounts, { schema: money(2), schemas: { 1: money(3) } }), /cannot read what was/);
});

test("AVF1 with ids, records are read with the schema that they were written with; an unknown id is a poison record", () => {
  const older = record(field("id", "int"));
  const newer = record(field("id", "long"), field("state", "string", { default: "open" }));
  const type = t.record({ id: t.int64, state: t.string });
  const format = avroFormat(type, { schema: newer, schemas: { 7: older, 8: newer } });
  const old = avroValue(t.record({ id: t.int32 }), { schema: older, schemaId: 7 })({ id: 1 });
  assert.deepEqual([...old], [0, 0, 0, 0, 7, 2], "a zero byte, the id, and the value");
  assert.deepEqual(read(format, old), { id: 1, state: "open" });
  const young = avroValue(type, { schema: newer, schemaId: 8 })({ id: 2, state: "paid" });
  assert.deepEqual(read(format, young), { id: 2, state: "paid" });
  const foreign = avroValue(type, { schema: newer, schemaId: 9 })({ id: 2, state: "paid" });
  assert.throws(() => read(format, foreign), /written with schema 9, and 7, 8 are given/);
  assert.throws(() => read(format, Buffer.from("plain")), /does not begin with the id of a schema/);
  assert.throws(() => avroFormat(type, { schema: newer, schemas: { 7: "string" } }), /cannot read what was written/);
  assert.throws(() => avroValue(type, { schema: newer, schemaId: -1 }), /no whole number/);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { StreamError } from "../../../../base/index.ts";
import { t, type ValueType } from "../../../record/index.ts";
import { BatchBuilder, type Bytes } from "../wire/batch-builder.ts";
import { batchesOf, type LogBatch, RecordCursor } from "../wire/batch-reader.ts";
import { bytesFormat, jsonFormat, type KafkaFormat, textFormat } from "./formats.ts";

const at = { topic: "t", partition: 0 };

function read<T>(format: KafkaFormat<T>, value: Bytes): T {
  const builder = new BatchBuilder();
  builder.add(null, value, 0, null);
  const owner = { producerId: -1, epoch: -1, sequence: -1, isTransactional: false };
  const cursor = new RecordCursor(batchesOf(builder.finish(owner, "none"))[0] as LogBatch);
  cursor.next();
  return format.read(cursor, at);
}

test("text and bytes are the value; a tombstone is neither", () => {
  assert.equal(read(textFormat(), "grüße"), "grüße");
  assert.deepEqual(read(bytesFormat(), Uint8Array.of(0, 255)), Uint8Array.of(0, 255));
  for (const format of [textFormat(), bytesFormat(), jsonFormat(t.any)])
    assert.throws(() => read(format, null), /tombstone/);
});

const order = t.record({
  id: t.int64,
  price: t.float64,
  note: t.nullable(t.string),
  tag: t.optional(t.literal("a", "b")),
  items: t.list(t.record({ sku: t.string, count: t.int32 })),
});

const fitting: readonly (readonly [ValueType<unknown>, string, unknown])[] = [
  [
    order,
    '{"id":1,"price":1.5,"note":null,"tag":"a","items":[{"sku":"x","count":2,"more":1}],"more":{}}',
    { id: 1, price: 1.5, note: null, tag: "a", items: [{ sku: "x", count: 2 }] },
  ],
  [order, '{"id":1,"price":2,"items":[]}', { id: 1, price: 2, note: null, items: [] }],
  [t.nullable(t.int32), "null", null],
  [t.list(t.nullable(t.boolean)), "[true,null]", [true, null]],
  [t.any, '{"a":[1]}', { a: [1] }],
  [t.timestamp, "1700000000000", 1_700_000_000_000],
];

const misfits: readonly (readonly [ValueType<unknown>, string, RegExp])[] = [
  [order, '{"id":1.5,"price":1,"items":[]}', /the value\.id is 1\.5, not int64|the value/],
  [order, '{"id":"1","price":1,"note":null,"items":[]}', /\.id is .*"1".*, not int64/],
  [order, '{"price":1,"items":[]}', /\.id is missing/],
  [order, '{"id":1,"price":1,"note":null,"tag":"c","items":[]}', /\.tag is .*"c"/],
  [order, '{"id":1,"price":1,"note":null,"items":[{"sku":"x"}]}', /\.items\[0\].*count.*missing/],
  [order, '{"id":1,"price":1,"note":null,"items":{}}', /\.items is/],
  [order, "[]", /the value/],
  [t.record({ toString: t.string }), "{}", /missing/],
  [t.int32, "3000000000", /3000000000.*, not int32/],
  [t.string, "{oops", /JSON/],
];

for (const [type, json, value] of fitting)
  test(`JSON that fits: ${json}`, () => assert.deepEqual(read(jsonFormat(type), json), value));

for (const [type, json, reason] of misfits)
  test(`KFO1 JSON that does not fit says where: ${json}`, () =>
    assert.throws(() => read(jsonFormat(type), json), reason));

test("a type that JSON does not have is refused when the format is made", () => {
  for (const type of [t.bigint, t.bytes, t.date, t.decimal(2), t.map(t.string, t.int32)])
    assert.throws(
      () => jsonFormat(t.record({ inner: t.list(type as ValueType<unknown>) })),
      (error) => error instanceof StreamError && error.code === "OPTION_INVALID" && /\.inner\[\]/.test(error.message),
    );
});

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import fc from "fast-check";
import { KafkaError } from "../client/kafka-error.ts";
import { BatchBuilder, type Bytes, type Header } from "./batch-builder.ts";
import { batchesOf, type LogBatch, RecordCursor } from "./batch-reader.ts";
import { crc32c } from "./crc32c.ts";
import { compressions, type KafkaCompression } from "./packing.ts";
import { seal } from "./record-batch.ts";

type Plain = {
  readonly key: Bytes;
  readonly value: Bytes;
  readonly timestamp: number;
  readonly headers: readonly Header[];
};

const text = fc.oneof(fc.string(), fc.string({ unit: "grapheme" }), fc.string({ minLength: 120, maxLength: 300 }));
const content: fc.Arbitrary<Bytes> = fc.oneof(text, fc.uint8Array(), fc.constant(null));
const header: fc.Arbitrary<Header> = fc.tuple(text, content);
const record: fc.Arbitrary<Plain> = fc.record({
  key: content,
  value: content,
  timestamp: fc.oneof(fc.integer({ min: 0, max: 2_000_000_000_000 }), fc.constantFrom(0, 1, 9e14)),
  headers: fc.array(header, { maxLength: 3 }),
});

const owner = { producerId: 4711, epoch: 7, sequence: 3, isTransactional: true };

function build(records: readonly Plain[], compression: KafkaCompression): Buffer {
  const builder = new BatchBuilder();
  for (const { key, value, timestamp, headers } of records)
    builder.add(key, value, timestamp, headers.length === 0 ? null : headers);
  return builder.finish(owner, compression);
}

const textOf = (bytes: Bytes): string | null => (bytes === null ? null : Buffer.from(bytes).toString("hex"));
const hexed = ({ key, value, timestamp, headers }: Plain) => ({
  key: textOf(key),
  value: textOf(value),
  timestamp,
  headers: headers.map(([name, each]) => [name.toWellFormed(), textOf(each)]),
});

function read(batch: LogBatch): Plain[] {
  const records: Plain[] = [];
  for (const cursor = new RecordCursor(batch); cursor.next(); )
    records.push({ key: cursor.key(), value: cursor.value(), timestamp: cursor.timestamp, headers: cursor.headers() });
  return records;
}

test("what is written is read again, packed or not", () =>
  fc.assert(
    fc.property(
      fc.array(record, { minLength: 1, maxLength: 20 }),
      fc.constantFrom(...compressions),
      (records, compression) => {
        const [batch, ...others] = batchesOf(build(records, compression));
        assert.ok(batch !== undefined && others.length === 0);
        assert.equal(batch.lastOffset, records.length - 1);
        assert.deepEqual(
          [batch.producerId, batch.epoch, batch.isTransactional, batch.isControl],
          [4711, 7, true, false],
        );
        assert.deepEqual(read(batch).map(hexed), records.map(hexed));
      },
    ),
  ));

test("kafkajs reads what we write, and finds the checksum right", async () => {
  const load = createRequire(import.meta.url);
  const decode = load("kafkajs/src/protocol/recordBatch/v0/decoder.js") as (from: object) => Promise<{
    readonly records: readonly {
      readonly key: Buffer | null;
      readonly value: Buffer | null;
      readonly timestamp: string;
      readonly offset: string;
      readonly headers: Readonly<Record<string, Buffer>>;
    }[];
  }>;
  const Decoder = load("kafkajs/src/protocol/decoder.js") as new (bytes: Buffer) => object;
  const records: Plain[] = [
    { key: "k", value: "grüße", timestamp: 1_700_000_000_000, headers: [] },
    { key: null, value: "x".repeat(500), timestamp: 1_600_000_000_000, headers: [["trace", "abc"]] },
    { key: "", value: null, timestamp: 1_900_000_000_000, headers: [] },
  ];
  const decoded = await decode(new Decoder(build(records, "none")));
  assert.deepEqual(
    decoded.records.map(({ key, value, timestamp, offset }) => [
      key?.toString() ?? null,
      value?.toString() ?? null,
      Number(timestamp),
      Number(offset),
    ]),
    records.map(({ key, value, timestamp }, offset) => [key, value, timestamp, offset]),
  );
  assert.equal(String(decoded.records[1]?.headers["trace"]), "abc");
});

test("BAR1 a batch that is cut off is left out, one with a wrong checksum is an error", () => {
  const one = build([{ key: null, value: "one", timestamp: 5, headers: [] }], "none");
  const two = build([{ key: null, value: "two", timestamp: 6, headers: [] }], "none");
  for (let length = one.length; length < one.length + two.length; length++)
    assert.equal(batchesOf(Buffer.concat([one, two]).subarray(0, length)).length, 1);
  assert.equal(batchesOf(Buffer.concat([one, two])).length, 2);
  const damaged = Buffer.from(two);
  damaged[damaged.length - 2] = (damaged[damaged.length - 2] as number) ^ 1;
  assert.throws(
    () => batchesOf(Buffer.concat([one, damaged])),
    (error) => error instanceof KafkaError && error.type === "CORRUPT_MESSAGE",
  );
});

test("a batch is sealed for another owner with its records as they are", () => {
  const bytes = build([{ key: "k", value: "v", timestamp: 9, headers: [] }], "gzip");
  seal(bytes, { producerId: 9, epoch: 1, sequence: 0, isTransactional: true });
  const [batch] = batchesOf(bytes);
  assert.ok(batch !== undefined);
  assert.deepEqual([batch.producerId, batch.epoch], [9, 1]);
  assert.deepEqual(
    read(batch).map(({ value }) => String(value)),
    ["v"],
  );
});

test("CRC-32C is the one of the standard's example, for every length", () => {
  assert.equal(crc32c(Buffer.from("123456789")), 0xe3069283);
  const bytes = Buffer.from(Array.from({ length: 40 }, (_, index) => (index * 37) & 0xff));
  const bitwise = (end: number): number => {
    let crc = 0xffffffff;
    for (const byte of bytes.subarray(0, end)) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    }
    return ~crc >>> 0;
  };
  for (let end = 0; end <= bytes.length; end++) assert.equal(crc32c(bytes, 0, end), bitwise(end));
});

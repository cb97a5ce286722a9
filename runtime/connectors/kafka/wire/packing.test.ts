/** Packed records. That Kafka itself reads what we pack, and we what it packs, is test/data/kafka-packing.test.ts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { KafkaError } from "../client/kafka-error.ts";
import { compressions, type KafkaCompression, pack, unpack } from "./packing.ts";

const numberOf = (compression: KafkaCompression): number => compressions.indexOf(compression);
const isCorrupt = (why: RegExp) => (error: unknown) =>
  error instanceof KafkaError && error.type === "CORRUPT_MESSAGE" && why.test(error.message);

/** Some of it repeats, and some of it is longer than a chunk of snappy. */
const content = fc
  .tuple(fc.array(fc.uint8Array({ minLength: 1, maxLength: 100 }), { maxLength: 10 }), fc.integer({ min: 0, max: 400 }))
  .map(([parts, times]) => Buffer.concat(Array.from({ length: times }, () => Buffer.concat(parts))));

for (const compression of compressions) {
  test(`what ${compression} packs it unpacks`, () =>
    fc.assert(
      fc.property(content, (records) => {
        const { bytes, number } = pack(records, compression);
        assert.equal(number, numberOf(compression));
        assert.ok(unpack(bytes, number).equals(records));
      }),
    ));
}

test("lz4 and snappy unpack what their formats say, byte by byte", () => {
  const stored = Buffer.from("04224d18604082" + "03000080" + "616263" + "00000000", "hex");
  assert.equal(unpack(stored, numberOf("lz4")).toString(), "abc");
  const bare = Buffer.from([7, 2 << 2, ...Buffer.from("abc"), 0b001, 3]);
  assert.equal(unpack(bare, numberOf("snappy")).toString(), "abcabca");
});

test("KPK1 what would unpack to more than memory may hold is refused unread", () => {
  const vast = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0x61]);
  assert.throws(() => unpack(vast, numberOf("snappy")), isCorrupt(/snappy: they may be 4294967295 bytes/));
  const block = Buffer.from("01000080" + "61", "hex");
  const frame = Buffer.concat([Buffer.from("04224d186070df", "hex"), ...Array.from({ length: 65 }, () => block)]);
  assert.throws(() => unpack(frame, numberOf("lz4")), isCorrupt(/lz4: they may be 272629760 bytes/));
});

test("what was not packed so is an error that says it, and the next batch is unpacked all the same", () => {
  for (const compression of ["gzip", "snappy", "lz4", "zstd"] as const) {
    const { bytes, number } = pack(Buffer.from("abcd".repeat(1000)), compression);
    for (const wrong of [Buffer.from("no such format"), Buffer.alloc(0), bytes.subarray(0, bytes.length - 8)])
      assert.throws(() => unpack(wrong, number), isCorrupt(new RegExp(`cannot be unpacked by ${compression}`)));
    assert.equal(unpack(bytes, number).length, 4000);
  }
  assert.throws(
    () => unpack(Buffer.alloc(1), 7),
    (error) => error instanceof KafkaError && error.type === "UNSUPPORTED_COMPRESSION_TYPE",
  );
});

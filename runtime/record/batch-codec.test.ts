import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { anyText } from "./texts.test-support.ts";
import { StreamError } from "../../base/index.ts";
import { decodeBatch, decodeValues, encodeBatch, encodeValues } from "./batch-codec.ts";
import { ByteReader, ByteWriter } from "./byte-buffer.ts";
import { rowKinds } from "./row-kind.ts";
import { t, type ValueType } from "./value-type.ts";

const anyString = fc.oneof(
  anyText(),
  fc.string({ unit: "grapheme" }),
  fc.constant("\ud800"),
  fc.string({ minLength: 250, maxLength: 300 }),
);

const scalars: readonly (readonly [string, ValueType<unknown>, fc.Arbitrary<unknown>])[] = [
  ["string", t.string, anyString],
  ["int32", t.int32, fc.integer()],
  ["int64", t.int64, fc.maxSafeInteger()],
  ["bigint", t.bigint, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  ["float64", t.float64, fc.double()],
  ["boolean", t.boolean, fc.boolean()],
  ["timestamp", t.timestamp, fc.maxSafeInteger()],
  ["bytes", t.bytes, fc.uint8Array({ maxLength: 40 })],
  [
    "any",
    t.any,
    fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.double().map((value) => (Object.is(value, -0) ? 0 : value)),
      fc.jsonValue().map(withoutProto),
      fc.date({ noInvalidDate: true }),
    ),
  ],
];

function withoutProto(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll("__proto__", "proto"), (_key, inner: unknown) =>
    Object.is(inner, -0) ? 0 : inner,
  );
}

for (const [name, type, arbitrary] of scalars) {
  test(`every array of ${name} values comes back equal (COL1)`, () => {
    fc.assert(
      fc.property(fc.array(arbitrary, { maxLength: 40 }), (values) =>
        assert.deepEqual(decodeValues(type, encodeValues(type, values)), values),
      ),
    );
  });
  test(`nulls among ${name} values come back where they were`, () => {
    const nullable = t.nullable(type);
    fc.assert(
      fc.property(fc.array(fc.option(arbitrary), { maxLength: 40 }), (values) =>
        assert.deepEqual(decodeValues(nullable, encodeValues(nullable, values)), values),
      ),
    );
  });
}

test("records of all kinds of fields come back equal, with timestamps and key hashes, from aligned and unaligned memory", () => {
  const type = t.record({
    word: t.string,
    count: t.int64,
    tags: t.anyOf<string[]>(),
    note: t.nullable(t.string),
    inner: t.record({ a: t.float64 }),
  });
  const row = fc.record(
    {
      word: anyString,
      count: fc.maxSafeInteger(),
      tags: fc.array(fc.string({ unit: "grapheme" }), { maxLength: 3 }),
      note: fc.option(anyString),
      inner: fc.record({ a: fc.integer() }, { noNullPrototype: true }),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(row, { maxLength: 30 }), fc.integer({ min: 0, max: 9 }), (rows, shift) => {
      const writer = new ByteWriter(16);
      const batch = {
        rows,
        timestamps: Float64Array.from(rows, (_row, index) => index * 1.5),
        keyHashes: Int32Array.from(rows, (_row, index) => -index),
      };
      encodeBatch(type, batch, writer);
      const memory = new Uint8Array(shift + writer.length);
      memory.set(writer.view(), shift);
      const reader = new ByteReader(memory.subarray(shift));
      assert.deepEqual(decodeBatch(type, reader), batch);
      assert.ok(reader.isAtEnd);
    }),
  );
});

test("row kinds come back as they were, with every other column beside them; all inserts are written as none (RWK1)", () => {
  const row = fc.record({ word: anyString, count: fc.maxSafeInteger() }, { noNullPrototype: true });
  const kinded = fc.tuple(row, fc.integer({ min: rowKinds.insert, max: rowKinds.delete }));
  const type = t.record({ word: t.string, count: t.int64 });
  const reordered = (value: object): object => Object.fromEntries(Object.entries(value).toReversed());
  fc.assert(
    fc.property(fc.array(kinded, { maxLength: 30 }), fc.boolean(), fc.boolean(), (pairs, isOdd, isTimed) => {
      const rows = pairs.map(([value]) => (isOdd ? reordered(value) : value)) as { word: string; count: number }[];
      const kinds = Uint8Array.from(pairs, ([, kind]) => kind);
      const plain = {
        rows,
        timestamps: isTimed ? Float64Array.from(rows, (_row, index) => index) : null,
        keyHashes: isTimed ? Int32Array.from(rows, (_row, index) => -index) : null,
      };
      const writer = new ByteWriter(16);
      // Longer than the rows, as a column may be (ROB1).
      encodeBatch(type, { ...plain, rowKinds: Uint8Array.from([...kinds, 3, 3]) }, writer);
      const reader = new ByteReader(writer.copy());
      const decoded = decodeBatch(type, reader);
      assert.deepEqual(decoded, kinds.some((kind) => kind !== rowKinds.insert) ? { ...plain, rowKinds: kinds } : plain);
      assert.deepEqual(decoded.rows.map(Object.keys), rows.map(Object.keys));
      assert.ok(reader.isAtEnd);
    }),
  );
});

test("row kinds survive a later version of the record type, and unknown ones and unknown flags are refused", () => {
  const writer = new ByteWriter(16);
  const kinds = Uint8Array.of(rowKinds.updateBefore, rowKinds.updateAfter);
  encodeBatch(t.int64, { rows: [7, 8], timestamps: null, keyHashes: null, rowKinds: kinds }, writer);
  const bytes = writer.copy();
  const later = decodeBatch(t.nullable(t.int64), new ByteReader(bytes));
  assert.deepEqual([later.rows, later.rowKinds], [[7, 8], kinds]);
  const flagsAt = bytes.indexOf(8, 8);
  const kindsAt = flagsAt + 8;
  assert.deepEqual([...bytes.subarray(kindsAt, kindsAt + 2)], [...kinds]);
  for (const [at, value] of [
    [kindsAt, 4],
    [flagsAt, 8 | 16],
  ] as const) {
    const changed = Uint8Array.from(bytes);
    changed[at] = value;
    assert.throws(() => decodeBatch(t.int64, new ByteReader(changed)), { code: "PROTOCOL_VIOLATION" });
  }
});

test("a block in shared memory is decoded as well", () => {
  const bytes = encodeValues(t.string, ["ä", "b"]);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  assert.deepEqual(decodeValues(t.string, shared), ["ä", "b"]);
});

test("a later version of a record type reads by field name: new nullable fields are null, removed ones are dropped (BC1)", () => {
  const bytes = encodeValues(t.record({ a: t.int64, b: t.string }), [{ a: 1, b: "x" }]);
  assert.deepEqual(decodeValues(t.record({ c: t.nullable(t.string), a: t.nullable(t.int64) }), bytes), [
    { c: null, a: 1 },
  ]);
});

const refusals: readonly (readonly [string, () => unknown, string, RegExp])[] = [
  [
    "a number where a string was declared",
    () => encodeValues(t.record({ word: t.string }), [{ word: 3 } as never]),
    "VALUE_NOT_SERIALIZABLE",
    /field "word" is 3 \(number\).*string/,
  ],
  [
    "null where null was not declared",
    () => encodeValues(t.record({ n: t.int64 }), [{ n: null } as never]),
    "VALUE_NOT_SERIALIZABLE",
    /field "n" is null/,
  ],
  ["a fraction as int64", () => encodeValues(t.int64, [1.5]), "VALUE_NOT_SERIALIZABLE", /safe integer/],
  ["a bigint of 65 bits", () => encodeValues(t.bigint, [2n ** 64n]), "VALUE_NOT_SERIALIZABLE", /64 bits/],
  [
    "a function in an undeclared value",
    () => encodeValues(t.any, [{ f: () => 1 }]),
    "VALUE_NOT_SERIALIZABLE",
    /functions/,
  ],
  ["a symbol in an undeclared value", () => encodeValues(t.any, [Symbol("s")]), "VALUE_NOT_SERIALIZABLE", /symbols/],
  [
    "a string where a record was declared",
    () => encodeValues(t.record({ a: t.int64 }), ["x" as never]),
    "VALUE_NOT_SERIALIZABLE",
    /return an object/,
  ],
  [
    "a changed field type",
    () => decodeValues(t.record({ a: t.string }), encodeValues(t.record({ a: t.int64 }), [{ a: 1 }])),
    "STATE_INCOMPATIBLE",
    /"a" was int64/,
  ],
  [
    "a new field that cannot be null",
    () => decodeValues(t.record({ b: t.int64 }), encodeValues(t.record({ a: t.int64 }), [{ a: 1 }])),
    "STATE_INCOMPATIBLE",
    /no field "b"/,
  ],
];
for (const [what, act, code, message] of refusals) {
  test(`${what} is refused with ${code} and says where`, () => {
    assert.throws(
      act,
      (error: unknown) => error instanceof StreamError && error.code === code && message.test(error.message),
    );
  });
}

test("a block that is cut anywhere is an error, never a wrong value", () => {
  const type = t.record({ word: t.string, count: t.int64 });
  const rows = Array.from({ length: 5 }, (_row, index) => ({ word: `w${index}`, count: index }));
  const bytes = encodeValues(type, rows);
  for (let length = 0; length < bytes.length - 8; length++)
    assert.throws(() => decodeValues(type, bytes.subarray(0, length)));
});

test("a later version may make fields optional, and add optional ones; not take that back (BC1)", () => {
  const before = t.record({ a: t.int64, b: t.optional(t.string) });
  const bytes = encodeValues(before, [{ a: 1 }, { a: 2, b: "x" }]);
  const later = t.record({ b: t.optional(t.string), a: t.optional(t.int64), c: t.optional(t.date) });
  assert.deepEqual(decodeValues(later, bytes), [{ a: 1 }, { b: "x", a: 2 }]);
  assert.throws(() => decodeValues(t.record({ a: t.int64, b: t.string }), bytes), /"b" was an optional string/);
});

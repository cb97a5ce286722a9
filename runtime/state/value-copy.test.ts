import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteReader, ByteWriter, encodeValues, type Key, keyHash, keyIdentity } from "../record/index.ts";
import { decodeKeys, encodeKeys } from "./key-column.ts";
import { ANY } from "./state-meta.ts";
import { copyValue } from "./value-copy.ts";

// Not "__proto__": the codec renames it.
const name = fc.string().filter((text) => text !== "__proto__");
const anything = fc.anything({ key: name, withDate: true, withMap: true, withSet: true });

test("a copy encodes to what the original encodes to, and shares nothing (VC1)", () => {
  fc.assert(
    fc.property(anything, (value) => {
      assert.deepEqual(encodeValues(ANY, [copyValue(ANY, value)]), encodeValues(ANY, [value]));
    }),
  );
  const original = {
    list: [1, { x: new Date(5) }],
    bytes: new Uint8Array([1, 2]),
    map: new Map([["k", new Set([1])]]),
  };
  const copy = copyValue(ANY, original) as typeof original;
  assert.deepEqual(copy, original);
  for (const name of ["list", "bytes", "map"] as const) assert.notEqual(copy[name], original[name]);
  assert.notEqual(copy.map.get("k"), original.map.get("k"));
});

test("a cycle and a function are refused in words", () => {
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  for (const value of [cycle, () => 1, { f: () => 1 }])
    assert.throws(() => copyValue(ANY, value), { code: "VALUE_NOT_SERIALIZABLE" });
});

const { key: anyKey } = fc.letrec<{ key: Key }>((tie) => ({
  key: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.string({ unit: "binary" }),
    fc.integer(),
    fc.double({ noNaN: true }),
    fc.bigInt(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("key")) as fc.Arbitrary<Key>,
    fc.dictionary(fc.string(), tie("key")) as fc.Arbitrary<Key>,
  ),
}));

test("columns of keys give back keys with the same identity and hash (KY1)", () => {
  const columns = fc.oneof(
    fc.array(anyKey),
    fc.array(fc.string({ unit: "binary" })),
    fc.array(fc.integer()),
    fc.array(fc.double({ noNaN: true })),
  );
  fc.assert(
    fc.property(columns as fc.Arbitrary<Key[]>, (keys) => {
      const writer = new ByteWriter(64);
      encodeKeys(keys, null, writer);
      assert.equal(writer.length % 8, 0);
      const decoded = decodeKeys(null, new ByteReader(writer.copy()));
      assert.deepEqual(decoded.map(keyIdentity), keys.map(keyIdentity));
      assert.deepEqual(decoded.map(keyHash), keys.map(keyHash));
    }),
  );
});

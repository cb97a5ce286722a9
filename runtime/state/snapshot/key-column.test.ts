import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { anyText } from "../../record/texts.test-support.ts";
import { ByteReader, ByteWriter, type Key, keyHash, keyIdentity } from "../../record/index.ts";
import { decodeKeys, encodeKeys } from "./key-column.ts";

const { key: anyKey } = fc.letrec<{ key: Key }>((tie) => ({
  key: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    anyText(),
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
    fc.array(anyText()),
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

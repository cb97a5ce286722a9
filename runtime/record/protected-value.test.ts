import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeValues } from "./batch-codec.ts";
import { copyOf, freezeValue, thawed } from "./protected-value.ts";
import { t } from "./value-type.ts";

const ANY = t.any;
const anything = fc.anything({
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withBigInt: true,
  withSparseArray: true,
  withNullPrototype: true,
});

/** Whether anything plain in it can still be changed. */
function isDeeplyFrozen(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (
    !Array.isArray(value) &&
    Object.getPrototypeOf(value) !== Object.prototype &&
    Object.getPrototypeOf(value) !== null
  )
    return true;
  return Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen);
}

test("a copy encodes to what the original encodes to, and shares nothing (PTV1)", () => {
  fc.assert(
    fc.property(anything, (value) => {
      assert.deepEqual(encodeValues(ANY, [copyOf(value)]), encodeValues(ANY, [value]));
      assert.deepEqual(encodeValues(ANY, [copyOf(freezeValue(copyOf(value)))]), encodeValues(ANY, [value]));
    }),
  );
  const original = {
    list: [1, { x: new Date(5) }],
    bytes: new Uint8Array([1, 2]),
    map: new Map([["k", new Set([1])]]),
  };
  const copy = copyOf(original) as typeof original;
  assert.deepEqual(copy, original);
  for (const name of ["list", "bytes", "map"] as const) assert.notEqual(copy[name], original[name]);
  assert.notEqual(copy.map.get("k"), original.map.get("k"));
});

test("a frozen value is equal and frozen at every depth; bytes, maps, sets and dates in it are copies (PTV2)", () => {
  fc.assert(
    fc.property(anything, (value) => {
      const before = encodeValues(ANY, [value]);
      const frozen = freezeValue(value);
      assert.ok(isDeeplyFrozen(frozen));
      assert.deepEqual(encodeValues(ANY, [frozen]), before);
    }),
  );
  const held = { n: 1, seen: new Set([1]), at: new Date(5), raw: new Uint8Array([1]), inner: { list: [1] } };
  const emitted = freezeValue(held) as typeof held;
  held.seen.add(2);
  held.at.setTime(6);
  held.raw[0] = 9;
  held.inner.list.push(2);
  held.n = 2;
  assert.deepEqual(emitted, {
    n: 1,
    seen: new Set([1]),
    at: new Date(5),
    raw: new Uint8Array([1]),
    inner: { list: [1] },
  });
});

test("what is flat, or can be frozen, is frozen itself: no copy", () => {
  for (const value of [{ a: 1, b: "x" }, { list: [{ a: 1 }] }, [1, [2]], { re: /a/ }])
    assert.equal(freezeValue(value), value);
  assert.throws(() => {
    const row = freezeValue({ n: 1 }) as { n: number };
    row.n = 2;
  }, /read only property 'n'/);
});

test("state hands out what was emitted as a copy that may be changed, and everything else as it is", () => {
  const value = { list: [{ n: 1 }] };
  assert.equal(thawed(value), value);
  const copy = thawed(freezeValue(value)) as typeof value;
  copy.list[0] = { n: 2 };
  copy.list.push({ n: 3 });
  assert.deepEqual(value, { list: [{ n: 1 }] });
});

test("a cycle, a function and an instance of a class are neither copied nor frozen, but refused in words (PTV3)", () => {
  class Total {
    n = 1;
  }
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  for (const value of [cycle, () => 1, { f: () => 1 }, new Total(), [{ total: new Total() }]]) {
    assert.throws(() => copyOf(value), { code: "VALUE_NOT_SERIALIZABLE" });
    assert.throws(() => freezeValue(value), { code: "VALUE_NOT_SERIALIZABLE" });
  }
  assert.ok(!Object.isFrozen(cycle));
});

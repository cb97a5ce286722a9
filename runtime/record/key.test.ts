import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { StreamError } from "../base/index.ts";
import {
  defaultMaxParallelism,
  type Key,
  keyGroupOfHash,
  keyGroupRange,
  keyHash,
  keyIdentity,
  subtaskOfKeyGroup,
} from "./key.ts";

const key: fc.Arbitrary<Key> = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.double({ noNaN: true }),
  fc.integer(),
  fc.bigInt(),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.oneof(fc.string(), fc.integer()), { maxLength: 3 }),
  fc.dictionary(fc.string(), fc.integer(), { maxKeys: 3, noNullPrototype: true }),
);

test("equal keys have equal hashes and identities, whatever the order of their fields", () => {
  fc.assert(
    fc.property(key, (value) => {
      const copy = structuredClone(value);
      assert.equal(keyHash(copy), keyHash(value));
      assert.equal(keyIdentity(copy), keyIdentity(value));
    }),
  );
  assert.equal(keyIdentity({ a: 1, b: 2 }), keyIdentity({ b: 2, a: 1 }));
  assert.equal(keyHash({ a: 1, b: 2 }), keyHash({ b: 2, a: 1 }));
  assert.equal(keyHash(-0), keyHash(0));
});

const KNOWN: readonly (readonly [Key, number])[] = [
  ["", -1421968373],
  ["hello", -1080365987],
  ["straße", 791120541],
  [0, 0],
  [1, 1364076727],
  [-1, -2114883783],
  [1.5, -1973743716],
  [true, 262886248],
  [null, 382466487],
  [7n, 96982264],
  [[1, "a"], 2072295050],
  [{ a: 1 }, -1151550366],
];

test("hashes of known keys never change, because state files depend on them (G1)", () => {
  for (const [value, hash] of KNOWN) assert.equal(keyHash(value), hash, String(value));
});

test("different kinds of keys are kept apart", () => {
  const values: readonly Key[] = ["1", 1, 1n, true, null, [1], { a: 1 }, "[1]", '{"a":1}'];
  assert.equal(new Set(values.map(keyIdentity)).size, values.length);
});

test("every key group belongs to exactly the subtask whose range holds it (G2, G3)", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 0, max: 400 }), (parallelism, more) => {
      const maxParallelism = parallelism + more;
      let next = 0;
      for (let subtask = 0; subtask < parallelism; subtask++) {
        const { first, last } = keyGroupRange(subtask, parallelism, maxParallelism);
        assert.equal(first, next);
        assert.ok(last >= first);
        for (let group = first; group <= last; group++)
          assert.equal(subtaskOfKeyGroup(group, parallelism, maxParallelism), subtask);
        next = last + 1;
      }
      assert.equal(next, maxParallelism);
    }),
  );
});

test("key groups are used evenly by keys that differ little", () => {
  for (const make of [
    (index: number): Key => index,
    (index: number): Key => `user-${index}`,
    (index: number): Key => index * 1024,
  ]) {
    const used = new Array<number>(128).fill(0);
    for (let index = 0; index < 128_000; index++) {
      const group = keyGroupOfHash(keyHash(make(index)), 128);
      used[group] = (used[group] as number) + 1;
    }
    assert.ok(Math.min(...used) > 800 && Math.max(...used) < 1200, `${Math.min(...used)} … ${Math.max(...used)}`);
  }
});

test("the default maximum parallelism is the next power of two of one and a half times, within its bounds (SP-7)", () => {
  const table: readonly (readonly [number, number])[] = [
    [1, 128],
    [85, 128],
    [86, 256],
    [200, 512],
    [30000, 32768],
  ];
  for (const [parallelism, expected] of table) assert.equal(defaultMaxParallelism(parallelism), expected);
});

for (const bad of [undefined, Number.NaN, () => 1, Symbol("s")]) {
  test(`${String(bad)} is refused as a key`, () => {
    const refused = (error: unknown): boolean => error instanceof StreamError && error.code === "KEY_INVALID";
    assert.throws(() => keyHash(bad as never), refused);
  });
}

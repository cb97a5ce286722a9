import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { anyText } from "./texts.test-support.ts";
import { StreamError } from "../../base/index.ts";
import {
  defaultMaxParallelism,
  type Key,
  keyGroupOfHash,
  keyGroupRange,
  keyHash,
  keyIdentity,
  ownKey,
  subtaskOfKeyGroup,
} from "./key.ts";

const key: fc.Arbitrary<Key> = fc.oneof(
  anyText(),
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

test("hashes of known keys never change, because state files depend on them (KE1)", () => {
  for (const [value, hash] of KNOWN) assert.equal(keyHash(value), hash, String(value));
});

test("different kinds of keys are kept apart", () => {
  const values: readonly Key[] = ["1", 1, 1n, true, null, [1], { a: 1 }, "[1]", '{"a":1}'];
  assert.equal(new Set(values.map(keyIdentity)).size, values.length);
});

test("every key group belongs to exactly the subtask whose range holds it (KE2, KE3)", () => {
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

class Money {
  readonly cents = 5;
}
const cycle: unknown[] = [];
cycle.push(cycle);
const holes: number[] = [];
holes[1] = 2;
const getter = Object.defineProperty({}, "a", { get: () => 1, enumerable: true });

const refused: Readonly<Record<string, readonly [unknown, RegExp]>> = {
  undefined: [undefined, /is undefined/],
  NaN: [Number.NaN, /NaN \(number\)/],
  "NaN in an array": [[1, Number.NaN], /at \[1\] what is NaN/],
  "undefined in an object": [{ a: undefined }, /at \.a what is undefined/],
  "a function": [() => 1, /is a function/],
  "a symbol": [Symbol("s"), /is Symbol\(s\)|a symbol/],
  "a Date": [new Date(5), /instance of class Date/],
  "an invalid Date": [new Date(Number.NaN), /instance of class Date/],
  "a Date in an object": [{ at: new Date(5) }, /at \.at what is an instance of class Date/],
  "a Map": [new Map([["a", 1]]), /instance of class Map/],
  "a Set": [new Set([1]), /instance of class Set/],
  "an instance of a class": [new Money(), /instance of class Money/],
  "a URL": [new URL("http://a/"), /instance of class URL/],
  "a boxed string": [new String("a"), /boxed value \(new String/],
  bytes: [new Uint8Array([1]), /instance of class Uint8Array/],
  "a Buffer": [Buffer.from("a"), /instance of class Buffer/],
  "an error": [new RangeError("a"), /instance of class RangeError/],
  "a promise": [Promise.resolve(1), /instance of class Promise/],
  "a RegExp": [/a/, /instance of class RegExp/],
  "an array with holes": [holes, /array with holes/],
  "an array in itself": [cycle, /itself/],
  "the result of match": ["ab".match(/b/), /array with holes, properties/],
  "an object with a getter": [getter, /an object/],
  "an object with a symbol": [{ [Symbol("s")]: 1 }, /an object/],
  "an object with a hidden property": [Object.defineProperty({}, "a", { value: 1 }), /an object/],
};
for (const [what, [bad, message]] of Object.entries(refused)) {
  test(`${what} is refused as a key, naming its type and place (KE0)`, () => {
    const isRefused = (error: unknown): boolean =>
      error instanceof StreamError && error.code === "KEY_INVALID" && message.test(error.message);
    assert.throws(() => keyHash(bad as never), isRefused);
    assert.throws(() => keyIdentity(bad as never), isRefused);
  });
}

test("whatever is taken as a key, two keys are one exactly when they are equal (KE0)", () => {
  const part = fc.oneof(
    fc.anything({ withBigInt: true, withDate: true, withMap: true, withBoxedValues: true, withSparseArray: true }),
    fc.constantFrom(
      "",
      "\ud83d",
      "\ude00",
      0,
      -0,
      null,
      [],
      {},
      [[]],
      [""],
      { "": "" },
      "[]",
      "{}",
      new Date(0),
      new Money(),
    ),
  );
  const accepted = (value: unknown): boolean => {
    try {
      keyHash(value as Key);
      return true;
    } catch (error) {
      assert.ok(error instanceof StreamError && error.code === "KEY_INVALID", String(error));
      return false;
    }
  };
  // -0 and 0 are one key, and an object without prototype is one with: JSON makes both so.
  const plain = (value: unknown): unknown =>
    typeof value === "bigint" || typeof value !== "object" || value === null
      ? value === 0
        ? 0
        : value
      : Array.isArray(value)
        ? value.map(plain)
        : Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]));
  fc.assert(
    fc.property(part, part, (left, right) => {
      if (!accepted(left) || !accepted(right)) return;
      const areOne = keyIdentity(left as Key) === keyIdentity(right as Key);
      let areEqual = true;
      try {
        assert.deepStrictEqual(plain(left), plain(right));
      } catch {
        areEqual = false;
      }
      assert.equal(areOne, areEqual);
      if (areEqual) assert.equal(keyHash(left as Key), keyHash(right as Key));
    }),
    { numRuns: 2000 },
  );
});

test("a key that is kept is the same key, and no longer the record's object", () => {
  fc.assert(
    fc.property(key, (value) => {
      const own = ownKey(value);
      assert.equal(keyIdentity(own), keyIdentity(value));
      assert.equal(keyHash(own), keyHash(value));
    }),
  );
  const record = { id: 1, list: ["a"] };
  const own = ownKey(record);
  record.id = 2;
  record.list.push("b");
  assert.deepEqual(own, { id: 1, list: ["a"] });
  assert.ok(Object.is(ownKey(-0), 0));
});

test("the key group of a hash is what is left of it divided by max parallelism, a power of two or not (KE2)", () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.oneof(fc.constantFrom(1, 2, 128, 32_768), fc.integer({ min: 1, max: 32_768 })),
      (hash, max) => {
        assert.equal(keyGroupOfHash(hash, max), Number(BigInt.asUintN(32, BigInt(hash)) % BigInt(max)));
      },
    ),
  );
});

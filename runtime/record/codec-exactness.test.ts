import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { anyText } from "./texts.test-support.ts";
import { StreamError } from "../../base/index.ts";
import { decodeValues, encodeValues } from "./batch-codec.ts";
import { findMisfit } from "./type-check.ts";
import { typeAndValues } from "./types.test-support.ts";
import { t, type ValueType } from "./value-type.ts";

const ANY: ValueType<unknown> = t.any;

/** Everything that Object.is, prototypes, own keys, order of keys and contents can tell apart. */
function assertSame(actual: unknown, expected: unknown, path = "value"): void {
  if (typeof expected !== "object" || expected === null) {
    assert.ok(Object.is(actual, expected), `${path}: ${String(actual)} is not ${String(expected)}`);
    return;
  }
  assert.ok(typeof actual === "object" && actual !== null, `${path} is no object`);
  assert.equal(Object.getPrototypeOf(actual), Object.getPrototypeOf(expected), `${path}: prototype`);
  if (ArrayBuffer.isView(expected) || expected instanceof ArrayBuffer) {
    assert.deepEqual(actual, expected, path);
    return;
  }
  assert.deepEqual(Reflect.ownKeys(actual), Reflect.ownKeys(expected), `${path}: keys and their order`);
  for (const key of Reflect.ownKeys(expected)) {
    const before = Object.getOwnPropertyDescriptor(expected, key);
    const after = Object.getOwnPropertyDescriptor(actual, key);
    assert.equal(after?.get, before?.get, `${path}.${String(key)}: getter`);
    assert.equal(after?.enumerable, before?.enumerable, `${path}.${String(key)}: enumerable`);
    assertSame(after?.value, before?.value, `${path}.${String(key)}`);
  }
  if (expected instanceof Date) assert.ok(Object.is((actual as Date).getTime(), expected.getTime()), path);
  if (expected instanceof RegExp) assert.equal(String(actual), String(expected), path);
  if (expected instanceof Map) assertSame([...(actual as Map<unknown, unknown>)], [...expected], `${path} entries`);
  if (expected instanceof Set) assertSame([...(actual as Set<unknown>)], [...expected], `${path} items`);
}

/** The rule: exact, or VALUE_NOT_SERIALIZABLE; and the check of unencoded values says the same. True: it was exact. */
function isExactOrRefused(type: ValueType<unknown>, values: readonly unknown[]): boolean {
  let decoded: readonly unknown[];
  try {
    decoded = decodeValues(type, encodeValues(type, values));
  } catch (error) {
    assert.ok(error instanceof StreamError && error.code === "VALUE_NOT_SERIALIZABLE", String(error));
    assert.ok(
      values.some((value) => findMisfit(type, value) !== null),
      "the codec refuses what the check lets pass",
    );
    return false;
  }
  assertSame([...decoded], [...values]);
  for (const value of values) assert.equal(findMisfit(type, value), null, "the check refuses what the codec carries");
  return true;
}

class Total {
  readonly n: number;
  constructor(n: number) {
    this.n = n;
  }
  add(): void {}
}
class Bytes extends Uint8Array {}
class List extends Array<unknown> {}
const sparse: number[] = [];
sparse[0] = 1;
sparse[2] = 3;
const cycle: Record<string, unknown> = { a: 1 };
cycle["self"] = [cycle];
const cyclicMap = new Map<string, unknown>();
cyclicMap.set("self", cyclicMap);
const busy = /a/g;
busy.test("a");
const emoji = "Ann\u{1F600}";

const carried: Readonly<Record<string, unknown>> = {
  "a string cut inside an emoji": emoji.slice(0, 4),
  "the other half of it": emoji.slice(4),
  "an object with that string": { name: emoji.slice(0, 4), list: [emoji.slice(4)] },
  "a long string with it": { name: `${"x".repeat(300)}\ud83d` },
  "a name of a property that is cut": { [emoji.slice(0, 4)]: 1 },
  "-0": -0,
  "-0 inside": { n: -0, list: [-0, 0] },
  NaN: { n: Number.NaN, i: Number.NEGATIVE_INFINITY },
  "undefined inside": { a: undefined, list: [undefined, null] },
  undefined,
  "bigints beyond 64 bits": [2n ** 64n, -(2n ** 200n), 0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 63n],
  "an own property __proto__": JSON.parse('{"__proto__": {"polluted": true}, "a": 1}'),
  "an own property constructor": { constructor: 1, toString: 2, hasOwnProperty: 3 },
  "an object without prototype": Object.assign(Object.create(null) as object, { a: 1 }),
  "the groups of a match": "k=v".match(/(?<key>\w)=(?<value>\w)/)?.groups,
  "an array with holes": sparse,
  "holes at the end": new Array(3),
  "a Date": { at: new Date(1.5e12) },
  "a Date before 1970 and an invalid one": [new Date(-1), new Date(Number.NaN)],
  "a Map with objects": new Map<unknown, unknown>([[{ a: 1 }, new Set([1, "1"])]]),
  "a RegExp": /a\/b/giu,
  bytes: new Uint8Array([0, 255]),
  "a Buffer": { b: Buffer.from("abc") },
  "typed arrays": [new Float32Array([1.5, -0]), new Float64Array([Number.NaN]), new BigInt64Array([-1n])],
  "more typed arrays": [new Uint16Array([65535]), new Int8Array([-1]), new Uint8ClampedArray([1])],
  "a view of a larger buffer": new Uint16Array(new ArrayBuffer(16), 4, 2),
  "an ArrayBuffer": new Uint8Array([1, 2]).buffer,
  "an empty name": { "": 1 },
  "names that are indices": { 2: "b", 1: "a", x: 0 },
};
for (const [what, value] of Object.entries(carried)) {
  test(`${what} comes back exactly, alone and among others (VX1)`, () => {
    assert.ok(isExactOrRefused(ANY, [value]));
    assert.ok(isExactOrRefused(ANY, [value, value, value, value, value]));
    assert.ok(isExactOrRefused(ANY, [1, value, "x", { value }, [value]]));
    const type = t.record({ id: t.int64, value: t.any }) as ValueType<unknown>;
    assert.ok(isExactOrRefused(type, [{ id: 1, value }]));
  });
}

const refused: Readonly<Record<string, readonly [unknown, RegExp]>> = {
  "a boxed number": [new Number(1), /a boxed value \(new Number/],
  "a boxed string inside": [{ list: [new String("a")] }, /list.*\[0\] what is a boxed value/],
  "a URL": [{ link: new URL("http://a.b/") }, /link.* is an instance of class URL/],
  "an instance of a class": [{ total: new Total(1) }, /total.* is an instance of class Total/],
  "a subclass of Uint8Array": [new Bytes(2), /an instance of class Bytes/],
  "a subclass of Array": [[new List()], /at \[0\] what is an instance of class List/],
  "a function": [{ f: () => 1 }, /f.* is a function/],
  "a class": [{ Total }, /Total.* is a class \(Total\)/],
  "a symbol": [[Symbol("s")], /at \[0\] what is a symbol/],
  "a property named by a symbol": [{ [Symbol("s")]: 1 }, /named by a symbol/],
  "a hidden property": [Object.defineProperty({}, "a", { value: 1 }), /a.* is a hidden/],
  "a getter": [Object.defineProperty({}, "a", { get: () => 1, enumerable: true }), /a.* is a property with a getter/],
  "a value that contains itself": [cycle, /contained in itself/],
  "a map that contains itself": [cyclicMap, /contained in itself/],
  "the result of match": ["ab".match(/b/), /a property groups beside its content/],
  "a RegExp in use": [busy, /lastIndex/],
  "an error": [{ error: new TypeError("x") }, /error.* is an instance of class TypeError/],
  "a promise": [Promise.resolve(1), /an instance of class Promise/],
  "a WeakMap": [new WeakMap(), /an instance of class WeakMap/],
  "a value of a Map": [new Map([["k", new Total(1)]]), /at \.get\(the string "k"\) what is an instance of class Total/],
  Math: [Math, /symbol/],
};
for (const [what, [value, message]] of Object.entries(refused)) {
  test(`${what} is refused, and the message says where and what (PLV2)`, () => {
    for (const values of [[value], [value, value, value, value, value], [1, value]]) {
      assert.throws(
        () => encodeValues(ANY, values),
        (error: unknown) =>
          error instanceof StreamError && error.code === "VALUE_NOT_SERIALIZABLE" && message.test(error.message),
      );
    }
    assert.notEqual(findMisfit(ANY, value), null);
  });
}

/** Odd properties are looked for in the first object of a shape (DYC2): the table above has those. */
const foreign = Object.entries(refused).flatMap(([what, [value]]) =>
  /getter|hidden|symbol|match|Math/.test(what) ? [] : [value],
);

/** Whatever fast-check can make, and what people make by mistake. */
const { anything } = fc.letrec<{ anything: unknown; leaf: unknown }>((tie) => ({
  leaf: fc.oneof(
    fc.anything({ withBigInt: true, withDate: true, withTypedArray: true, withMap: true, withSet: true }),
    fc.anything({ withSparseArray: true, withNullPrototype: true, withBoxedValues: true, withObjectString: true }),
    anyText(),
    fc.string({ unit: fc.integer({ min: 0xd7f0, max: 0xe010 }).map((unit) => String.fromCharCode(unit)) }),
    fc.date({ noInvalidDate: false }),
    fc.constantFrom(-0, Number.NaN, ...Object.values(carried)),
    fc.constantFrom(...foreign),
  ),
  anything: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    tie("leaf"),
    fc.array(tie("anything"), { maxLength: 6 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom("__proto__", "a", "b")), tie("anything"), { maxKeys: 4 }),
  ),
}));

test("undeclared values come back exactly or are refused, and checking says the same as encoding", () => {
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 8 }), (values) => void isExactOrRefused(ANY, values)),
    { numRuns: 500 },
  );
});

test("undeclared columns of like objects come back exactly or are refused", () => {
  const like = fc.uniqueArray(fc.string({ maxLength: 3 }), { minLength: 1, maxLength: 4 }).chain((names) =>
    fc.array(fc.record(Object.fromEntries(names.map((name) => [name, anything])), { noNullPrototype: true }), {
      minLength: 4,
      maxLength: 8,
    }),
  );
  fc.assert(
    fc.property(like, (values) => void isExactOrRefused(ANY, values)),
    { numRuns: 300 },
  );
});

const scalars: readonly (readonly [ValueType<unknown>, fc.Arbitrary<unknown>])[] = [
  [t.string, anyText()],
  [t.int32, fc.integer()],
  [t.int64, fc.maxSafeInteger()],
  [t.bigint, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  [t.float64, fc.double()],
  [t.boolean, fc.boolean()],
  [t.timestamp, fc.maxSafeInteger()],
  [t.bytes, fc.uint8Array()],
];

/** A type, and values of which all fit, or some may not. */
const typed = fc.constantFrom(...scalars).chain(([base, fits]) => {
  const field = fc.oneof({ arbitrary: fits, weight: 9 }, { arbitrary: anything, weight: 1 });
  const shapes: readonly (readonly [ValueType<unknown>, fc.Arbitrary<unknown>])[] = [
    [base, field],
    [t.nullable(base), fc.option(field)],
    [
      t.record({ a: base, b: t.nullable(t.string) }),
      fc.oneof(
        fc.record({ a: field, b: fc.option(fc.string()) }),
        fc.record({ b: fc.option(fc.string()), a: field, c: fc.nat() }, { requiredKeys: ["a", "b"] }),
      ),
    ],
    [t.nullable(t.record({ a: t.record({ a: base }) })), fc.option(fc.record({ a: fc.record({ a: field }) }))],
  ];
  return fc
    .constantFrom(...shapes)
    .chain(([type, value]) => fc.tuple(fc.constant(type), fc.array(value, { minLength: 1, maxLength: 3 })));
});

test("declared columns carry exactly what they are given, or refuse it", () => {
  let exact = 0;
  let refusals = 0;
  fc.assert(
    fc.property(typed, ([type, values]) => {
      if (isExactOrRefused(type, values)) exact += 1;
      else refusals += 1;
    }),
    { numRuns: 1000 },
  );
  assert.ok(exact > 100 && refusals > 20, `${exact} carried, ${refusals} refused: the generator misses one of them`);
});

test("a declared record keeps the order of its fields and its lack of a prototype, among rows as declared (RR1)", () => {
  const type = t.record({ a: t.int64, b: t.string }) as ValueType<unknown>;
  const bare = Object.assign(Object.create(null) as object, { b: "z", a: 3 });
  const rows = [{ a: 1, b: "x" }, { b: "y", a: 2 }, bare, { a: 4, b: "w" }];
  assertSame(decodeValues(type, encodeValues(type, rows)), rows);
  assert.equal(JSON.stringify(decodeValues(type, encodeValues(type, rows))), JSON.stringify(rows));
});

test("a declared record refuses what inherits from a literal instead of being one", () => {
  const type = t.record({ a: t.int64, b: t.string }) as ValueType<unknown>;
  const inheriting = (prototype: object): object => Object.assign(Object.create(prototype) as object, { a: 1, b: "x" });
  const frozen = Object.freeze({ a: 2, b: "y" });
  for (const prototype of [{}, { a: 0, b: "" }, { c: 1 }])
    assert.throws(() => encodeValues(type, [frozen, inheriting(prototype)]), { code: "VALUE_NOT_SERIALIZABLE" });
});

test("a declared record refuses a field too many, one that is missing, and one of another type, by name", () => {
  const type = t.record({ word: t.string, n: t.int64, note: t.nullable(t.string) }) as ValueType<unknown>;
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [{ word: "a", n: 1, note: null, more: 1 }, /\.more is not declared.*add the field/],
    [{ word: "a", n: 1 }, /\.note is missing.*null/],
    [{ word: "a", n: "7", note: null }, /field "n" is the string "7".*int64/],
    [{ word: "a", n: 1, note: undefined }, /note.*undefined/],
    [[1], /an array of 1/],
    [new Total(1), /an instance of class Total/],
  ];
  for (const [value, message] of cases)
    assert.throws(() => encodeValues(type, [value]), { code: "VALUE_NOT_SERIALIZABLE", message });
});

test("-0 is refused by an int32 column and carried by the others", () => {
  assert.throws(() => encodeValues(t.int32, [-0]), /-0 \(number\)/);
  for (const type of [t.int64, t.float64, t.timestamp])
    assertSame(decodeValues(type, encodeValues(type, [-0, 0])), [-0, 0]);
});

test("what is decoded does not refer to the memory it was read from (VX2)", () => {
  const bytes = encodeValues(ANY, [{ b: new Uint8Array([1, 2, 3]), c: Buffer.from([4]) }]);
  const [value] = decodeValues(ANY, bytes) as [{ b: Uint8Array; c: Buffer }];
  bytes.fill(0);
  assert.deepEqual([...value.b, ...value.c], [1, 2, 3, 4]);
});

test("values of nested types of every kind come back exactly, and pass the check (COL1, TYC1)", () => {
  let values = 0;
  const isExact = (value: { readonly type: ValueType<unknown>; readonly values: readonly unknown[] }): void => {
    assert.ok(isExactOrRefused(value.type, value.values));
    values += value.values.length;
  };
  fc.assert(fc.property(typeAndValues, isExact), { numRuns: 1000 });
  assert.ok(values > 1000);
});

test("values of one type are carried as another, or refused, and the check says the same", () => {
  let exact = 0;
  let refusals = 0;
  const judge = ({ type }: { readonly type: ValueType<unknown> }, values: readonly unknown[]): void => {
    if (isExactOrRefused(type, values)) exact += 1;
    else refusals += 1;
  };
  fc.assert(
    fc.property(typeAndValues, typeAndValues, (left, right) => judge(left, right.values)),
    { numRuns: 1000 },
  );
  assert.ok(exact > 20 && refusals > 100, `${exact} carried, ${refusals} refused`);
});

test("an optional field may be missing or undefined, in any order, and stays what it was", () => {
  const type = t.record({ a: t.optional(t.int64), b: t.string, c: t.optional(t.nullable(t.list(t.string))) });
  const rows = [
    { b: "1" },
    { a: undefined, b: "2" },
    { b: "3", a: 3 },
    { c: ["x"], b: "4" },
    { a: 5, b: "5", c: null },
    Object.assign(Object.create(null) as object, { c: undefined, b: "6" }) as { b: string },
  ];
  assertSame(decodeValues(type, encodeValues(type, rows)), rows);
  const odd: readonly unknown[] = [{ a: 1 }, { b: "1", d: 1 }, { b: undefined }, { b: "1", a: null }];
  for (const each of odd) assert.equal(isExactOrRefused(type, [each]), false);
});

test("what only looks like a value of a declared kind is refused by name", () => {
  const list = t.list(t.string) as ValueType<unknown>;
  const map = t.map(t.string, t.int64) as ValueType<unknown>;
  const cases: readonly (readonly [ValueType<unknown>, unknown, RegExp])[] = [
    [list, new Array(2), /\[0\] is a hole.*every item/],
    [list, "ab".match(/b/), /beside its content/],
    [list, [1], /\[0\] is 1 \(number\).*string/],
    [list, new Set(["a"]), /list<string>/],
    [map, { a: 1 }, /map<string, int64>/],
    [map, new Map([[1, 1]]), /<key of the Map> is 1/],
    [map, new Map([["a", 1.5]]), /\.get\(the string "a"\) is 1\.5/],
    [t.literal("open", 0), "paid", /"paid".*literal<"open", 0>.*t\.literal/],
    [t.literal("open", 0), -0, /-0/],
    [t.date, 5, /date/],
    [t.date, Object.assign(new Date(0), { zone: "x" }), /date/],
    [t.decimal(2), 12.34, /decimal/],
  ];
  for (const [type, value, message] of cases) {
    assert.throws(() => encodeValues(type, [value]), { code: "VALUE_NOT_SERIALIZABLE", message });
    assert.notEqual(findMisfit(type, value), null);
  }
});

test("types that cannot be are refused when they are declared", () => {
  const keyOfBytes = (): unknown => t.map(t.bytes as unknown as ValueType<string>, t.int64);
  for (const declare of [
    keyOfBytes,
    () => t.map(t.nullable(t.string) as ValueType<string>, t.int64),
    () => t.literal(),
    () => t.literal("a", "a"),
    () => t.literal(Number.NaN),
    () => t.decimal(1.5),
    () => t.decimal(101),
  ])
    assert.throws(declare, { code: "OPTION_INVALID" });
});

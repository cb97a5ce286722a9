import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { describeType, t, type ValueType } from "../record/index.ts";
import { compareDeclarations, type DeclaredState } from "./compatibility.ts";
import { parseType } from "./type-text.ts";

const state = (type: ValueType<unknown>, kind = "value"): DeclaredState => ({
  name: "total",
  kind,
  type: describeType(type),
});
const ofMap = (key: string, value: ValueType<unknown>): DeclaredState => ({
  name: "total",
  kind: "map",
  type: `map<${key}, ${describeType(value)}>`,
});
const base = t.record({ word: t.string, count: t.int64 });

const fitting: Readonly<Record<string, readonly [ValueType<unknown>, ValueType<unknown>]>> = {
  "the same type": [base, base],
  "a removed field": [base, t.record({ word: t.string })],
  "an added nullable field": [base, t.record({ word: t.string, count: t.int64, since: t.nullable(t.timestamp) })],
  "fields in another order": [base, t.record({ count: t.int64, word: t.string })],
  "a field that became nullable": [base, t.record({ word: t.nullable(t.string), count: t.int64 })],
  "a value that became nullable": [t.string, t.nullable(t.string)],
  "a record that became nullable": [base, t.nullable(base)],
  "an added optional field": [base, t.record({ word: t.string, count: t.int64, since: t.optional(t.timestamp) })],
  "a field that became optional": [base, t.record({ word: t.string, count: t.optional(t.int64) })],
  "more values of a literal": [t.literal("a", "b"), t.literal("c", "b", "a")],
  "a changed record in a list": [t.list(base), t.list(t.record({ word: t.string }))],
  "a changed record in a map": [t.map(t.string, base), t.nullable(t.map(t.string, t.record({ word: t.string })))],
  "a changed record inside a record": [t.record({ inner: base }), t.record({ inner: t.record({ word: t.string }) })],
};

for (const [sentence, [before, now]] of Object.entries(fitting)) {
  test(`${sentence} fits (CM1)`, () => {
    assert.deepEqual(compareDeclarations("counts", [state(before)], [state(now)]), { kind: "fits" });
  });
}

const refused: Readonly<Record<string, readonly [before: DeclaredState, now: DeclaredState, reason: RegExp]>> = {
  "an added field that is not nullable": [
    state(base),
    state(t.record({ word: t.string, count: t.int64, since: t.timestamp })),
    /"since" is new.*t\.nullable/,
  ],
  "a field of another type": [
    state(base),
    state(t.record({ word: t.string, count: t.float64 })),
    /record<word: string, count: int64> and is now record<word: string, count: float64>.*"count" changed from int64 to float64/,
  ],
  "a field that is no longer nullable": [
    state(t.record({ word: t.nullable(t.string) })),
    state(t.record({ word: t.string })),
    /"word" may be null/,
  ],
  "a field that is no longer optional": [
    state(t.record({ word: t.optional(t.string) })),
    state(t.record({ word: t.string })),
    /"word" may be missing/,
  ],
  "a value of a literal that is gone": [
    state(t.literal("a", "b")),
    state(t.literal("a")),
    /the value may be "b".*t\.literal/,
  ],
  "another scale": [state(t.decimal(2)), state(t.decimal(3)), /2 digits after the point and has 3/],
  "other items of a list": [state(t.list(t.int64)), state(t.list(t.string)), /an item of the value changed from int64/],
  "other keys of a map that is a value": [
    state(t.map(t.string, t.int64)),
    state(t.map(t.int64, t.int64)),
    /type of the keys of the value/,
  ],
  "another type of value": [state(t.int64), state(t.string), /int64.*string/],
  "a record that became a scalar": [state(base), state(t.string), /changed from record to string/],
  "a field of another type, deep inside": [
    state(t.record({ inner: base })),
    state(t.nullable(t.record({ inner: t.nullable(t.record({ word: t.int32 })) }))),
    /"word" changed from string to int32/,
  ],
  "another type of a map's keys": [ofMap("int64", base), ofMap("string", base), /type of its keys changed/],
  "another type of a map's values": [ofMap("string", t.int64), ofMap("string", t.string), /from int64 to string/],
  "another kind of state": [
    state(t.int64),
    state(t.int64, "list"),
    /was a state of kind value and is now one of kind list/,
  ],
  "another way to share out an operator list": [
    state(t.int64, "operator-list"),
    state(t.int64, "union-list"),
    /was a state of kind operator-list and is now one of kind union-list/,
  ],
};

for (const [sentence, [before, now, reason]] of Object.entries(refused)) {
  test(`${sentence} is refused with uid, state and reason (CM2, SP-12)`, () => {
    const answer = compareDeclarations("counts", [before], [now]);
    assert.ok(answer.kind === "refused");
    assert.match(answer.reason, /uid "counts", state "total"/);
    assert.match(answer.reason, reason);
  });
}

test("a map's values may evolve, also when its key has fields", () => {
  const [before, now] = [base, t.record({ word: t.string })].map((value) =>
    ofMap("record<a: string, b: int64>", value),
  );
  assert.ok(before !== undefined && now !== undefined);
  assert.equal(compareDeclarations("counts", [before], [now]).kind, "fits");
});

test("keyed states, operator states and timers have names of their own", () => {
  const states = ["value", "operator-list", "timers"].map((kind) => state(t.int64, kind));
  assert.equal(compareDeclarations("counts", states, states.toReversed()).kind, "fits");
});

test("a state that only one side has is no conflict (CM3)", () => {
  assert.deepEqual(compareDeclarations("a", [state(base)], []), { kind: "fits" });
  assert.deepEqual(compareDeclarations("a", [], [state(base)]), { kind: "fits" });
});

const fieldName = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_ .-]{0,8}$/);
const { anyType } = fc.letrec<{ anyType: ValueType<unknown> }>((tie) => ({
  anyType: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom<ValueType<unknown>>(t.string, t.int32, t.nullable(t.bytes), t.any, t.date, t.decimal(3)),
    fc.constantFrom<ValueType<unknown>>(t.literal("a, b", "<c>", 1), t.nullable(t.literal("d | null", false))),
    fc.dictionary(fieldName, tie("anyType")).map((fields) => t.record(fields)),
    fc.dictionary(fieldName, tie("anyType").map(t.optional)).map((fields) => t.record(fields)),
    tie("anyType").map((type) => t.list(type)),
    tie("anyType").map((type) => t.map(t.literal("k", "l<"), type)),
    tie("anyType").map((type) => t.nullable(type)),
  ),
}));

test("a described type is read back as it was (TYT1)", () => {
  const plain = (type: ValueType<unknown>): unknown => ({
    kind: type.kind,
    nullable: type.nullable,
    fields: (type.fields ?? []).map(({ name, type: inner, optional }) => ({
      name,
      type: plain(inner),
      optional: optional === true,
    })),
    item: type.item === undefined ? null : plain(type.item),
    details: [
      ...(type.key === undefined ? [] : [describeType(type.key)]),
      ...(type.scale === undefined ? [] : [String(type.scale)]),
      ...(type.literals === undefined
        ? []
        : describeType({ ...type, nullable: false })
            .slice(8, -1)
            .split(", ")),
    ],
  });
  fc.assert(fc.property(anyType, (type) => assert.deepEqual(parseType(describeType(type)), plain(type))));
});

test("a type whose text cannot be read is refused when it changed, and fits when it did not", () => {
  const odd = { name: "total", kind: "value", type: "record<a: b, string>" };
  assert.equal(compareDeclarations("a", [odd], [odd]).kind, "fits");
  assert.equal(compareDeclarations("a", [odd], [state(t.string)]).kind, "refused");
});

test("a table is compared as a map: values may change as records do, its key may not (CM1, CM2)", () => {
  const table = (key: ValueType<unknown>, value: ValueType<unknown>): DeclaredState => ({
    name: "counts",
    kind: "sliced-table",
    type: `map<${describeType(key)}, ${describeType(value)}>`,
  });
  const [key, count] = [t.record({ word: t.string }), t.record({ count: t.int64 })];
  const most = t.record({ most: t.nullable(t.int64), count: t.int64 });
  assert.deepEqual(compareDeclarations("counts", [table(key, count)], [table(key, most)]), { kind: "fits" });
  const changed = compareDeclarations("counts", [table(key, count)], [table(t.record({ word: t.int64 }), count)]);
  assert.match(changed.kind === "refused" ? changed.reason : "", /state "counts": .* the type of its keys changed/);
  const narrowed = compareDeclarations("counts", [table(key, most)], [table(key, t.record({ most: t.int64 }))]);
  assert.match(narrowed.kind === "refused" ? narrowed.reason : "", /may be null in the stored state/);
});

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
  "another type of value": [state(t.int64), state(t.string), /int64.*string/],
  "a record that became a scalar": [state(base), state(t.string), /changed from record to string/],
  "a field of another type, deep inside": [
    state(t.record({ inner: base })),
    state(t.nullable(t.record({ inner: t.nullable(t.record({ word: t.int32 })) }))),
    /"word" changed from string to int32/,
  ],
  "another type of a map's keys": [ofMap("int64", base), ofMap("string", base), /type of its keys changed/],
  "another type of a map's values": [ofMap("string", t.int64), ofMap("string", t.string), /from int64 to string/],
  "another kind of state": [state(t.int64), state(t.int64, "list"), /was a value state and is now a list state/],
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
    fc.constantFrom<ValueType<unknown>>(t.string, t.int32, t.nullable(t.bytes), t.any()),
    fc.dictionary(fieldName, tie("anyType")).map((fields) => t.record(fields)),
    tie("anyType").map((type) => t.nullable(type)),
  ),
}));

test("a described type is read back as it was (TYT1)", () => {
  const plain = (type: ValueType<unknown>): unknown => ({
    kind: type.kind,
    nullable: type.nullable,
    fields: (type.fields ?? []).map((field) => ({ name: field.name, type: plain(field.type) })),
  });
  fc.assert(fc.property(anyType, (type) => assert.deepEqual(parseType(describeType(type)), plain(type))));
});

test("a type whose text cannot be read is refused when it changed, and fits when it did not", () => {
  const odd = { name: "total", kind: "value", type: "record<a: b, string>" };
  assert.equal(compareDeclarations("a", [odd], [odd]).kind, "fits");
  assert.equal(compareDeclarations("a", [odd], [state(t.string)]).kind, "refused");
});

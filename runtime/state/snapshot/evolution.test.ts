import assert from "node:assert/strict";
import { test } from "node:test";
import { describeType, findMisfit, t, type ValueType } from "../../record/index.ts";
import { planEvolution, unionType } from "./evolution.ts";
import { parseType } from "./state-meta.ts";

const order = t.record({ id: t.string, count: t.int64 });
const later = t.record({ id: t.string, note: t.optional(t.string), since: t.nullable(t.date) });

const converted: Readonly<Record<string, readonly [ValueType<unknown>, ValueType<unknown>, unknown, unknown]>> = {
  "a record": [order, later, { id: "a", count: 1 }, { id: "a", since: null }],
  "records in a list": [t.list(order), t.list(later), [{ id: "a", count: 1 }], [{ id: "a", since: null }]],
  "records in a map": [
    t.map(t.string, order),
    t.map(t.string, t.nullable(later)),
    new Map([["k", { id: "a", count: 1 }]]),
    new Map([["k", { id: "a", since: null }]]),
  ],
  "an optional field that is missing": [
    t.record({ a: t.optional(order), b: t.string }),
    t.record({ a: t.optional(later) }),
    { b: "x" },
    {},
  ],
  "an optional field that is undefined": [
    t.record({ a: t.optional(order), b: t.string }),
    t.record({ a: t.optional(later) }),
    { a: undefined, b: "x" },
    { a: undefined },
  ],
  "a nullable list that is null": [t.nullable(t.list(order)), t.nullable(t.list(later)), null, null],
};
for (const [what, [from, to, before, after]] of Object.entries(converted)) {
  test(`${what} is read with a later version of its type (EV1, EV2)`, () => {
    const plan = planEvolution(from, to);
    assert.ok(plan.kind === "convert", plan.kind);
    const value = plan.convert(before);
    assert.deepEqual(value, after);
    assert.equal(findMisfit(to, value), null);
  });
}

const same: Readonly<Record<string, readonly [ValueType<unknown>, ValueType<unknown>]>> = {
  "more values of a literal": [t.literal("a"), t.literal("b", "a")],
  "a list that may be null now": [t.list(t.string), t.nullable(t.list(t.string))],
  "items that may be null now": [t.list(t.string), t.list(t.nullable(t.string))],
};
for (const [what, [from, to]] of Object.entries(same)) {
  test(`${what} need no conversion`, () => assert.equal(planEvolution(from, to).kind, "same"));
}

const refused: Readonly<Record<string, readonly [ValueType<unknown>, ValueType<unknown>, RegExp]>> = {
  "fewer values of a literal": [t.literal("a", "b"), t.literal("a"), /could be "b"/],
  "another scale": [t.decimal(2), t.decimal(4), /had 2 digits/],
  "other items": [t.list(t.string), t.list(t.int64), /an item of the value was string/],
  "other keys of a map": [t.map(t.string, t.string), t.map(t.int64, t.string), /type of the keys/],
  "a field that is no longer optional": [
    t.record({ a: t.optional(t.string) }),
    t.record({ a: t.nullable(t.string) }),
    /could be missing/,
  ],
  "a date as a timestamp": [t.date, t.timestamp, /was date/],
};
for (const [what, [from, to, reason]] of Object.entries(refused)) {
  test(`${what}: refused, nothing is converted by guess`, () => {
    const plan = planEvolution(from, to);
    assert.ok(plan.kind === "refused");
    assert.match(plan.reason, reason);
  });
}

test("the union of two versions holds the values of both, in lists and maps too", () => {
  const both = unionType(t.list(t.map(t.string, order)), t.list(t.map(t.string, later)));
  assert.ok(both !== null);
  assert.equal(
    describeType(both),
    "list<map<string, record<id: string, count: int64 | null, note: optional<string>, since: date | null>>>",
  );
  assert.equal(describeType(unionType(t.literal("a"), t.literal("b")) ?? t.any), 'literal<"a", "b">');
  assert.equal(unionType(t.decimal(1), t.decimal(2)), null);
  assert.equal(unionType(t.map(t.string, order), t.map(t.int64, order)), null);
});

test("a type is read back from its JSON (STM1), and one without its parts is refused", () => {
  const type = t.record({
    a: t.optional(t.list(t.nullable(t.decimal(2)))),
    b: t.map(t.literal("x", 1, true), t.date),
  });
  const parsed = parseType(JSON.parse(JSON.stringify(type)));
  assert.deepEqual(parsed, type);
  for (const kind of ["list", "map", "literal", "decimal", "record", "optional"])
    assert.throws(() => parseType({ kind, nullable: false }), { code: "CHECKPOINT_CORRUPT" });
});

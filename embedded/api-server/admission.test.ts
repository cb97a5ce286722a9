import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { StructuralSchema } from "../../crds/index.ts";
import { CelRules } from "./cel-check.ts";
import type { Json } from "./json-value.ts";
import { conform, schemaProblems, unknownFields } from "./schema-check.ts";

const schema: StructuralSchema = {
  type: "object",
  required: ["name"],
  properties: {
    name: { type: "string", minLength: 1, maxLength: 5, pattern: "^[a-z]*$" },
    count: { type: "integer", minimum: 1, maximum: 9 },
    share: { type: "number" },
    when: { type: "string", format: "date-time" },
    either: { "x-kubernetes-int-or-string": true },
    maybe: { type: "string", nullable: true },
    mode: { type: "string", enum: ["a", "b"] },
    choice: { type: "string", nullable: true, enum: ["a", "b"] },
    // JSON's null among the values changes nothing.
    wide: { type: "string", nullable: true, enum: ["a", null] },
    state: { type: "object", default: { seen: -1 }, properties: { seen: { type: "integer", default: -1 } } },
    any: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    labels: { type: "object", additionalProperties: { type: "string" }, maxProperties: 2 },
    items: {
      type: "array",
      maxItems: 3,
      items: { type: "object", properties: { key: { type: "string" }, value: { type: "integer" } } },
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["key"],
    },
  },
};

const problems = (value: Json, before?: Json): string[] =>
  schemaProblems(value, schema, before, "").map(({ field, message }) => `${field}: ${message}`);

describe("a structural schema", () => {
  it("prunes what it does not know, and null where there is no null (SC1)", () => {
    const given = {
      name: "a",
      nope: 1,
      count: null,
      maybe: null,
      any: { x: [null] },
      labels: { x: "1" },
      items: [{ key: "a", z: 1 }],
    };
    assert.deepEqual(conform(given, schema), {
      name: "a",
      maybe: null,
      any: { x: [null] },
      labels: { x: "1" },
      items: [{ key: "a" }],
      state: { seen: -1 },
    });
    assert.deepEqual(unknownFields(given, schema), ["nope", "items[0].z"]);
  });

  it("fills in defaults where there is an object to hold them", () => {
    assert.deepEqual(conform({ name: "a", state: {} }, schema), { name: "a", state: { seen: -1 } });
  });

  it("says of each field what is wrong with it", () => {
    assert.deepEqual(problems({ name: "a" }), []);
    const table: readonly (readonly [Json, RegExp])[] = [
      [{}, /^name: Required value$/],
      [{ name: 1 }, /^name: Invalid value: "number": name in body must be of type string: "number"$/],
      [{ name: "" }, /^name: .*at least 1 chars long/],
      [{ name: "abcdef" }, /^name: .*at most 5 chars long/],
      [{ name: "A" }, /^name: .*should match/],
      [{ name: "a", count: 0 }, /^count: Invalid value: 0: count in body should be greater than or equal to 1$/],
      [{ name: "a", count: 10 }, /less than or equal to 9/],
      [{ name: "a", choice: null }, /^choice: Unsupported value: null: supported values: "a", "b"$/],
      [{ name: "a", wide: null }, /^wide: Unsupported value: null: /],
      [{ name: "a", count: 1.5 }, /must be of type integer/],
      [{ name: "a", when: "yesterday" }, /date-time/],
      [{ name: "a", either: true }, /integer,string/],
      [{ name: "a", mode: "c" }, /^mode: Unsupported value: "c": supported values: "a", "b"$/],
      [{ name: "a", labels: { a: 1 } }, /^labels\.a: /],
      [{ name: "a", labels: { a: "", b: "", c: "" } }, /at most 2 properties/],
      [{ name: "a", items: [{ key: "a" }, { key: "a" }] }, /^items\[1\]: Duplicate value/],
      [{ name: "a", items: [{ key: 1 }] }, /^items\[0\]\.key: /],
      [{ name: "a", items: [{}, {}, {}, {}].map((_, index) => ({ key: `${index}` })) }, /at most 3 items/],
    ];
    for (const [value, expected] of table) {
      assert.equal(problems(value).length, 1, JSON.stringify(value));
      assert.match(problems(value)[0] ?? "", expected);
    }
    assert.deepEqual(
      problems({ name: "aü".replace("ü", "b"), either: "x", share: 0.5, when: "2031-01-01T00:00:00Z", maybe: null }),
      [],
    );
  });

  it("does not look again at what did not change (SC2)", () => {
    const labels = { a: 1 };
    assert.equal(problems({ name: "a", labels }).length, 1);
    assert.deepEqual(problems({ name: "b", labels }, { name: "a", labels }), []);
  });
});

describe("rules in CEL", () => {
  const withRule = (rule: string, at: StructuralSchema = { type: "integer" }): StructuralSchema => ({
    type: "object",
    properties: { x: { ...at, "x-kubernetes-validations": [{ rule, message: "not so" }] }, y: { type: "integer" } },
  });
  const ask = (checked: StructuralSchema, value: Json, before?: Json): string[] =>
    new CelRules(checked).problems(value, checked, before, "spec").map(({ field, message }) => `${field}: ${message}`);

  it("hold or refuse with their message, at their field", () => {
    const checked = withRule("self > 3");
    assert.deepEqual(ask(checked, { x: 4 }), []);
    assert.deepEqual(ask(checked, { x: 3 }), ["spec.x: Invalid value: 3: not so"]);
    assert.deepEqual(ask(checked, { y: 3 }), []);
    const elsewhere: StructuralSchema = {
      type: "object",
      "x-kubernetes-validations": [{ rule: "self.x > 3", message: "not so", fieldPath: ".x" }],
      properties: { x: { type: "integer" } },
    };
    assert.deepEqual(ask(elsewhere, { x: 3 }), ['spec.x: Invalid value: "object": not so']);
  });

  it("are asked about a change only when there was a value before (CE2)", () => {
    const checked = withRule("self >= oldSelf");
    assert.deepEqual(ask(checked, { x: 1 }), []);
    assert.deepEqual(ask(checked, { x: 1 }, { y: 1 }), []);
    assert.deepEqual(ask(checked, { x: 2 }, { x: 1 }), []);
    assert.equal(ask(checked, { x: 1 }, { x: 2 }).length, 1);
  });

  it("match entries of a list by their keys (CE2)", () => {
    const item: StructuralSchema = {
      type: "object",
      properties: { key: { type: "string" }, value: { type: "integer" } },
      "x-kubernetes-validations": [{ rule: "self.value == oldSelf.value", message: "never changes" }],
    };
    const list = {
      type: "array",
      items: item,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["key"],
    } as const;
    const checked: StructuralSchema = { type: "object", properties: { x: list } };
    const before = {
      x: [
        { key: "a", value: 1 },
        { key: "b", value: 2 },
      ],
    };
    assert.deepEqual(
      ask(
        checked,
        {
          x: [
            { key: "b", value: 2 },
            { key: "c", value: 3 },
            { key: "a", value: 1 },
          ],
        },
        before,
      ),
      [],
    );
    assert.deepEqual(ask(checked, { x: [{ key: "b", value: 3 }] }, before), [
      'spec.x[0]: Invalid value: "object": never changes',
    ]);
  });

  it("refuse when they fail, with the error (CE1)", () => {
    const [problem = ""] = ask(withRule("self.nope == 1", { type: "object", properties: {} }), { x: {} });
    assert.match(problem, /^spec\.x: Invalid value: "object": .*nope/);
  });

  it("see whole numbers as whole (CE4)", () => {
    assert.deepEqual(ask(withRule("self / 2 == 2"), { x: 5 }), []);
    assert.deepEqual(ask(withRule("self / 2.0 == 2.5", { type: "number" }), { x: 5 }), []);
  });

  it("that do not parse are told when they are taken", () => {
    assert.throws(() => new CelRules(withRule("self >")));
  });
});

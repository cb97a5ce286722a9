import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isApiError } from "../../operator/kubernetes/api/index.ts";
import { frozenCopy, isEqual, type Json } from "./json-value.ts";
import { mergePatch } from "./merge-patch.ts";

const json = fc
  .jsonValue({ maxDepth: 3 })
  .map((value) => JSON.parse(JSON.stringify(value).replaceAll("__proto__", "proto")) as Json);

function assertFrozen(value: Json): void {
  if (typeof value !== "object" || value === null) return;
  assert.ok(Object.isFrozen(value));
  for (const member of Object.values(value)) assertFrozen(member as Json);
}

describe("values of the API server", () => {
  it("are copied and frozen, whatever they are (JV1)", () => {
    fc.assert(
      fc.property(json, (value) => {
        const copy = frozenCopy(value);
        assert.deepEqual(copy, value);
        assertFrozen(copy);
      }),
    );
  });

  it("are the version before when they are equal to it, and only then (JV2)", () => {
    fc.assert(
      fc.property(json, json, (before, after) => {
        const held = frozenCopy(before);
        assert.equal(frozenCopy(JSON.parse(JSON.stringify(before)), held), held);
        const next = frozenCopy(after, held);
        assert.deepEqual(next, after);
        assert.equal(next === held, isEqual(before, after));
      }),
    );
  });

  it("share what did not change (JV2)", () => {
    const held = frozenCopy({ spec: { a: [1, { b: 2 }] }, status: { phase: "x" } }) as { spec: object; status: object };
    const next = frozenCopy(
      { spec: { a: [1, { b: 2 }] }, status: { phase: "y" } },
      held as unknown as Json,
    ) as typeof held;
    assert.equal(next.spec, held.spec);
    assert.notEqual(next.status, held.status);
  });

  it("leave out what is undefined, and refuse what is no JSON", () => {
    assert.deepEqual(frozenCopy({ a: undefined, b: 1 }), { b: 1 });
    const endless: Record<string, unknown> = {};
    endless["again"] = endless;
    for (const value of [{ a: Number.NaN }, { a: () => 1 }, { a: new Date(0) }, { a: 1n }, [undefined], endless]) {
      assert.throws(
        () => frozenCopy(value),
        (error) => isApiError(error, "BadRequest"),
      );
    }
    assert.throws(
      () => frozenCopy(JSON.parse('{"__proto__": {"isAdmin": true}}')),
      (error) => isApiError(error, "BadRequest"),
    );
  });
});

describe("a merge patch", () => {
  it("does what RFC 7396 says, by its examples", () => {
    const examples: [Json, Json, Json][] = [
      [{ a: "b" }, { a: "c" }, { a: "c" }],
      [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
      [{ a: "b" }, { a: null }, {}],
      [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
      [{ a: ["b"] }, { a: "c" }, { a: "c" }],
      [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
      [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
      [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
      [
        ["a", "b"],
        ["c", "d"],
        ["c", "d"],
      ],
      [{ a: "b" }, ["c"], ["c"]],
      [{ a: "foo" }, null, null],
      [{ e: null }, { a: 1 }, { e: null, a: 1 }],
      [[1, 2], { a: "b", c: null }, { a: "b" }],
      [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
    ];
    for (const [target, patch, result] of examples) assert.deepEqual(mergePatch(target, patch), result);
  });
});

import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { editDistance } from "./edit-distance.ts";

it("counts insertions, deletions and replacements", () => {
  assert.equal(editDistance("kitten", "sitting"), 3);
  assert.equal(editDistance("", "abc"), 3);
  assert.equal(editDistance("interval", "intervall"), 1);
});

it("is a distance: none only between equal names, the same in both directions, no detour is shorter", () => {
  const name = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 8 });
  fc.assert(
    fc.property(name, name, name, (a, b, c) => {
      assert.equal(editDistance(a, b) === 0, a === b);
      assert.equal(editDistance(a, b), editDistance(b, a));
      assert.ok(editDistance(a, c) <= editDistance(a, b) + editDistance(b, c));
    }),
  );
});

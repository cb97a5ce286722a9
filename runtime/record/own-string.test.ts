import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { anyText } from "./texts.test-support.ts";
import { ownString } from "./own-string.ts";

test("a string with memory of its own is equal", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ maxLength: 40 }),
        anyText({ maxLength: 40 }),
        fc.string({ minLength: 1000, maxLength: 3000 }),
      ),
      (text) => {
        assert.equal(ownString(text), text);
      },
    ),
  );
  assert.equal(ownString(`${"long enough ".repeat(3)}\ud800`), `${"long enough ".repeat(3)}\ud800`);
});

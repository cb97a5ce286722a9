import assert from "node:assert/strict";
import { test } from "node:test";
import { wordsOf } from "./words.ts";

test("words are letters, in lower case", () => {
  assert.deepEqual(wordsOf("To be, or NOT to be?"), ["to", "be", "or", "not", "to", "be"]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { lineOf } from "./text-line.ts";

test("strings stay as they are, other values become JSON", () => {
  const cases: readonly (readonly [unknown, string])[] = [
    ["a b\tc", "a b\tc"],
    [7, "7"],
    [null, "null"],
    [undefined, "null"],
    [12345678901234567890n, "12345678901234567890"],
    [{ word: "to", count: 3 }, '{"word":"to","count":3}'],
    [{ id: 9007199254740993n, at: { n: 1n } }, '{"id":9007199254740993,"at":{"n":1}}'],
    [{ line: "a\nb" }, '{"line":"a\\nb"}'],
    [[1, "x", [2n]], '[1,"x",[2]]'],
    [new Uint8Array([1, 2, 3]), '"AQID"'],
    [{ body: new Uint8Array([1, 2, 3]), more: [Buffer.from("abc")] }, '{"body":"AQID","more":["YWJj"]}'],
    [{ at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
  ];
  for (const [value, line] of cases) assert.equal(lineOf(value), line);
});

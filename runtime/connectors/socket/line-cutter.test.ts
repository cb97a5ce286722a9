import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LineCutter } from "./line-cutter.ts";

test("the lines are the same however the bytes are cut into pieces, and taken when", () =>
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("", "a", "€", "😀x", "a\rb", "long line ".repeat(5)), { maxLength: 12 }),
      fc.constantFrom("\n", "\r\n"),
      fc.boolean(),
      fc.array(fc.integer({ min: 1, max: 9 })),
      fc.array(fc.boolean(), { minLength: 1 }),
      (lines, lineEnd, isLastEnded, cuts, takes) => {
        const bytes = Buffer.from(lines.map((line) => line + lineEnd).join("") + (isLastEnded ? "" : "rest"));
        const cutter = new LineCutter(1000);
        const taken: string[] = [];
        const takeAll = (): void => {
          for (let line = cutter.take(); line !== null; line = cutter.take()) taken.push(line);
        };
        for (let offset = 0, turn = 0; offset < bytes.length; turn++) {
          const length = cuts[turn] ?? bytes.length;
          cutter.add(bytes.subarray(offset, offset + length));
          offset += length;
          if (takes[turn % takes.length] === true) takeAll();
        }
        cutter.end();
        takeAll();
        assert.deepEqual(taken, isLastEnded ? lines : [...lines, "rest"]);
        assert.equal(cutter.waitingBytes, 0);
      },
    ),
  ));

test("a line that does not end is too long one day", () => {
  const cutter = new LineCutter(10);
  cutter.add(Buffer.from("12345\n123456"));
  assert.equal(cutter.isLineTooLong, false);
  cutter.add(Buffer.from("12345"));
  assert.equal(cutter.isLineTooLong, true);
});

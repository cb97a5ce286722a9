import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { LogPlace } from "./log-place.ts";

/** What a follower shows, look by look. */
function shown(...texts: readonly string[]): readonly (readonly string[])[] {
  const place = new LogPlace();
  return texts.map((text) => place.next(text).lines);
}

describe("the place in a log", () => {
  it("is a position: equal lines are all shown (LP1)", () => {
    assert.deepEqual(shown("a\na\n", "a\na\na\n", "a\na\na\na\na\n"), [["a", "a"], ["a"], ["a", "a"]]);
  });

  it("is behind what was there, also when that was nothing", () => {
    assert.deepEqual(shown("", "a\n", "a\n"), [[], ["a"], []]);
  });

  it("is before a line that is not finished", () => {
    assert.deepEqual(shown("a\nb", "a\nbc\n"), [["a"], ["bc"]]);
  });

  it("moves with a log that has lost its beginning (LP2)", () => {
    assert.deepEqual(shown("a\nb\nc\n", "b\nc\nd\n", "d\ne\n"), [["a", "b", "c"], ["d"], ["e"]]);
  });

  it("is at the beginning, with a gap, when nothing is left of what was shown (LP2)", () => {
    const place = new LogPlace();
    place.next("a\nb\n");
    assert.deepEqual(place.next("x\ny\n"), { lines: ["x", "y"], isGap: true });
  });

  it("is at the beginning of a container's new log, though it begins like the old one", () => {
    const place = new LogPlace();
    place.next("starting\nhalf");
    assert.deepEqual(place.restart(), ["half"]);
    assert.deepEqual(place.next("starting\nrunning\n").lines, ["starting", "running"]);
  });

  it("loses no line and shows none twice, whatever is written between two looks", () => {
    const look = fc.array(fc.constantFrom("a", "b", "", "long line"), { maxLength: 8 });
    fc.assert(
      fc.property(fc.array(look, { maxLength: 8 }), (looks) => {
        let text = "";
        const place = new LogPlace();
        for (const lines of looks) {
          text += lines.map((line) => `${line}\n`).join("");
          assert.deepEqual(place.next(text).lines, lines);
        }
      }),
    );
  });

  it("loses no line of a log that rolls on, where each line is another", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 12 }), (sizes) => {
        const place = new LogPlace();
        const written: string[] = [];
        let kept = 0;
        for (const size of sizes) {
          const fresh = Array.from({ length: size }, (_, i) => `line ${written.length + i}`);
          // At least the last line that was shown is still there.
          kept = Math.min(Math.max(0, written.length - 1), kept + (size % 3));
          written.push(...fresh);
          const text = written
            .slice(kept)
            .map((line) => `${line}\n`)
            .join("");
          const { lines, isGap } = place.next(text);
          assert.deepEqual([lines, isGap], [fresh, false]);
        }
      }),
    );
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { readText, TextBytes } from "./text.ts";

/** What was written, as it is read again, and the bytes of each with their padding. */
function written(texts: readonly string[]): {
  readonly read: string[];
  readonly bytes: Uint8Array[];
  readonly all: TextBytes;
} {
  const all = new TextBytes(8);
  const starts = new Int32Array(texts.length);
  const lengths = new Int32Array(texts.length);
  for (const [at, text] of texts.entries()) {
    starts[at] = all.used;
    lengths[at] = all.write(text);
  }
  const { bytes, words, isWellFormed } = all;
  const read = texts.map((_text, at) => readText({ bytes, words, starts, lengths, isWellFormed }, at));
  const ends = [...starts.subarray(1), all.used];
  return { read, bytes: texts.map((_text, at) => bytes.slice(starts[at] as number, ends[at] as number)), all };
}

/** Of any length from none to several times that of those that are written unit by unit, some ill-formed. */
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom("a", "z", "~"), maxLength: 40 }),
  fc.string({ unit: fc.constantFrom("a", "b", "\u007f", "é", "€", "😀"), maxLength: 40 }),
  fc.string({ unit: fc.constantFrom("a", "b", "€", "😀", "\ud83d", "\ude00"), maxLength: 40 }),
);

describe("texts of a column", () => {
  it("TXT1: come back unit by unit, whatever their length and characters", () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 6 }), (texts) => {
        assert.deepEqual(written(texts).read, texts);
      }),
      { seed: 7, numRuns: 2000 },
    );
  });

  it("CLM2, CLM3: are UTF-8, padded with zeros to four bytes, in memory that had other bytes", () => {
    const texts = [
      "",
      "abc",
      "abcd",
      "a text of more than fifteen units",
      "ein längerer Text mit Ümläuten",
      "€".repeat(17),
    ];
    const { all, bytes } = written(texts);
    assert.equal(all.isWellFormed, true);
    all.bytes.fill(0xdb);
    all.clear();
    for (const each of texts) {
      const start = all.used;
      const length = all.write(each);
      const padded = new Uint8Array((length + 3) & ~3);
      padded.set(new TextEncoder().encode(each));
      assert.deepEqual(all.bytes.slice(start, all.used), padded, each);
    }
    assert.deepEqual(bytes[3], new Uint8Array([...new TextEncoder().encode(texts[3]), 0, 0, 0]));
  });

  it("CLM3: says that a long text is not well-formed", () => {
    assert.equal(written(["twenty units of text \ud83d"]).all.isWellFormed, false);
  });
});

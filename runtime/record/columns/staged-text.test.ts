import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Key, keyHash } from "../key.ts";
import { NO_TIMESTAMP } from "../row-batch.ts";
import { t, type ValueType } from "../value-type.ts";
import { ColumnBuilder } from "./column-builder.ts";
import { StagedText } from "./staged-text.ts";

const Word = t.record({ n: t.int64, word: t.nullable(t.string) }) as ValueType<unknown>;

/** Around the length up to which a text is staged, and of other characters than those. */
const word = fc.oneof(
  fc.string({ unit: fc.constantFrom("a", "b", "\u0000", "~"), maxLength: 20 }),
  fc.string({ unit: fc.constantFrom("a", "\u007f", "\u0080", "é", "😀", "\ud83d"), maxLength: 20 }),
  fc.constant(null),
);

test("a key is hashed as ever, and its text lies in the column as if it had been written from the string (STX1)", () => {
  fc.assert(
    fc.property(fc.array(word, { maxLength: 30 }), (words) => {
      const text = new StagedText();
      const staged = new ColumnBuilder(Word, 64, { place: 1, text });
      const plain = new ColumnBuilder(Word, 64);
      for (const [n, each] of words.entries()) {
        assert.equal(text.hashOf(each as Key), keyHash(each as Key));
        staged.appendRow({ n, word: each }, NO_TIMESTAMP);
        plain.appendRow({ n, word: each }, NO_TIMESTAMP);
      }
      const batch = staged.take();
      assert.deepEqual(
        batch.toRows(),
        words.map((each, n) => ({ n, word: each })),
      );
      const [own, other] = [batch.columns[1], plain.take().columns[1]];
      assert.ok(own?.kind === "text" && other?.kind === "text");
      const used = words.length === 0 ? 0 : (own.starts[words.length - 1] ?? 0) + (own.lengths[words.length - 1] ?? 0);
      assert.deepEqual(own.words.slice(0, (used + 3) >> 2), other.words.slice(0, (used + 3) >> 2));
      assert.deepEqual(own.starts, other.starts);
      assert.deepEqual(own.lengths, other.lengths);
    }),
    { seed: 7, numRuns: 500 },
  );
});

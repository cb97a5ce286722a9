/** Owns: the records that the exchange bench sends. */
import { t, type ValueType } from "../../runtime/record/index.ts";
import { vocabulary } from "../word-count/lines.ts";

export const recordNames = ["rows", "strings"] as const;
export type RecordName = (typeof recordNames)[number];

export type Records = { readonly type: ValueType<unknown>; readonly values: readonly unknown[] };

/** Sent again and again; a power of two, and more than a batch. */
const VALUES = 8192;
const STRING_CHARS = 100;

/** `rows`: {word, count} of the word count; `strings`: 100 ASCII characters each. */
export function recordsOf(name: RecordName): Records {
  const words = Array.from({ length: VALUES }, (_, index) => vocabulary[index] as string);
  if (name === "rows") {
    const type = t.record({ word: t.string, count: t.int64 });
    return { type: type as unknown as ValueType<unknown>, values: words.map((word) => ({ word, count: 1 })) };
  }
  // Through bytes, so that each is one flat string, as strings that were read from somewhere are.
  const values = words.map((word) => Buffer.from(word.repeat(STRING_CHARS).slice(0, STRING_CHARS)).toString("latin1"));
  return { type: t.string as unknown as ValueType<unknown>, values };
}

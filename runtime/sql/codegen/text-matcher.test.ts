import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { ColumnBuilder, NO_TIMESTAMP, t, type TextColumn, type ValueType } from "../../record/index.ts";
import { textMatcher } from "./text-matcher.ts";

it("a text of a column is, begins with, ends with or has another exactly where its string does", () => {
  const text = fc.string({ unit: fc.constantFrom("x", "y", "ä", "\u{1F600}"), maxLength: 6 });
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 8 }), text, (texts, wanted) => {
      const builder = new ColumnBuilder(t.record({ c: t.string }) as ValueType<unknown>);
      for (const c of texts) builder.appendRow({ c }, NO_TIMESTAMP);
      const column = builder.take().columns[0] as TextColumn;
      const found = (kind: "equal" | "prefix" | "suffix" | "part"): readonly boolean[] =>
        texts.map((_text, row) => textMatcher({ kind, text: wanted })(column, row));
      assert.deepEqual(
        found("equal"),
        texts.map((each) => each === wanted),
      );
      assert.deepEqual(
        found("prefix"),
        texts.map((each) => each.startsWith(wanted)),
      );
      assert.deepEqual(
        found("suffix"),
        texts.map((each) => each.endsWith(wanted)),
      );
      assert.deepEqual(
        found("part"),
        texts.map((each) => each.includes(wanted)),
      );
    }),
    { seed: 4, numRuns: 300, examples: [[["xxxx", "y"], "xy"]] },
  );
});

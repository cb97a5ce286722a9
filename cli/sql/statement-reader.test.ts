import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { StatementReader } from "./statement-reader.ts";

describe("statements out of lines", () => {
  const cases: Readonly<
    Record<string, { readonly lines: readonly string[]; readonly found: readonly string[]; readonly rest?: string }>
  > = {
    "one in a line": { lines: ["SELECT 1;"], found: ["SELECT 1"] },
    "several in a line, and the beginning of another": {
      lines: ["SELECT 1; SELECT 2; SEL"],
      found: ["SELECT 1", "SELECT 2"],
      rest: "SEL",
    },
    "one in several lines": { lines: ["SELECT", "  1", ";"], found: ["SELECT\n  1"] },
    "none in semicolons alone, and in comments": { lines: [";;", "-- a; b", "/* c; */ ;"], found: [] },
    "a semicolon in a text, a name and a comment is none": {
      lines: ["SELECT 'a;''b' AS `c;d` -- e;", "/* f;", "; */ FROM t;"],
      found: ["SELECT 'a;''b' AS `c;d` -- e;\n/* f;\n; */ FROM t"],
    },
    "a text that goes on in the next line": { lines: ["SELECT 'a", "b';"], found: ["SELECT 'a\nb'"] },
    "an open text is the rest": { lines: ["SELECT 'a;"], found: [], rest: "SELECT 'a;" },
    "a statement set ends with END": {
      lines: ["EXECUTE STATEMENT SET BEGIN", "INSERT INTO a SELECT 1;", "INSERT INTO b SELECT 2; END;", "SELECT 1;"],
      found: ["EXECUTE STATEMENT SET BEGIN\nINSERT INTO a SELECT 1;\nINSERT INTO b SELECT 2; END", "SELECT 1"],
    },
    "a statement set goes on behind the END of a CASE": {
      lines: [
        "EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT CASE WHEN TRUE THEN 1 END;",
        "INSERT INTO b SELECT 2; END;",
      ],
      found: [
        "EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT CASE WHEN TRUE THEN 1 END;\nINSERT INTO b SELECT 2; END",
      ],
    },
    "a statement set may be explained, or begin with BEGIN": {
      lines: [
        "EXPLAIN PLAN FOR STATEMENT SET BEGIN INSERT INTO a SELECT 1; END;",
        "BEGIN STATEMENT SET; INSERT INTO a SELECT 1; END;",
      ],
      found: [
        "EXPLAIN PLAN FOR STATEMENT SET BEGIN INSERT INTO a SELECT 1; END",
        "BEGIN STATEMENT SET; INSERT INTO a SELECT 1; END",
      ],
    },
    "minus and division are signs": { lines: ["SELECT 4 - 1 / 2;"], found: ["SELECT 4 - 1 / 2"] },
  };
  for (const [what, { lines, found, rest = null }] of Object.entries(cases))
    it(what, () => {
      const reader = new StatementReader();
      assert.deepEqual(
        lines.flatMap((line) => reader.push(`${line}\n`)),
        found,
      );
      assert.equal(reader.rest, rest);
    });

  it("forget what was typed of a statement", () => {
    const reader = new StatementReader();
    reader.push("SELECT 'a\n");
    reader.clear();
    assert.equal(reader.rest, null);
    assert.deepEqual(reader.push("SELECT 1;\n"), ["SELECT 1"]);
  });

  it("are the same however the lines of a text come (STRD2)", () => {
    const words = fc.constantFrom("SELECT", "'a;b'", "`c`", "1", ";", "-- d;", "/* e */", "- 2");
    fc.assert(
      fc.property(fc.array(fc.array(words, { maxLength: 5 }), { maxLength: 6 }), (lines) => {
        const texts = lines.map((line) => `${line.join(" ")}\n`);
        const reader = new StatementReader();
        const whole = new StatementReader();
        const one = texts.flatMap((text) => reader.push(text));
        assert.deepEqual(one, whole.push(texts.join("")));
        assert.equal(reader.rest, whole.rest);
      }),
    );
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { randomStatement } from "./random-sql.test-support.ts";
import { withoutPlaces } from "./same-tree.test-support.ts";
import { parseScript } from "./script.ts";
import { statementText } from "./statement-text.ts";

describe("the text of a statement", () => {
  it("is read as the same tree again (SQLF1)", () => {
    fc.assert(
      fc.property(randomStatement, (statement) => {
        const text = statementText(statement);
        const { statements, problems } = parseScript(text);
        assert.deepEqual(problems, [], text);
        assert.deepEqual(statements.map(withoutPlaces), [withoutPlaces(statement)], text);
      }),
      { numRuns: 300 },
    );
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { acceptedStatements, refusedScripts } from "../corpus/corpus.test-support.ts";
import { describeProblem } from "./problem.ts";
import { placesIn, withoutPlaces } from "./same-tree.test-support.ts";
import { parseScript } from "./script.ts";
import { StatementGrammar } from "./statement-grammar.ts";
import { statementText } from "./statement-text.ts";

const accepted = acceptedStatements();
const refused = refusedScripts();

const errorsOf = (script: string): string =>
  parseScript(script)
    .problems.map((problem) => describeProblem(problem, script, "job.sql"))
    .join("\n");

function theStatement(text: string) {
  const { statements, problems } = parseScript(text);
  assert.deepEqual(problems, [], errorsOf(text));
  assert.equal(statements.length, 1);
  const [statement] = statements;
  assert.ok(statement);
  return statement;
}

describe("the corpus", () => {
  it("has enough statements of both kinds", () => {
    assert.ok(accepted.length >= 150);
    assert.ok(refused.length >= 60);
  });

  for (const text of accepted) {
    it(`accepts ${text.slice(0, 100)}`, () => {
      const statement = theStatement(text);
      for (const [inner, outer] of placesIn(statement)) {
        assert.ok(inner.start < inner.end, "a node has a place");
        if (outer !== null)
          assert.ok(outer.start <= inner.start && inner.end <= outer.end, "a node lies in its parent");
      }
      const written = statementText(statement);
      assert.deepEqual(withoutPlaces(theStatement(written)), withoutPlaces(statement), written);
    });
  }

  for (const { script, said } of refused) {
    it(`refuses ${script.slice(0, 100)}`, () => assert.equal(errorsOf(script), said));
  }
});

describe("the grammar (SQLG1)", () => {
  it("has no ambiguity but those that a gate decides", () => assert.doesNotThrow(() => new StatementGrammar(true)));
});

describe("a script", () => {
  it("is parsed statement by statement, with the errors of all (SQLP1)", () => {
    const { statements, problems } = parseScript("SELECT 1;\nSELCT 2;\nSELECT 3;;\nSELECT a, FROM t;");
    assert.deepEqual(statements.map(statementText), ["SELECT 1", "SELECT 3"]);
    assert.deepEqual(
      problems.map(({ message }) => message),
      ["SELCT is no statement", "nothing follows this comma"],
    );
  });

  it("keeps the semicolons of a statement set in it, also behind the END of a CASE (SQLP2)", () => {
    const set =
      "EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT CASE WHEN x THEN 1 END FROM t; INSERT INTO b SELECT 1; END";
    const { statements, problems } = parseScript(`${set}; SELECT 1`);
    assert.deepEqual(problems, []);
    assert.deepEqual(statements.map(statementText), [set, "SELECT 1"]);
  });

  it("may be empty, or only comments", () => {
    for (const text of ["", " \n", ";;", "-- nothing\n/* at all */"])
      assert.deepEqual(parseScript(text), { statements: [], problems: [] });
  });

  it("has its errors at the right line and column behind Windows line ends and characters of two units", () => {
    assert.equal(
      errorsOf("SELECT '😀';\r\n\tSELECT a, FROM t\r\n"),
      "job.sql:2:10: nothing follows this comma\n2 | \tSELECT a, FROM t\n  | \t        ^\nRemove it, or add what is missing.",
    );
  });

  it("is shown in part where a line is long", () => {
    const lines = errorsOf(`SELECT ${"a + ".repeat(500)}timestamp, ${"b + ".repeat(100)}c FROM t`).split("\n");
    assert.ok(lines.every((line) => line.length < 250));
    assert.equal(lines[1]?.indexOf("timestamp"), lines[2]?.indexOf("^"));
  });

  it("cannot exhaust the stack (SQLG3)", () => {
    const deep = (open: string, close: string, levels: number): string =>
      `SELECT ${open.repeat(levels)}1${close.repeat(levels)}`;
    assert.match(errorsOf(deep("(", ")", 5_000)), /nested more than 100 levels deep/);
    assert.match(errorsOf(deep("f(", ")", 5_000)), /nested more than 100 levels deep/);
    assert.match(errorsOf(deep("NOT ", "", 5_000)), /nested more than 100 levels deep/);
    assert.match(errorsOf(deep("- ", "", 5_000)), /nested more than 100 levels deep/);
    assert.match(errorsOf(deep("(SELECT ", ")", 5_000)), /nested more than 100 levels deep/);
    assert.match(errorsOf(`SELECT CAST(a AS ${"ARRAY<".repeat(5_000)}INT)`), /nested more than 100 levels deep/);
    assert.match(errorsOf(`SELECT ${"a AND ".repeat(5_000)}b`), /more than 1000 operands in one chain/);
    assert.match(errorsOf(`SELECT 1 ${"UNION SELECT 1 ".repeat(5_000)}`), /more than 1000 operands in one chain/);
    assert.equal(errorsOf(deep("(", ")", 40)), "");
    assert.equal(errorsOf(`SELECT ${"a AND ".repeat(900)}b`), "");
  });

  it("never makes the parser fail, whatever stands in it", () => {
    const pieces = accepted.flatMap((text) => text.split(/(?<=\s)|(?<=[(),;])/));
    const scripts = fc.array(fc.constantFrom(...pieces, "'", "`", '"', "/*", "*/", "--", "(", ")", "?", "😀"), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(scripts, (parts) => {
        const script = parts.join("");
        const { statements, problems } = parseScript(script);
        for (const statement of statements) assert.equal(errorsOf(statementText(statement)), "");
        for (const problem of problems) assert.notEqual(describeProblem(problem, script, "job.sql"), "");
      }),
      { numRuns: 500 },
    );
  });
});

describe("a reserved word as a name (SQLX2)", () => {
  const places = [
    "SELECT # FROM t",
    "SELECT t.# FROM t",
    "SELECT a AS # FROM t",
    "SELECT a FROM #",
    "CREATE TABLE t (# INT)",
  ];
  for (const word of ["timestamp", "date", "user", "value", "result", "method", "position", "row", "start", "second"]) {
    it(`is explained: ${word}`, () => {
      for (const place of places) {
        for (const written of [word, word.toUpperCase(), ` \n\t ${word} `]) {
          const script = place.replace("#", written);
          const error = errorsOf(script);
          assert.match(error, new RegExp(`${word} is a reserved word and cannot be a name`, "i"), script);
          assert.match(error, new RegExp(`quote it with backticks: \`${word}\``, "i"));
          assert.equal(errorsOf(place.replace("#", `\`${word}\``)), "");
        }
      }
    });
  }
});

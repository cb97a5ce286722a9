import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { acceptedStatements, invalidScripts, tablesScript, validScripts } from "../corpus/corpus.test-support.ts";
import { describeProblem } from "../syntax/problem.ts";
import { schemaText } from "./schema-text.ts";
import { type Meaning, type ValidatedScript, validateScript } from "./validate-script.ts";

const tables = tablesScript();
const belowTables = (script: string): ValidatedScript => validateScript(`${tables}${script}`);

/** With places in the script alone. */
const errorsOf = (script: string): string =>
  belowTables(script)
    .problems.map(({ at, ...problem }) => ({
      ...problem,
      at: { start: at.start - tables.length, end: at.end - tables.length },
    }))
    .map((problem) => describeProblem(problem, script, "job.sql"))
    .join("\n");

const messagesOf = (script: string): readonly string[] => validateScript(script).problems.map(({ message }) => message);

function meaningText(meaning: Meaning | undefined): string {
  switch (meaning?.kind) {
    case "query":
      return schemaText(meaning.query.schema);
    case "table":
      return schemaText(meaning.schema);
    case "inserts":
      return meaning.inserts.map(({ query }) => schemaText(query.schema)).join("\n");
    case "undetermined":
      return `undetermined: ${meaning.reason}`;
    default:
      return "other";
  }
}

describe("the corpus, validated", () => {
  it("has tables that are right", () => assert.deepEqual(messagesOf(tables), []));

  for (const { script, said } of validScripts())
    it(`gives types to ${script.slice(0, 100)}`, () => {
      const { statements, problems } = belowTables(script);
      assert.deepEqual(problems, []);
      assert.equal(meaningText(statements.at(-1)?.meaning), said);
    });

  for (const { script, said } of invalidScripts())
    it(`refuses ${script.slice(0, 100)}`, () => assert.equal(errorsOf(script), said));

  // Most name tables that nobody has made: that is a problem, not a failure of the validator.
  for (const text of acceptedStatements())
    it(`has an answer to ${text.slice(0, 100)}`, () => assert.ok(validateScript(text).problems.length <= 1));
});

describe("a script that is validated", () => {
  it("has the tables of the statements above, in their order (SQVA1)", () => {
    assert.deepEqual(
      messagesOf("SELECT a FROM t; CREATE TABLE t (a INT); SELECT a FROM t; DROP TABLE t; SELECT a FROM t"),
      ["there is no table t", "there is no table t"],
    );
    assert.deepEqual(
      messagesOf("CREATE TABLE t (a INT); ALTER TABLE t RENAME a TO b; SELECT b FROM t; SELECT a FROM t"),
      ["there is no column a"],
    );
    assert.deepEqual(
      messagesOf("CREATE TABLE t (a INT); ALTER TABLE t RENAME TO s; SELECT a FROM s; USE other; SELECT a FROM s"),
      ["there is no table s"],
    );
  });

  it("shows a mistake in a table once, not again where the table is used (SQVA2)", () => {
    assert.deepEqual(messagesOf("CREATE TABLE t (a INT,); SELECT b FROM t; INSERT INTO t SELECT 1"), [
      "nothing follows this comma",
    ]);
    assert.deepEqual(messagesOf("CREATE TABLE t (a INT, a INT); SELECT b FROM t"), ["a second column a"]);
    assert.deepEqual(
      messagesOf(
        "CREATE VIEW IF NOT EXISTS `my v` AS SELECT a; SELECT b FROM `my v`; CREATE VIEW w AS SELECT * FROM `my v`; SELECT c FROM w",
      ),
      ["there is no column a"],
    );
    assert.deepEqual(messagesOf("CREATE TABLE 订单 (a INT,); SELECT b FROM 订单"), ["nothing follows this comma"]);
  });

  it("leaves alone what only a module's types can judge, but not its names (SQVC2)", () => {
    const script = "CREATE FUNCTION f AS './f.ts#f' LANGUAGE TYPESCRIPT; CREATE TABLE t (a INT);";
    assert.deepEqual(messagesOf(`${script} SELECT F(a) + 'x', b FROM t; SELECT f(b) FROM t`), ["there is no column b"]);
    const { statements } = validateScript(`${script} CREATE VIEW v AS SELECT f(a) AS c FROM t; SELECT d FROM v`);
    assert.deepEqual(
      statements.map(({ meaning }) => meaning.kind),
      ["other", "table", "undetermined", "undetermined"],
    );
  });

  it("has a typed tree in which every column is a place (SQVY2)", () => {
    const { statements } = validateScript(
      "CREATE TABLE t (a INT, b STRING); CREATE TABLE s (a INT, c STRING); SELECT t.b, (SELECT c FROM s WHERE s.a = t.a), x.c FROM t JOIN s AS x ON x.a = t.a",
    );
    const meaning = statements.at(-1)?.meaning;
    assert.ok(meaning?.kind === "query" && meaning.query.body.kind === "select");
    const [first, second, third] = meaning.query.body.items;
    assert.deepEqual(placesIn(first), [[0, 1]]);
    assert.deepEqual(placesIn(third), [[0, 3]]);
    assert.deepEqual(placesIn(second), [
      [0, 0],
      [1, 0],
      [0, 1],
    ]);
    assert.ok(meaning.query.body.from?.kind === "join");
    assert.deepEqual(placesIn(meaning.query.body.from.condition), [
      [0, 2],
      [0, 0],
    ]);
  });
});

/** Depth and index of each column, as they stand in the tree. */
function placesIn(node: unknown): readonly (readonly [number, number])[] {
  if (node === null || typeof node !== "object") return [];
  if ("kind" in node && node.kind === "column" && "depth" in node && "index" in node)
    return [[Number(node.depth), Number(node.index)]];
  return Object.values(node).flatMap(placesIn);
}

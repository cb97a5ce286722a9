import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { acceptedStatements, invalidScripts, tablesScript, validScripts } from "../corpus/corpus.test-support.ts";
import { describeProblem } from "../syntax/problem.ts";
import { randomStatement } from "../syntax/random-sql.test-support.ts";
import { statementText } from "../syntax/statement-text.ts";
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
    case "filledTable":
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

describe("the validator", () => {
  const columns =
    "a INT, b STRING, price DECIMAL(10, 2), Id BIGINT, `timestamp` TIMESTAMP(3), `user` ROW<a INT, b STRING>, `order` ARRAY<INT>, key MAP<STRING, INT>, WATERMARK FOR `timestamp` AS `timestamp`";
  const known = ["a", "b", "price", "key", "`order`", "`count`"].map((name) => `CREATE TABLE ${name} (${columns});`);

  it("has an answer to every statement, and never fails itself", () => {
    assert.deepEqual(messagesOf(known.join("")), []);
    fc.assert(
      fc.property(randomStatement, (statement) => {
        const { statements, problems } = validateScript(`${known.join("\n")}\n${statementText(tame(statement))}`);
        assert.equal(statements.length + problems.length, known.length + 1);
      }),
      { numRuns: 300 },
    );
  });

  it("bears what is deep, long or wide", () => {
    const table = "CREATE TABLE t (a INT, b BOOLEAN);";
    assert.deepEqual(
      messagesOf(`${table} SELECT ${"a + ".repeat(900)}a, COUNT(*) FROM t GROUP BY ${"a + ".repeat(900)}a`),
      [],
    );
    assert.deepEqual(messagesOf(`${table} SELECT ${"a + ".repeat(900)}a, COUNT(*) FROM t GROUP BY b`), [
      "the column a is neither in GROUP BY nor in an aggregate function",
    ]);
    assert.deepEqual(messagesOf(`${table} SELECT a FROM t WHERE ${"(b AND ".repeat(40)}b${")".repeat(40)}`), []);
    assert.deepEqual(messagesOf(`${table} SELECT ${"(SELECT ".repeat(40)}1${")".repeat(40)}`), []);
    const wide = Array.from({ length: 20 }, (_, level) => {
      const name = level === 0 ? "t" : `w${level}`;
      return `w${level + 1} AS (SELECT * FROM ${name}, ${name} AS x)`;
    });
    assert.deepEqual(messagesOf(`${table} WITH ${wide.join(", ")} SELECT 1`), [
      "a table of 16384 columns, more than 10000",
    ]);
  });
});

const second = { from: "SECOND", precision: null, to: null, fraction: null };

/** Without what is refused at once, so that more of a statement is looked at. */
function tame<T>(node: T): T {
  if (node === null || typeof node !== "object") return node;
  if (Array.isArray(node)) return node.map(tame) as T;
  const tamed = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, tame(value)]));
  if (tamed.kind === "query") return { ...tamed, limit: null, offset: null } as T;
  if (tamed.kind === "simple") return { ...tamed, parameters: [] } as T;
  if (tamed.kind === "name") return { ...tamed, parts: (tamed.parts as unknown[]).slice(-1) } as T;
  if (tamed.kind === "temporal") return { ...tamed, type: "DATE", text: "2026-01-31" } as T;
  if (tamed.kind === "interval") return { ...tamed, text: "5", qualifier: second } as T;
  return tamed as T;
}

/** Depth and index of each column, as they stand in the tree. */
function placesIn(node: unknown): readonly (readonly [number, number])[] {
  if (node === null || typeof node !== "object") return [];
  if ("kind" in node && node.kind === "column" && "depth" in node && "index" in node)
    return [[Number(node.depth), Number(node.index)]];
  return Object.values(node).flatMap(placesIn);
}

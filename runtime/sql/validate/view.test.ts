/** Views over tables and views that have changed since they were made. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { schemaText } from "./schema-text.ts";
import { validateScript } from "./validate-script.ts";

const MADE = `
  CREATE TABLE t (a INT, b STRING) WITH ('connector' = 'datagen');
  CREATE VIEW v AS SELECT * FROM t;
  CREATE VIEW w (n, label) AS SELECT a + 1, b FROM v;
`;

/** Columns of the query at the end, or what is wrong with it. */
function lastOf(changes: string, query: string): string {
  const { statements, problems } = validateScript(`${MADE} ${changes} ${query}`);
  if (problems.length > 0) return problems.map(({ message, remedy }) => `${message}. ${remedy}`).join(" ");
  const meaning = statements.at(-1)?.meaning;
  assert.ok(meaning?.kind === "query");
  return schemaText(meaning.query.schema);
}

/** Options of the tables that a query reads. */
function optionsOf(changes: string, query: string): readonly string[] {
  const { statements, problems } = validateScript(`${MADE} ${changes} ${query}`);
  assert.deepEqual(problems, []);
  return [...JSON.stringify(statements.at(-1)?.meaning).matchAll(/"value":"(\w+)"/g)].map((match) => match[1] ?? "");
}

describe("a view (SQVJ1)", () => {
  it("reads tables as they are where it is used", () => {
    assert.deepEqual([...new Set(optionsOf("", "SELECT * FROM w"))], ["datagen"]);
    const changed = optionsOf("ALTER TABLE t SET ('connector' = 'collection');", "SELECT * FROM w");
    assert.deepEqual([...new Set(changed)], ["collection"]);
    const again = "DROP TABLE t; CREATE TABLE t (b STRING, a BIGINT) WITH ('connector' = 'print');";
    assert.equal(lastOf(again, "SELECT * FROM w"), "n BIGINT, label STRING");
  });

  it("reads views as they are where it is used", () => {
    assert.equal(lastOf("ALTER VIEW v AS SELECT 7 AS a, b FROM t;", "SELECT * FROM w"), "n INT NOT NULL, label STRING");
    const renamed = "ALTER VIEW v RENAME TO x; CREATE VIEW v AS SELECT CAST(1 AS BIGINT) AS a, 'x' AS b;";
    assert.equal(lastOf(renamed, "SELECT * FROM w"), "n BIGINT NOT NULL, label CHAR(1) NOT NULL");
  });

  it("keeps the columns that it was made with, whatever a star has by now", () => {
    const more = "ALTER TABLE t ADD (c INT FIRST, d INT);";
    assert.equal(lastOf(more, "SELECT * FROM v"), "a INT, b STRING");
    assert.equal(lastOf(more, "TABLE w"), "n INT, label STRING");
    assert.equal(
      lastOf("ALTER TABLE t DROP b;", "SELECT * FROM v"),
      "the view v cannot be read any more: it has lost a column that it was made with. Bring the column back, or write ALTER VIEW … AS.",
    );
  });

  it("cannot be read without what it reads, until that is there again", () => {
    const lost =
      "the view w cannot be read any more: the view v cannot be read any more: there is no table t. The tables above are v, w.";
    assert.equal(
      lastOf("DROP TABLE t;", "SELECT * FROM w"),
      lost.replace("The tables above are v, w.", "Did you mean v?"),
    );
    assert.equal(
      lastOf("ALTER TABLE t RENAME TO x; ALTER TABLE x RENAME TO t;", "SELECT * FROM w"),
      "n INT, label STRING",
    );
  });

  it("finds names where it was made, and not where it is used", () => {
    const moved =
      "USE other; CREATE TABLE t (a STRING) WITH ('connector' = 'print'); ALTER TABLE default_database.t SET ('x' = '1');";
    assert.equal(lastOf(moved, "SELECT * FROM default_database.w"), "n INT, label STRING");
  });

  it("is read once for all that use it, however many views are above each other", () => {
    const views = Array.from({ length: 40 }, (_, index) => {
      const below = index === 0 ? "v" : `v${index - 1}`;
      return `CREATE VIEW v${index} AS SELECT l.a, r.b FROM ${below} AS l JOIN ${below} AS r ON l.a = r.a;`;
    });
    assert.equal(lastOf(`${views.join(" ")} ALTER TABLE t SET ('x' = '1');`, "SELECT * FROM v39"), "a INT, b STRING");
  });
});

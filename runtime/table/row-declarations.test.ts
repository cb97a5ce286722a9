import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { validateScript } from "../sql/index.ts";
import { type DeclaredRows, rowDeclarations, tablesOf } from "./row-declarations.ts";

function rowsOf(script: string): DeclaredRows["tables"] {
  const { catalog, problems } = validateScript(script);
  assert.deepEqual(problems, []);
  return tablesOf(catalog);
}

const declared = (tables: DeclaredRows["tables"], queries: DeclaredRows["queries"] = []) =>
  rowDeclarations({ tables, queries }, ["Rows."]);

function textOf(script: string): string {
  const declarations = declared(rowsOf(script));
  assert.equal(declarations.kind, "declarations");
  return declarations.kind === "declarations" ? declarations.text : "";
}

function reasonsOf(tables: DeclaredRows["tables"], queries: DeclaredRows["queries"] = []): readonly string[] {
  const declarations = declared(tables, queries);
  return declarations.kind === "refused" ? declarations.reasons : [];
}

describe("declarations of rows", () => {
  it("have a type for each table and view, in the order of their names (RDCL1)", () => {
    const table = "CREATE TABLE t_order (id BIGINT NOT NULL, price DECIMAL(10, 2), `the user` STRING);";
    const view = "CREATE VIEW ages AS SELECT 1 AS age, CAST(NULL AS DATE) AS born;";
    const text = textOf(table + view);
    assert.equal(
      text,
      [
        "// Rows.",
        "",
        "/** A row of ages. */",
        "export type AgesRow = {",
        "  readonly age: number;",
        "  readonly born: Date | null;",
        "};",
        "",
        "/** A row of t_order. */",
        "export type TOrderRow = {",
        "  readonly id: bigint;",
        "  readonly price: bigint | null;",
        '  readonly "the user": string | null;',
        "};",
      ].join("\n"),
    );
    assert.equal(textOf(view + table), text);
  });

  it("are a module also where there is nothing to declare", () => {
    assert.equal(textOf("DROP TABLE IF EXISTS t;"), "// Rows.\n\nexport {};");
  });

  it("have queries by their text, quoted", () => {
    const columns = rowsOf("CREATE TABLE t (a INT NOT NULL)")[0]?.columns ?? [];
    const declarations = declared([], [{ text: 'SELECT "a"\nFROM t', columns }]);
    assert.match(
      declarations.kind === "declarations" ? declarations.text : "",
      /^ {4}"SELECT \\"a\\"\\nFROM t": \{\n {6}readonly a: number;\n {4}\};$/m,
    );
  });

  it("say of a column that no stream has why it is unknown (RDCL3)", () => {
    const text = textOf("CREATE TABLE t (a ROW<`*/` TIMESTAMP(9)>);");
    assert.match(
      text,
      /^ {2}\/\*\* \* \/ of type TIMESTAMP\(9\) cannot be converted [^\n]*\. \*\/\n {2}readonly a: unknown;$/m,
    );
  });

  it("are named by one rule (RDCL2)", () => {
    const nameOf = (table: string): string =>
      /export type (\S+)/.exec(textOf(`CREATE TABLE \`${table}\` (a INT);`))?.[1] ?? "";
    assert.deepEqual(["orders", "T_ORDER", "userOrders", "_x_1", "date", "größe"].map(nameOf), [
      "OrdersRow",
      "TOrderRow",
      "UserOrdersRow",
      "X1Row",
      "DateRow",
      "GrößeRow",
    ]);
  });

  it("are refused for names that no type can have, and for two that would be one, all at once (RDCL2)", () => {
    const names = ["my-table", "1st", "_1", "_", "a.b", "t_order", "tOrder"];
    assert.deepEqual(reasonsOf(rowsOf(names.map((name) => `CREATE TABLE \`${name}\` (a INT);`).join(""))), [
      ...["my-table", "1st", "_1", "_", "a.b"].map(
        (name) =>
          `${JSON.stringify(name)} cannot be the name of a type. Give the table a name of letters, digits and _, with a letter first.`,
      ),
      "t_order and tOrder would both be TOrderRow. Rename one of them.",
    ]);
  });

  it("are refused for two tables of a name, and two results of a query, that differ; not where they are equal", () => {
    const [one] = rowsOf("CREATE TABLE t (a INT)");
    const [other] = rowsOf("CREATE TABLE t (a BIGINT)");
    assert.ok(one !== undefined && other !== undefined);
    const query = (columns: typeof one.columns) => ({ text: "SELECT * FROM t", columns });
    assert.deepEqual(reasonsOf([one, one], [query(one.columns), query(one.columns)]), []);
    const reasons = reasonsOf([one, other], [query(one.columns), query(other.columns)]);
    assert.match(reasons.join("\n"), /^There are two tables t, .*\n"SELECT \* FROM t" is asked twice/);
  });
});

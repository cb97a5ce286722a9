/**
 * Owns: answers about what a session has: SHOW, DESCRIBE, SET without a key, as rows. Pure.
 */
import { unreachable } from "../../base/index.ts";
import type { LookedStatement } from "../../runtime/table/engine.ts";
import {
  builtInFunctions,
  type Catalog,
  namesSecret,
  type PlanRow,
  quoted,
  schemaText,
  tableDefinitionText,
  typeText,
} from "../../runtime/sql/index.ts";

/** Rows of texts; or lines, which are no table. */
export type Answer =
  | {
      readonly kind: "rows";
      readonly columns: readonly string[];
      readonly rows: readonly (readonly (string | null)[])[];
    }
  | { readonly kind: "text"; readonly text: string };

type StatementOf<K extends LookedStatement["statement"]["kind"]> = Extract<
  LookedStatement["statement"],
  { readonly kind: K }
>;

/** Null: the statement asks nothing of that sort. */
export function answerOf({ statement, meaning, catalog, settings }: LookedStatement): Answer | null {
  switch (statement.kind) {
    case "show":
      return shown(statement, catalog);
    case "describe":
      return meaning.kind === "table" ? described(meaning.schema) : { kind: "text", text: "" };
    case "set":
      if (statement.key !== null) return null;
      return rowsOf(
        ["key", "value"],
        [...settings]
          .toSorted(([left], [right]) => (left < right ? -1 : 1))
          .map(([key, value]) => [key, namesSecret(key) ? "****" : value]),
      );
    default:
      return null;
  }
}

/** All columns are texts. */
export const rowOfTexts = (columns: readonly string[]): PlanRow =>
  columns.map((name) => ({ name, type: { kind: "varchar", isNullable: true, length: 2_147_483_647 }, time: null }));

const rowsOf = (columns: readonly string[], rows: readonly (readonly (string | null)[])[]): Answer => ({
  kind: "rows",
  columns,
  rows,
});

type Schema = Parameters<typeof schemaText>[0];

function described({ columns, keys }: Schema): Answer {
  const rows = columns.map(({ name, type, time }, index) => [
    name,
    `${typeText({ ...type, isNullable: true })}${time === null ? "" : ` *${time.toUpperCase()}*`}`,
    type.isNullable ? "TRUE" : "FALSE",
    keys.some((key) => key.includes(index)) ? "KEY" : null,
  ]);
  return rowsOf(["name", "type", "null", "key"], rows);
}

function shown({ subject, of, like }: StatementOf<"show">, catalog: Catalog): Answer {
  const named = (column: string, names: readonly string[]): Answer =>
    rowsOf(
      [column],
      names
        .filter((name) => like === null || isLike(name, like.pattern) !== like.isNegated)
        .toSorted()
        .map((name) => [name]),
    );
  const objects = catalog.objects;
  switch (subject) {
    case "CATALOGS":
    case "CURRENT CATALOG":
      return named("catalog name", [catalog.catalogName]);
    case "DATABASES":
    case "CURRENT DATABASE":
      return named("database name", [catalog.databaseName]);
    case "TABLES":
      return named(
        "table name",
        objects.map(([name]) => name),
      );
    case "VIEWS":
      return named(
        "view name",
        objects.filter(([, { kind }]) => kind === "view").map(([name]) => name),
      );
    case "FUNCTIONS":
      return named("function name", [
        ...[...builtInFunctions.keys()].map((name) => name.toLowerCase()),
        ...catalog.functionNames,
      ]);
    case "USER FUNCTIONS":
      return named("function name", catalog.functionNames);
    case "COLUMNS": {
      const object = of === null ? undefined : catalog.find(of);
      return object === undefined || object.kind === "unknown" ? { kind: "text", text: "" } : described(object.schema);
    }
    case "CREATE TABLE":
    case "CREATE VIEW": {
      const object = of === null ? undefined : catalog.find(of);
      const name = of?.parts.at(-1)?.name ?? "";
      if (object?.kind === "table") return { kind: "text", text: tableDefinitionText(name, object.definition) };
      if (object?.kind === "view") {
        const columns = object.columns.length === 0 ? "" : ` (${object.columns.map(quoted).join(", ")})`;
        return { kind: "text", text: `CREATE VIEW ${quoted(name)}${columns} AS ${object.text}` };
      }
      return { kind: "text", text: "" };
    }
    default:
      return unreachable(subject);
  }
}

/** `%` is any text, `_` one character. */
function isLike(name: string, pattern: string): boolean {
  const source = pattern
    .replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")
    .replaceAll("%", ".*")
    .replaceAll("_", ".");
  return new RegExp(`^${source}$`, "iu").test(name);
}

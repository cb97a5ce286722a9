/**
 * Owns: what CREATE, DROP, ALTER and USE do to the catalog, and what is wrong with them there.
 * Not here: ALTER TABLE (table-changes.ts).
 *
 * SQVL1 A table, a view or a function is made once, and is there when it is changed or dropped, unless IF NOT EXISTS or IF EXISTS says otherwise.
 */
import type { QualifiedName } from "../syntax/expression-tree.ts";
import { qualifiedText } from "../syntax/expression-text.ts";
import { fail } from "../syntax/problem.ts";
import type { Statement } from "../syntax/statement-tree.ts";
import type { CatalogTable, CatalogView } from "./catalog.ts";
import type { QueryContext } from "./context.ts";
import { createdFunction } from "./created-function.ts";
import { nameRemedy } from "./names.ts";
import { alteredTable, definitionOf } from "./table-changes.ts";
import { tableOf } from "./table-definition.ts";
import { viewOf } from "./view.ts";

type StatementOf<K extends Statement["kind"]> = Statement & { readonly kind: K };

/** Errors: SqlFailure, Undetermined. Statements that change nothing are none of its business. */
export function changeCatalog(statement: Statement, context: QueryContext): void {
  const { catalog } = context;
  switch (statement.kind) {
    case "createTable":
      if (isNew(statement, context)) catalog.put(statement.name, tableOf(definitionOf(statement, context), context));
      break;
    case "createView":
      if (isNew(statement, context)) {
        const columns = statement.columns.map(({ name }) => name);
        catalog.put(statement.name, viewOf({ name: statement.name, columns, query: statement.query }, context));
      }
      break;
    case "createFunction": {
      const isKnown = catalog.findFunction(statement.name) !== undefined;
      if (isKnown && !statement.ifNotExists) failSecond(statement.name, "function");
      if (!isKnown) catalog.putFunction(statement.name, createdFunction(statement, catalog));
      break;
    }
    case "drop":
      drop(statement, context);
      break;
    case "alterTable":
      alterTable(statement, context);
      break;
    case "alterView":
      alterView(statement, context);
      break;
    case "alterFunction":
      if (catalog.findFunction(statement.name) !== undefined)
        catalog.putFunction(statement.name, createdFunction(statement, catalog));
      else if (!statement.ifExists) failNoFunction(statement.name, context);
      break;
    case "use":
      catalog.use(statement.object, statement.name);
      break;
    default:
  }
}

function isNew(
  { name, ifNotExists }: { readonly name: QualifiedName; readonly ifNotExists: boolean },
  { catalog }: QueryContext,
): boolean {
  const known = catalog.find(name);
  if (known !== undefined && !ifNotExists) failSecond(name, known.kind === "view" ? "view" : "table");
  return known === undefined;
}

const failSecond = (name: QualifiedName, what: string): never =>
  fail(
    name.at,
    `there is a ${what} ${qualifiedText(name)} already`,
    `DROP it first, choose another name, or write IF NOT EXISTS.`,
  );

function drop({ object, name, ifExists }: StatementOf<"drop">, context: QueryContext): void {
  const { catalog } = context;
  if (object === "FUNCTION") {
    if (catalog.findFunction(name) === undefined && !ifExists) failNoFunction(name, context);
    catalog.removeFunction(name);
    return;
  }
  const known = catalog.find(name);
  if (known === undefined) {
    if (!ifExists) catalog.tableOrView(name);
    return;
  }
  const isView = known.kind === "view";
  if (known.kind !== "unknown" && isView !== (object === "VIEW")) {
    const [actual, words] = isView ? ["VIEW", "a view"] : ["TABLE", "a table"];
    fail(name.at, `${qualifiedText(name)} is ${words}`, `Write DROP ${actual} ${qualifiedText(name)}.`);
  }
  catalog.remove(name);
}

function failNoFunction(name: QualifiedName, { catalog }: QueryContext): never {
  const written = name.parts.at(-1)?.name ?? "";
  return fail(
    name.at,
    `the script makes no function ${qualifiedText(name)} above`,
    nameRemedy(written, catalog.functionNames, "The functions above"),
  );
}

function alterTable({ name, ifExists, action }: StatementOf<"alterTable">, context: QueryContext): void {
  const { catalog } = context;
  if (ifExists && catalog.find(name) === undefined) return;
  const table = catalog.tableOrView(name);
  if (table.kind === "view") fail(name.at, `${qualifiedText(name)} is a view`, "Write ALTER VIEW.");
  else if (action.kind === "rename") rename(name, action.to, table, context);
  else catalog.put(name, alteredTable(table, action, context));
}

function rename(
  from: QualifiedName,
  to: QualifiedName,
  object: CatalogTable | CatalogView,
  { catalog }: QueryContext,
): void {
  if (catalog.find(to) !== undefined) failSecond(to, "table");
  catalog.remove(from);
  catalog.put(to, object);
}

function alterView(statement: StatementOf<"alterView">, context: QueryContext): void {
  const { name } = statement;
  const view = context.catalog.tableOrView(name);
  if (view.kind === "table") fail(name.at, `${qualifiedText(name)} is a table`, "Write ALTER TABLE.");
  else if ("to" in statement) rename(name, statement.to, view, context);
  else {
    context.catalog.put(name, viewOf({ name, columns: [], query: statement.query }, context));
  }
}

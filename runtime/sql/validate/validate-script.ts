/**
 * Owns: all that can be said about a script: what check/check-script.ts says of each statement alone, and what its names and types mean.
 * Called by: `streamjob sql --check`.
 *
 * SQVS1 Statements are looked at in the order of the script, each with the tables that those above it made (SQVA1). Statements of EXPLAIN and of
 *     a statement set are looked at, too.
 */
import { checkScript } from "../check/check-script.ts";
import type { Identifier, QualifiedName } from "../syntax/expression-tree.ts";
import { type SqlProblem, SqlFailure } from "../syntax/problem.ts";
import { splitStatements } from "../syntax/script.ts";
import type { Span } from "../syntax/span.ts";
import type { Statement } from "../syntax/statement-tree.ts";
import { tokensOf } from "../syntax/tokens.ts";
import { Catalog, type FunctionSource, type GivenFunction, type GivenTable, Undetermined } from "./catalog.ts";
import { changeCatalog } from "./catalog-changes.ts";
import type { QueryContext } from "./context.ts";
import { givenFunction } from "./created-function.ts";
import { type TypedInsert, typedInsert } from "./insert.ts";
import { givenTable } from "./given-table.ts";
import { typedQuery } from "./query.ts";
import type { Schema, TypedQuery } from "./typed-tree.ts";

export type Meaning =
  | { readonly kind: "query"; readonly query: TypedQuery }
  | { readonly kind: "inserts"; readonly inserts: readonly TypedInsert[] }
  /** A table or a view, as it is after the statement. */
  | { readonly kind: "table"; readonly schema: Schema }
  /** CREATE TABLE … AS: the table, and what fills it. */
  | { readonly kind: "filledTable"; readonly schema: Schema; readonly insert: TypedInsert }
  /** Nothing is wrong that could be seen, and not everything could be. */
  | { readonly kind: "undetermined"; readonly reason: string }
  | { readonly kind: "other" };

export type ValidatedStatement = { readonly statement: Statement; readonly meaning: Meaning };

/** The statements that are right, and the problems of the others, both in the order of the script. */
export type ValidatedScript = {
  readonly statements: readonly ValidatedStatement[];
  readonly problems: readonly SqlProblem[];
  /** As it is behind the last statement. */
  readonly catalog: Catalog;
};

export type ScriptWorld = {
  /** Tables that are there without CREATE TABLE. */
  readonly tables?: readonly GivenTable[];
  /** Functions that are there without CREATE FUNCTION. Their types have been looked at. */
  readonly functions?: readonly GivenFunction[];
  /** What the modules of CREATE FUNCTION give. Default: nobody has looked, and what uses them is left alone. */
  readonly functionSource?: FunctionSource;
};

export function validateScript(
  text: string,
  { tables = [], functions = [], functionSource }: ScriptWorld = {},
): ValidatedScript {
  const checked = checkScript(text);
  const problems = [...checked.problems];
  const statements: ValidatedStatement[] = [];
  const catalog = new Catalog(functionSource);
  for (const { name, ...from } of functions) catalog.putFunction(nameOf([name]), givenFunction(name, from));
  for (const table of tables) catalog.put(nameOf([table.name]), givenTable(table));
  const context: QueryContext = { catalog, outer: null, commonTables: new Map(), expected: [], queryOf: typedQuery };
  // Both are in the order of the script; places also of what cannot be read.
  const right = checked.statements[Symbol.iterator]();
  let next = right.next().value;
  for (const place of placesOf(text, checked.problems)) {
    const statement = next !== undefined && next.at.start < place.end ? next : undefined;
    if (statement !== undefined) next = right.next().value;
    const judged = statement === undefined ? null : judge(statement, context);
    if (judged?.kind === "problem") problems.push(judged.problem);
    else if (judged !== null && statement !== undefined) statements.push({ statement, meaning: judged });
    if (judged === null || judged.kind === "problem" || judged.kind === "undetermined")
      forget(text.slice(place.start, place.end), catalog);
  }
  return { statements, catalog, problems: problems.toSorted((left, right) => left.at.start - right.at.start) };
}

/** Of each statement, also of one that cannot be read. */
function placesOf(text: string, problems: readonly SqlProblem[]): readonly Span[] {
  // A script that is too long has no statements.
  if (problems.some(({ at }) => at.start === at.end)) return [];
  return splitStatements(tokensOf(text)).map((tokens) => {
    const [first, last] = [tokens[0], tokens.at(-1)];
    return { start: first?.startOffset ?? 0, end: (last?.startOffset ?? 0) + (last?.image.length ?? 0) };
  });
}

function judge(
  statement: Statement,
  context: QueryContext,
): Meaning | { readonly kind: "problem"; readonly problem: SqlProblem } {
  try {
    return meaningOf(statement, context);
  } catch (error) {
    if (error instanceof SqlFailure) return { kind: "problem", problem: error.problem };
    if (error instanceof Undetermined) return { kind: "undetermined", reason: error.message };
    throw error;
  }
}

function meaningOf(statement: Statement, context: QueryContext): Meaning {
  switch (statement.kind) {
    case "queryStatement":
      return { kind: "query", query: typedQuery(statement.query, context) };
    case "insert":
      return { kind: "inserts", inserts: [typedInsert(statement, context)] };
    case "statementSet":
      return { kind: "inserts", inserts: statement.inserts.map((insert) => typedInsert(insert, context)) };
    case "explain":
      return meaningOf(statement.statement, context);
    case "describe":
      return { kind: "table", schema: context.catalog.tableOrView(statement.name).schema };
    case "show":
      if (statement.of !== null && statement.subject !== "TABLES") context.catalog.tableOrView(statement.of);
      return { kind: "other" };
    case "createTable": {
      changeCatalog(statement, context);
      const made = madeBy(statement.name, context);
      if (statement.query === null || made.kind !== "table") return made;
      return { kind: "filledTable", schema: made.schema, insert: insertOf(statement, context) };
    }
    case "createView":
    case "alterTable":
    case "alterView": {
      changeCatalog(statement, context);
      return madeBy(statement.name, context);
    }
    default:
      changeCatalog(statement, context);
      return { kind: "other" };
  }
}

function madeBy(name: QualifiedName, { catalog }: QueryContext): Meaning {
  const made = catalog.find(name);
  return made === undefined || made.kind === "unknown" ? { kind: "other" } : { kind: "table", schema: made.schema };
}

/** CREATE TABLE … AS fills the table with its query, by the names of its columns. */
function insertOf(
  { at, name, query }: Statement & { readonly kind: "createTable" },
  context: QueryContext,
): TypedInsert {
  if (query === null) throw new RangeError("CREATE TABLE without a query");
  const columns = typedQuery(query, context).schema.columns.map((column) => nameOf([column.name], query.at));
  return typedInsert({ kind: "insert", at, isOverwrite: false, target: name, hints: [], columns, query }, context);
}

const making =
  /^(?:CREATE|ALTER)\s+(?:TEMPORARY\s+)?(?:TABLE|VIEW)\s+(?:IF\s+(?:NOT\s+)?EXISTS\s+)?((?:`[^`]+`|[\p{L}\p{N}_$.])+)/iu;

/** SQVA2: what a refused statement would have made or changed is there, and unknown. */
function forget(statement: string, catalog: Catalog): void {
  const written = making.exec(statement)?.[1];
  if (written === undefined) return;
  const parts = [...written.matchAll(/`([^`]+)`|[\p{L}\p{N}_$]+/gu)].map((part) => part[1] ?? part[0]);
  catalog.put(nameOf(parts), { kind: "unknown" });
}

const nameOf = (parts: readonly string[], at: Span = { start: 0, end: 0 }): QualifiedName => ({
  kind: "name",
  at,
  parts: parts.map((name): Identifier => ({ kind: "identifier", at, name })),
});

/**
 * Owns: all that can be said about a script without knowing what is outside it: its syntax, its types, its tables.
 * Called by: `streamjob sql --check`.
 */
import { type SqlProblem, SqlFailure } from "../syntax/problem.ts";
import { parseScript, type Script } from "../syntax/script.ts";
import type { ExpressionOf, TypeName } from "../syntax/expression-tree.ts";
import type { Statement } from "../syntax/statement-tree.ts";
import { typeOf } from "../types/sql-type.ts";
import { typeOfExpression } from "./expression-type.ts";
import { checkTable } from "./table-check.ts";

/** The statements that are right, and the problems of the others, both in the order of the script. */
export function checkScript(text: string): Script {
  const { statements, problems } = parseScript(text);
  const right: Statement[] = [];
  const found: SqlProblem[] = [...problems];
  for (const statement of statements) {
    const problem = problemOf(statement);
    if (problem === null) right.push(statement);
    else found.push(problem);
  }
  return { statements: right, problems: found.toSorted((left, right) => left.at.start - right.at.start) };
}

function problemOf(statement: Statement): SqlProblem | null {
  try {
    if (statement.kind === "createTable") checkTable(statement);
    for (const type of typesIn(statement)) typeOf(type);
    for (const cast of castsIn(statement)) typeOfExpression(cast, () => null);
    return null;
  } catch (error) {
    if (error instanceof SqlFailure) return error.problem;
    throw error;
  }
}

/** What is found under a property `type` of a node, wherever it stands: in columns, casts and RETURNING. */
function* typesIn(node: unknown): Iterable<TypeName> {
  if (node === null || typeof node !== "object") return;
  for (const [name, value] of Object.entries(node)) {
    if ((name === "type" || name === "returning") && value !== null && typeof value === "object")
      yield value as TypeName;
    else yield* typesIn(value);
  }
}

/** The outermost ones: those inside of them are checked with them. Columns of queries are not known yet, literals are. */
function* castsIn(node: unknown): Iterable<ExpressionOf<"cast">> {
  if (node === null || typeof node !== "object") return;
  if ("kind" in node && node.kind === "cast") yield node as ExpressionOf<"cast">;
  else for (const value of Object.values(node)) yield* castsIn(value);
}

/**
 * Owns: what can be said of each statement alone: its syntax, the types that it writes, the parts of CREATE TABLE.
 * Does not own: what names and expressions mean (validate/validate-script.ts).
 */
import { type SqlProblem, SqlFailure } from "../syntax/problem.ts";
import { parseScript, type Script } from "../syntax/script.ts";
import type { TypeName } from "../syntax/expression-tree.ts";
import type { Statement } from "../syntax/statement-tree.ts";
import { typeOf } from "../types/sql-type.ts";
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

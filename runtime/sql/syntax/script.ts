/**
 * Owns: from the text of a script to its statements, and to what is wrong with them.
 * Does not own: the grammar, the words of syntax errors (syntax-error.ts).
 *
 * SQLP1 Statements are parsed one by one: a mistake in one does not hide those in the others.
 * SQLP2 The semicolon behind the last statement may be missing; those of a statement set belong to it.
 */
import type { IToken } from "chevrotain";
import { type SqlProblem, SqlFailure } from "./problem.ts";
import { StatementGrammar } from "./statement-grammar.ts";
import type { Statement } from "./statement-tree.ts";
import { problemOf, unreadableProblem } from "./syntax-error.ts";
import { isUnreadable, k, Semicolon, tokensOf } from "./tokens.ts";

/** In the order of the script. */
export type Script = { readonly statements: readonly Statement[]; readonly problems: readonly SqlProblem[] };

/** Longest script, in UTF-16 units. */
const SCRIPT_LENGTH_MAX = 1_000_000;

let grammar: StatementGrammar | undefined;

export function parseScript(text: string): Script {
  if (text.length > SCRIPT_LENGTH_MAX) {
    const message = `the script has ${text.length} characters, more than ${SCRIPT_LENGTH_MAX}`;
    const remedy = "Split it; large sets of rows belong into a file that a table reads.";
    return {
      statements: [],
      problems: [{ message, remedy, at: { start: SCRIPT_LENGTH_MAX, end: SCRIPT_LENGTH_MAX } }],
    };
  }
  const statements: Statement[] = [];
  const problems: SqlProblem[] = [];
  for (const tokens of splitStatements(tokensOf(text))) {
    const parsed = parseStatement(tokens);
    if (parsed.kind === "problem") problems.push(parsed.problem);
    else statements.push(parsed.statement);
  }
  return { statements, problems };
}

type Parsed =
  | { readonly kind: "statement"; readonly statement: Statement }
  | { readonly kind: "problem"; readonly problem: SqlProblem };

function parseStatement(tokens: IToken[]): Parsed {
  const unread = tokens.find(isUnreadable);
  if (unread !== undefined) return { kind: "problem", problem: unreadableProblem(unread) };
  // Made once: it takes a hundred times longer than a statement.
  grammar ??= new StatementGrammar();
  grammar.begin(tokens);
  try {
    const statement = grammar.statement();
    const [error] = grammar.errors;
    if (error !== undefined) return { kind: "problem", problem: problemOf(error, tokens) };
    return { kind: "statement", statement };
  } catch (error) {
    if (error instanceof SqlFailure) return { kind: "problem", problem: error.problem };
    throw error;
  }
}

/** The tokens of each statement, without the semicolons between them (SQLP2). */
export function splitStatements(tokens: readonly IToken[]): IToken[][] {
  const statements: IToken[][] = [];
  let current: IToken[] = [];
  // Of BEGIN and CASE, which END closes; counted in a statement set only.
  let open = 0;
  for (const [index, token] of tokens.entries()) {
    const { tokenType: type } = token;
    const previous = tokens[index - 1]?.tokenType;
    if (open > 0 && type === k.CASE) open++;
    if (open > 0 && type === k.END) open--;
    if (type === k.BEGIN && previous === k.SET) open = 1;
    if (type === k.STATEMENT && previous === k.BEGIN) open = 1;
    if (type === Semicolon && open === 0) {
      if (current.length > 0) statements.push(current);
      current = [];
    } else current.push(token);
  }
  if (current.length > 0) statements.push(current);
  return statements;
}

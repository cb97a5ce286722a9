/**
 * Owns: `streamjob sql --check`: reads a script, and says what is wrong with it.
 * Not here: what is wrong (runtime/sql).
 *
 * SQC1 Every statement is checked with the tables that those above it make, and every mistake is shown; one is enough for exit code 1. Nothing is run.
 */
import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { StreamError } from "../../base/index.ts";
import {
  describeProblem,
  schemaText,
  statementText,
  type ValidatedStatement,
  validateScript,
} from "../../runtime/sql/index.ts";
import type { ExitCode, Terminal } from "../terminal/terminal.ts";

export type SqlCommand = {
  readonly kind: "sql";
  /** A path, or `-` for stdin. */
  readonly file: string;
  /** Shows each statement as it is understood, and below it, as a comment, the columns of its result. */
  readonly prints: boolean;
};

const STDIN_DESCRIPTOR = 0;

/** Errors: OPTION_INVALID. */
export function sqlCommand(terminal: Terminal, { file, prints }: SqlCommand): ExitCode {
  const name = file === "-" ? "stdin" : file;
  const text = readScript(file, name);
  const { statements, problems } = validateScript(text);
  for (const problem of problems) terminal.say(`${terminal.colors.red(describeProblem(problem, text, name))}\n`);
  if (prints) for (const statement of statements) terminal.out(describeStatement(statement));
  const count = statements.length + problems.length;
  const statementsText = `${count} ${count === 1 ? "statement" : "statements"}`;
  terminal.say(
    problems.length === 0 ? `${statementsText}, no errors` : `${statementsText}, ${problems.length} with errors`,
  );
  return problems.length === 0 ? 0 : 1;
}

function describeStatement({ statement, meaning }: ValidatedStatement): string {
  const lines = [`${statementText(statement)};`];
  if (meaning.kind === "query") lines.push(schemaText(meaning.query.schema));
  if (meaning.kind === "table") lines.push(schemaText(meaning.schema));
  if (meaning.kind === "inserts") lines.push(...meaning.inserts.map(({ query }) => schemaText(query.schema)));
  if (meaning.kind === "undetermined") lines.push(`not checked further: ${meaning.reason}`);
  return lines.join("\n-- ");
}

function readScript(file: string, name: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file === "-" ? STDIN_DESCRIPTOR : file);
  } catch (error) {
    throw new StreamError("OPTION_INVALID", `The script ${name} cannot be read: ${(error as Error).message}.`, {
      cause: error,
    });
  }
  if (!isUtf8(bytes))
    throw new StreamError(
      "OPTION_INVALID",
      `The script ${name} is not UTF-8. Save it as UTF-8 and repeat the command.`,
    );
  return bytes.toString("utf8");
}

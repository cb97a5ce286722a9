/**
 * Owns: `streamjob sql`: reads a script, and says what is wrong with it (`--check`), or how it would run (`--explain`); without these, who runs its statements.
 * Not here: what is wrong, and the plan (runtime/sql); running statements (cli/sql).
 *
 * SQC1 Every statement is checked with the tables that those above it make, and every mistake is shown; one is enough for exit code 1. Nothing is run, but
 *     modules of functions are loaded: their types are in them.
 * SQC2 A plan is shown of a script without mistakes; what a stream cannot run is one.
 */
import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { StreamError } from "../../base/index.ts";
import { modulesBeside, scriptFunctions } from "../../runtime/program/index.ts";
import {
  describeProblem,
  explainJson,
  explainText,
  type FunctionSource,
  planScript,
  schemaText,
  statementText,
  type ValidatedStatement,
  validateScript,
} from "../../runtime/sql/index.ts";
import { ScriptSession } from "../../runtime/table/engine.ts";
import { History } from "../sql/history.ts";
import { runQueryIn } from "../sql/query-run.ts";
import type { OutputFormat } from "../sql/sql-words.ts";
import { runScript } from "../sql/script-run.ts";
import { Shell } from "../sql/shell.ts";
import type { ExitCode, Terminal } from "../terminal/terminal.ts";
import { homeFolder } from "./home-folder.ts";

export type SqlCommand = SqlRunCommand | SqlLookCommand;

/** Statements are run: those of a file, of stdin, or of a person. */
export type SqlRunCommand = {
  readonly kind: "sql";
  readonly shows: "results";
  /** null: stdin, which may be a terminal. */
  readonly file: string | null;
  readonly format: OutputFormat;
  readonly parallelism?: number;
};

/** Nothing is run. */
export type SqlLookCommand = {
  readonly kind: "sql";
  /** A path, or `-` for stdin. */
  readonly file: string;
  /**
   * problems: nothing else · statements: each as it is understood, and below it, as a comment, the columns of its result · plan, json: the plan of
   * its INSERTs and queries.
   */
  readonly shows: "problems" | "statements" | "plan" | "json";
};

const STDIN_DESCRIPTOR = 0;

/** Errors: OPTION_INVALID. */
export async function sqlCommand(terminal: Terminal, command: SqlCommand): Promise<ExitCode> {
  if (command.shows === "results") return runStatements(terminal, command);
  const { file, shows } = command;
  const name = file === "-" ? "stdin" : file;
  const text = readScript(file, name);
  const functionSource = await scriptFunctions(text, file === "-" ? process.cwd() : dirname(resolve(file)));
  if (shows === "plan" || shows === "json")
    return explain(terminal, text, { name, isJson: shows === "json", functionSource });
  const { statements, problems } = validateScript(text, { functionSource });
  sayProblems(terminal, problems, { text, name });
  if (shows === "statements") for (const statement of statements) terminal.out(describeStatement(statement));
  const count = statements.length + problems.length;
  const statementsText = `${count} ${count === 1 ? "statement" : "statements"}`;
  terminal.say(
    problems.length === 0 ? `${statementsText}, no errors` : `${statementsText}, ${problems.length} with errors`,
  );
  return problems.length === 0 ? 0 : 1;
}

async function runStatements(terminal: Terminal, { file, format, parallelism }: SqlRunCommand): Promise<ExitCode> {
  const { stdin, stdout } = process;
  const folder = file === null ? process.cwd() : dirname(resolve(file));
  const session = new ScriptSession(modulesBeside(folder));
  const runQuery = runQueryIn(folder, parallelism);
  if (file !== null || stdin.isTTY !== true || stdout.isTTY !== true)
    return runScript(readScript(file ?? "-", file ?? "stdin"), session, { terminal, format, runQuery });
  const history = new History(join(homeFolder().root, "sql-history"), terminal.say);
  return new Shell({ terminal, session, runQuery, history, input: stdin, output: stdout }).run();
}

function sayProblems(
  terminal: Terminal,
  problems: readonly Parameters<typeof describeProblem>[0][],
  { text, name }: { readonly text: string; readonly name: string },
): void {
  for (const problem of problems) terminal.say(`${terminal.colors.red(describeProblem(problem, text, name))}\n`);
}

/** SQC2. */
function explain(
  terminal: Terminal,
  text: string,
  {
    name,
    isJson,
    functionSource,
  }: { readonly name: string; readonly isJson: boolean; readonly functionSource: FunctionSource },
): ExitCode {
  const plan = planScript(text, { explains: true, functionSource });
  if (plan.kind === "problems") {
    sayProblems(terminal, plan.problems, { text, name });
    return 1;
  }
  terminal.out(isJson ? JSON.stringify(explainJson(plan), null, 2) : explainText(plan));
  return 0;
}

function describeStatement({ statement, meaning }: ValidatedStatement): string {
  const lines = [`${statementText(statement)};`];
  if (meaning.kind === "query") lines.push(schemaText(meaning.query.schema));
  if (meaning.kind === "table" || meaning.kind === "filledTable") lines.push(schemaText(meaning.schema));
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

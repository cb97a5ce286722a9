/**
 * Owns: `streamjob sql`: reads a script, and says what is wrong with it (`--check`), or how it would run (`--explain`), or what of another one's state it could take over (`--compare`);
 * or the rows of what is in it (sql-declarations.ts); without these, who runs its statements.
 * Not here: what is wrong, and the plan (runtime/sql); running statements (cli/sql).
 *
 * SQC1 Every statement is checked with the tables that those above it make, and every mistake is shown; one is enough for exit code 1. Nothing is run, but
 *     modules of functions are loaded: their types are in them.
 * SQC2 A plan is shown of a script without mistakes; what a stream cannot run is one, also for `--check`.
 * SQC3 Of two scripts, or of a plan and a script, it is shown which operators of the second find their state, and why others do not. Exit code 0: all state fits.
 */
import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { StreamError } from "../../base/index.ts";
import { modulesBeside, scriptFunctions } from "../../runtime/program/index.ts";
import {
  comparePlans,
  describeComparison,
  describeProblem,
  type ExplainedPlan,
  explainJson,
  explainSvg,
  explainText,
  type FunctionSource,
  planScript,
  readSavedPlan,
  type ScriptPlan,
  schemaText,
  statementText,
  type ValidatedStatement,
  validateScript,
} from "../../runtime/sql/index.ts";
import { ScriptSession, tablesOf } from "../../runtime/table/engine.ts";
import { History } from "../sql/history.ts";
import { runQueryIn } from "../sql/query-run.ts";
import type { OutputFormat } from "../sql/sql-words.ts";
import { runScript } from "../sql/script-run.ts";
import { Shell } from "../sql/shell.ts";
import { Signals } from "../terminal/signals.ts";
import type { ExitCode, Terminal } from "../terminal/terminal.ts";
import { homeFolder } from "./home-folder.ts";
import { rowsOfModule, sayDeclarations } from "./sql-declarations.ts";

export type SqlCommand = SqlRunCommand | SqlLookCommand | SqlDeclareCommand;

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
   * problems: nothing else · statements: each as it is understood, and below it, as a comment, the columns of its result · plan, json, svg: the plan
   * of its INSERTs and queries.
   */
  readonly shows: "problems" | "statements" | "plan" | "json" | "svg";
  /** A script, or a plan as JSON: what of its state the script could take over is shown instead. */
  readonly comparedWith?: string;
};

/** The rows of a script's tables, or of those of a job module, are written as TypeScript; nothing is run. */
export type SqlDeclareCommand = {
  readonly kind: "sql";
  readonly shows: "declarations";
  /** A path, or `-` for a script on stdin. What does not end in `.sql` is a job module. */
  readonly file: string;
  /** Of the job module. */
  readonly args: readonly string[];
};

const STDIN_DESCRIPTOR = 0;

type Plan = ScriptPlan & { readonly kind: "plan" };
type Problems = readonly Parameters<typeof describeProblem>[0][];

/** Errors: OPTION_INVALID. */
export async function sqlCommand(terminal: Terminal, command: SqlCommand): Promise<ExitCode> {
  if (command.shows === "results") return runStatements(terminal, command);
  if (command.shows === "declarations") return declareRows(terminal, command);
  const { file, shows, comparedWith } = command;
  const name = file === "-" ? "stdin" : file;
  const text = readScript(file, name);
  if (comparedWith !== undefined) return compare(terminal, { file: comparedWith, text, name, folder: folderOf(file) });
  const functionSource = await scriptFunctions(text, folderOf(file));
  if (shows === "plan" || shows === "json" || shows === "svg")
    return explain(terminal, text, { name, form: shows, functionSource });
  const { statements, problems: mistakes } = validateScript(text, { functionSource });
  const problems = mistakes.length > 0 ? mistakes : unrunnable(text, statements, functionSource);
  sayProblems(terminal, problems, { text, name });
  if (shows === "statements") for (const statement of statements) terminal.out(describeStatement(statement));
  const count = statements.length + mistakes.length;
  const statementsText = `${count} ${count === 1 ? "statement" : "statements"}`;
  terminal.say(
    problems.length === 0 ? `${statementsText}, no errors` : `${statementsText}, ${problems.length} with errors`,
  );
  return problems.length === 0 ? 0 : 1;
}

/** SQC2. Of a script with statements that mean nothing here there is no plan to look at. */
function unrunnable(text: string, statements: readonly ValidatedStatement[], functionSource: FunctionSource): Problems {
  if (statements.some(({ meaning }) => meaning.kind === "undetermined")) return [];
  const plan = planScript(text, { explains: true, functionSource });
  return plan.kind === "problems" ? plan.problems : [];
}

async function runStatements(terminal: Terminal, { file, format, parallelism }: SqlRunCommand): Promise<ExitCode> {
  const { stdin, stdout } = process;
  const name = file === null || file === "-" ? "stdin" : file;
  const folder = folderOf(file);
  const session = new ScriptSession(modulesBeside(folder, { followsEdits: true }));
  const runQuery = runQueryIn(folder, parallelism);
  if (file !== null || stdin.isTTY !== true || stdout.isTTY !== true)
    return runScript(readScript(file ?? "-", name), session, { terminal, format, runQuery, name });
  const history = new History(join(homeFolder().root, "sql-history"), terminal.say);
  const signals = new Signals(terminal.clock);
  const shell = new Shell({ terminal, session, runQuery, history, signals, input: stdin, output: stdout });
  try {
    return await shell.run();
  } finally {
    signals.stop();
  }
}

async function declareRows(terminal: Terminal, { file, args }: SqlDeclareCommand): Promise<ExitCode> {
  if (file !== "-" && !file.endsWith(".sql")) return sayDeclarations(terminal, file, await rowsOfModule(file, args));
  if (args.length > 0)
    throw new StreamError(
      "OPTION_INVALID",
      `${file} is a script, and takes no arguments: leave ${args.join(" ")} out.`,
    );
  const name = file === "-" ? "stdin" : file;
  const text = readScript(file, name);
  const { catalog, problems } = validateScript(text, { functionSource: await scriptFunctions(text, folderOf(file)) });
  sayProblems(terminal, problems, { text, name });
  return problems.length > 0 ? 1 : sayDeclarations(terminal, name, [{ tables: tablesOf(catalog), queries: [] }]);
}

function sayProblems(
  terminal: Terminal,
  problems: Problems,
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
    form,
    functionSource,
  }: { readonly name: string; readonly form: keyof typeof forms; readonly functionSource: FunctionSource },
): ExitCode {
  const plan = planScript(text, { explains: true, functionSource });
  if (plan.kind === "problems") {
    sayProblems(terminal, plan.problems, { text, name });
    return 1;
  }
  terminal.out(forms[form](plan));
  return 0;
}

const forms = {
  plan: explainText,
  json: (plan: Plan): string => JSON.stringify(explainJson(plan), null, 2),
  svg: (plan: Plan): string => explainSvg(explainJson(plan)).trimEnd(),
} as const;

type Named = { readonly text: string; readonly name: string; readonly folder: string };

/** SQC3. Errors: OPTION_INVALID. */
async function compare(terminal: Terminal, { file, ...script }: Named & { readonly file: string }): Promise<ExitCode> {
  const [before, after] = [await planBefore(terminal, file), await planned(terminal, script)];
  if (before === null || after === null) return 1;
  const comparison = comparePlans(before, after);
  for (const line of describeComparison(comparison)) terminal.out(line);
  return comparison.fits ? 0 : 1;
}

async function planBefore(terminal: Terminal, file: string): Promise<ExplainedPlan | null> {
  const text = readScript(file, file);
  if (!file.endsWith(".json")) return planned(terminal, { text, name: file, folder: folderOf(file) });
  const saved = readSavedPlan(text);
  if (saved.kind === "plan") return saved.plan;
  throw new StreamError(
    "OPTION_INVALID",
    `${file} is not a plan: ${saved.reason}. Write one with streamjob sql --explain --json job.sql > plan.json, or name the script.`,
  );
}

async function planned(terminal: Terminal, { text, name, folder }: Named): Promise<ExplainedPlan | null> {
  const plan = planScript(text, { functionSource: await scriptFunctions(text, folder) });
  if (plan.kind === "plan") return explainJson(plan);
  sayProblems(terminal, plan.problems, { text, name });
  return null;
}

/** That paths of its functions begin at. */
const folderOf = (file: string | null): string =>
  file === null || file === "-" ? process.cwd() : dirname(resolve(file));

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

/**
 * Owns: `streamjob sql`: reads a script, and says what is wrong with it (`--check`), or how it would run (`--explain`), or what of another one's state it could take over (`--compare`).
 * Not here: what is wrong, and the plan (runtime/sql).
 *
 * SQC1 Every statement is checked with the tables that those above it make, and every mistake is shown; one is enough for exit code 1. Nothing is run.
 * SQC2 A plan is shown of a script without mistakes; what a stream cannot run is one.
 * SQC3 Of two scripts, or of a plan and a script, it is shown which operators of the second find their state, and why others do not. Exit code 0: all state fits.
 */
import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { StreamError } from "../../base/index.ts";
import {
  comparePlans,
  describeComparison,
  describeProblem,
  type ExplainedPlan,
  explainJson,
  explainSvg,
  explainText,
  planScript,
  readSavedPlan,
  type ScriptPlan,
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
  /**
   * problems: nothing else · statements: each as it is understood, and below it, as a comment, the columns of its result · plan, json, svg: the plan
   * of its INSERTs and queries.
   */
  readonly shows: "problems" | "statements" | "plan" | "json" | "svg";
  /** A script, or a plan as JSON: what of its state the script could take over is shown instead. */
  readonly comparedWith?: string;
};

const STDIN_DESCRIPTOR = 0;

type Plan = ScriptPlan & { readonly kind: "plan" };

/** Errors: OPTION_INVALID. */
export function sqlCommand(terminal: Terminal, { file, shows, comparedWith }: SqlCommand): ExitCode {
  const name = file === "-" ? "stdin" : file;
  const text = readScript(file, name);
  if (comparedWith !== undefined) return compare(terminal, { file: comparedWith, text, name });
  if (shows === "plan" || shows === "json" || shows === "svg") return explain(terminal, text, { name, form: shows });
  const { statements, problems } = validateScript(text);
  sayProblems(terminal, problems, { text, name });
  if (shows === "statements") for (const statement of statements) terminal.out(describeStatement(statement));
  const count = statements.length + problems.length;
  const statementsText = `${count} ${count === 1 ? "statement" : "statements"}`;
  terminal.say(
    problems.length === 0 ? `${statementsText}, no errors` : `${statementsText}, ${problems.length} with errors`,
  );
  return problems.length === 0 ? 0 : 1;
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
  { name, form }: { readonly name: string; readonly form: keyof typeof forms },
): ExitCode {
  const plan = planScript(text, { explains: true });
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

/** SQC3. Errors: OPTION_INVALID. */
function compare(
  terminal: Terminal,
  { file, text, name }: { readonly file: string; readonly text: string; readonly name: string },
): ExitCode {
  const [before, after] = [planBefore(terminal, file), planned(terminal, text, name)];
  if (before === null || after === null) return 1;
  const comparison = comparePlans(before, after);
  for (const line of describeComparison(comparison)) terminal.out(line);
  return comparison.fits ? 0 : 1;
}

function planBefore(terminal: Terminal, file: string): ExplainedPlan | null {
  const text = readScript(file, file);
  if (!file.endsWith(".json")) return planned(terminal, text, file);
  const saved = readSavedPlan(text);
  if (saved.kind === "plan") return saved.plan;
  throw new StreamError(
    "OPTION_INVALID",
    `${file} is not a plan: ${saved.reason}. Write one with streamjob sql --explain --json job.sql > plan.json, or name the script.`,
  );
}

function planned(terminal: Terminal, text: string, name: string): ExplainedPlan | null {
  const plan = planScript(text);
  if (plan.kind === "plan") return explainJson(plan);
  sayProblems(terminal, plan.problems, { text, name });
  return null;
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

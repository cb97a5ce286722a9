/**
 * Owns: statements that come one after the other, as a person types them: each looked at with what those before it have made, before anything is run.
 * Does not own: running them, answering SHOW (cli/sql).
 *
 * SSES1 A statement that is refused changes nothing. What is looked at counts for later ones when it is kept.
 * SSES2 A mistake is SQL_INVALID, with its place in the text that the statement is from.
 * SSES3 What runs a statement gets the script of all that it builds on, and the statement at its end.
 */
import { StreamError } from "../../base/index.ts";
import { parseOptions } from "../graph/index.ts";
import { type Catalog, planScript, type SqlProblem, type ValidatedStatement, validateScript } from "../sql/index.ts";
import { functionModules, type LoadModule } from "./function-modules.ts";
import { isLookupSetting, lookupSettingProblems } from "./lookup-settings.ts";
import { OWN_KEYS } from "./script-options.ts";
import { invalidScript, type Plan } from "./script-plan.ts";
import { tableProblems } from "./table-checks.ts";

export type LookedStatement = ValidatedStatement & {
  /** Of this statement alone, but for what is set. Of EXPLAIN the plan that it asks for. */
  readonly plan: Plan;
  /** As it is behind the statement. */
  readonly catalog: Catalog;
  readonly settings: ReadonlyMap<string, string>;
  /** SSES3. */
  readonly script: string;
};

/** They make something that later statements build on. */
const KEPT: ReadonlySet<string> = new Set<ValidatedStatement["statement"]["kind"]>([
  "createTable",
  "createView",
  "createFunction",
  "alterTable",
  "alterView",
  "alterFunction",
  "drop",
  "use",
  "reset",
]);

/** What a statement is from, and where it begins there. */
export type StatementOrigin = { readonly name: string; readonly text: string; readonly start: number };

export class ScriptSession {
  readonly #load: LoadModule;
  #before = "";

  constructor(load: LoadModule) {
    this.#load = load;
  }

  /** `text`: of one statement; null: it is none, but for comments. `origin`: without one it stands alone. Errors: SQL_INVALID. */
  async look(text: string, origin: StatementOrigin = { name: "sql", text, start: 0 }): Promise<LookedStatement | null> {
    const before = this.#before;
    const script = before + text;
    const world = { functionSource: await functionModules(script, this.#load) };
    const { statements, problems, catalog } = validateScript(script, world);
    const fail = (found: readonly SqlProblem[]): never => {
      throw invalidStatement(found, { before, script }, origin);
    };
    if (problems.length > 0) fail(problems);
    const last = statements.at(-1);
    if (last === undefined || last.statement.at.start < before.length) return null;
    const { statement } = last;
    if (statement.kind === "createTable" && statement.query !== null)
      fail([
        {
          at: statement.query.at,
          message: "CREATE TABLE … AS would be filled anew by each statement behind it",
          remedy: "Write CREATE TABLE with its columns, and INSERT INTO.",
        },
      ]);
    const problem = settingProblem(statement);
    if (problem !== null) fail([problem]);
    const plan = planScript(script, { ...world, explains: true });
    if (plan.kind === "problems") return fail(plan.problems);
    const inputs = plan.queries.map(({ input }) => input);
    const inTables = statement.kind === "explain" ? [] : tableProblems(plan.sinks, inputs);
    const inPlan = [...lookupSettingProblems(plan.settings), ...inTables];
    if (inPlan.length > 0) fail(inPlan);
    const settings = new Map([...plan.settings].map(([key, { value }]) => [key, value]));
    return { ...last, plan, catalog, settings, script };
  }

  /** SSES1. */
  keep({ statement, script }: LookedStatement): void {
    const isSetting = statement.kind === "set" && statement.key !== null;
    // Without a comment behind it, which would have the semicolon.
    if (isSetting || KEPT.has(statement.kind)) this.#before = `${script.slice(0, statement.at.end)};\n`;
  }
}

/** SSES2 */
function invalidStatement(
  problems: readonly SqlProblem[],
  { before, script }: { readonly before: string; readonly script: string },
  { name, text, start }: StatementOrigin,
): StreamError {
  if (problems.some(({ at }) => at.start < before.length)) return invalidScript(problems, before.length, script, name);
  const shift = start - before.length;
  const shifted = problems.map(
    (problem): SqlProblem => ({ ...problem, at: { start: problem.at.start + shift, end: problem.at.end + shift } }),
  );
  return invalidScript(shifted, 0, text, name);
}

/** Of an option of the job that there is not, or whose value is none. */
function settingProblem(statement: ValidatedStatement["statement"]): SqlProblem | null {
  if (statement.kind !== "set" || statement.key === null) return null;
  if (OWN_KEYS.has(statement.key) || isLookupSetting(statement.key)) return null;
  try {
    parseOptions({ [statement.key]: statement.value ?? "" });
    return null;
  } catch (error) {
    if (!(error instanceof StreamError)) throw error;
    return {
      at: statement.at,
      message: error.message,
      remedy: "docs/options.md has each option of a job, with its values.",
    };
  }
}

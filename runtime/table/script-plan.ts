/**
 * Owns: plans of texts that are given one after the other, each with what those before it have made.
 *
 * SCPL1 What a text creates, changes and sets is there for those after it; what it inserts and asks is its own.
 * SCPL2 A mistake is SQL_INVALID, with its place in the text of its call.
 */
import { StreamError } from "../../base/index.ts";
import {
  type Catalog,
  describeProblem,
  planScript,
  type ScriptPlan,
  type ScriptWorld,
  type SqlProblem,
  Uids,
  type ValidatedStatement,
  validateScript,
} from "../sql/index.ts";

import { lookupSettingProblems } from "./lookup-settings.ts";
import { tableProblems } from "./table-checks.ts";

export type Plan = Extract<ScriptPlan, { kind: "plan" }>;
type StatementKind = ValidatedStatement["statement"]["kind"];

/** They leave nothing behind for later texts. */
const PASSING: ReadonlySet<StatementKind> = new Set<StatementKind>([
  "queryStatement",
  "insert",
  "statementSet",
  "explain",
  "describe",
  "show",
]);

export class ScriptPlans {
  /** The statements that later texts build on. */
  #before: string;
  readonly #uids = new Uids();
  /** Tables that these fill (CREATE TABLE … AS). */
  #insertsBefore = 0;

  constructor(before: string) {
    this.#before = before;
  }

  /** `name`: of the text, for messages. `world`: what the job has. Errors: SQL_INVALID. */
  plan(text: string, name: string, world: ScriptWorld): Plan {
    const before = this.#before;
    const whole = before + text;
    const plan = planScript(whole, { ...world, uids: this.#uids });
    if (plan.kind === "problems") throw invalidScript(plan.problems, before.length, whole, name);
    const inputs = plan.queries.map(({ input }) => input);
    const problems = [...lookupSettingProblems(plan.settings), ...tableProblems(plan.sinks, inputs)];
    if (problems.length > 0) throw invalidScript(problems, before.length, whole, name);
    const own = { ...plan, sinks: plan.sinks.slice(this.#insertsBefore) };
    for (const { statement, meaning } of validateScript(whole, world).statements) {
      if (statement.at.start < before.length || PASSING.has(statement.kind)) continue;
      this.#before += `${whole.slice(statement.at.start, statement.at.end)};\n`;
      if (meaning.kind === "filledTable") this.#insertsBefore++;
    }
    return own;
  }

  /** What texts so far have made. */
  catalog(world: ScriptWorld): Catalog {
    return validateScript(this.#before, world).catalog;
  }
}

/** SCPL2. `before`: where the text begins. */
export function invalidScript(
  problems: readonly SqlProblem[],
  before: number,
  whole: string,
  name: string,
): StreamError {
  const texts = problems.map((problem) => {
    if (problem.at.start < before) return describeProblem(problem, whole, name);
    const at = { start: problem.at.start - before, end: problem.at.end - before };
    return describeProblem({ ...problem, at }, whole.slice(before), name);
  });
  return new StreamError("SQL_INVALID", texts.join("\n\n"), { destiny: "terminal" });
}

/**
 * Owns: what SET says for the job of a script, as options of the job.
 *
 * SCOP1 An option that there is not, or that has a wrong value, is shown at its SET. Names of Flink that mean something here that is not there yet say so.
 */
import { StreamError } from "../../base/index.ts";
import type { StreamEnvironment } from "../api/index.ts";
import { aggregationKeys, describeProblem, type SqlProblem } from "../sql/index.ts";
import { isLookupSetting } from "./lookup-settings.ts";
import type { Plan } from "./script-plan.ts";

/** Keys of SET that are the planner's. */
export const OWN_KEYS: ReadonlySet<string> = new Set([
  "execution.runtime-mode",
  "table.exec.state.ttl",
  "table.local-time-zone",
  ...aggregationKeys,
]);

/** By their beginnings. */
const NOT_THERE_YET: readonly (readonly [key: string, remedy: string])[] = [
  ["table.", "Take it out: the planner decides by itself."],
  ["sql-client.", "Take it out: it is for Flink's SQL client."],
];

/** `name`: of the script. Errors: SQL_INVALID. */
export function setScriptOptions(
  env: StreamEnvironment,
  settings: Plan["settings"],
  { script, name }: { readonly script: string; readonly name: string },
): void {
  for (const [key, { value, at }] of settings) {
    if (OWN_KEYS.has(key) || isLookupSetting(key)) continue;
    const problem = problemOf(env, key, value);
    if (problem !== null)
      throw new StreamError("SQL_INVALID", describeProblem({ ...problem, at }, script, name), { destiny: "terminal" });
  }
}

function problemOf(env: StreamEnvironment, key: string, value: string): Omit<SqlProblem, "at"> | null {
  const missing = NOT_THERE_YET.find(([beginning]) => key.startsWith(beginning));
  if (missing !== undefined) return { message: `there is no option '${key}' yet`, remedy: missing[1] };
  try {
    env.setOptions({ [key]: value });
    return null;
  } catch (error) {
    if (!(error instanceof StreamError)) throw error;
    return { message: error.message, remedy: "docs/options.md has each option of a job, with its values." };
  }
}

/**
 * Owns: scripts of SQL in manifests (`spec.job.sql`): what is wrong with them, and what an edit of one does to the state of its job.
 * Does not own: what is wrong with a script, and what its plan is (runtime/sql).
 *
 * MSQ1 A script with a mistake is one of its manifest: nothing is sent, and each mistake is shown with its line of the script, a caret and the remedy.
 * MSQ2 A script with functions of its own is checked without its plan: their modules are the pods'.
 * MSQ3 The planner is loaded where there is a script.
 */
import type { StreamJobSpec } from "../../crds/index.ts";
import type { ManifestObject, ManifestSet } from "./manifest-set.ts";
import type { ManifestProblem } from "./manifest-text.ts";

const FIELD = "spec.job.sql";

/** The same set, with what is wrong with its scripts. */
export async function withCheckedScripts(set: ManifestSet): Promise<ManifestSet> {
  const found = await Promise.all(set.objects.map(scriptProblems));
  return { ...set, problems: [...set.problems, ...found.flat()] };
}

async function scriptProblems(manifest: ManifestObject): Promise<readonly ManifestProblem[]> {
  if (manifest.kind !== "StreamJob") return [];
  const script = scriptOf(manifest.object.spec);
  if (script === null) return [];
  const { describeProblem, planScript, validateScript } = await import("../../runtime/sql/index.ts");
  const { statements, problems } = validateScript(script);
  // MSQ2
  const isOpen = problems.length > 0 || statements.some(({ statement }) => statement.kind === "createFunction");
  const plan = isOpen ? null : planScript(script);
  const all = plan?.kind === "problems" ? plan.problems : problems;
  return all.map((problem) => {
    const lines = describeProblem(problem, script, FIELD).split("\n");
    return manifest.problem(FIELD, `a mistake in the script\n${lines.map((line) => `    ${line}`).join("\n")}`);
  });
}

/** Null: the job is none, or what is wrong with the field is told already. */
function scriptOf(spec: StreamJobSpec | undefined): string | null {
  const script: unknown = spec?.job?.sql;
  return typeof script === "string" ? script : null;
}

/** In words, for each operator with state; empty: the script is the same, or not both are one. */
export async function stateOutlook(before: StreamJobSpec, after: StreamJobSpec): Promise<readonly string[]> {
  const [old, now] = [scriptOf(before), scriptOf(after)];
  if (old === null || now === null || old === now) return [];
  const { comparePlans, describeComparison, explainJson, planScript } = await import("../../runtime/sql/index.ts");
  const [oldPlan, newPlan] = [planScript(old), planScript(now)];
  if (oldPlan.kind === "problems" || newPlan.kind === "problems") {
    const whose = oldPlan.kind === "problems" ? "the script that runs" : "the new script";
    return [`what becomes of the state is not known before the upgrade: ${whose} cannot be planned here`];
  }
  return describeComparison(comparePlans(explainJson(oldPlan), explainJson(newPlan)));
}

/**
 * Owns: reading a plan that was written as JSON (`streamjob sql --explain --json`), to compare another one with it.
 *
 * SQSP1 It is read for comparison only: nothing is ever run from it, so no file can bring operators or expressions into a job that no script says.
 */
import type { ExplainedPlan } from "./explain.ts";

export type SavedPlan =
  | { readonly kind: "plan"; readonly plan: ExplainedPlan }
  | { readonly kind: "invalid"; readonly reason: string };

const NODE_FIELDS = { uid: "string", kind: "string", inputs: "object", parts: "object", row: "object" } as const;

export function readSavedPlan(text: string): SavedPlan {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { kind: "invalid", reason: `it is no JSON: ${error.message}` };
  }
  const nodes = isObject(value) ? value["nodes"] : undefined;
  if (!Array.isArray(nodes)) return { kind: "invalid", reason: "it has no nodes" };
  const uids = new Set(nodes.map((node: unknown) => (isObject(node) ? node["uid"] : undefined)));
  for (const [index, node] of nodes.entries()) {
    const problem = problemOf(node, uids);
    if (problem !== null) return { kind: "invalid", reason: `its node ${index + 1} ${problem}` };
  }
  const sinks = isObject(value) ? value["sinks"] : undefined;
  if (!Array.isArray(sinks)) return { kind: "invalid", reason: "it has no sinks" };
  if (!sinks.every((sink: unknown) => isObject(sink) && Array.isArray(sink["keeps"]) && uids.has(sink["input"])))
    return {
      kind: "invalid",
      reason: "it does not say what keeps rows ahead of its sinks: it was written by an older version",
    };
  return { kind: "plan", plan: value as ExplainedPlan };
}

/** Null: it is what explainJson makes. */
function problemOf(node: unknown, uids: ReadonlySet<unknown>): string | null {
  if (!isObject(node)) return "is no object";
  for (const [name, type] of Object.entries(NODE_FIELDS))
    if (typeof node[name] !== type || node[name] === null) return `has no ${name}`;
  // Null is one of its values.
  if (node["state"] === undefined) return "does not say what its state holds: it was written by an older version";
  const inputs = node["inputs"];
  const missing = Array.isArray(inputs) ? inputs.find((input) => !uids.has(input)) : inputs;
  return missing === undefined ? null : `takes rows of ${String(missing)}, which is not there`;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

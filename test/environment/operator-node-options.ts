/**
 * Owns: the options of Node that the chart starts the operator with, for those who start one without the chart.
 */
import { readFileSync } from "node:fs";
import { assert } from "../../base/index.ts";

const DEPLOYMENT = new URL("../../helm/streamjob-operator/templates/deployment.yaml", import.meta.url);

/** As the variable NODE_OPTIONS takes them. */
export function operatorNodeOptions(): string {
  const found = /name: NODE_OPTIONS\n\s+value: (.+)\n/.exec(readFileSync(DEPLOYMENT, "utf8"))?.[1];
  assert(found !== undefined, "the chart's Deployment sets no NODE_OPTIONS");
  return found;
}

/**
 * Owns: a job graph as text, for `streamjob explain` and for people who look for a uid.
 */
import { describeType } from "../record/index.ts";
import { displayName } from "./chaining.ts";
import { effectiveRestartStrategy, type JobConfiguration } from "./configuration.ts";
import type { JobEdge, JobGraph, JobVertex } from "./job-graph.ts";

/** Several lines, the last without a line end: the settings that matter, then each vertex with its chain and outputs. */
export function explain(graph: JobGraph): string {
  const lines = [
    `Job "${graph.configuration.jobName}" (graph ${graph.fingerprint})`,
    ...describeSettings(graph.configuration),
  ];
  for (const vertex of graph.vertices) lines.push("", ...explainVertex(graph, vertex));
  return lines.join("\n");
}

function describeSettings(configuration: JobConfiguration): string[] {
  const { checkpoints } = configuration;
  const every =
    checkpoints.intervalMs === null
      ? "none"
      : `every ${checkpoints.intervalMs} ms, ${checkpoints.mode}, ${configuration.stateBackend}`;
  return [`  checkpoints: ${every}`, `  restart: ${effectiveRestartStrategy(configuration).kind}`];
}

function explainVertex(graph: JobGraph, vertex: JobVertex): string[] {
  const head = `[${vertex.index}] ${vertex.name}`;
  const lines = [head, `    parallelism ${vertex.parallelism} of at most ${vertex.maxParallelism}`];
  const walk = (place: number, depth: number): void => {
    const operator = vertex.operators[place];
    if (operator === undefined) return;
    const indent = "    ".repeat(depth);
    const { node } = operator;
    const uid = node.uidIsExplicit ? `uid ${node.uid}` : `derived uid ${node.uid}`;
    lines.push(`${indent}${displayName(node)}   ${uid}, ${describeType(node.outputType)}`);
    for (const state of node.states ?? []) lines.push(`${indent}    state ${state.name}: ${state.kind}, ${state.type}`);
    for (const { sideOutput, type, outEdges, next } of operator.outputs) {
      if (sideOutput !== null) lines.push(`${indent}    side output ${sideOutput}: ${describeType(type)}`);
      for (const index of outEdges) {
        const edge = graph.edges[index];
        if (edge !== undefined)
          lines.push(`${indent}    => ${edge.partitioning.kind} to [${edge.toVertex}]${inputText(edge)}`);
      }
      for (const place of next) walk(place, depth + 1);
    }
  };
  walk(0, 1);
  return lines;
}

/** The first input needs no word. */
function inputText({ input }: JobEdge): string {
  return input === 0 ? "" : `, input ${input + 1}`;
}

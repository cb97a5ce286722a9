/**
 * Owns: the rules that a stream graph must keep before it is run, as an ordered list of checks; the first that fails is told.
 * Called by: buildJobGraph.
 *
 * VA1 A user's mistake is JOB_GRAPH_INVALID and names the operators; a graph that the API cannot build is an assertion.
 */
import { assert, StreamError } from "../../base/index.ts";
import { MAX_PARALLELISM_UPPER } from "../record/index.ts";
import type { StreamGraph, StreamNode } from "./stream-graph.ts";

const UID_LENGTH_MAX = 255;

/** Throws JOB_GRAPH_INVALID for the first rule broken. */
export function validateStreamGraph(graph: StreamGraph): void {
  assertOrder(graph);
  checkSources(graph);
  for (const node of graph.nodes) {
    checkUid(node);
    checkParallelism(graph, node);
    checkInputs(node);
    checkKeying(node);
  }
  checkUniqueUids(graph);
}

/** SG1: ids are places, and inputs come from earlier nodes; so there is no cycle, and every node has a source above it. */
function assertOrder(graph: StreamGraph): void {
  graph.nodes.forEach((node, place) => {
    assert(node.id === place, `node "${node.name}" has id ${node.id} at place ${place}`);
    for (const input of node.inputs) {
      assert(
        input.from >= 0 && input.from < place,
        `node ${place} "${node.name}" has an input from node ${input.from}`,
      );
    }
  });
}

function checkSources(graph: StreamGraph): void {
  if (graph.nodes.some((node) => node.role === "source")) return;
  throw invalid("the job has no source; start a stream with env.fromSource(…) or env.fromCollection(…)");
}

function checkUid(node: StreamNode): void {
  if (node.uid.trim() !== "" && node.uid.length <= UID_LENGTH_MAX) return;
  throw invalid(`${named(node)}: a uid has 1 to ${UID_LENGTH_MAX} characters; change it, or leave it out`);
}

function checkUniqueUids(graph: StreamGraph): void {
  const byUid = new Map<string, StreamNode>();
  for (const node of graph.nodes) {
    const other = byUid.get(node.uid);
    if (other !== undefined) {
      throw invalid(
        `operators "${other.name}" (the ${ordinal(other)} of the job) and "${node.name}" (the ${ordinal(node)}) have the same uid ` +
          `"${node.uid}"; a uid names one operator's state, so give one of them another uid`,
      );
    }
    byUid.set(node.uid, node);
  }
}

function checkParallelism(graph: StreamGraph, node: StreamNode): void {
  const maxParallelism = node.maxParallelism ?? graph.configuration.maxParallelism;
  if (!isCount(node.parallelism)) {
    throw invalid(
      `${named(node)}: parallelism is ${node.parallelism}; give a whole number from 1 to ${MAX_PARALLELISM_UPPER}`,
    );
  }
  if (maxParallelism === null) return;
  if (!isCount(maxParallelism)) {
    throw invalid(
      `${named(node)}: maxParallelism is ${maxParallelism}; give a whole number from 1 to ${MAX_PARALLELISM_UPPER}`,
    );
  }
  if (node.parallelism > maxParallelism) {
    throw invalid(
      `${named(node)}: parallelism ${node.parallelism} is above maxParallelism ${maxParallelism}; lower the one or raise the other`,
    );
  }
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1 && value <= MAX_PARALLELISM_UPPER;
}

function checkInputs(node: StreamNode): void {
  if (node.role === "source") assert(node.inputs.length === 0, `source "${node.name}" has inputs`);
  else if (node.inputs.length === 0)
    throw invalid(`${named(node)}: it has no input, so no record can reach it; connect it to a stream`);
  const inputs = new Set(node.inputs.map(({ input }) => input));
  for (let input = 0; input < inputs.size; input++)
    assert(inputs.has(input), `node ${node.id} "${node.name}" has no input ${input} of ${inputs.size}`);
}

/**
 * Keyed state is local to the owner of its key: the first input of a keyed operator comes by hash. Any other does too, or is
 * broadcast: then its records have no key. One input is one or the other.
 */
function checkKeying(node: StreamNode): void {
  if (!node.isKeyed) return;
  for (const { input } of node.inputs) {
    const kinds = node.inputs.filter((edge) => edge.input === input).map(({ partitioning }) => partitioning.kind);
    if (kinds.every((kind) => kind === "hash")) continue;
    if (input > 0 && kinds.every((kind) => kind === "broadcast")) continue;
    throw invalid(
      `${named(node)}: it is keyed, but not all of its inputs are partitioned by key; call keyBy(…) right before it`,
    );
  }
}

function named(node: StreamNode): string {
  return `operator "${node.name}" (the ${ordinal(node)} of the job, uid ${node.uid})`;
}

function ordinal(node: StreamNode): string {
  const place = node.id + 1;
  const tens = place % 100;
  const suffix = tens >= 11 && tens <= 13 ? "th" : (["th", "st", "nd", "rd"][place % 10] ?? "th");
  return `${place}${suffix}`;
}

function invalid(message: string): StreamError {
  return new StreamError("JOB_GRAPH_INVALID", message, { destiny: "terminal" });
}

/**
 * Owns: how a stream graph becomes a job graph: which operators run as one chain, and what crosses tasks.
 * Not here: the rules that a stream graph must keep (validation.ts), the fingerprint's content (fingerprint.ts).
 * Called by: every process that loaded the job module, through api/load.
 *
 * CHA1 Every node is in exactly one vertex, at exactly one place.
 * CHA2 An edge is chained when it is forward, both ends have the same parallelism, the consumer has exactly this one input,
 *     neither end forbids it, and their explicit maxParallelism, if any, are equal. A chain is a tree whose root is its head.
 * CHA3 A forward edge between different parallelisms becomes a rebalance.
 * CHA4 A vertex's maxParallelism: what its head or the job says, else what the restored keyed state had (SP-8), else derived
 *     (SP-7).
 */
import { assert, StreamError, vertexId } from "../../base/index.ts";
import { defaultMaxParallelism, type ValueType } from "../record/index.ts";
import { fingerprintOf } from "./fingerprint.ts";
import type { ChainedOperator, JobEdge, JobGraph, JobVertex, OperatorOutput } from "./job-graph.ts";
import type { Partitioning, StreamEdge, StreamGraph, StreamNode } from "./stream-graph.ts";
import { validateStreamGraph } from "./validation.ts";

export type JobGraphOptions = {
  /** Vertex index -> maxParallelism of the keyed state to be restored (SP-8); absent or undefined: the vertex restores none. */
  readonly storedMaxParallelism?: readonly (number | undefined)[];
};

type OutputDraft = OperatorOutput & { readonly next: number[]; readonly outEdges: number[] };
type OperatorDraft = { readonly node: StreamNode; readonly outputs: readonly [OutputDraft, ...OutputDraft[]] };
type VertexDraft = { readonly index: number; readonly operators: OperatorDraft[]; readonly inEdges: number[] };
type Place = { readonly vertex: VertexDraft; readonly operator: number };

/**
 * Builds the job graph of a checked stream graph.
 * Errors: JOB_GRAPH_INVALID naming the operator; STATE_INCOMPATIBLE when stored maxParallelism cannot be kept (SP-8).
 */
export function buildJobGraph(graph: StreamGraph, options: JobGraphOptions = {}): JobGraph {
  validateStreamGraph(graph);
  const vertices: VertexDraft[] = [];
  const edges: JobEdge[] = [];
  const places: Place[] = [];
  for (const node of graph.nodes) {
    const place = placeNode(graph, node, places, vertices);
    places.push(place);
    if (place.operator > 0) continue;
    for (const input of node.inputs) {
      const from = placeOf(places, input.from);
      const output = outputOf(from, input.sideOutput);
      const edge: JobEdge = {
        index: edges.length,
        fromVertex: from.vertex.index,
        fromOperator: from.operator,
        sideOutput: output.sideOutput,
        type: output.type,
        toVertex: place.vertex.index,
        input: input.input,
        partitioning: edgePartitioning(graph, input, node),
      };
      edges.push(edge);
      output.outEdges.push(edge.index);
      place.vertex.inEdges.push(edge.index);
    }
  }
  return {
    configuration: graph.configuration,
    vertices: vertices.map((draft) => finishVertex(draft, graph, options.storedMaxParallelism?.[draft.index])),
    edges,
    fingerprint: fingerprintOf(graph),
  };
}

/** Puts a node behind the one that feeds it, where CHA2 allows, or at the head of a new vertex. */
function placeNode(graph: StreamGraph, node: StreamNode, places: readonly Place[], vertices: VertexDraft[]): Place {
  const [input, ...others] = node.inputs;
  if (input !== undefined && others.length === 0 && mayChain(nodeOf(graph, input.from), input, node)) {
    const producer = placeOf(places, input.from);
    const operator = producer.vertex.operators.push(draftOf(node)) - 1;
    outputOf(producer, input.sideOutput).next.push(operator);
    return { vertex: producer.vertex, operator };
  }
  const vertex: VertexDraft = { index: vertices.length, operators: [draftOf(node)], inEdges: [] };
  vertices.push(vertex);
  return { vertex, operator: 0 };
}

function draftOf(node: StreamNode): OperatorDraft {
  const draft = (sideOutput: string | null, type: ValueType<unknown>): OutputDraft => ({
    sideOutput,
    type,
    next: [],
    outEdges: [],
  });
  return {
    node,
    outputs: [draft(null, node.outputType), ...node.sideOutputs.map(({ name, type }) => draft(name, type))],
  };
}

function outputOf({ vertex, operator }: Place, sideOutput: string | null): OutputDraft {
  const output = vertex.operators[operator]?.outputs.find((candidate) => candidate.sideOutput === sideOutput);
  assert(output !== undefined, `an edge carries the side output "${sideOutput}", which its producer does not declare`);
  return output;
}

/** CHA2, apart from "exactly one input". */
function mayChain(producer: StreamNode, edge: StreamEdge, consumer: StreamNode): boolean {
  return (
    edge.partitioning.kind === "forward" &&
    producer.parallelism === consumer.parallelism &&
    producer.chaining !== "never" &&
    consumer.chaining === "always" &&
    (consumer.maxParallelism === null || consumer.maxParallelism === producer.maxParallelism)
  );
}

/** CHA3 */
function edgePartitioning(graph: StreamGraph, input: StreamEdge, consumer: StreamNode): Partitioning {
  const equal = nodeOf(graph, input.from).parallelism === consumer.parallelism;
  return input.partitioning.kind === "forward" && !equal ? { kind: "rebalance" } : input.partitioning;
}

function finishVertex(draft: VertexDraft, graph: StreamGraph, stored: number | undefined): JobVertex {
  const [head] = draft.operators;
  assert(head !== undefined, `vertex ${draft.index} has no operator`);
  const operators: ChainedOperator[] = draft.operators;
  return {
    index: draft.index,
    id: vertexId(head.node.operatorId),
    name: chainName(draft.operators, 0),
    parallelism: head.node.parallelism,
    maxParallelism: decideMaxParallelism(head.node, graph.configuration.maxParallelism, stored),
    operators,
    inEdges: draft.inEdges,
  };
}

/** CHA4 */
function decideMaxParallelism(head: StreamNode, ofJob: number | null, stored: number | undefined): number {
  const explicit = head.maxParallelism ?? ofJob;
  if (stored === undefined) return explicit ?? defaultMaxParallelism(head.parallelism);
  if (explicit !== null && explicit !== stored) {
    throw new StreamError(
      "STATE_INCOMPATIBLE",
      `operator "${head.name}" (uid ${head.uid}) has maxParallelism ${explicit}${head.maxParallelism === null ? " from the job" : ""}, but its ` +
        `keyed state was written with ${stored}, which is fixed for the life of the state; set it to ${stored} at the operator`,
      { destiny: "terminal" },
    );
  }
  if (head.parallelism > stored) {
    throw new StreamError(
      "STATE_INCOMPATIBLE",
      `operator "${head.name}" (uid ${head.uid}) has parallelism ${head.parallelism}, but its keyed state was written with ` +
        `maxParallelism ${stored}; lower the parallelism to at most ${stored}`,
      { destiny: "terminal" },
    );
  }
  return stored;
}

/** `Source: lines -> flatMap`; branches of a tree as `a -> (b, c -> d)`. */
function chainName(operators: readonly OperatorDraft[], at: number): string {
  const operator = operators[at];
  assert(operator !== undefined, `no operator ${at} in its chain`);
  const followers = operator.outputs.flatMap(({ next }) => next.map((place) => chainName(operators, place)));
  const [only, ...more] = followers;
  if (only === undefined) return displayName(operator.node);
  return `${displayName(operator.node)} -> ${more.length === 0 ? only : `(${followers.join(", ")})`}`;
}

/** A node's name with its role in front, as vertices and messages show it. */
export function displayName(node: StreamNode): string {
  const prefix = node.role === "source" ? "Source: " : node.role === "sink" ? "Sink: " : "";
  return node.name.startsWith(prefix) ? node.name : prefix + node.name;
}

function nodeOf(graph: StreamGraph, id: number): StreamNode {
  const node = graph.nodes[id];
  assert(node !== undefined, `edge from node ${id}, which does not exist`);
  return node;
}

function placeOf(places: readonly Place[], id: number): Place {
  const place = places[id];
  assert(place !== undefined, `node ${id} has no place yet`);
  return place;
}

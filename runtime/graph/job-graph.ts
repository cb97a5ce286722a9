/**
 * Owns: the job graph: chains of operators (vertices) joined by edges that cross tasks.
 * Not here: how it is built (chaining.ts).
 *
 * JG1 Vertices are in topological order; a vertex's index is smaller than those of its consumers.
 * JG2 An edge's index is its place in `JobGraph.edges`: both ends of a channel name it by that.
 * JG3 All subtasks `i` of all vertices may share slot i: a job needs as many slots as its largest parallelism.
 */
import type { VertexId } from "../../base/index.ts";
import type { ValueType } from "../record/index.ts";
import type { JobConfiguration } from "./configuration.ts";
import type { Partitioning, StreamNode } from "./stream-graph.ts";

/** Where the records of one output of an operator go. */
export type OperatorOutput = {
  /** null: the main output. */
  readonly sideOutput: string | null;
  readonly type: ValueType<unknown>;
  /** Places in `JobVertex.operators` of the operators called with them. */
  readonly next: readonly number[];
  /** Indices of edges that carry them to other vertices. */
  readonly outEdges: readonly number[];
};

/** One operator in a chain; a chain is a tree: an operator may feed several chained ones and several edges. */
export type ChainedOperator = {
  readonly node: StreamNode;
  /** The main output, then the side outputs in the order of `StreamNode.sideOutputs`. */
  readonly outputs: readonly [OperatorOutput, ...OperatorOutput[]];
};

export type JobVertex = {
  readonly index: number;
  /** The operator id of the chain's head. */
  readonly id: VertexId;
  /** `Source: lines -> flatMap`. */
  readonly name: string;
  readonly parallelism: number;
  readonly maxParallelism: number;
  /** Head first; each operator stands after the one that feeds it. */
  readonly operators: readonly ChainedOperator[];
  readonly inEdges: readonly number[];
};

export type JobEdge = {
  readonly index: number;
  readonly fromVertex: number;
  /** Place in the producing vertex's `operators`. */
  readonly fromOperator: number;
  /** The producer's side output that it carries; null: its main output. */
  readonly sideOutput: string | null;
  /** Of its records. */
  readonly type: ValueType<unknown>;
  readonly toVertex: number;
  /** The input of the consuming vertex's head that it feeds. */
  readonly input: number;
  /** Never `forward` with different parallelism. */
  readonly partitioning: Partitioning;
};

export type JobGraph = {
  readonly configuration: JobConfiguration;
  readonly vertices: readonly JobVertex[];
  readonly edges: readonly JobEdge[];
  /** Same in all processes that loaded the same module with the same options; 32 hex digits. */
  readonly fingerprint: string;
};

/**
 * Owns: the stream graph, what the job API builds: one node per operation, edges with their partitioning.
 * Not here: chaining and vertices (job-graph.ts), the API (runtime/api).
 *
 * SG1 Nodes are numbered in the order in which the job module creates them; the module is deterministic, so every process
 *     that loads it builds the same graph (checked by `fingerprint`).
 */
import type { OperatorId } from "../../base/index.ts";
import type { Key, ValueType } from "../record/index.ts";
import type { DeclaredState } from "./compatibility.ts";
import type { JobConfiguration } from "./configuration.ts";

export type Partitioning =
  /** Subtask i to subtask i; needs equal parallelism, else it is a rebalance. */
  | { readonly kind: "forward" }
  /** Round-robin by batch. */
  | { readonly kind: "rebalance" }
  /**
   * `keyColumns`: the fields that are the key: of one its value, of several or none the array of their values, each as `plainKey` has it; absent: only the
   * selector knows. `gathers`: what takes them is an operator of columns, so records that come as rows leave as batches of columns.
   */
  | {
      readonly kind: "hash";
      readonly keySelector: (value: never) => Key;
      readonly keyColumns?: readonly string[];
      readonly gathers?: true;
    }
  | { readonly kind: "broadcast" };

/** Where the records of a stream come from, and how they are shared out among the subtasks of what takes them. */
export type StreamOrigin = {
  /** Id of the producing node. */
  readonly from: number;
  /** The producer's side output; null: its main output. */
  readonly sideOutput: string | null;
  readonly partitioning: Partitioning;
};

/** `input`: which of the consumer's inputs it feeds: 0 up. Several edges may feed one input: a union. */
export type StreamEdge = StreamOrigin & { readonly input: number };

/** Records beside the main output. */
export type SideOutputType = { readonly name: string; readonly type: ValueType<unknown> };

export type NodeRole = "source" | "operator" | "sink";

export type StreamNode = {
  /** Index in `StreamGraph.nodes`. */
  readonly id: number;
  readonly uid: string;
  /** False: derived from the position in the graph, and changes with it. */
  readonly uidIsExplicit: boolean;
  readonly operatorId: OperatorId;
  readonly name: string;
  readonly role: NodeRole;
  /** operators/Source, OperatorFactory or Sink, by role; opaque here. */
  readonly logic: unknown;
  /** It has state for each key: its first input comes by hash, any other by hash or by broadcast (then without a key). */
  readonly isKeyed: boolean;
  readonly parallelism: number;
  /** null: derived from parallelism, or adopted from restored state (SP-8). */
  readonly maxParallelism: number | null;
  /** Known without running it, as checkpoints describe them; absent: the operator declares them when it opens. */
  readonly states?: readonly DeclaredState[];
  /** Of the records it emits; of a sink: of those it takes. */
  readonly outputType: ValueType<unknown>;
  readonly sideOutputs: readonly SideOutputType[];
  readonly inputs: readonly StreamEdge[];
  /** `head`: starts a chain, may be followed; `never`: alone; `always`: both ways where the rules allow it. */
  readonly chaining: "always" | "head" | "never";
};

export type StreamGraph = {
  readonly configuration: JobConfiguration;
  readonly nodes: readonly StreamNode[];
};

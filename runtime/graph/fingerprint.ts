/**
 * Owns: what makes two graphs the same: a hash by which processes find out that they loaded the same job.
 *
 * FING1 It depends on nodes, names, uids, parallelism, keying, inputs, outputs, partition kinds and types, on nothing that differs between
 *     processes. Functions count by their place only: their source text is not hashed.
 */
import { describeType } from "../record/index.ts";
import { murmur128 } from "./murmur.ts";
import type { StreamGraph } from "./stream-graph.ts";

/** 32 hex digits. */
export function fingerprintOf(graph: StreamGraph): string {
  const nodes = graph.nodes.map((node) => [
    node.uid,
    node.name,
    node.role,
    node.parallelism,
    node.maxParallelism ?? graph.configuration.maxParallelism,
    node.chaining,
    node.isKeyed,
    describeType(node.outputType),
    node.sideOutputs.map(({ name, type }) => [name, describeType(type)]),
    node.inputs.map(({ from, sideOutput, partitioning, input }) => [from, sideOutput, partitioning.kind, input]),
  ]);
  return murmur128(JSON.stringify(nodes));
}

/**
 * Owns: stream graphs for tests: a node over valid defaults, and random graphs by fast-check.
 * Called by: the tests of this room.
 */
import fc from "fast-check";
import { t } from "../record/index.ts";
import { defaultConfiguration } from "./configuration.ts";
import { operatorIdOfUid } from "./operator-ids.ts";
import type { Partitioning, StreamGraph, StreamNode } from "./stream-graph.ts";

export const FORWARD: Partitioning = { kind: "forward" };
export const REBALANCE: Partitioning = { kind: "rebalance" };
export const BROADCAST: Partitioning = { kind: "broadcast" };
export const HASH: Partitioning = { kind: "hash", keySelector: (value: never) => value };

/** What a test says about a node; `from`: the id of its one input, or several edges. */
export type NodeSketch = Partial<Omit<StreamNode, "inputs">> & {
  readonly inputs?: readonly (readonly [from: number, partitioning: Partitioning])[];
};

/** Nodes in order; without inputs it is a source, with a hash input it is keyed. */
export function sketchGraph(sketches: readonly NodeSketch[], configuration = defaultConfiguration()): StreamGraph {
  const nodes = sketches.map((sketch, id): StreamNode => {
    const { inputs = [], ...given } = sketch;
    const uid = given.uid ?? `uid-${id}`;
    const keyed = inputs.some(([, partitioning]) => partitioning.kind === "hash");
    return {
      id,
      uid,
      uidIsExplicit: given.uid !== undefined,
      operatorId: operatorIdOfUid(uid),
      name: `n${id}`,
      role: inputs.length === 0 ? "source" : "operator",
      logic: null,
      isKeyed: keyed,
      parallelism: 1,
      maxParallelism: null,
      outputType: t.any,
      sideOutputs: [],
      chaining: "always",
      ...given,
      inputs: inputs.map(([from, partitioning]) => ({ from, sideOutput: null, partitioning, input: 0 })),
    };
  });
  return { configuration, nodes };
}

const arbitraryPartitioning = fc.constantFrom(FORWARD, FORWARD, FORWARD, REBALANCE, BROADCAST, HASH);

/** Valid graphs of up to 12 nodes, with every partitioning, several inputs and outputs, and parallelism up to 4. */
export const arbitraryGraph: fc.Arbitrary<StreamGraph> = fc
  .array(
    fc.record({
      picks: fc.array(fc.nat(1000), { maxLength: 3 }),
      partitioning: arbitraryPartitioning,
      parallelism: fc.integer({ min: 1, max: 4 }),
      chaining: fc.constantFrom("always", "always", "head", "never"),
      maxParallelism: fc.constantFrom(null, null, 64, 256),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((drafts) =>
    sketchGraph(
      drafts.map(({ picks, partitioning, ...rest }, id) => ({
        ...rest,
        inputs: id === 0 ? [] : picks.map((pick) => [pick % id, partitioning] as const),
      })),
    ),
  );

/**
 * Owns: whether a job accepts a stored state, and its graph as that state prescribes it.
 * Not here: finding the state (found-state.ts), sharing it out (restore-point.ts). Called by startup.ts and preflight.ts. Pure.
 *
 * GF1 All reasons for a refusal are given at once.
 */
import type { OperatorId } from "../../../base/index.ts";
import { adoptMaxParallelism, type ExplicitMaxParallelism, type OperatorState } from "../../checkpoint/index.ts";
import { buildJobGraph, type JobGraph, type StreamGraph } from "../../graph/index.ts";

export type Fit =
  | { readonly kind: "fits"; readonly graph: JobGraph }
  | { readonly kind: "refused"; readonly reasons: readonly string[] };

/** The job graph, with maxParallelism taken over from stored state (SP-8). */
export function fitGraph(streamGraph: StreamGraph, operators: readonly OperatorState[]): Fit {
  const draft = buildJobGraph(streamGraph);
  const explicit = streamGraph.configuration.maxParallelism;
  const adopted = adoptMaxParallelism(
    operators,
    draft.vertices.flatMap((vertex) =>
      vertex.operators.map(({ node }) => ({
        operatorId: node.operatorId,
        uid: node.uid,
        parallelism: vertex.parallelism,
        maxParallelism: explicitOf(node.maxParallelism, explicit),
      })),
    ),
  );
  if (adopted.kind === "refused") return adopted;
  const stored = draft.vertices.map((vertex) => {
    const ids: readonly OperatorId[] = vertex.operators.map(({ node }) => node.operatorId);
    return ids.map((id) => adopted.maxParallelism.get(id)).find((max) => max !== undefined);
  });
  return { kind: "fits", graph: buildJobGraph(streamGraph, { storedMaxParallelism: stored }) };
}

function explicitOf(own: number | null, ofJob: number | null): ExplicitMaxParallelism | null {
  if (own !== null) return { value: own, of: "operator" };
  return ofJob === null ? null : { value: ofJob, of: "job" };
}

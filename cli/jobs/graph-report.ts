/**
 * Owns: a job graph as a value: what `streamjob explain -o json` shows.
 * Does not own: the same as text (runtime/graph/explain.ts).
 */
import type { JobGraph } from "../../runtime/graph/index.ts";
import { describeType } from "../../runtime/record/index.ts";

/** Vertices in the order of their indexes, each with its operators from the chain's head on. */
export function graphReport(graph: JobGraph): object {
  return {
    name: graph.configuration.jobName,
    fingerprint: graph.fingerprint,
    vertices: graph.vertices.map(({ index, name, parallelism, maxParallelism, operators }) => ({
      index,
      name,
      parallelism,
      maxParallelism,
      operators: operators.map(({ node, outputs }) => ({
        name: node.name,
        uid: node.uid,
        uidIsExplicit: node.uidIsExplicit,
        outputType: describeType(node.outputType),
        // null: an operator of the user's own that names none; it may have some.
        states: node.states ?? null,
        sideOutputs: node.sideOutputs.map((output) => ({ name: output.name, type: describeType(output.type) })),
        outputs: outputs.flatMap(({ sideOutput, outEdges }) =>
          outEdges.flatMap((edge) => {
            const found = graph.edges[edge];
            if (found === undefined) return [];
            return [
              { sideOutput, partitioning: found.partitioning.kind, toVertex: found.toVertex, input: found.input },
            ];
          }),
        ),
      })),
    })),
  };
}

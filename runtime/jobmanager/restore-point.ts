/**
 * Owns: what regions deployed now start from: shares of the newest manifest, or of freshly discovered splits.
 * Not here: which manifest that is (startup.ts, checkpoint-coordinator.ts), how state is shared out (checkpoint room).
 *
 * RP1 A source without an entry in the manifest, or without a manifest, gets its share of the splits discovered at start:
 *     split i goes to subtask i modulo parallelism. A source with an entry gets its state only (SO1).
 */
import { assert, type OperatorId, StreamError } from "../base/index.ts";
import { assignState, type Manifest, type NewOperator, type OperatorRestore, type OperatorState } from "../checkpoint/index.ts";
import type { JobGraph } from "../graph/index.ts";
import type { RestoreSource, TaskStart } from "./scheduler.ts";

export type StoredState = {
  readonly checkpointId: number;
  readonly operators: readonly OperatorState[];
  /** The store that the operators' files are in. */
  readonly storeUri: string;
};

/** Source operator -> its splits. */
export type DiscoveredSplits = ReadonlyMap<OperatorId, readonly unknown[]>;

type Restores = ReadonlyMap<OperatorId, readonly OperatorRestore[]>;

export class RestorePoint implements RestoreSource {
  readonly checkpointId: number | null;
  readonly #graph: JobGraph;
  readonly #restores: Restores;
  readonly #splits: DiscoveredSplits;

  private constructor(graph: JobGraph, checkpointId: number | null, restores: Restores, splits: DiscoveredSplits) {
    this.#graph = graph;
    this.checkpointId = checkpointId;
    this.#restores = restores;
    this.#splits = splits;
  }

  static fresh(graph: JobGraph, splits: DiscoveredSplits): RestorePoint {
    return new RestorePoint(graph, null, new Map(), splits);
  }

  /** Errors: StreamError STATE_INCOMPATIBLE (terminal) with every reason. `from`: for the message. */
  static fromState(
    graph: JobGraph,
    state: StoredState,
    options: { readonly allowNonRestored: boolean; readonly from: string },
  ): { readonly point: RestorePoint; readonly skipped: readonly string[] } {
    const { allowNonRestored, from } = options;
    const assigned = assignState(state.operators, operatorsOf(graph), { storeUri: state.storeUri, allowNonRestored });
    if (assigned.kind === "refused") {
      throw new StreamError("STATE_INCOMPATIBLE", `the job cannot go on from ${from}: ${assigned.reasons.join("; ")}`, {
        destiny: "terminal",
      });
    }
    return { point: new RestorePoint(graph, state.checkpointId, assigned.restores, new Map()), skipped: assigned.skipped };
  }

  withSplits(splits: DiscoveredSplits): RestorePoint {
    return new RestorePoint(this.#graph, this.checkpointId, this.#restores, splits);
  }

  /** A manifest of this very graph; sources keep their splits until a manifest has them. */
  advancedTo(manifest: Manifest, rootUri: string): RestorePoint {
    const state = { ...manifest, storeUri: manifest.storeUri ?? rootUri };
    const { point, skipped } = RestorePoint.fromState(this.#graph, state, { allowNonRestored: false, from: "its own checkpoint" });
    assert(skipped.length === 0, "a manifest of this job has operators that it does not have");
    return point.withSplits(this.#splits);
  }

  /** Operators of sources that have no state to go on from. */
  sourcesWithoutState(): readonly OperatorId[] {
    return this.#graph.vertices.flatMap((vertex) => {
      const head = vertex.operators[0]?.node;
      return head?.role === "source" && !this.#restores.has(head.operatorId) ? [head.operatorId] : [];
    });
  }

  startOf(vertexIndex: number, subtask: number): TaskStart {
    const vertex = this.#graph.vertices[vertexIndex];
    assert(vertex !== undefined, `there is no vertex ${vertexIndex}`);
    const restore: OperatorRestore[] = [];
    for (const { node } of vertex.operators) {
      const share = this.#restores.get(node.operatorId)?.[subtask];
      if (share !== undefined) restore.push(share);
    }
    const head = vertex.operators[0]?.node;
    if (head?.role !== "source" || this.#restores.has(head.operatorId)) return { restore, splits: null };
    const all = this.#splits.get(head.operatorId) ?? [];
    return { restore, splits: all.filter((_, index) => index % vertex.parallelism === subtask) };
  }
}

function operatorsOf(graph: JobGraph): readonly NewOperator[] {
  return graph.vertices.flatMap((vertex) =>
    vertex.operators.map(({ node }) => ({
      operatorId: node.operatorId,
      uid: node.uid,
      parallelism: vertex.parallelism,
      maxParallelism: vertex.maxParallelism,
    })),
  );
}

/**
 * Owns: what regions deployed now start from: shares of the newest manifest, or of freshly discovered splits.
 * Not here: which manifest that is (startup.ts, checkpoint-protocol.ts), how state is shared out (checkpoint room).
 *
 * RP1 A source without an entry in the manifest, or without a manifest, gets its share of the splits discovered at start:
 *     split i goes to subtask i modulo parallelism. A source with an entry gets its state only (SO1).
 * RP2 An enumerator goes on from the state in the same manifest as its readers. The readers of a source without state, which has one, begin
 *     without splits.
 */
import { assert, type OperatorId, StreamError } from "../../../base/index.ts";
import {
  assignState,
  type FileRef,
  keyedFiles,
  type Manifest,
  type NewOperator,
  type OperatorRestore,
  type OperatorState,
} from "../../checkpoint/index.ts";
import type { JobGraph, StreamNode } from "../../graph/index.ts";
import type { RestoredEnumerator, Source } from "../../ports/index.ts";
import type { InlineFile } from "../../rpc/index.ts";
import type { LeftState } from "./left-state.ts";
import type { RestoreSource, TaskStart } from "../execution/scheduler.ts";

export type StoredState = {
  readonly checkpointId: number;
  readonly operators: readonly OperatorState[];
  /** The store that the operators' files are in. */
  readonly storeUri: string;
};

/** Source operator -> its splits. */
export type DiscoveredSplits = ReadonlyMap<OperatorId, readonly unknown[]>;

type Enumerators = ReadonlyMap<OperatorId, { readonly state: unknown }>;
type Restores = ReadonlyMap<OperatorId, readonly OperatorRestore[]>;
/** Files in this process's memory, by key (`memory` back end). */
type InlineFiles = ReadonlyMap<string, InlineFile>;

export class RestorePoint implements RestoreSource {
  readonly checkpointId: number | null;
  readonly #graph: JobGraph;
  readonly #restores: Restores;
  readonly #enumerators: Enumerators;
  readonly #splits: DiscoveredSplits;
  readonly #inlineFiles: InlineFiles;

  private constructor(
    graph: JobGraph,
    state: { readonly checkpointId: number | null; readonly restores: Restores; readonly enumerators: Enumerators },
    splits: DiscoveredSplits,
    inlineFiles: InlineFiles,
  ) {
    this.#graph = graph;
    this.checkpointId = state.checkpointId;
    this.#restores = state.restores;
    this.#enumerators = state.enumerators;
    this.#splits = splits;
    this.#inlineFiles = inlineFiles;
  }

  static fresh(graph: JobGraph, splits: DiscoveredSplits): RestorePoint {
    return new RestorePoint(
      graph,
      { checkpointId: null, restores: new Map(), enumerators: new Map() },
      splits,
      new Map(),
    );
  }

  /** Errors: StreamError STATE_INCOMPATIBLE (terminal) with every reason. `from`: for the message. */
  static fromState(
    graph: JobGraph,
    state: StoredState,
    options: { readonly leftState: LeftState; readonly from: string },
  ): { readonly point: RestorePoint; readonly skipped: readonly string[] } {
    const { leftState, from } = options;
    const assigned = assignState(state.operators, operatorsOf(graph), {
      storeUri: state.storeUri,
      allowNonRestored: leftState.isAllowed,
      howToAllow: leftState.howToAllow,
    });
    if (assigned.kind === "refused") {
      throw new StreamError(
        "STATE_INCOMPATIBLE",
        `the job cannot be restored from ${from}: ${assigned.reasons.join("; ")}`,
        {
          destiny: "terminal",
        },
      );
    }
    const enumerators = new Map(
      state.operators.flatMap(({ operatorId, enumerator }) =>
        enumerator === undefined || !assigned.restores.has(operatorId) ? [] : [[operatorId, enumerator] as const],
      ),
    );
    const restored = { checkpointId: state.checkpointId, restores: assigned.restores, enumerators };
    return { point: new RestorePoint(graph, restored, new Map(), new Map()), skipped: assigned.skipped };
  }

  withSplits(splits: DiscoveredSplits): RestorePoint {
    const state = { checkpointId: this.checkpointId, restores: this.#restores, enumerators: this.#enumerators };
    return new RestorePoint(this.#graph, state, splits, this.#inlineFiles);
  }

  /** A manifest of this very graph; sources keep their splits until a manifest has them. */
  advancedTo(manifest: Manifest, rootUri: string, inlineFiles: readonly InlineFile[]): RestorePoint {
    const state = { ...manifest, storeUri: manifest.storeUri ?? rootUri };
    const { point, skipped } = RestorePoint.fromState(this.#graph, state, {
      // Its operators are those of this graph: there is nothing that could be allowed.
      leftState: { isAllowed: false, howToAllow: "start the job anew" },
      from: "its own checkpoint",
    });
    assert(skipped.length === 0, "a manifest of this job has operators that it does not have");
    const restored = {
      checkpointId: point.checkpointId,
      restores: point.#restores,
      enumerators: point.#enumerators,
    };
    const files = new Map(inlineFiles.map((file) => [file.key, file]));
    return new RestorePoint(this.#graph, restored, this.#splits, files);
  }

  /** Operators of sources that have no state to go on from, and discover once. */
  sourcesWithoutState(): readonly OperatorId[] {
    return this.#graph.vertices.flatMap((vertex) => {
      const head = vertex.operators[0]?.node;
      if (head?.role !== "source" || hasEnumerator(head) || this.#restores.has(head.operatorId)) return [];
      return [head.operatorId];
    });
  }

  /** RP2 */
  enumeratorOf(operatorId: OperatorId): RestoredEnumerator<unknown> {
    if (!this.#restores.has(operatorId)) return { kind: "none" };
    const enumerator = this.#enumerators.get(operatorId);
    return enumerator === undefined ? { kind: "readersOnly" } : { kind: "state", state: enumerator.state };
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
    const inlineFiles = this.#filesOf(restore);
    if (head?.role !== "source" || this.#restores.has(head.operatorId)) return { restore, splits: null, inlineFiles };
    const all = this.#splits.get(head.operatorId) ?? [];
    return { restore, splits: all.filter((_, index) => index % vertex.parallelism === subtask), inlineFiles };
  }

  /** What tasks read from stores: by store URI, each file once. */
  storedFiles(): ReadonlyMap<string, readonly FileRef[]> {
    const stores = new Map<string, Map<string, FileRef>>();
    for (const restore of [...this.#restores.values()].flat()) {
      const files = stores.get(restore.storeUri) ?? new Map<string, FileRef>();
      stores.set(restore.storeUri, files);
      for (const file of filesOf(restore)) {
        if (this.#inlineFiles.get(file.key)?.storeUri !== restore.storeUri) files.set(file.key, file);
      }
    }
    return new Map([...stores].map(([uri, files]) => [uri, [...files.values()]]));
  }

  #filesOf(restores: readonly OperatorRestore[]): readonly InlineFile[] {
    if (this.#inlineFiles.size === 0) return [];
    const files = new Set<InlineFile>();
    for (const restore of restores) {
      for (const { key } of filesOf(restore)) {
        const file = this.#inlineFiles.get(key);
        if (file?.storeUri === restore.storeUri) files.add(file);
      }
    }
    return [...files];
  }
}

function filesOf({ keyed, operator }: OperatorRestore): readonly FileRef[] {
  const blobs = operator.flat().flatMap(({ blob }) => (blob.kind === "file" ? [blob.file] : []));
  return [...keyed.flatMap(keyedFiles), ...blobs];
}

/** The operators of a graph as the sharing out of state wants to know them. */
export function operatorsOf(graph: JobGraph): readonly NewOperator[] {
  return graph.vertices.flatMap((vertex) =>
    vertex.operators.map(({ node }) => ({
      operatorId: node.operatorId,
      uid: node.uid,
      parallelism: vertex.parallelism,
      maxParallelism: vertex.maxParallelism,
      isKeyed: node.isKeyed,
      hasEnumerator: hasEnumerator(node),
    })),
  );
}

function hasEnumerator({ role, logic }: StreamNode): boolean {
  return role === "source" && (logic as Source<unknown>).createEnumerator !== undefined;
}

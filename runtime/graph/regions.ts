/**
 * Owns: the failover regions of a job: which subtasks have to be restarted together (RS-6).
 * Called by: the JobManager's scheduler and failover.
 *
 * RG1 Every subtask of every vertex is in exactly one region.
 * RG2 Two subtasks that exchange records are in the same region: what one has sent and the other not yet processed is lost
 *     with either of them, as channels keep nothing.
 */
import type { JobGraph } from "./job-graph.ts";

/** `vertex`: JobVertex.index. */
export type SubtaskRef = { readonly vertex: number; readonly subtask: number };

/** Ordered by vertex, then subtask. */
export type Region = readonly SubtaskRef[];

/** The connected components of the subtasks; regions in the order of their first subtask. */
export function deriveRegions(graph: JobGraph): readonly Region[] {
  const firstOf: number[] = [];
  const refs: SubtaskRef[] = [];
  for (const vertex of graph.vertices) {
    firstOf.push(refs.length);
    for (let subtask = 0; subtask < vertex.parallelism; subtask++) refs.push({ vertex: vertex.index, subtask });
  }
  const sets = new DisjointSets(refs.length);
  for (const edge of graph.edges) {
    const producers = graph.vertices[edge.fromVertex]?.parallelism ?? 0;
    const consumers = graph.vertices[edge.toVertex]?.parallelism ?? 0;
    const from = firstOf[edge.fromVertex] ?? 0;
    const to = firstOf[edge.toVertex] ?? 0;
    if (edge.partitioning.kind === "forward") {
      for (let subtask = 0; subtask < producers; subtask++) sets.join(from + subtask, to + subtask);
    } else {
      for (let subtask = 0; subtask < producers; subtask++) sets.join(from + subtask, to);
      for (let subtask = 0; subtask < consumers; subtask++) sets.join(from, to + subtask);
    }
  }
  const regions = new Map<number, SubtaskRef[]>();
  refs.forEach((ref, place) => {
    const root = sets.root(place);
    const region = regions.get(root);
    if (region === undefined) regions.set(root, [ref]);
    else region.push(ref);
  });
  return [...regions.values()];
}

class DisjointSets {
  readonly #parent: number[];

  constructor(size: number) {
    this.#parent = Array.from({ length: size }, (_, index) => index);
  }

  root(place: number): number {
    let at = place;
    for (;;) {
      const parent = this.#parent[at] ?? at;
      if (parent === at) return at;
      const grandparent = this.#parent[parent] ?? parent;
      this.#parent[at] = grandparent;
      at = grandparent;
    }
  }

  join(left: number, right: number): void {
    this.#parent[this.root(right)] = this.root(left);
  }
}

/**
 * Owns: what TaskManagers are told to load and build (MES3): the job module with its options, and what the graph came to here, so that a
 * TaskManager that builds another graph notices.
 */
import type { JobId } from "../../../base/index.ts";
import type { CheckpointLog } from "../../checkpoint/index.ts";
import type { JobConfiguration, JobGraph } from "../../graph/index.ts";
import type { JobSource, StateTarget } from "../../rpc/index.ts";
import type { JobManagerOptions } from "../job-manager-options.ts";

/** Earlier incarnations that were taken over from, and which of them were fenced. */
type Earlier = { readonly predecessors: readonly JobId[]; readonly fenced: readonly JobId[] };

export function jobSourceOf(
  jobId: JobId,
  { module, options, args }: JobManagerOptions["job"],
  { graph, predecessors, fenced }: { readonly graph: JobGraph } & Earlier,
): JobSource {
  return {
    jobId,
    predecessors,
    fenced,
    program: { kind: "module", path: module },
    options,
    args,
    maxParallelism: graph.vertices.map((vertex) => vertex.maxParallelism),
    fingerprint: graph.fingerprint,
  };
}

/** Where tasks put their state. */
export function stateTargetOf(log: CheckpointLog, { stateBackend }: JobConfiguration): StateTarget {
  return { storeUri: log.store.uri, inlineOnly: stateBackend === "memory" };
}

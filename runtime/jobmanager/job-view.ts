/**
 * Owns: what people are shown of a job, put together from its parts.
 */
import type { ErrorInfo, JobId } from "../../base/index.ts";
import type { JobConfiguration, JobGraph } from "../graph/index.ts";
import type { JobView } from "./control.ts";
import type { Execution } from "./execution/execution.ts";
import type { Lifecycle } from "./execution/lifecycle.ts";

export type JobViewParts = {
  readonly jobId: JobId;
  /** Of the JobManager process, fresh with every start; not that of the operating system. */
  readonly processId: string;
  /** 0: it does not lead yet. */
  readonly epoch: number;
  readonly configuration: JobConfiguration;
  readonly graph: JobGraph;
  readonly execution: Execution;
  readonly lifecycle: Lifecycle;
  readonly endedMs: number | null;
  readonly restarts: number;
  readonly failure: ErrorInfo | null;
};

export function buildJobView({ graph, execution, lifecycle, ...parts }: JobViewParts): JobView {
  const statusTimes = lifecycle.times();
  return {
    ...parts,
    name: parts.configuration.jobName,
    status: lifecycle.status,
    startedMs: statusTimes.INITIALIZING ?? 0,
    statusTimes,
    vertices: execution.vertexViews(),
    edges: graph.edges.map(
      ({ fromVertex, toVertex, partitioning }) => [fromVertex, toVertex, partitioning.kind] as const,
    ),
  };
}

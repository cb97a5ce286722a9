/**
 * Owns: what a sink's writer is told about where it runs.
 */
import type { OperatorContext, SinkContext } from "../../ports/index.ts";

/** The part of an operator's context that its sink may see: neither state nor the task. */
export function sinkContext(context: OperatorContext): SinkContext {
  const {
    name,
    uid,
    jobId,
    predecessors = [],
    fenced = [],
    jobName,
    subtask,
    parallelism,
    epoch,
    attempt,
    clock,
    log,
    metrics,
  } = context;
  return { name, uid, jobId, predecessors, fenced, jobName, subtask, parallelism, epoch, attempt, clock, log, metrics };
}

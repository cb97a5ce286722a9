/**
 * Owns: reading the metrics that the code of a task's operators registered, beside the task's own.
 * Called by: slot-host.ts, between the steps of its tasks.
 */
import type { OperatorMetrics } from "../metrics/index.ts";
import type { TaskMetrics } from "../rpc/index.ts";
import { runOwned } from "./code-owner.ts";
import type { Task } from "./task.ts";

/** Of all operators of the chain, so that whoever tells those of one name apart sees all; absent when none has registered any. */
export function withUserMetrics(task: Task): TaskMetrics {
  const { links } = task.parts.chain;
  const operators = runOwned(task, () =>
    links.map(({ context: { uid, name, metrics } }): OperatorMetrics => ({ uid, name, metrics: metrics.read() })),
  );
  const isEmpty = operators.every(({ metrics }) => metrics.length === 0);
  return isEmpty ? task.metrics() : { ...task.metrics(), operators };
}

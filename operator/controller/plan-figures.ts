/**
 * Owns: what plans that were carried out tell about operations, as metrics.
 */
import { parseTime, type StreamJobStatus } from "../../crds/index.ts";
import type { Observed, Plan } from "../reconcile/index.ts";
import { storedStatus } from "../observe/index.ts";
import type { ControllerMetrics } from "./metrics.ts";

/** How long operations and their switches took, by the times in the record. */
export function measurePlan(
  { job }: Observed,
  { status: after }: Plan,
  nowMs: number,
  metrics: ControllerMetrics,
): void {
  const before: StreamJobStatus | null = storedStatus(job);
  const operation = before?.operation;
  if (after === null || operation === undefined) return;
  const seconds = (since: string): number => Math.max(0, nowMs - parseTime(since)) / 1000;
  if (after.operation?.operationId !== operation.operationId) {
    metrics.operations.observe({ kind: operation.kind }, seconds(operation.startedAt));
  } else if (operation.step === "Activating" && after.operation.step === "Proving" && operation.from !== null) {
    metrics.switches.observe(seconds(operation.stepSince));
  }
}

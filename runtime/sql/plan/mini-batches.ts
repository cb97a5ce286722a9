/**
 * Owns: which nodes of a plan emit once for each mini-batch: all groups without a window.
 * Not here: what that means (operators/table-mini-batch.ts).
 *
 * SQPM1 It says nothing of what a node computes and keeps: uids do not have it, and a job is restored with another one.
 */
import type { MiniBatch, PlanNode } from "./plan-tree.ts";
import { rebuiltBy } from "./rebuilt.ts";

/** The same nodes with it; equal nodes of the input are one in the result. */
export const withMiniBatches = (miniBatch: MiniBatch): ((node: PlanNode) => PlanNode) =>
  rebuiltBy((node) => (node.kind === "aggregate" && node.changes !== "append" ? { ...node, miniBatch } : node));

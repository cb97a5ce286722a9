/**
 * Owns: uids and operator ids: how an operator's state is found again in the next version of its job (SP-6).
 * Called by: the job API, when it closes a graph; tools that look for an operator in a manifest.
 *
 * OI1 An explicit uid alone decides the operator id: name, position and parallelism may change.
 * OI2 A derived uid depends on the graph's shape only: position, role, name and inputs, not on parallelism or settings.
 */
import { type OperatorId, operatorId } from "../../base/index.ts";
import { murmur128 } from "./murmur.ts";
import type { NodeRole } from "./stream-graph.ts";

/** The operator id that belongs to a uid: murmur3_128, 32 hex digits. */
export function operatorIdOfUid(uid: string): OperatorId {
  return operatorId(murmur128(uid));
}

/** The uid of a node that was given none, as `~<position>:<name>:<8 hex digits>` (OI2). */
export function derivedUid(node: {
  readonly position: number;
  readonly role: NodeRole;
  readonly name: string;
  readonly inputUids: readonly string[];
}): string {
  const hash = murmur128(JSON.stringify([node.position, node.role, node.name, node.inputUids]));
  return `~${node.position}:${node.name}:${hash.slice(0, 8)}`;
}

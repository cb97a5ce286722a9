/**
 * Owns: whether a job would accept the state that an activation would give it, found out by reading only.
 * Not here: giving it (startup.ts).
 *
 * PF1 Every reason is given at once, in words. A state that is not there is a reason; a store that does not answer is an error.
 * PF2 Compared are uids, parallelism and maxParallelism. Kinds and types of states are declared by running operators only, and are
 *     compared when these are restored.
 */
import { type Clock, type ErrorCode, type Log, StreamError } from "../base/index.ts";
import { assignState } from "../checkpoint/index.ts";
import type { PreflightAnswer, RestoreMessage } from "../contract/index.ts";
import type { JobGraph, StreamGraph } from "../graph/index.ts";
import type { FoundState } from "./found-state.ts";
import { fitGraph } from "./graph-fit.ts";
import { resolveActivation } from "./latest-state.ts";
import { operatorsOf } from "./restore-point.ts";
import { allowsReplay } from "./startup.ts";

export type PreflightPorts = {
  readonly streamGraph: StreamGraph;
  readonly ownUri: string;
  readonly clock: Clock;
  readonly logger: Log;
};

/** What is wrong with the state, not with the way to it. */
const REASONS: readonly (ErrorCode | undefined)[] = [
  "RESTORE_REFUSED",
  "SAVEPOINT_NOT_FOUND",
  "CHECKPOINT_CORRUPT",
  "STATE_INCOMPATIBLE",
  "OPTION_INVALID",
];

/** Errors: STORE_UNAVAILABLE. */
export async function checkRestore(from: RestoreMessage, ports: PreflightPorts): Promise<PreflightAnswer> {
  try {
    const { streamGraph, ...others } = ports;
    const sinksAllowReplay = allowsReplay(streamGraph);
    const look = { ...others, sinksAllowReplay, fence: null, isAbandoned: () => false, isImpatient: true };
    const { state } = await resolveActivation({ from, predecessors: [] }, look);
    if (state === null) return { kind: "compatible", from: null };
    const reasons = misfits(streamGraph, state, from.kind !== "none" && from.allowNonRestoredState);
    return reasons.length === 0
      ? { kind: "compatible", from: state.location }
      : { kind: "incompatible", reasons: [...reasons] };
  } catch (error) {
    if (!(error instanceof StreamError) || !REASONS.includes(error.code)) throw error;
    return { kind: "incompatible", reasons: [error.message] };
  }
}

function misfits(streamGraph: StreamGraph, state: FoundState, allowNonRestored: boolean): readonly string[] {
  const { operators } = state.manifest;
  const fit = fitGraph(streamGraph, operators);
  const graph: JobGraph | null = fit.kind === "fits" ? fit.graph : null;
  const reasons = fit.kind === "refused" ? fit.reasons : [];
  if (graph === null) return reasons;
  const assigned = assignState(operators, operatorsOf(graph), { storeUri: state.storeUri, allowNonRestored });
  return assigned.kind === "refused" ? assigned.reasons : [];
}

/**
 * Owns: whether a job would accept the state that an activation would give it, found out by reading only.
 * Not here: giving it (startup.ts).
 *
 * PREF1 Every reason is given at once, in words. A state that is not there is a reason; a store that does not answer is an error.
 * PREF2 Compared are uids, parallelism, maxParallelism, and the types of the states that are in the graph: all but those of stream
 *     operators of the user's own that do not name them (`OperatorFactory.declares`); these are compared when it is restored.
 * PREF3 Too few slots are a reason too, once all TaskManagers are there: the job would wait for them without end.
 */
import { type Clock, type ErrorCode, type Log, StreamError } from "../../../base/index.ts";
import { assignState, type OperatorState, storedDeclarations } from "../../checkpoint/index.ts";
import type { PreflightAnswer, RestoreMessage } from "../../../contract/index.ts";
import { compareDeclarations, type StreamGraph } from "../../graph/index.ts";
import type { FoundState } from "../leading/found-state.ts";
import { fitGraph } from "../leading/graph-fit.ts";
import { resolveActivation } from "../leading/latest-state.ts";
import { type LeftState, leftStateOfIncarnation } from "../leading/left-state.ts";
import { operatorsOf } from "../leading/restore-point.ts";
import { allowsReplay } from "../leading/startup.ts";

export type PreflightPorts = {
  readonly streamGraph: StreamGraph;
  readonly ownUri: string;
  /** Of all TaskManagers; null: not all are registered. */
  readonly slots: number | null;
  readonly clock: Clock;
  readonly logger: Log;
};

/** What is wrong with the state, not with the way to it. */
const REASONS: readonly (ErrorCode | undefined)[] = [
  "RESTORE_REFUSED",
  "SAVEPOINT_NOT_FOUND",
  "CHECKPOINT_CORRUPT",
  "FORMAT_TOO_NEW",
  "STATE_INCOMPATIBLE",
  "OPTION_INVALID",
];

/** Errors: STORE_UNAVAILABLE. */
export async function checkRestore(from: RestoreMessage, ports: PreflightPorts): Promise<PreflightAnswer> {
  try {
    const { streamGraph, slots, ...others } = ports;
    const lack = slots === null ? [] : lackOfSlots(streamGraph, slots);
    const sinksAllowReplay = allowsReplay(streamGraph);
    const look = { ...others, sinksAllowReplay, fence: null, isAbandoned: () => false, isImpatient: true };
    const { state } = await resolveActivation({ from, predecessors: [] }, look);
    const reasons = [...lack, ...(state === null ? [] : misfits(streamGraph, state, leftStateOfIncarnation(from)))];
    if (reasons.length > 0) return { kind: "incompatible", reasons };
    return { kind: "compatible", from: state?.location ?? null };
  } catch (error) {
    if (!(error instanceof StreamError) || !REASONS.includes(error.code)) throw error;
    return { kind: "incompatible", reasons: [error.message] };
  }
}

function lackOfSlots(streamGraph: StreamGraph, slots: number): readonly string[] {
  const needed = Math.max(...streamGraph.nodes.map(({ parallelism }) => parallelism));
  if (needed <= slots) return [];
  return [
    `the job needs ${needed} slots, and its TaskManagers have ${slots}: give it more TaskManagers or slots, or lower its parallelism`,
  ];
}

function misfits(streamGraph: StreamGraph, state: FoundState, leftState: LeftState): readonly string[] {
  const { operators } = state.manifest;
  const fit = fitGraph(streamGraph, operators);
  const changed = changedTypes(streamGraph, operators);
  if (fit.kind === "refused") return [...fit.reasons, ...changed];
  const assigned = assignState(operators, operatorsOf(fit.graph), {
    storeUri: state.storeUri,
    allowNonRestored: leftState.isAllowed,
    howToAllow: leftState.howToAllow,
  });
  return assigned.kind === "refused" ? [...assigned.reasons, ...changed] : changed;
}

function changedTypes(streamGraph: StreamGraph, operators: readonly OperatorState[]): readonly string[] {
  const stored = new Map(operators.map((operator) => [operator.operatorId, operator]));
  return streamGraph.nodes.flatMap(({ operatorId, uid, states: now }) => {
    const before = stored.get(operatorId);
    if (before === undefined || now === undefined) return [];
    const answer = compareDeclarations(uid, storedDeclarations(before), now);
    return answer.kind === "refused" ? [answer.reason] : [];
  });
}

/**
 * Owns: which subtask of a new graph gets which state of an old one (SP-5, SP-8, SP-9), and the refusals by uid. Pure.
 * Not here: sharing out the items of operator state (the state room, by Redistribution), compatibility of types (the graph room
 * beforehand, the state room at run time).
 *
 * ASS1 Every key group of the old state is given to exactly one new subtask: the one whose range has it. A handle that spans
 *     several new ranges is given to each of them; readers skip foreign groups by the file's index.
 * ASS2 Nothing is dropped silently: state with no operator is a refusal, unless it was asked for by allowNonRestored; keyed state of an
 *     operator that is not keyed any more always is one, and so is the state of an enumerator for a source that has none.
 * ASS3 All reasons for refusal are given at once.
 * ASS4 Key groups bind keyed state, and nothing else: parallelism and maxParallelism of an operator without any may change at will,
 *     also where it ran in one chain with a keyed one.
 */
import { assert, type OperatorId } from "../../base/index.ts";
import { keyGroupRange } from "../record/index.ts";
import type { KeyedStateHandle, OperatorRestore, OperatorState } from "./handles.ts";

/** An operator of the new graph before its vertices' maxParallelism is fixed. */
export type RescalableOperator = {
  readonly operatorId: OperatorId;
  readonly uid: string;
  readonly parallelism: number;
  /** What the job says explicitly, and where; null: not set. */
  readonly maxParallelism: ExplicitMaxParallelism | null;
};

export type ExplicitMaxParallelism = {
  readonly value: number;
  /** At the operator itself, or for all that do not say otherwise (`pipeline.max-parallelism`). */
  readonly of: "operator" | "job";
};

export type AdoptedMaxParallelism =
  /** For operators with stored keyed state only: what their vertex must have. */
  | { readonly kind: "ok"; readonly maxParallelism: ReadonlyMap<OperatorId, number> }
  | { readonly kind: "refused"; readonly reasons: readonly string[] };

/** An operator of the new graph, with its vertex's maxParallelism. */
export type NewOperator = {
  readonly operatorId: OperatorId;
  readonly uid: string;
  readonly parallelism: number;
  readonly maxParallelism: number;
  /** Whether its input is partitioned by key, so that it can have keyed state. Absent: it can. */
  readonly isKeyed?: boolean;
  /** Whether it is a source with an enumerator. Absent: it is none. */
  readonly hasEnumerator?: boolean;
};

export type AssignedState =
  | {
      readonly kind: "ok";
      /** Per operator that was in the manifest: index = new subtask. An operator without an entry starts empty. */
      readonly restores: ReadonlyMap<OperatorId, readonly OperatorRestore[]>;
      /** uids whose state was left out, as allowed. */
      readonly skipped: readonly string[];
    }
  /** For the message of STATE_INCOMPATIBLE. */
  | { readonly kind: "refused"; readonly reasons: readonly string[] };

/** The maxParallelism that stored state prescribes (SP-8); for use before vertices are built. */
export function adoptMaxParallelism(
  stored: readonly OperatorState[],
  operators: readonly RescalableOperator[],
): AdoptedMaxParallelism {
  const byId = new Map(stored.map((state) => [state.operatorId, state]));
  const adopted = new Map<OperatorId, number>();
  const reasons: string[] = [];
  for (const operator of operators) {
    const state = byId.get(operator.operatorId);
    if (state === undefined || !hasKeyedState(state)) continue;
    const reason = findMisfit(state, operator);
    if (reason === null) adopted.set(operator.operatorId, state.maxParallelism);
    else reasons.push(reason);
  }
  return reasons.length === 0 ? { kind: "ok", maxParallelism: adopted } : { kind: "refused", reasons };
}

export type AssignOptions = {
  /** The store of the manifest's files. */
  readonly storeUri: string;
  /** Leave out state whose operator is not in the graph any more (SP-5). */
  readonly allowNonRestored: boolean;
  /** What a person does to have it left out, for the refusal; follows "or". */
  readonly howToAllow: string;
};

/** Shares out stored state over the new graph's subtasks, or says why that cannot be. */
export function assignState(
  stored: readonly OperatorState[],
  operators: readonly NewOperator[],
  options: AssignOptions,
): AssignedState {
  const byId = new Map(operators.map((operator) => [operator.operatorId, operator]));
  assert(byId.size === operators.length, "two operators of the new graph have one id");
  const restores = new Map<OperatorId, readonly OperatorRestore[]>();
  const reasons: string[] = [];
  const skipped: string[] = [];
  for (const state of stored) {
    const operator = byId.get(state.operatorId);
    if (operator === undefined) {
      if (!hasState(state)) continue;
      if (options.allowNonRestored) skipped.push(state.uid);
      else reasons.push(unmapped(state, operators, options.howToAllow));
      continue;
    }
    const misfits = findMisfits(state, operator);
    reasons.push(...misfits);
    if (misfits.length === 0) restores.set(operator.operatorId, shareOut(state, operator, options.storeUri));
  }
  return reasons.length === 0 ? { kind: "ok", restores, skipped } : { kind: "refused", reasons };
}

/** True when leaving the operator out would lose something. */
function hasState(state: OperatorState): boolean {
  if (state.enumerator !== undefined) return true;
  return state.subtasks.some(
    (subtask) => subtask.keyed !== null || subtask.operator.some((handle) => handle.count > 0),
  );
}

function hasKeyedState(state: OperatorState): boolean {
  return state.subtasks.some(({ keyed }) => keyed !== null);
}

function shareOut(state: OperatorState, operator: NewOperator, storeUri: string): readonly OperatorRestore[] {
  const wereAllFinished = state.subtasks.every((subtask) => subtask.finished);
  const isSameParallelism = state.parallelism === operator.parallelism;
  const operatorHandles = state.subtasks.map((subtask) => subtask.operator);
  return Array.from({ length: operator.parallelism }, (_, subtask): OperatorRestore => {
    const range = keyGroupRange(subtask, operator.parallelism, operator.maxParallelism);
    const keyed: KeyedStateHandle[] = [];
    for (const { keyed: handle } of state.subtasks) {
      if (handle !== null && handle.keyGroups.first <= range.last && handle.keyGroups.last >= range.first)
        keyed.push(handle);
    }
    const finished = wereAllFinished || (isSameParallelism && state.subtasks[subtask]?.finished === true);
    return { operatorId: operator.operatorId, storeUri, keyed, operator: operatorHandles, finished };
  });
}

function findMisfits(state: OperatorState, operator: NewOperator): readonly string[] {
  const misfits: string[] = [];
  const { maxParallelism: value } = operator;
  const parallelism = hasKeyedState(state)
    ? findMisfit(state, { ...operator, maxParallelism: { value, of: "operator" } })
    : null;
  if (parallelism !== null) misfits.push(parallelism);
  if (operator.isKeyed === false && hasKeyedState(state)) {
    misfits.push(
      `the operator with uid "${operator.uid}" (${state.name}) has keyed state, but its input is not partitioned by key in this job: ` +
        "put keyBy before it again, or give the operator another uid",
    );
  }
  if (state.enumerator !== undefined && operator.hasEnumerator !== true) {
    misfits.push(
      `the source with uid "${operator.uid}" (${state.name}) found its splits while the job ran, and the state has some that no reader had yet; ` +
        "the source of this job does not look for splits while it runs, and would lose them: let it, or give it another uid",
    );
  }
  return misfits;
}

function findMisfit(state: OperatorState, { uid, parallelism, maxParallelism }: RescalableOperator): string | null {
  const { maxParallelism: stored } = state;
  if (parallelism > stored) {
    return (
      `the operator with uid "${uid}" has parallelism ${parallelism}, but its keyed state was stored with maxParallelism ${stored}, ` +
      `which cannot change: lower its parallelism to ${stored} or less`
    );
  }
  if (maxParallelism === null || maxParallelism.value === stored) return null;
  const { value, of } = maxParallelism;
  const what =
    of === "operator"
      ? `the operator with uid "${uid}" has maxParallelism ${value}, but its keyed state was stored with ${stored}`
      : `the job has maxParallelism ${value} (pipeline.max-parallelism), but the keyed state of the operator with uid "${uid}" was stored with ${stored}`;
  const remedy =
    of === "operator"
      ? `set it to ${stored}, or remove it if the job sets no other value`
      : `set maxParallelism: ${stored} on that operator, or set the job's to ${stored} or remove it`;
  return `${what}, which cannot change: ${remedy}`;
}

function unmapped(state: OperatorState, operators: readonly NewOperator[], howToAllow: string): string {
  const known = operators.map((operator) => `"${operator.uid}"`);
  const listed =
    known.length > 10 ? `${known.slice(0, 10).join(", ")} and ${known.length - 10} more` : known.join(", ");
  return (
    `there is state of the operator with uid "${state.uid}" (${state.name}), but no operator of the job has that uid; the job has ${listed}: ` +
    `give the operator its uid back, or ${howToAllow}`
  );
}

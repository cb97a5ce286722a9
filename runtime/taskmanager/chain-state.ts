/**
 * Owns: the states of a chain's operators: made or restored before it opens, fixed at a barrier, written afterwards.
 * Not here: when that happens (task-checkpoints.ts), tables and files (room state).
 *
 * CST1 Fixing the versions of all operators is one synchronous step (SB1); writing them goes on in turns.
 * CST2 A restored task's operator that is not in the checkpoint starts empty but knows that the job was restored.
 */
import type { Clock, OperatorId } from "../../base/index.ts";
import { failpoint } from "../failures/index.ts";
import type { OperatorRestore } from "../checkpoint/index.ts";
import type { JobVertex } from "../graph/index.ts";
import { keyGroupRange } from "../record/index.ts";
import type { OperatorAck, TaskDeployment } from "../rpc/index.ts";
import {
  createKeyedBackend,
  createOperatorStateBackend,
  type KeyedSnapshot,
  type KeyedStateBackend,
  type OperatorSnapshot,
  type OperatorStateBackend,
  type SnapshotFiles,
  type SnapshotRequest,
  type StateReader,
  type Turn,
} from "../state/index.ts";

export type OperatorStates = {
  readonly operatorId: OperatorId;
  readonly keyed: KeyedStateBackend | null;
  readonly operatorState: OperatorStateBackend;
  /** The restored snapshot was taken after this operator had finished. */
  readonly wasFinished: boolean;
};

export type ChainSnapshot = {
  /** Writes all files; the acknowledgement's part for each operator. */
  write(files: SnapshotFiles): Promise<readonly OperatorAck[]>;
  discard(): void;
};

/** Reads files of the store that a restore names. */
export type ReaderOf = (storeUri: string) => StateReader;

export async function restoreChainStates(options: {
  readonly vertex: JobVertex;
  readonly deployment: TaskDeployment;
  readonly readerOf: ReaderOf;
  readonly clock: Clock;
  readonly turn: Turn;
}): Promise<readonly OperatorStates[]> {
  const { vertex, deployment } = options;
  if (deployment.isRestored) failpoint("tm:before-restore");
  const { subtask } = deployment.task;
  const states: OperatorStates[] = [];
  for (const { node } of vertex.operators) {
    const restore = deployment.restore.find((candidate) => candidate.operatorId === node.operatorId) ?? null;
    const read: StateReader | null = restore === null ? null : options.readerOf(restore.storeUri);
    states.push({
      operatorId: node.operatorId,
      keyed: !node.isKeyed
        ? null
        : await createKeyedBackend(
            {
              keyGroups: keyGroupRange(subtask, vertex.parallelism, vertex.maxParallelism),
              maxParallelism: vertex.maxParallelism,
              operatorUid: node.uid,
              clock: options.clock,
            },
            restore === null || read === null ? null : { handles: restore.keyed, read },
            options.turn,
          ),
      operatorState: await createOperatorStateBackend(
        { operatorUid: node.uid, subtask, parallelism: vertex.parallelism },
        operatorRestore(deployment, restore, read),
      ),
      wasFinished: restore?.finished ?? false,
    });
  }
  return states;
}

function operatorRestore(
  deployment: TaskDeployment,
  restore: OperatorRestore | null,
  read: StateReader | null,
): { readonly operator: OperatorRestore["operator"]; readonly read: StateReader } | null {
  if (restore !== null && read !== null) return { operator: restore.operator, read };
  if (!deployment.isRestored) return null;
  return { operator: [], read: () => Promise.reject(new Error("nothing is stored for this operator")) };
}

/** Fixes the versions of all states now (CST1). `isFinished`: the task's data have ended; `request` null: all of it goes into files of its own. */
export function snapshotChain(
  states: readonly OperatorStates[],
  isFinished: boolean,
  { turn, request }: { readonly turn: Turn; readonly request: SnapshotRequest | null },
): ChainSnapshot {
  const fixed = states.map(
    (state): { state: OperatorStates; keyed: KeyedSnapshot | null; operator: OperatorSnapshot } => ({
      state,
      keyed: state.keyed?.snapshot(request) ?? null,
      operator: state.operatorState.snapshot(),
    }),
  );
  return {
    write: async (files) => {
      const acks: OperatorAck[] = [];
      for (const { state, keyed, operator } of fixed) {
        acks.push({
          operatorId: state.operatorId,
          state: {
            keyed: (await keyed?.write(files, turn)) ?? null,
            operator: await operator.write(files),
            finished: isFinished,
          },
          declarations: [...(state.keyed?.declarations() ?? []), ...state.operatorState.declarations()],
        });
      }
      return acks;
    },
    discard: () => {
      for (const { keyed } of fixed) keyed?.discard();
    },
  };
}

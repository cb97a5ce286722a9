/**
 * Owns: settling the transactions of a job that nobody runs any more: its exactly-once sinks open as after a restore, which commits what
 * the state holds and aborts the rest, and close again.
 * Not here: which state that is, and the fence before it (the JobManager: LTX1); the hooks (TP4).
 *
 * SETL1 Each sink runs as its one subtask, so that everything that any subtask of the job has left is its own to settle.
 * SETL2 Every sink is tried, also after one has failed; then the first failure is thrown. Settled again it changes nothing.
 * SETL3 What another job holds that lives is none of this one's: a job that was refused for it has left nothing.
 */
import { type Clock, type JobId, type Log, readDelay, StreamError } from "../../base/index.ts";
import type { OperatorRestore, OperatorState } from "../checkpoint/index.ts";
import { assignState } from "../checkpoint/subtasks.ts";
import type { StreamGraph, StreamNode } from "../graph/index.ts";
import { MetricRegistry } from "../metrics/index.ts";
import { sinkOperator } from "../operators/index.ts";
import type { OperatorContext, Output, Sink } from "../ports/index.ts";
import { createOperatorStateBackend } from "../state/index.ts";
import { restoreReader, StoreCache } from "./snapshot-storage.ts";

export type SettlementOptions = {
  readonly jobId: JobId;
  readonly predecessors: readonly JobId[];
  readonly fenced: readonly JobId[];
  readonly streamGraph: StreamGraph;
  readonly epoch: number;
  /** null: nothing is to be committed. */
  readonly state: { readonly operators: readonly OperatorState[]; readonly storeUri: string } | null;
  readonly clock: Clock;
  readonly log: Log;
};

/** Settles what every sink has left; gives their names. Errors: SINK_FAILED, and what the state's store throws. */
export async function settleSinks(options: SettlementOptions): Promise<readonly string[]> {
  const stores = new StoreCache();
  const sinks = options.streamGraph.nodes.filter(isSettled);
  const restores = restoresOf(options, sinks);
  const failures: unknown[] = [];
  for (const node of sinks) {
    try {
      await settleSink(options, node, { restore: restores.get(node.operatorId)?.[0] ?? null, stores });
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return sinks.map(({ name, uid }) => `${name} (uid ${uid})`);
}

/** Whether the job has transactions that are to be settled when it is gone for good. */
function isSettled({ role, logic }: StreamNode): boolean {
  return role === "sink" && (logic as { readonly settlesOnDeletion?: true }).settlesOnDeletion === true;
}

function restoresOf(
  { state }: SettlementOptions,
  sinks: readonly StreamNode[],
): ReadonlyMap<StreamNode["operatorId"], readonly OperatorRestore[]> {
  if (state === null) return new Map();
  const operators = sinks.map(({ operatorId, uid }) => ({
    operatorId,
    uid,
    parallelism: 1,
    maxParallelism: 1,
    isKeyed: false,
  }));
  const ids = new Set(sinks.map(({ operatorId }) => operatorId));
  const own = state.operators.filter(({ operatorId }) => ids.has(operatorId));
  const assigned = assignState(own, operators, {
    storeUri: state.storeUri,
    allowNonRestored: false,
    howToAllow: "restore the job",
  });
  if (assigned.kind === "refused") {
    const message = `the transactions in the job's state cannot be settled: ${assigned.reasons.join("; ")}`;
    throw new StreamError("STATE_INCOMPATIBLE", message, { destiny: "terminal" });
  }
  return assigned.restores;
}

type Restore = { readonly restore: OperatorRestore | null; readonly stores: StoreCache };

async function settleSink(options: SettlementOptions, node: StreamNode, { restore, stores }: Restore): Promise<void> {
  const { uid } = node;
  const operatorState = await createOperatorStateBackend(
    { operatorUid: uid, subtask: 0, parallelism: 1 },
    restore === null ? null : { operator: restore.operator, read: restoreReader(stores, restore.storeUri, []) },
  );
  const operator = sinkOperator(node.logic as Sink<unknown>).create();
  try {
    await operator.open?.(contextOf(options, node, operatorState), nowhere);
  } catch (error) {
    // SETL3
    const isForeign = error instanceof StreamError && error.code === "TRANSACTIONS_IN_USE";
    if (!isForeign || (restore?.operator.flat().length ?? 0) > 0) throw error;
    options.log.warn({ uid, reason: error.message }, "this job has no transactions: they are another job's");
  } finally {
    await operator.close?.();
  }
}

function contextOf(
  { jobId, predecessors, fenced, streamGraph, epoch, clock, log }: SettlementOptions,
  { uid, name }: StreamNode,
  operatorState: OperatorContext["operatorState"],
): OperatorContext {
  return {
    uid,
    name,
    subtask: 0,
    parallelism: 1,
    maxParallelism: 1,
    epoch,
    attempt: 1,
    jobId,
    predecessors,
    fenced,
    jobName: streamGraph.configuration.jobName,
    keyed: null,
    operatorState,
    clock,
    log,
    metrics: new MetricRegistry({ name, uid, clock, log }),
    blockUntil: () => undefined,
    schedule: (delay, callback) => void clock.after(readDelay(delay, "schedule"), callback),
    outside: { await: () => () => undefined, holdInput: () => undefined, emitSoon: () => undefined },
  };
}

const nowhere: Output<never> = {
  collect: () => undefined,
  collectBatch: () => undefined,
  emitWatermark: () => undefined,
  emitStatus: () => undefined,
  sideOutput: () => ({ collect: () => undefined }),
};

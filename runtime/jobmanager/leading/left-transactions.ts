/**
 * Owns: what a job that nobody runs any more has left to be settled: it takes the lead of the job's log, as a JobManager of the same
 * incarnation would, and finds the state whose transactions are to be committed.
 * Not here: committing and aborting (taskmanager/settlement.ts), who asks for it (main/pod-settlement.ts).
 *
 * LTX1 The log is fenced first: whatever process of the job still lives completes no checkpoint any more, so what is found is the last word.
 * LTX2 It waits for nothing: a store that does not answer is an error, and whoever asked asks again.
 * LTX3 A state that is there and cannot be read is an error: without it nobody knows what is to be committed, so nothing may be aborted.
 */
import type { Clock, JobId, Log, Random } from "../../../base/index.ts";
import type { OperatorState } from "../../checkpoint/index.ts";
import type { StreamGraph } from "../../graph/index.ts";
import type { TwoPhaseCommitSink } from "../../ports/index.ts";
import { loadStreamGraph, type ModuleSource } from "../../program/index.ts";
import { useS3Settings } from "../../storage/index.ts";
import { readActivation } from "./activation-object.ts";
import { type FoundState, newestOf } from "./found-state.ts";
import { readResult } from "./job-result.ts";
import { resolveActivation } from "./latest-state.ts";
import { allowsReplay, fenceOf, lead, type StartupOptions } from "./startup.ts";

export type LeftOptions = {
  readonly job: ModuleSource & { readonly jobId: JobId };
  readonly storeUri: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/** What was left of a job. `operators`: of the state whose transactions count, and the store of its files; null: there is none. */
export type LeftTransactions = {
  readonly jobId: JobId;
  readonly predecessors: readonly JobId[];
  readonly fenced: readonly JobId[];
  readonly streamGraph: StreamGraph;
  /** Above that of every process that ever led the job. */
  readonly epoch: number;
  readonly state: {
    readonly checkpointId: number;
    readonly operators: readonly OperatorState[];
    readonly storeUri: string;
  } | null;
  /** To be called when all is settled. */
  readonly settled: () => Promise<void>;
};

/** Whether the job has a sink whose transactions are to be settled when it is gone for good. */
export function settlesOnDeletion({ nodes }: StreamGraph): boolean {
  return nodes.some(({ logic }) => (logic as Partial<TwoPhaseCommitSink<unknown>>).settlesOnDeletion === true);
}

/** null: there is nothing to settle: all was committed, another incarnation has taken over, or the job never began. Errors: as of a start. */
export async function findLeftTransactions(options: LeftOptions): Promise<LeftTransactions | null> {
  const { job, storeUri, clock, random, log: logger } = options;
  const streamGraph = await loadStreamGraph(job);
  const startup: StartupOptions = {
    jobId: job.jobId,
    processId: random.hex(16),
    storeUri,
    streamGraph,
    restore: null,
    standby: null,
    clock,
    random,
    logger,
    isAbandoned: () => false,
    onLeading: () => undefined,
  };
  useS3Settings(streamGraph.configuration.s3);
  const fence = await lead(startup, true);
  if (fence.kind === "fenced") return null;
  const { log } = fence;
  const result = await readResult(log.store, job.jobId);
  if (result?.status === "FINISHED") return null;
  const find = { clock, logger, isAbandoned: startup.isAbandoned, isImpatient: true, sinksAllowReplay: false };
  const own = await newestOf(log, { ...find, sinksAllowReplay: allowsReplay(streamGraph) });
  if (own !== null && "by" in own) return null;
  const left = { jobId: job.jobId, streamGraph, epoch: log.epoch };
  const none = { ...left, predecessors: [], fenced: [], state: null, settled: () => Promise.resolve() };
  if (own !== null) {
    const settled = async (): Promise<void> => {
      if (own.mustCommit && own.seq !== null) await log.markCommitted(own.seq);
    };
    return { ...none, state: stateOf(own), settled };
  }
  // Its checkpoints went with it.
  if (result?.status === "CANCELED") return none;
  const activation = await readActivation(log.store);
  if (activation === null) return null;
  const { state, predecessors, fenced } = await resolveActivation(activation, {
    ...find,
    ownUri: log.store.uri,
    fence: fenceOf(startup),
  });
  return { ...none, predecessors, fenced, state: state === null ? null : stateOf(state) };
}

function stateOf({ manifest, storeUri }: FoundState): NonNullable<LeftTransactions["state"]> {
  return { checkpointId: manifest.checkpointId, operators: manifest.operators, storeUri };
}

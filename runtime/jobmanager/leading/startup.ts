/**
 * Owns: what a starting JobManager does before it deploys: lead, find what to go on from, fit the graph to it, discover splits.
 * Not here: deployment, and what a refusal does to the job (job-master.ts); states that are not the job's own (found-state.ts,
 * latest-state.ts).
 *
 * ST1 Order: probe the store, claim the epoch, write the fence, and only then decide what to restore. A log that a successor has
 *     fenced is not even claimed: that job is another incarnation's now. Neither is one that another job has written to (P-10).
 * ST2 What to restore: the newest complete manifest of the job's own root; else the path given at submission, or, for an incarnation, what
 *     its activation says; else nothing (RS-7).
 * ST3 A store that does not answer is tried again without end, with a warning each time; anything terminal is a refusal.
 * ST4 An incarnation goes on only after its activation, and fences its predecessors as long as it has completed nothing itself. Then
 *     it asks once more whether it still leads: it may have waited for long.
 */
import { type Clock, type JobId, type Log, type Random, sleep, StreamError, toErrorInfo } from "../../../base/index.ts";
import {
  assertReadable,
  type CheckpointLog,
  claimEpoch,
  type FencedBy,
  type FenceOutcome,
  fencedBy,
  readLog,
  successorFence,
  writeFence,
} from "../../checkpoint/index.ts";
import type { StoredActivation } from "../../../contract/index.ts";
import { buildJobGraph, type JobGraph, type StreamGraph } from "../../graph/index.ts";
import { openStore, probeStore, useS3Settings } from "../../storage/index.ts";
import { readActivation } from "./activation-object.ts";
import { type FoundState, newestOf, stateAt } from "./found-state.ts";
import { fitGraph } from "./graph-fit.ts";
import { Abandoned, insist } from "./insist.ts";
import { type JobResult, readResult } from "./job-result.ts";
import { resolveActivation } from "./latest-state.ts";
import { type LeftState, leftStateOfIncarnation, leftStateOfRun } from "./left-state.ts";
import { assertOwner } from "./log-owner.ts";
import { RestorePoint } from "./restore-point.ts";
import { discoverSplits } from "./split-discovery.ts";

/** How an incarnation's JobManager is let go on. */
export type Standby = {
  /** This process leads, and there is neither an activation nor a state of the job's own: resolves when it is activated. */
  activation(log: CheckpointLog): Promise<StoredActivation>;
  /** What the job goes on from; null: its own log has more, and the activation is gone. */
  onActivation(activation: StoredActivation | null): void;
  /** Something after the activation failed and is tried again. */
  onTrouble(error: unknown): void;
};

export type StartupOptions = {
  readonly jobId: JobId;
  readonly processId: string;
  readonly storeUri: string;
  readonly streamGraph: StreamGraph;
  readonly restore: { readonly path: string; readonly allowNonRestoredState: boolean } | null;
  /** null: it goes on at once. */
  readonly standby: Standby | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Log;
  /** True: give up waiting for the store. */
  readonly isAbandoned: () => boolean;
  /** As soon as this process leads; TaskManagers may be answered from then on. */
  readonly onLeading: (log: CheckpointLog) => void;
};

export type Restored = {
  readonly checkpointId: number;
  /** null: not in this job's log. */
  readonly seq: number | null;
  /** Its marker is owed: tasks commit it as they are restored. */
  readonly mustCommit: boolean;
  readonly isSavepoint: boolean;
  readonly location: string;
  /** The job itself was stopped with it: what it holds is committed, and nothing else happens (MA5). */
  readonly ends: { readonly kind: "stop" | "drain"; readonly triggerId: string } | null;
};

export type StartPlan = {
  readonly graph: JobGraph;
  readonly point: RestorePoint;
  readonly restored: Restored | null;
  /** Uids of operators whose state is left behind, as allowed. */
  readonly leftOut: readonly string[];
  /** Of earlier incarnations that were taken over from. */
  readonly predecessors: readonly JobId[];
  /** Those of them whose logs were fenced. */
  readonly fenced: readonly JobId[];
};

export type StartOutcome =
  | { readonly kind: "ready"; readonly plan: StartPlan }
  | { readonly kind: "fenced"; readonly by: FencedBy }
  /** An earlier process has brought the job to its end (JM4). */
  | { readonly kind: "over"; readonly result: JobResult }
  | { readonly kind: "abandoned" };

const RETRY_DELAY_MIN_MS = 500;
const RETRY_DELAY_MAX_MS = 10_000;

/** Errors: StreamError, terminal: STATE_INCOMPATIBLE, SAVEPOINT_NOT_FOUND, CHECKPOINT_CORRUPT, STORE_UNSUITABLE, SOURCE_FAILED, … */
export async function prepareStart(options: StartupOptions): Promise<StartOutcome> {
  useS3Settings(options.streamGraph.configuration.s3);
  try {
    const fence = await lead(options);
    if (fence.kind === "fenced") return fence;
    const { log } = fence;
    options.onLeading(log);
    const result = await insist(options, "read the job's result", () => readResult(log.store, options.jobId));
    // JOR1: a failed job that is no incarnation may be started again.
    if (result !== null && (result.status !== "FAILED" || options.standby !== null)) return { kind: "over", result };
    const own = await newestOf(log, findPorts(options));
    if (own !== null && "by" in own) return { kind: "fenced", by: own.by };
    if (options.standby !== null) return await goOnFromActivation(options, options.standby, log, own);
    const { restore } = options;
    const found = own ?? (restore === null ? null : await stateAt(restore.path, options));
    // LS1
    const isAllowed = own === null && restore !== null && restore.allowNonRestoredState;
    return { kind: "ready", plan: await buildPlan(options, found, leftStateOfRun({ isAllowed })) };
  } catch (error) {
    if (error instanceof Abandoned) return { kind: "abandoned" };
    throw error;
  }
}

/** `isImpatient`: a store that does not answer is an error. */
export async function lead(given: StartupOptions, isImpatient = false): Promise<FenceOutcome> {
  const { jobId, processId, random, clock, storeUri, streamGraph } = given;
  const options = { ...given, isImpatient };
  const store = await openStore(storeUri, streamGraph.configuration.checkpoints.storeCallTimeoutMs);
  await insist(options, "probe the checkpoint store", () => probeStore(store, random));
  const contents = await insist(options, "read the log", () => readLog(store));
  assertReadable(contents);
  assertOwner(contents, jobId);
  const final = successorFence(contents);
  if (final !== null) return { kind: "fenced", by: fencedBy(final) };
  const claim = await insist(options, "claim the epoch", () => claimEpoch(store, { processId, jobId, random, clock }));
  const { jobName } = streamGraph.configuration;
  return insist(options, "write the fence", () => writeFence(claim, { jobName }));
}

/** ST4. What trying again may help is tried again: the predecessor is fenced by then, and nobody else goes on with the job. */
async function goOnFromActivation(
  options: StartupOptions,
  standby: Standby,
  log: CheckpointLog,
  own: FoundState | null,
): Promise<StartOutcome> {
  const earlier = await insist(options, "read the activation", () => readActivation(log.store));
  const activation = earlier ?? (own === null ? await standby.activation(log) : null);
  standby.onActivation(activation);
  // LS1
  const leftState = leftStateOfIncarnation(own === null ? (activation?.from ?? null) : null);
  for (let delayMs = RETRY_DELAY_MIN_MS; ; delayMs = Math.min(RETRY_DELAY_MAX_MS, delayMs * 2)) {
    try {
      const { state, predecessors, fenced } =
        own !== null || activation === null
          ? { state: own, predecessors: [], fenced: [] }
          : await resolveActivation(activation, {
              ...findPorts(options),
              ownUri: log.store.uri,
              fence: fenceOf(options),
            });
      const plan = await buildPlan(options, state, leftState);
      await insist(options, "ask whether this JobManager still leads", () => log.confirmLead());
      return { kind: "ready", plan: { ...plan, predecessors, fenced } };
    } catch (error) {
      if (log.fencedBy !== null) return { kind: "fenced", by: log.fencedBy };
      if (error instanceof Abandoned || toErrorInfo(error).destiny === "terminal") throw error;
      standby.onTrouble(error);
      options.logger.warn({ err: error, delayMs }, "the activation could not be carried out; retrying");
    }
    await sleep(options.clock, delayMs);
  }
}

type FencePorts = NonNullable<Parameters<typeof resolveActivation>[1]["fence"]>;

/** With what this process fences its predecessors. */
export function fenceOf({ jobId, processId, random, streamGraph }: StartupOptions): FencePorts {
  return { jobId, processId, random, jobName: streamGraph.configuration.jobName };
}

function findPorts(options: StartupOptions): Parameters<typeof newestOf>[1] {
  return { ...options, sinksAllowReplay: allowsReplay(options.streamGraph) };
}

/** No sink of the job is exactly-once, so that output may be repeated. */
export function allowsReplay(streamGraph: StreamGraph): boolean {
  return !streamGraph.nodes.some(
    ({ logic }) =>
      typeof logic === "object" && logic !== null && "guarantee" in logic && logic.guarantee === "exactly-once",
  );
}

async function buildPlan(options: StartupOptions, found: FoundState | null, leftState: LeftState): Promise<StartPlan> {
  const noPredecessors = { predecessors: [], fenced: [] };
  if (found === null) {
    const graph = buildJobGraph(options.streamGraph);
    const point = RestorePoint.fresh(graph, new Map());
    const splits = await discoverSplits(graph, point.sourcesWithoutState(), options);
    return { graph, point: point.withSplits(splits), restored: null, leftOut: [], ...noPredecessors };
  }
  const { manifest, location, seq, mustCommit, storeUri } = found;
  const fit = fitGraph(options.streamGraph, manifest.operators);
  if (fit.kind === "refused") {
    const text = `the job cannot be restored from ${location}: ${fit.reasons.join("; ")}`;
    throw new StreamError("STATE_INCOMPATIBLE", text, { destiny: "terminal" });
  }
  const { graph } = fit;
  const { point, skipped } = RestorePoint.fromState(
    graph,
    { checkpointId: manifest.checkpointId, operators: manifest.operators, storeUri },
    { leftState, from: location },
  );
  if (skipped.length > 0) {
    options.logger.warn({ uids: skipped }, "skipping the state of operators that the job does not have, as requested");
  }
  const splits = await discoverSplits(graph, point.sourcesWithoutState(), options);
  const isSavepoint = manifest.kind === "savepoint";
  const ends =
    seq === null || manifest.ends === undefined ? null : { kind: manifest.ends, triggerId: manifest.triggerId ?? "" };
  const restored = { checkpointId: manifest.checkpointId, seq, mustCommit, isSavepoint, location, ends };
  return { graph, point: point.withSplits(splits), restored, leftOut: skipped, ...noPredecessors };
}

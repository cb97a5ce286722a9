/**
 * Owns: what a driven job goes on from: a snapshot of another driver, or a savepoint of a job that ran, as the JobManager takes it.
 * Called by: job-driver.ts.
 *
 * JZ1 A savepoint of a job that ran holds positions of its real sources and transactions of its real sinks: where these are replaced,
 *     they mean nothing and are left out. All other state is restored, or refused, as anywhere.
 */
import { AssertionFailure, type Clock, type Log, StreamError } from "../../base/index.ts";
import { type OperatorState, readSavepoint } from "../checkpoint/index.ts";
import { buildJobGraph, type JobGraph, type StreamGraph } from "../graph/index.ts";
import { discoverSplits, fitGraph, RestorePoint } from "../jobmanager/parts.ts";
import type { MemoryObjectStore } from "../storage/index.ts";
import type { DrivenGraph } from "./driven-graph.ts";
import { type JobSnapshot, partsOfSnapshot, type SnapshotParts } from "./job-snapshot.ts";

/** `stores`: of its files, where these are in memory. `location`: in words, for messages. */
export type Before = StoredState &
  Pick<SnapshotParts, "scripts" | "targets" | "nowMs" | "epoch"> & {
    readonly stores: readonly MemoryObjectStore[];
    readonly hasRealEnds: boolean;
  };

type StoredState = {
  readonly location: string;
  readonly checkpointId: number;
  readonly operators: readonly OperatorState[];
  readonly storeUri: string;
};

/** Errors: those of `readSavepoint`. */
export async function readRestore(restore: JobSnapshot | string | undefined): Promise<Before | null> {
  if (restore === undefined) return null;
  if (typeof restore === "string") {
    const { manifest, storeUri } = await readSavepoint(restore);
    const { checkpointId, operators, completedMs: nowMs, epoch } = manifest;
    const nothing = { scripts: new Map(), targets: new Map(), stores: [] };
    return { ...nothing, location: restore, checkpointId, operators, storeUri, nowMs, epoch, hasRealEnds: true };
  }
  const parts = partsOfSnapshot(restore);
  if (parts === null)
    throw new AssertionFailure("`restore` takes what snapshot() of a JobDriver gave, or the path of a savepoint");
  const { checkpointId } = restore;
  const { store } = parts;
  return { ...parts, location: "the snapshot", checkpointId, storeUri: store.uri, stores: [store], hasRealEnds: false };
}

/** What of it concerns the job as it is driven (JZ1). */
export function stateFor(before: Before, graph: DrivenGraph): StoredState {
  const isReplaced = (uid: string): boolean => graph.scripts.has(uid) || (graph.targets.has(uid) && !graph.isKept(uid));
  const operators = before.hasRealEnds ? before.operators.filter(({ uid }) => !isReplaced(uid)) : before.operators;
  return { ...before, operators };
}

/** The job's graph as stored state prescribes it. Errors: STATE_INCOMPATIBLE with every reason. */
export function fitTo(stream: StreamGraph, state: StoredState | null): JobGraph {
  if (state === null) return buildJobGraph(stream);
  const fit = fitGraph(stream, state.operators);
  if (fit.kind === "fits") return fit.graph;
  throw new StreamError(
    "STATE_INCOMPATIBLE",
    `the job cannot be restored from ${state.location}: ${fit.reasons.join("; ")}`,
    {
      destiny: "terminal",
    },
  );
}

/** Errors: JOB_GRAPH_INVALID. */
export function assertSame(first: JobGraph, other: JobGraph): JobGraph {
  if (other.fingerprint === first.fingerprint) return other;
  throw new StreamError(
    "JOB_GRAPH_INVALID",
    "the job builds another graph when it is built again; a job must not depend on time, randomness, the machine or the process",
    { destiny: "terminal" },
  );
}

/** Errors: STATE_INCOMPATIBLE with every reason; SOURCE_FAILED. */
export async function startingPoint(
  graph: JobGraph,
  state: StoredState | null,
  options: { readonly allowNonRestored: boolean; readonly clock: Clock; readonly log: Log },
): Promise<RestorePoint> {
  const { allowNonRestored, clock, log } = options;
  const leftState = { isAllowed: allowNonRestored, howToAllow: "start the driver with allowNonRestoredState: true" };
  const point =
    state === null
      ? RestorePoint.fresh(graph, new Map())
      : RestorePoint.fromState(graph, state, { leftState, from: state.location }).point;
  return point.withSplits(await discoverSplits(graph, point.sourcesWithoutState(), { clock, logger: log }));
}

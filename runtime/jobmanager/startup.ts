/**
 * Owns: what a starting JobManager does before it deploys: lead, find what to go on from, fit the graph to it, discover splits.
 * Not here: deployment, and what a refusal does to the job (job-manager.ts).
 *
 * ST1 Order: probe the store, claim the epoch, write the fence, and only then decide what to restore.
 * ST2 What to restore: the newest complete manifest of the job's own root; else the path given at submission; else nothing (RS-7).
 * ST3 A store that does not answer is tried again without end, with a warning each time; anything terminal is a refusal.
 * ST4 A damaged manifest is replaced by an older one only where no promise is broken by it (RE2), and loudly.
 */
import {
  type Clock,
  type JobId,
  type Log,
  type OperatorId,
  type Random,
  sleep,
  StreamError,
  toErrorInfo,
} from "../base/index.ts";
import {
  adoptMaxParallelism,
  type CheckpointLog,
  claimEpoch,
  type FencedBy,
  findDamage,
  type Manifest,
  manifestKey,
  type OperatorState,
  readSavepoint,
  resolveRestore,
  writeFence,
} from "../checkpoint/index.ts";
import { buildJobGraph, type JobGraph, type StreamGraph } from "../graph/index.ts";
import { openStore, probeStore } from "../storage/index.ts";
import { readResult } from "./job-result.ts";
import type { TerminalStatus } from "./lifecycle.ts";
import { RestorePoint } from "./restore-point.ts";
import { discoverSplits } from "./split-discovery.ts";

export type StartupOptions = {
  readonly jobId: JobId;
  readonly incarnation: string;
  readonly storeUri: string;
  readonly streamGraph: StreamGraph;
  readonly restore: { readonly path: string; readonly allowNonRestoredState: boolean } | null;
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
  readonly mustCommit: boolean;
  readonly isSavepoint: boolean;
  readonly location: string;
};

export type StartPlan = {
  readonly graph: JobGraph;
  readonly point: RestorePoint;
  readonly restored: Restored | null;
};

export type StartOutcome =
  | { readonly kind: "ready"; readonly plan: StartPlan }
  | { readonly kind: "fenced"; readonly by: FencedBy }
  /** An earlier process has brought the job to its end (JM4). */
  | { readonly kind: "over"; readonly status: TerminalStatus }
  | { readonly kind: "abandoned" };

const RETRY_DELAY_MIN_MS = 200;
const RETRY_DELAY_MAX_MS = 10_000;

class Abandoned extends Error {}

/** Errors: StreamError, terminal: STATE_INCOMPATIBLE, SAVEPOINT_NOT_FOUND, CHECKPOINT_CORRUPT, STORE_UNSUITABLE, SOURCE_FAILED, … */
export async function prepareStart(options: StartupOptions): Promise<StartOutcome> {
  try {
    const fence = await lead(options);
    if (fence.kind === "fenced") return fence;
    options.onLeading(fence.log);
    const ended = await insist(options, "read the job's result", () => readResult(fence.log.store, options.jobId));
    if (ended !== null) return { kind: "over", status: ended };
    const found = await findState(options, fence.log);
    if (found !== null && "by" in found) return { kind: "fenced", by: found.by };
    return { kind: "ready", plan: await buildPlan(options, found) };
  } catch (error) {
    if (error instanceof Abandoned) return { kind: "abandoned" };
    throw error;
  }
}

async function lead(options: StartupOptions): Promise<Awaited<ReturnType<typeof writeFence>>> {
  const { jobId, incarnation, random, clock, storeUri, streamGraph } = options;
  const store = await openStore(storeUri);
  await insist(options, "probe the checkpoint store", () => probeStore(store, random));
  const claim = await insist(options, "claim the epoch", () =>
    claimEpoch(store, { incarnation, jobId, random, clock }),
  );
  const { jobName } = streamGraph.configuration;
  return insist(options, "write the fence", () => writeFence(claim, { jobName }));
}

type FoundState = Restored & { readonly operators: readonly OperatorState[]; readonly storeUri: string };

async function findState(options: StartupOptions, log: CheckpointLog): Promise<FoundState | { by: FencedBy } | null> {
  const own = await findOwnState(options, log);
  if (own !== null || options.restore === null) return own;
  const { path } = options.restore;
  const savepoint = await insist(options, `read ${path}`, () => readSavepoint(path));
  const { manifest, storeUri } = savepoint;
  const store = await openStore(storeUri);
  const damage = await insist(options, `look at the files of ${path}`, () => findDamage(store, manifest));
  if (damage.length > 0) throw corrupt(`${path} cannot be restored from: ${few(damage)}; restore from another one`);
  const { checkpointId, operators, kind } = manifest;
  return {
    checkpointId,
    operators,
    storeUri,
    seq: null,
    mustCommit: false,
    isSavepoint: kind === "savepoint",
    location: path,
  };
}

async function findOwnState(
  options: StartupOptions,
  log: CheckpointLog,
): Promise<FoundState | { by: FencedBy } | null> {
  const sinksAllowReplay = !options.streamGraph.nodes.some((node) => isExactlyOnceSink(node.logic));
  const damaged = new Map<number, string>();
  for (;;) {
    const decision = resolveRestore(log.contents, log.epoch, { sinksAllowReplay, damaged });
    if (decision.kind === "none") return null;
    if (decision.kind === "fenced") return { by: decision.by };
    if (decision.kind === "corrupt" && decision.fallback === null) {
      throw corrupt(
        `the newest checkpoint of the job (${log.store.uri}/${manifestKey(decision.seq)}) cannot be used: ${decision.what}; ` +
          `no older one is taken: ${decision.reason}. Start a new job from a savepoint, or from a checkpoint you trust`,
      );
    }
    const manifest = decision.kind === "restore" ? decision.manifest : (decision.fallback as Manifest);
    const storeUri = manifest.storeUri ?? log.store.uri;
    const store = manifest.storeUri === null ? log.store : await openStore(storeUri);
    const damage = await insist(options, `look at the files of checkpoint ${manifest.checkpointId}`, () =>
      findDamage(store, manifest),
    );
    if (damage.length > 0) {
      damaged.set(manifest.seq, few(damage));
      continue;
    }
    if (decision.kind === "corrupt") {
      options.logger.error({ seq: decision.seq, fallback: manifest.seq }, `${decision.what}; ${decision.reason}`);
    }
    return {
      checkpointId: manifest.checkpointId,
      seq: manifest.seq,
      operators: manifest.operators,
      storeUri,
      mustCommit: decision.kind === "restore" && decision.mustCommit,
      isSavepoint: manifest.kind === "savepoint",
      location: manifest.storeUri ?? `${log.store.uri}/${manifestKey(manifest.seq)}`,
    };
  }
}

async function buildPlan(options: StartupOptions, found: FoundState | null): Promise<StartPlan> {
  const graph = fitGraph(options.streamGraph, found);
  const point = found === null ? RestorePoint.fresh(graph, new Map()) : restorePointOf(options, graph, found);
  const splits = await discoverSplits(graph, point.sourcesWithoutState(), options);
  if (found === null) return { graph, point: point.withSplits(splits), restored: null };
  const { operators: _, storeUri: __, ...restored } = found;
  return { graph, point: point.withSplits(splits), restored };
}

function restorePointOf(options: StartupOptions, graph: JobGraph, found: FoundState): RestorePoint {
  const allowNonRestored = options.restore?.allowNonRestoredState ?? false;
  const { point, skipped } = RestorePoint.fromState(graph, found, { allowNonRestored, from: found.location });
  if (skipped.length > 0) {
    options.logger.warn({ uids: skipped }, "state of operators that the job does not have is left out, as asked for");
  }
  return point;
}

/** The job graph, with maxParallelism taken over from stored state (SP-8). */
function fitGraph(streamGraph: StreamGraph, found: FoundState | null): JobGraph {
  const draft = buildJobGraph(streamGraph);
  if (found === null) return draft;
  const explicit = streamGraph.configuration.maxParallelism;
  const adopted = adoptMaxParallelism(
    found.operators,
    draft.vertices.flatMap((vertex) =>
      vertex.operators.map(({ node }) => ({
        operatorId: node.operatorId,
        uid: node.uid,
        parallelism: vertex.parallelism,
        maxParallelism: node.maxParallelism ?? explicit,
      })),
    ),
  );
  if (adopted.kind === "refused") {
    const text = `the job cannot go on from ${found.location}: ${adopted.reasons.join("; ")}`;
    throw new StreamError("STATE_INCOMPATIBLE", text, { destiny: "terminal" });
  }
  const stored = draft.vertices.map((vertex) => {
    const ids: readonly OperatorId[] = vertex.operators.map(({ node }) => node.operatorId);
    return ids.map((id) => adopted.maxParallelism.get(id)).find((max) => max !== undefined);
  });
  return buildJobGraph(streamGraph, { storedMaxParallelism: stored });
}

/** Tries until it succeeds, fails for good, or the JobManager is closed (ST3). */
async function insist<T>(options: StartupOptions, what: string, work: () => Promise<T>): Promise<T> {
  for (let delayMs = RETRY_DELAY_MIN_MS; ; delayMs = Math.min(RETRY_DELAY_MAX_MS, delayMs * 2)) {
    if (options.isAbandoned()) throw new Abandoned();
    try {
      return await work();
    } catch (error) {
      const info = toErrorInfo(error);
      const mayHelp = info.code === "STORE_UNAVAILABLE" || info.code === "STORE_FULL";
      if (!mayHelp || info.destiny === "terminal") throw error;
      options.logger.warn(
        { code: info.code, delayMs },
        `cannot ${what} yet, trying again in ${delayMs} ms: ${info.message}`,
      );
    }
    await sleep(options.clock, delayMs);
  }
}

function isExactlyOnceSink(logic: unknown): boolean {
  return typeof logic === "object" && logic !== null && "guarantee" in logic && logic.guarantee === "exactly-once";
}

function few(damage: readonly string[]): string {
  return damage.slice(0, 3).join("; ") + (damage.length > 3 ? `; and ${damage.length - 3} more` : "");
}

function corrupt(message: string): StreamError {
  return new StreamError("CHECKPOINT_CORRUPT", message, { destiny: "terminal" });
}

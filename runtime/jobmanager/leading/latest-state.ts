/**
 * Owns: the state that an activation names: nothing, a path, or what an earlier incarnation ended with; and the fences that make it
 * the last word (P-13 of the operator's promises).
 * Not here: this job's own log, which comes first (startup.ts); whether the state fits (graph-fit.ts).
 *
 * LA1 `latest` is decided by exact objects of the store named, after its log was fenced, in this order: its `result` with a savepoint;
 *     the newest complete manifest of its log; when it never completed one, what its own `activation` says, recursively.
 * LA2 Never an empty start by default: a store that holds nothing, or a job that ended without leaving a state, is refused.
 * LA3 Every store on the way is fenced, and those that its activation lists as predecessors: it may have died before it did that.
 * LA4 A savepoint that somebody believes to be the newest state must be it, or the restore is refused with both named.
 * LA6 A store that is collected, or being so, is no state, whatever is left in it (COLL2).
 * LA5 Without `fence` everything is only read: what is found may be overtaken at any moment.
 */
import { type JobId, jobId, type Random, StreamError } from "../../../base/index.ts";
import {
  assertReadable,
  chainOf,
  type CollectionMark,
  fencePredecessor,
  type LogContents,
  newestCompleteSeq,
  readCollectionMark,
  readLog,
} from "../../checkpoint/index.ts";
import type { RestoreMessage, StoredActivation } from "../../../contract/index.ts";
import { type ObjectStore, openStore, storeUriOf } from "../../storage/index.ts";
import { readActivation } from "./activation-object.ts";
import { type FindPorts, type FoundState, locationOf, newestOf, stateAt } from "./found-state.ts";
import { insist } from "./insist.ts";
import { type JobResult, readResult } from "./job-result.ts";
import { assertOwner } from "./log-owner.ts";

export type LatestPorts = FindPorts & {
  /** Never fenced: the incarnation's own store. */
  readonly ownUri: string;
  /** null: only look (LA5). */
  readonly fence: {
    readonly jobId: JobId;
    readonly processId: string;
    readonly jobName: string;
    readonly random: Random;
  } | null;
};

/**
 * `state` null: without state, as was asked for. `predecessors`: job ids of the incarnations that were taken over from; `fenced`: those of
 * them whose logs were fenced, or would be. The job of a savepoint that is named by its path may run on.
 */
export type ResolvedRestore = {
  readonly state: FoundState | null;
  readonly predecessors: readonly JobId[];
  readonly fenced: readonly JobId[];
};

type Latest = Extract<RestoreMessage, { kind: "latest" }>;
type Log = { readonly contents: LogContents; readonly epoch: number };

/** Incarnations in a row that never completed a checkpoint. */
const DEPTH_MAX = 1000;

/** Errors (terminal): RESTORE_REFUSED, SAVEPOINT_NOT_FOUND, CHECKPOINT_CORRUPT, OPTION_INVALID. */
export async function resolveActivation(
  request: Pick<StoredActivation, "from" | "predecessors">,
  ports: LatestPorts,
): Promise<ResolvedRestore> {
  const walk = new PredecessorWalk(ports);
  for (const uri of request.predecessors) await walk.visit(uri);
  const state = await walk.resolve(request.from, 0);
  return { state, predecessors: [...walk.jobIds], fenced: [...walk.fenced] };
}

class PredecessorWalk {
  readonly jobIds = new Set<JobId>();
  readonly fenced = new Set<JobId>();
  readonly #ports: LatestPorts;
  readonly #logs = new Map<string, Log>();

  constructor(ports: LatestPorts) {
    this.#ports = ports;
  }

  async resolve(from: RestoreMessage, depth: number): Promise<FoundState | null> {
    if (from.kind === "none") return null;
    if (from.kind === "path") {
      const state = await stateAt(from.path, this.#ports);
      this.jobIds.add(state.manifest.jobId);
      return state;
    }
    if (depth >= DEPTH_MAX)
      throw refused(
        `more than ${DEPTH_MAX} incarnations before the one in ${from.storeUri} have no state; restore from a savepoint`,
      );
    const state = await this.#latest(from, depth);
    if (from.savepoint !== null) assertNewest(from, from.savepoint, state);
    return state;
  }

  /** Fences (or only reads) the log in a store, once. */
  async visit(storeUri: string): Promise<Log> {
    const uri = storeUriOf(storeUri);
    const known = this.#logs.get(uri);
    if (known !== undefined) return known;
    const { fence, clock, ownUri } = this.#ports;
    if (uri === ownUri)
      throw refused(
        `${uri} is this incarnation's own store and cannot be its predecessor's; specify the store of the incarnation before it`,
      );
    const store = await openStore(uri);
    const log =
      fence === null
        ? { contents: await insist(this.#ports, `read the log in ${uri}`, () => readLog(store)), epoch: 0 }
        : await insist(this.#ports, `fence ${uri}`, () => fencePredecessor(store, { ...fence, clock }));
    assertReadable(log.contents);
    this.#logs.set(uri, log);
    for (const entry of log.contents.entries) {
      if (entry.kind !== "manifest" || entry.manifest.successor !== undefined) continue;
      this.jobIds.add(entry.manifest.jobId);
      this.fenced.add(entry.manifest.jobId);
    }
    return log;
  }

  async #latest(from: Latest, depth: number): Promise<FoundState | null> {
    const log = await this.visit(from.storeUri);
    const { storeUri } = log.contents;
    const store = await openStore(storeUri);
    const collected = await insist(this.#ports, `look at ${storeUri}`, () => readCollectionMark(store));
    if (collected !== null) throw refused(`the state in ${storeUri} was deleted: ${reasonOf(collected)}`);
    const activation = await insist(this.#ports, `read the activation in ${storeUri}`, () => readActivation(store));
    for (const uri of activation?.predecessors ?? []) if (storeUriOf(uri) !== this.#ports.ownUri) await this.visit(uri);
    const result = await insist(this.#ports, `read the result in ${storeUri}`, () => readResult(store, null));
    if (result !== null && activation !== null && result.jobId !== activation.jobId) {
      throw refused(
        `the result in ${storeUri} belongs to job ${result.jobId}, but the store to job ${activation.jobId}: something was copied there. Remove it, or restore from a savepoint`,
      );
    }
    const stopped = result?.savepoint ?? null;
    if (result !== null && stopped !== null) return this.#savepointOf(store, result, stopped);
    if (result?.status === "FINISHED") {
      throw refused(`the job in ${storeUri} has finished by itself: there is no state to resume from`);
    }
    if (activation !== null) assertOwner(log.contents, jobId(activation.jobId));
    const newest = await this.#newest(log);
    if (newest !== null) return { ...newest, seq: null, mustCommit: false };
    if (result?.status === "CANCELED") {
      throw refused(`the job in ${storeUri} was cancelled and its checkpoints were deleted; restore from a savepoint`);
    }
    if (activation === null) {
      throw refused(
        `${storeUri} holds no state and no activation: no incarnation ever ran there. Check the address of the store, or restore from a savepoint`,
      );
    }
    return this.resolve(activation.from, depth + 1);
  }

  async #savepointOf(store: ObjectStore, result: JobResult, savepoint: string): Promise<FoundState> {
    const state = await stateAt(savepoint, this.#ports);
    if (state.manifest.jobId === result.jobId) return state;
    throw refused(
      `the result in ${store.uri} names the savepoint ${savepoint}, but that belongs to job ${state.manifest.jobId}, not to job ${result.jobId}; restore from a savepoint of that job`,
    );
  }

  async #newest(log: Log): Promise<FoundState | null> {
    const { contents } = log;
    if (this.#ports.fence !== null) {
      const newest = await newestOf(log, this.#ports);
      if (newest === null || !("by" in newest)) return newest;
      throw refused(
        `another incarnation (epoch ${newest.by.epoch ?? "unknown"}) took over ${contents.storeUri} at the same time; this one cannot continue`,
      );
    }
    const seq = newestCompleteSeq(contents);
    if (seq === null) return null;
    const [manifest] = chainOf(contents);
    if (manifest === undefined)
      throw refused(
        `the newest manifest in ${contents.storeUri}, number ${seq}, cannot be read; restore from a savepoint`,
      );
    const storeUri = manifest.storeUri ?? contents.storeUri;
    return { manifest, storeUri, seq: null, mustCommit: false, location: locationOf(manifest, contents.storeUri) };
  }
}

/** LA4 */
function assertNewest(from: Latest, believed: string, state: FoundState | null): void {
  const normal = (location: string): string => storeUriOf(location).replace(/\/_metadata$/, "");
  if (state !== null && normal(state.location) === normal(believed)) return;
  throw refused(
    `${believed} is not the newest state of the incarnation in ${from.storeUri}: ${state === null ? "it has none" : `that is ${state.location}`}`,
  );
}

function reasonOf({ why, successor }: CollectionMark): string {
  if (why === "deleted") return "its job was deleted together with its state. Restore from a savepoint";
  return `incarnation ${successor ?? "unknown"} had taken it over and was stable. Restore from that one's state, or from a savepoint`;
}

function refused(message: string): StreamError {
  return new StreamError("RESTORE_REFUSED", message, { destiny: "terminal" });
}

/**
 * Owns: writing the log of manifests of one job: the fence, completed checkpoints, commit markers, clean-up.
 * Not here: what to restore or delete (restore.ts, retention.ts), which are pure; when (the JobManager's coordinator).
 *
 * CL1 Every manifest is created only if absent, under the number after the highest the writer knows.
 * CL2 A write counts only if, after it, no higher number is listed. The head is never deleted, so whoever was overtaken sees it,
 *     even when the number it wrote was used and cleaned up before. Hence writes that count form one sequence without gaps, a
 *     new epoch in it begins with a fence, and after that fence no older epoch's write counts.
 *     The listing must show an object that is there all the time it takes, or, of two, a later one that appeared before the
 *     earlier was deleted: true for S3 (in key order), in memory, and for local folders of hundreds of names (one getdents call).
 * CL3 A fence names the newest complete manifest as its parent; if others write in between, it is taken again on the new facts.
 * CL4 An unknown outcome is read back by nonce. If even that fails, `complete` throws and the log is in doubt: the manifest may
 *     exist, or appear late. The next `complete` finds it and goes on after it; a new JobManager finds it and restores from it;
 *     `settle` decides it by taking the number for a fence. While in doubt nothing is deleted.
 * CL5 A log that was told it is fenced writes and deletes nothing any more.
 * CL7 A checkpoint has files of its own, and files of the newest checkpoint before it: RT2 keeps those, also when a savepoint comes between.
 * CL6 Calls are done one after the other, in the order made: a clean-up never runs beside a `complete`.
 */
import { assert, StreamError } from "../../base/index.ts";
import { failpoint } from "../failures/index.ts";
import type { ObjectStore } from "../storage/index.ts";
import { type EpochClaim, readHighestEpoch } from "./epoch.ts";
import type { OperatorState } from "./handles.ts";
import { committedKey, DATA, dataFolder, EPOCHS, MANIFESTS, manifestKey, parseDataKey } from "./layout.ts";
import {
  assertReadable,
  chainOf,
  entryAt,
  type FencedBy,
  fencedBy,
  type LogContents,
  newestCompleteSeq,
  readEntry,
  readHeadSeq,
  readLog,
  successorFence,
} from "./log-contents.ts";
import type { Manifest } from "./manifest.ts";
import { encodeManifest, filesOf, manifestVersion } from "./manifest-codec.ts";
import { deriveClearance, deriveRetention, type DiscardPlan, isOver, type RetentionOptions } from "./retention.ts";

/** What the coordinator knows of a checkpoint whose acknowledgements are all there. */
export type ManifestDraft = {
  readonly kind: "checkpoint" | "savepoint";
  /** Above `lastCheckpointId` of complete manifests. */
  readonly checkpointId: number;
  readonly triggeredMs: number;
  readonly completedMs: number;
  /** null for checkpoints; the URI of the savepoint's own store for savepoints. */
  readonly storeUri: string | null;
  readonly operators: readonly OperatorState[];
  readonly committables: number;
  /** Only of a savepoint that stops or drains the job (MA5). */
  readonly ends?: "stop" | "drain";
  /** Of the request for a savepoint. */
  readonly triggerId?: string;
};

export type CompleteOutcome =
  | { readonly kind: "completed"; readonly manifest: Manifest }
  /** A newer JobManager leads: stop, commit nothing, delete nothing. */
  | { readonly kind: "fenced"; readonly by: FencedBy };

export type FenceOutcome =
  | { readonly kind: "ready"; readonly log: CheckpointLog }
  | { readonly kind: "fenced"; readonly by: FencedBy };

const FENCE_ATTEMPTS_MAX = 1000;
const DELETES_AT_ONCE = 8;

/**
 * Makes the claim's holder the leader: from then on no older JobManager completes anything. May be called again with the same
 * claim after an error. `asSuccessor`: the log is another incarnation's, and this is the last of it (MA4); else a log that has a
 * successor is not led any more. Errors: STORE_UNAVAILABLE, STORE_FULL.
 */
export async function writeFence(
  claim: EpochClaim,
  options: { readonly jobName: string; readonly asSuccessor?: boolean },
): Promise<FenceOutcome> {
  const { jobName, asSuccessor = false } = options;
  for (let attempt = 1; attempt <= FENCE_ATTEMPTS_MAX; attempt++) {
    const contents = await readLog(claim.store);
    assertReadable(contents);
    const final = asSuccessor ? null : successorFence(contents);
    if (final !== null) return { kind: "fenced", by: fencedBy(final) };
    const head = contents.entries.at(-1);
    const highestEpoch = head?.kind === "corrupt" ? await readHighestEpoch(claim.store) : 0;
    if (highestEpoch > claim.epoch) return { kind: "fenced", by: { epoch: highestEpoch, processId: null } };
    if (head?.kind === "manifest" && head.manifest.epoch >= claim.epoch) {
      const { epoch, processId, kind } = head.manifest;
      const isOurs = epoch === claim.epoch && processId === claim.processId && kind === "fence";
      if (isOurs)
        return {
          kind: "ready",
          log: new CheckpointLog(claim, jobName, contents, await highestId(claim.store, contents)),
        };
      return { kind: "fenced", by: fencedBy(head.manifest) };
    }
    const lastId = await highestId(claim.store, contents);
    const at = { seq: (head?.seq ?? 0) + 1, parent: newestCompleteSeq(contents), checkpointId: lastId };
    const plain = buildFence(claim, jobName, at);
    const fence = asSuccessor ? { ...plain, successor: claim.jobId } : plain;
    if ((await createManifest(claim.store, fence)).kind !== "created") continue;
    if ((await readHeadSeq(claim.store)) !== fence.seq) continue;
    failpoint("jm:after-fence");
    const entries = [...contents.entries, { kind: "manifest" as const, seq: fence.seq, manifest: fence }];
    return { kind: "ready", log: new CheckpointLog(claim, jobName, { ...contents, entries }, lastId) };
  }
  throw new StreamError(
    "STORE_UNAVAILABLE",
    `could not write a fence in ${claim.store.uri}/${MANIFESTS}: other JobManagers wrote first, ${FENCE_ATTEMPTS_MAX} times in a row; check what keeps starting this job`,
  );
}

/** The log in the hands of the leader; got from writeFence only. */
export class CheckpointLog {
  readonly claim: EpochClaim;
  readonly jobName: string;
  /** What the log held when the fence was written, the fence included: for resolveRestore. */
  readonly contents: LogContents;
  #headSeq: number;
  #newestSeq: number | null;
  #newestComplete: Manifest | null;
  /** Of the complete ones the newest that is no savepoint: the other files that a new one may name (CL7). */
  #newestCheckpoint: Manifest | null;
  #lastId: number;
  #fenced: FencedBy | null = null;
  #closed = false;
  #inDoubt = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(claim: EpochClaim, jobName: string, contents: LogContents, lastCheckpointId: number) {
    this.claim = claim;
    this.jobName = jobName;
    this.contents = contents;
    this.#headSeq = contents.entries.at(-1)?.seq ?? 0;
    this.#newestSeq = newestCompleteSeq(contents);
    const newest = this.#newestSeq === null ? undefined : entryAt(contents, this.#newestSeq);
    this.#newestComplete = newest?.kind === "manifest" ? newest.manifest : null;
    this.#newestCheckpoint = chainOf(contents).find(({ kind }) => kind === "checkpoint") ?? null;
    this.#lastId = lastCheckpointId;
  }

  get epoch(): number {
    return this.claim.epoch;
  }

  get store(): ObjectStore {
    return this.claim.store;
  }

  /** The highest checkpoint id known to have been used; new ones are above it (CK-19). */
  get lastCheckpointId(): number {
    return this.#lastId;
  }

  /** Who has taken over, once that is known. */
  get fencedBy(): FencedBy | null {
    return this.#fenced;
  }

  /** Makes a checkpoint or savepoint exist. Errors: STORE_UNAVAILABLE, STORE_FULL: the outcome is unknown (CL4). */
  complete(draft: ManifestDraft): Promise<CompleteOutcome> {
    return this.#inTurn(async () => {
      if (this.#fenced !== null) return { kind: "fenced", by: this.#fenced };
      this.#checkDraft(draft);
      failpoint("jm:before-manifest");
      return this.#append((seq) => ({
        ...this.identity(),
        ...draft,
        version: manifestVersion(draft.operators),
        seq,
        parent: this.#newestSeq,
        files: filesOf(draft.operators),
      }));
    });
  }

  /**
   * The log as it is now, for a restore within this JobManager's life (resolveRestore). Decides an unknown outcome first, so that
   * what is restored now is also what a later JobManager would restore. Errors: FENCED, STORE_*.
   */
  settle(): Promise<LogContents> {
    return this.#inTurn(async () => {
      this.#assertLeading("restore");
      if (this.#inDoubt) {
        const outcome = await this.#append((seq) =>
          buildFence(this.claim, this.jobName, { seq, parent: this.#newestSeq, checkpointId: this.#lastId }),
        );
        if (outcome.kind === "fenced") throw fencedError(this.store, "restore", outcome.by);
      }
      return this.#readAsLeader("restore");
    });
  }

  /**
   * Asks the store whether this epoch still leads, where no write of ours would tell. Writes nothing, so it works on a full disk.
   * Errors: FENCED, STORE_UNAVAILABLE.
   */
  confirmLead(): Promise<void> {
    return this.#inTurn(async () => {
      this.#assertLeading("continue");
      const headSeq = await readHeadSeq(this.store);
      if (headSeq === this.#headSeq) return;
      const entry = headSeq === 0 ? null : await readEntry(this.store, headSeq);
      if (entry === null) throw hiddenHead(this.store);
      const manifest = entry.kind === "manifest" ? entry.manifest : null;
      // One of ours whose outcome is not known yet (CL4).
      if (manifest?.epoch === this.epoch && manifest.processId === this.claim.processId) return;
      throw fencedError(this.store, "continue", this.#becomeFenced(manifest).by);
    });
  }

  /** Notes that the sinks have committed what the manifest holds. Doing it twice is fine. Errors: FENCED, STORE_*. */
  markCommitted(seq: number): Promise<void> {
    return this.#inTurn(async () => {
      this.#assertLeading("record a commit");
      failpoint("jm:before-commit-marker");
      await this.store.put(
        committedKey(seq),
        Buffer.from(JSON.stringify({ version: 1, epoch: this.epoch, processId: this.claim.processId })),
      );
      failpoint("jm:after-commit-marker");
    });
  }

  /**
   * Deletes what is not to be kept, if the newest manifest is this epoch's (RT1). An error leaves a part undeleted; the next
   * call deletes it. Errors: FENCED, STORE_UNAVAILABLE.
   */
  discard(options: RetentionOptions): Promise<DiscardPlan> {
    return this.#inTurn(async () => {
      this.#assertLeading("delete checkpoints");
      assert(options.numRetained >= 1, `numRetained is ${options.numRetained}`);
      if (this.#inDoubt) return { retained: [], deletions: [] };
      const contents = await this.#readAsLeader("delete checkpoints");
      const plan = await this.#carryOut(deriveRetention(contents, await this.#listKeys(), this.epoch, options));
      await this.#removeUnfinished();
      return plan;
    });
  }

  /** What writers that were killed have left: found again with each clean-up, as files are (RT1, RT4). */
  async #removeUnfinished(): Promise<void> {
    const newest = this.#newestComplete;
    if (newest === null || newest.epoch !== this.epoch || newest.seq !== this.#headSeq) return;
    await this.store.removeUnfinished(DATA, (key) => isOver(key, this.epoch, newest.checkpointId));
  }

  /**
   * At the end of a job of which nothing is to be retained: a last fence says so, and all the rest is deleted. The fence stays, so
   * that an overtaken JobManager still finds out. The log takes no more checkpoints. No task may be running.
   * Errors: FENCED, STORE_UNAVAILABLE, STORE_FULL; may be called again.
   */
  discardAll(): Promise<DiscardPlan> {
    return this.#inTurn(async () => {
      this.#assertLeading("delete checkpoints");
      if (!this.#closed) {
        const outcome = await this.#append((seq) =>
          buildFence(this.claim, this.jobName, { seq, parent: null, checkpointId: this.#lastId }),
        );
        if (outcome.kind === "fenced") throw fencedError(this.store, "delete checkpoints", outcome.by);
        this.#closed = true;
      }
      const contents = await this.#readAsLeader("delete checkpoints");
      const plan = await this.#carryOut(deriveClearance(contents, await this.#listKeys(), this.epoch));
      await this.store.removeUnfinished(DATA, (key) => isOver(key, this.epoch, Number.POSITIVE_INFINITY));
      return plan;
    });
  }

  /** Fields that every manifest of this log has in common. */
  identity(): Pick<Manifest, "epoch" | "processId" | "nonce" | "jobId" | "jobName"> {
    const { epoch, processId, jobId, random } = this.claim;
    return { epoch, processId, jobId, nonce: random.hex(16), jobName: this.jobName };
  }

  async #append(build: (seq: number) => Manifest): Promise<CompleteOutcome> {
    this.#inDoubt = true;
    for (;;) {
      const wanted = build(this.#headSeq + 1);
      const outcome = await createManifest(this.store, wanted);
      let written = wanted;
      if (outcome.kind === "taken") {
        const by = outcome.by;
        if (by?.epoch !== this.epoch || by.processId !== this.claim.processId) return this.#becomeFenced(by);
        // An earlier call of ours, whose outcome stayed unknown, did succeed (CL4).
        written = by;
      }
      failpoint("jm:after-manifest");
      const headSeq = await readHeadSeq(this.store);
      if (headSeq < written.seq) throw hiddenHead(this.store);
      if (headSeq !== written.seq) {
        const entry = await readEntry(this.store, headSeq);
        return this.#becomeFenced(entry?.kind === "manifest" ? entry.manifest : null);
      }
      this.#advance(written);
      const isAsWanted =
        written.kind === wanted.kind &&
        written.checkpointId === wanted.checkpointId &&
        written.parent === wanted.parent;
      if (!isAsWanted) continue;
      this.#inDoubt = false;
      return { kind: "completed", manifest: written };
    }
  }

  #advance(written: Manifest): void {
    this.#headSeq = written.seq;
    this.#lastId = Math.max(this.#lastId, written.checkpointId);
    if (written.kind !== "fence") {
      this.#newestSeq = written.seq;
      this.#newestComplete = written;
      if (written.kind === "checkpoint") this.#newestCheckpoint = written;
    } else if (written.parent === null) {
      this.#newestSeq = null;
      this.#newestComplete = null;
      this.#newestCheckpoint = null;
    }
  }

  #becomeFenced(manifest: Manifest | null): { readonly kind: "fenced"; readonly by: FencedBy } {
    this.#fenced = fencedBy(manifest);
    return { kind: "fenced", by: this.#fenced };
  }

  #assertLeading(doing: string): void {
    if (this.#fenced !== null) throw fencedError(this.store, doing, this.#fenced);
  }

  async #readAsLeader(doing: string): Promise<LogContents> {
    const contents = await readLog(this.store);
    const head = contents.entries.at(-1);
    if (head === undefined || head.seq < this.#headSeq) throw hiddenHead(this.store);
    // A damaged head of ours is no sign of another leader; the plan will be empty (RT1).
    if (head?.seq === this.#headSeq && (head.kind === "corrupt" || head.manifest.epoch === this.epoch)) return contents;
    const { by } = this.#becomeFenced(head?.kind === "manifest" ? head.manifest : null);
    throw fencedError(this.store, doing, by);
  }

  async #listKeys(): Promise<readonly string[]> {
    const listings = [await this.store.list(MANIFESTS), await this.store.list(DATA), await this.store.list(EPOCHS)];
    return listings.flat().map((object) => object.key);
  }

  async #carryOut(plan: DiscardPlan): Promise<DiscardPlan> {
    failpoint("jm:before-discard");
    const [manifests, others] = [plan.deletions.filter(isManifest), plan.deletions.filter((key) => !isManifest(key))];
    // One by one, oldest first: cut off anywhere, the chain of the newer ones is whole.
    for (const key of manifests) await this.store.delete(key);
    for (let start = 0; start < others.length; start += DELETES_AT_ONCE) {
      await Promise.all(others.slice(start, start + DELETES_AT_ONCE).map((key) => this.store.delete(key)));
    }
    return plan;
  }

  #checkDraft(draft: ManifestDraft): void {
    assert(!this.#closed, "a checkpoint is completed after discardAll");
    const newestId = this.#newestComplete?.checkpointId ?? 0;
    assert(
      draft.checkpointId > newestId,
      `checkpoint ${draft.checkpointId} is completed after ${newestId}, which subsumed it`,
    );
    assert(
      (draft.kind === "savepoint") === (draft.storeUri !== null),
      `a ${draft.kind} has the store ${draft.storeUri}`,
    );
    if (draft.kind === "savepoint") return;
    // CL7
    const shared = new Set(
      this.#newestCheckpoint?.storeUri === null ? this.#newestCheckpoint.files.map((file) => file.key) : [],
    );
    const own = `${dataFolder(this.epoch, draft.checkpointId)}/`;
    for (const file of filesOf(draft.operators)) {
      assert(
        file.key.startsWith(own) || shared.has(file.key),
        `${file.key} is neither in ${own} nor in the checkpoint before`,
      );
    }
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(act);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

type Created = { readonly kind: "created" } | { readonly kind: "taken"; readonly by: Manifest | null };

async function createManifest(store: ObjectStore, manifest: Manifest): Promise<Created> {
  let failure: unknown = null;
  try {
    if ((await store.createIfAbsent(manifestKey(manifest.seq), encodeManifest(manifest))) === "created")
      return { kind: "created" };
  } catch (error) {
    failure = error;
  }
  const held = await readEntry(store, manifest.seq);
  if (held === null && failure !== null) throw failure;
  if (held?.kind !== "manifest") return { kind: "taken", by: null };
  // An adapter that tries again by itself may be told `exists` about its own first try.
  return held.manifest.nonce === manifest.nonce ? { kind: "created" } : { kind: "taken", by: held.manifest };
}

function buildFence(
  claim: EpochClaim,
  jobName: string,
  at: Pick<Manifest, "seq" | "parent" | "checkpointId">,
): Manifest {
  const nowMs = claim.clock.nowMs();
  return {
    version: 1,
    kind: "fence",
    ...at,
    epoch: claim.epoch,
    processId: claim.processId,
    nonce: claim.random.hex(16),
    jobId: claim.jobId,
    jobName,
    triggeredMs: nowMs,
    completedMs: nowMs,
    storeUri: null,
    operators: [],
    files: [],
    committables: 0,
  };
}

/** Of manifests, and of uploads of checkpoints that were never completed: their ids are not used again either. */
async function highestId(store: ObjectStore, contents: LogContents): Promise<number> {
  let highest = 0;
  for (const entry of contents.entries)
    if (entry.kind === "manifest") highest = Math.max(highest, entry.manifest.checkpointId);
  for (const { key } of await store.list(DATA)) highest = Math.max(highest, parseDataKey(key)?.checkpointId ?? 0);
  return highest;
}

function isManifest(key: string): boolean {
  return key.endsWith(".manifest");
}

/** The head is never deleted: a listing without it is a store in trouble (a folder not mounted), and no other leader's work. */
function hiddenHead(store: ObjectStore): StreamError {
  return new StreamError(
    "STORE_UNAVAILABLE",
    `${store.uri} does not list its newest manifest, which was there before; check that nothing else deletes files there`,
  );
}

function fencedError(store: ObjectStore, doing: string, by: FencedBy): StreamError {
  return new StreamError(
    "FENCED",
    `cannot ${doing} in ${store.uri}: ${by.epoch === null ? "a newer JobManager" : `the JobManager of epoch ${by.epoch}`} has taken over the job; this process stops`,
    { destiny: "terminal" },
  );
}

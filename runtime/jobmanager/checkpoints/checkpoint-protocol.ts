/**
 * Owns: every decision about checkpoints and savepoints: which starts when, what an acknowledgement, a failure or an answer of the store
 * leads to, what may be restored and when the job may end. Pure: events and times come in, effects come out.
 * Not here: doing it (checkpoint-coordinator.ts), times of periodic ones (checkpoint-policy.ts), what a failure does to the job.
 *
 * CC1 A checkpoint starts only when all tasks run (CK-13: those at the end of their data too), and is given up when one of them fails.
 * CC2 Requested ones (savepoint, stop, drain, by hand) and the final one start alone, requests first, in the order made. So ids of
 *     those in the log rise (MA2). Once a stop is under way nothing else is triggered (SP-2).
 * CC3 A completed one gives up all older ones that are still on their way, but savepoints (CC8); that is no failure.
 * CC4 Once the log was asked to complete one, only the log's outcome decides. No region is deployed until it is known: it could restore
 *     from one manifest while a newer one exists. When the store does not answer it is asked again until the checkpoint's timeout; after
 *     that the checkpoint counts as failed and the log is read until it is known whether the manifest exists.
 * CC5 Counted failures are: timeout, a task's asynchronous phase, the store (CK-5). Those of requested ones are not counted.
 * CC6 A drain that was triggered cannot be taken back (its timers have fired): when it fails, for whatever reason, all regions are
 *     restarted. A stop can: its tasks are told, and run on.
 * CC7 Once the manifest of a stop or drain exists the job is over but for its commits: no failure takes that back, and no task is told
 *     to go on while it is not known whether the manifest exists; the log decides it for good (CheckpointLog.settle).
 * CC8 A savepoint never holds up periodic checkpoints: they go on beside it. One that is overtaken by a checkpoint in the log is complete
 *     with its own manifest, and gets no entry in the log: it is not the newest state any more.
 * CC11 A checkpoint may refer to files of the newest complete one only: those are kept until it is complete itself. None is named while another
 *     checkpoint is on its way, or the outcome of one is not known: what is complete by the time may be another, and files that only the older
 *     one had may be gone. A savepoint beside it does not matter: the newest checkpoint is kept below it (RT2).
 * CC9 A savepoint's folder is written to before any task is asked for anything: one that cannot be written refuses the request while
 *     nothing has stopped, and no timer has fired.
 * CC10 When all data have ended and the final checkpoint fails with what no repetition can cure, the job fails: it cannot end without.
 */
import { assert, type ErrorInfo } from "../../../base/index.ts";
import type { CheckpointSettings } from "../../graph/index.ts";
import { isBeyondTolerance, nextTrigger } from "./checkpoint-policy.ts";
import type { CheckpointFacts, CheckpointRequest } from "./pending-checkpoint.ts";

const FINAL_RETRY_MS = 500;
/** Between attempts to reach a store: at first, and at most. */
export const RETRY_DELAY_MIN_MS = 100;
const RETRY_DELAY_MAX_MS = 5000;

/**
 * collecting: waits for tasks. saving: its own manifest is being written into the savepoint's folder. queued: waits for its turn in the
 * log. writing: only the log decides now (CC4). settling: the log is made to decide whether the job was stopped (CC7).
 */
export type CheckpointPhase = "collecting" | "saving" | "queued" | "writing" | "settling";

export type ProtocolEffect =
  /** CC9: find out whether the target can be written; the answer is `probed`. */
  | { readonly kind: "probe"; readonly request: CheckpointRequest }
  | { readonly kind: "trigger"; readonly facts: CheckpointFacts }
  | { readonly kind: "save"; readonly id: number }
  | { readonly kind: "log"; readonly id: number }
  /** The same write again, after `delayMs`. */
  | { readonly kind: "again"; readonly id: number; readonly delayMs: number }
  | { readonly kind: "settle"; readonly id: number; readonly error: ErrorInfo }
  | { readonly kind: "learn"; readonly id: number }
  /** Complete without an entry in the log (CC8). */
  | { readonly kind: "standAlone"; readonly id: number }
  | { readonly kind: "giveUp"; readonly facts: CheckpointFacts; readonly reason: string }
  | { readonly kind: "refuse"; readonly request: CheckpointRequest; readonly reason: string }
  /** CC6 */
  | { readonly kind: "restartAll"; readonly reason: string }
  /** More failures than are tolerated: the job fails over. */
  | { readonly kind: "failOver"; readonly text: string }
  /** CC10 */
  | { readonly kind: "failJob"; readonly error: ErrorInfo; readonly text: string };

/** What is known of the job when it is asked what is due. Times by the monotonic clock. */
export type ProtocolFacts = {
  readonly nowMs: number;
  readonly allRunning: boolean;
  readonly allAtEnd: boolean;
};

export type Advice = {
  readonly effects: readonly ProtocolEffect[];
  /** When to ask again if nothing happens before; null: not by time. */
  readonly wakeAtMs: number | null;
};

/** Counted failures since a checkpoint was completed last, and the newest reason; null: none. */
export type CheckpointTrouble = { readonly failures: number; readonly reason: string };

type Entry = { readonly facts: CheckpointFacts; readonly startedMs: number; phase: CheckpointPhase };
type Waiting = { readonly request: CheckpointRequest; isProbed: boolean };
type Stop = { readonly request: CheckpointRequest; phase: "requested" | "running" | "completed" };

export type ProtocolStart = {
  readonly settings: CheckpointSettings;
  /** The highest id known to have been used. */
  readonly lastId: number;
  /** Of the checkpoint that the job was started from; 0: none. */
  readonly restoredId: number;
  /** That one stopped the job (CC7). */
  readonly ends: { readonly kind: "stop" | "drain"; readonly triggerId: string } | null;
};

export class CheckpointProtocol {
  readonly #settings: CheckpointSettings;
  readonly #entries = new Map<number, Entry>();
  readonly #waiting: Waiting[] = [];
  #stop: Stop | null = null;
  /** none: not taken since the last restart. */
  #final: "none" | "running" | "completed" = "none";
  #finalNotBeforeMs = 0;
  #nextId: number;
  #newestId: number;
  /** The highest one that the log was asked to complete (CC8). */
  #loggedId = 0;
  #consecutiveFailures = 0;
  #trouble: CheckpointTrouble | null = null;
  #runningSinceMs: number | null = null;
  /** Of those by time alone: requests that fail again and again must not put off the next one. */
  #lastStartMs: number | null = null;
  #lastEndMs: number | null = null;
  /** A manifest whose existence is not known (CC4). */
  #unknownId: number | null = null;
  /** The newest complete checkpoint that was taken by the tasks of this JobManager, in the job's own store. */
  #baseId: number | null = null;
  #isClosed = false;
  #out: ProtocolEffect[] = [];

  constructor(start: ProtocolStart) {
    const { settings, lastId, restoredId, ends } = start;
    this.#settings = settings;
    this.#newestId = restoredId;
    // Above that of a foreign savepoint too: an id then tells by itself whether a restored region is older than a checkpoint.
    this.#nextId = Math.max(lastId, restoredId) + 1;
    if (ends !== null) this.#stop = { request: { ...ends, target: null, isExactTarget: true }, phase: "completed" };
  }

  /** Of the newest complete one in the log, or of what the job was started from. */
  get newestId(): number {
    return this.#newestId;
  }

  get unknownId(): number | null {
    return this.#unknownId;
  }

  get trouble(): CheckpointTrouble | null {
    return this.#trouble;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether regions may be restored now (CC4). */
  get mayRestore(): boolean {
    return this.#unknownId === null && ![...this.#entries.values()].some(isDecidedByLog);
  }

  get isStopping(): boolean {
    return this.#stop !== null;
  }

  /** A drain was triggered and is not complete: sources may have ended their data for it (CC6). */
  get isDraining(): boolean {
    return this.#stop?.request.kind === "drain" && this.#stop.phase === "running";
  }

  /** The job was stopped with its newest savepoint: what is left to do is to commit it and to finish (CC7). */
  get hasStopped(): boolean {
    return this.#stop?.phase === "completed";
  }

  phaseOf(id: number): CheckpointPhase | null {
    return this.#entries.get(id)?.phase ?? null;
  }

  /** All tasks are at the end of their data: whether nothing durable is left to be done before they `finish`. */
  mayFinish(areCommitsDone: boolean): boolean {
    if (this.#entries.size > 0 || this.#waiting.length > 0 || !areCommitsDone) return false;
    if (this.#stop !== null) return this.#stop.phase === "completed";
    return this.#settings.intervalMs === null || this.#final === "completed";
  }

  request(request: CheckpointRequest): readonly ProtocolEffect[] {
    if (endOf(request.kind) !== null) this.#stop = { request, phase: "requested" };
    const isProbed = request.target === null;
    this.#waiting.push({ request, isProbed });
    if (!isProbed) this.#out.push({ kind: "probe", request });
    return this.#take();
  }

  /** CC9; `error` null: the target can be written. */
  probed(request: CheckpointRequest, error: ErrorInfo | null): readonly ProtocolEffect[] {
    const index = this.#waiting.findIndex((waiting) => waiting.request === request);
    const waiting = this.#waiting[index];
    if (waiting === undefined) return [];
    if (error === null) waiting.isProbed = true;
    else {
      this.#waiting.splice(index, 1);
      this.#refuse(request, `${request.target} cannot be written: ${error.message}`);
    }
    return this.#take();
  }

  /** What is due now. */
  advance(facts: ProtocolFacts): Advice {
    if (this.#isClosed) return { effects: this.#take(), wakeAtMs: null };
    this.#logNext();
    const wakeAtMs = this.#startNext(facts);
    return { effects: this.#take(), wakeAtMs };
  }

  /** All tasks have acknowledged it. */
  collected(id: number, nowMs: number): readonly ProtocolEffect[] {
    const entry = this.#entryIn(id, "collecting");
    if (entry === null) return [];
    for (const older of this.#entries.values()) {
      if (older.facts.id < id && older.phase === "collecting" && !isSavepoint(older)) {
        this.#giveUp(older, `checkpoint ${id} was completed before it`, null, nowMs);
      }
    }
    const hasOwnManifest = (entry.facts.request?.target ?? null) !== null;
    entry.phase = hasOwnManifest ? "saving" : "queued";
    if (hasOwnManifest) this.#out.push({ kind: "save", id });
    return this.#take();
  }

  /** Its own manifest is in the savepoint's folder. */
  saved(id: number): readonly ProtocolEffect[] {
    const entry = this.#entryIn(id, "saving");
    if (entry !== null) entry.phase = "queued";
    return this.#take();
  }

  /** Its own manifest, or its entry in the log, could not be written. `delayMs`: before the next attempt. */
  writeFailed(id: number, error: ErrorInfo, at: { nowMs: number; delayMs: number }): readonly ProtocolEffect[] {
    const entry = this.#entries.get(id);
    if (entry === undefined || (entry.phase !== "saving" && entry.phase !== "writing")) return [];
    const mayHelp = error.code === "STORE_UNAVAILABLE" && !this.#isClosed;
    if (mayHelp && at.nowMs + at.delayMs < entry.startedMs + this.#settings.timeoutMs) {
      if (entry.facts.request === null) {
        this.#trouble = { failures: this.#trouble?.failures ?? 0, reason: error.message };
      }
      this.#out.push({ kind: "again", id, delayMs: at.delayMs });
      return this.#take();
    }
    const isDoubtful = entry.phase === "writing";
    if (isDoubtful && endOf(entry.facts.kind) !== null && !this.#isClosed) {
      entry.phase = "settling";
      this.#out.push({ kind: "settle", id, error });
      return this.#take();
    }
    this.#giveUp(entry, `its manifest could not be written: ${error.message}`, error, at.nowMs);
    if (isDoubtful) {
      this.#unknownId = id;
      this.#out.push({ kind: "learn", id });
    }
    return this.#take();
  }

  /** The log has decided that the job was not stopped (CC7). */
  notStopped(id: number, error: ErrorInfo, nowMs: number): readonly ProtocolEffect[] {
    const entry = this.#entryIn(id, "settling");
    if (entry !== null) this.#giveUp(entry, `its manifest could not be written: ${error.message}`, error, nowMs);
    return this.#take();
  }

  /** Its manifest is in the log. */
  completed(id: number, nowMs: number): void {
    const entry = this.#entries.get(id);
    assert(entry !== undefined, `checkpoint ${id} is complete, and nobody waits for it`);
    this.#end(entry, nowMs);
    this.#newestId = id;
    if ((entry.facts.request?.target ?? null) === null) this.#baseId = id;
    this.#unknownId = null;
    this.#consecutiveFailures = 0;
    this.#trouble = null;
    if (entry.facts.isFinal && this.#final === "running") this.#final = "completed";
    if (this.#stop !== null && this.#stop.request === entry.facts.request) this.#stop.phase = "completed";
  }

  /** An overtaken savepoint is complete without the log (CC8). */
  stoodAlone(id: number, nowMs: number): void {
    const entry = this.#entries.get(id);
    if (entry !== undefined) this.#end(entry, nowMs);
  }

  /** It is known now what is in the log; true: a manifest that was in doubt is there, and is the newest. */
  learned(id: number, newestInLog: number | null): boolean {
    if (this.#unknownId !== id) return false;
    this.#unknownId = null;
    if (newestInLog === null || newestInLog <= this.#newestId) return false;
    this.#newestId = newestInLog;
    this.#baseId = null;
    return true;
  }

  /** Not all acknowledgements came in time, it could not be triggered, or a task declined it. `counted`: the error, when it is one (CC5). */
  failed(id: number, reason: string, counted: ErrorInfo | null, nowMs: number): readonly ProtocolEffect[] {
    const entry = this.#entryIn(id, "collecting");
    if (entry !== null) this.#giveUp(entry, reason, counted, nowMs);
    return this.#take();
  }

  /** A task has failed: what is on its way cannot be completed (CC1). `reason` says what happened. */
  tasksFailed(reason: string, nowMs: number): readonly ProtocolEffect[] {
    this.#abandon(reason, nowMs);
    this.#consecutiveFailures = 0;
    this.#final = "none";
    const stop = this.#stop;
    const isBeingWritten = [...this.#entries.values()].some((entry) => entry.facts.request === stop?.request);
    // CC7
    if (stop !== null && stop.phase !== "completed" && !isBeingWritten) this.#stop = null;
    return this.#take();
  }

  /** The job is over, being cancelled, or led by another: nothing more is triggered. */
  close(reason: string, nowMs: number): readonly ProtocolEffect[] {
    this.#isClosed = true;
    this.#abandon(reason, nowMs);
    return this.#take();
  }

  /** Another JobManager leads: nothing more is decided here. */
  fenced(): void {
    this.#isClosed = true;
  }

  #take(): readonly ProtocolEffect[] {
    const effects = this.#out;
    this.#out = [];
    return effects;
  }

  #entryIn(id: number, phase: CheckpointPhase): Entry | null {
    const entry = this.#entries.get(id);
    return entry?.phase === phase ? entry : null;
  }

  /** One after the other, in the order of ids. */
  #logNext(): void {
    for (const entry of this.#entries.values()) {
      if (entry.phase !== "queued") continue;
      const { id } = entry.facts;
      if (id < this.#loggedId) this.#out.push({ kind: "standAlone", id });
      else if (![...this.#entries.values()].some(({ phase }) => phase === "writing" || phase === "settling")) {
        entry.phase = "writing";
        this.#loggedId = id;
        this.#out.push({ kind: "log", id });
      }
    }
  }

  /** Returns when to look again. */
  #startNext(facts: ProtocolFacts): number | null {
    const { nowMs, allRunning, allAtEnd } = facts;
    if (!allRunning) {
      this.#runningSinceMs = null;
      return null;
    }
    this.#runningSinceMs ??= nowMs;
    if (this.#stop !== null && this.#stop.phase !== "requested") return null;
    const entries = [...this.#entries.values()];
    const areOnlySavepoints = entries.every(isSavepoint);
    const index = this.#waiting.findIndex(({ isProbed }) => isProbed);
    const request = this.#waiting[index]?.request;
    if (request !== undefined && entries.length === 0) {
      this.#waiting.splice(index, 1);
      if (this.#stop?.request === request) this.#stop.phase = "running";
      this.#start(request, false, nowMs);
      // CC8: a checkpoint may be due as well, or has its time.
      return request.kind === "savepoint" ? this.#startNext(facts) : null;
    }
    // It comes next; but behind a savepoint it may have to wait for long, and periodic ones do not (CC8).
    if (request !== undefined && !entries.some(isSavepoint)) return null;
    if (!allAtEnd) return this.#startPeriodic(nowMs, entries);
    if (this.#final !== "none" || this.#settings.intervalMs === null || !areOnlySavepoints) return null;
    if (nowMs < this.#finalNotBeforeMs) return this.#finalNotBeforeMs;
    this.#final = "running";
    this.#start(null, true, nowMs);
    return null;
  }

  #startPeriodic(nowMs: number, entries: readonly Entry[]): number | null {
    const others = entries.filter((entry) => !isSavepoint(entry));
    const next = nextTrigger(this.#settings, {
      runningSinceMs: this.#runningSinceMs ?? nowMs,
      lastStartMs: this.#lastStartMs,
      lastEndMs: this.#lastEndMs,
      inFlight: others.length,
    });
    const isAlone = others.some(({ facts }) => facts.request !== null || facts.isFinal);
    if (isAlone || next.kind !== "at") return null;
    if (next.timeMs > nowMs) return next.timeMs;
    this.#start(null, false, nowMs);
    return null;
  }

  #start(request: CheckpointRequest | null, isFinal: boolean, nowMs: number): void {
    const id = this.#nextId++;
    const facts = { id, kind: request?.kind ?? "checkpoint", request, isFinal, base: this.#baseFor(request) } as const;
    this.#entries.set(id, { facts, startedMs: nowMs, phase: "collecting" });
    if (request === null) this.#lastStartMs = nowMs;
    this.#out.push({ kind: "trigger", facts });
  }

  /** CC11 */
  #baseFor(request: CheckpointRequest | null): number | null {
    const isWhole = request !== null && request.target !== null;
    const isAlone = [...this.#entries.values()].every(isSavepoint) && this.#unknownId === null;
    return isWhole || !isAlone ? null : this.#baseId;
  }

  #end(entry: Entry, nowMs: number): void {
    this.#entries.delete(entry.facts.id);
    if (entry.facts.request === null) this.#lastEndMs = nowMs;
  }

  #abandon(reason: string, nowMs: number): void {
    for (const { request } of this.#waiting.splice(0)) this.#refuse(request, reason);
    for (const entry of this.#entries.values()) {
      if (!isDecidedByLog(entry)) this.#giveUp(entry, reason, null, nowMs);
    }
  }

  #giveUp(entry: Entry, reason: string, counted: ErrorInfo | null, nowMs: number): void {
    const { facts } = entry;
    this.#end(entry, nowMs);
    this.#out.push({ kind: "giveUp", facts, reason });
    if (facts.request !== null) {
      this.#refuse(facts.request, reason);
      if (facts.kind === "drain") this.#out.push({ kind: "restartAll", reason });
      return;
    }
    if (facts.isFinal) {
      this.#final = "none";
      this.#finalNotBeforeMs = nowMs + FINAL_RETRY_MS;
    }
    if (counted !== null) this.#count(facts, reason, counted);
  }

  #count(facts: CheckpointFacts, reason: string, error: ErrorInfo): void {
    this.#trouble = { failures: (this.#trouble?.failures ?? 0) + 1, reason };
    if (facts.isFinal && error.destiny === "terminal") {
      const text = `the job cannot end without its last checkpoint, which would fail each time: ${reason}`;
      this.#out.push({ kind: "failJob", error, text });
      return;
    }
    this.#consecutiveFailures++;
    if (!isBeyondTolerance(this.#settings, this.#consecutiveFailures)) return;
    const text = `${this.#consecutiveFailures} consecutive checkpoints failed, and ${this.#settings.tolerableFailures} are tolerated; the last one: ${reason}`;
    this.#consecutiveFailures = 0;
    this.#out.push({ kind: "failOver", text });
  }

  #refuse(request: CheckpointRequest, reason: string): void {
    if (this.#stop?.request === request) this.#stop = null;
    this.#out.push({ kind: "refuse", request, reason });
  }
}

/** A savepoint that ends nothing, which may run beside checkpoints (CC8). */
function isSavepoint({ facts }: Entry): boolean {
  return facts.kind === "savepoint";
}

/** No event but the log's answer ends it (CC4); with the savepoint of a stop that begins with its own manifest (CC7). */
function isDecidedByLog({ facts, phase }: Entry): boolean {
  if (phase === "writing" || phase === "settling") return true;
  return phase === "saving" && endOf(facts.kind) !== null;
}

/** How a checkpoint of that kind ends the job; null: it does not. */
export function endOf(kind: CheckpointRequest["kind"]): "stop" | "drain" | null {
  return kind === "stop" || kind === "drain" ? kind : null;
}

/** The delay after this one, between attempts to reach a store. */
export function longerDelay(delayMs: number): number {
  return Math.min(RETRY_DELAY_MAX_MS, delayMs * 2);
}

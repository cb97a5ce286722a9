/**
 * Owns: the life of every checkpoint and savepoint: trigger, acknowledgements, manifest, commits, or giving it up; and the order
 * in which they run.
 * Not here: times (checkpoint-policy.ts), what is in a manifest (pending-checkpoint.ts), writing it (checkpoint room), what a
 * failure does to the job (job-manager.ts). Called by job-manager.ts: events change the facts, `advance` does what is due.
 *
 * CC1 A checkpoint starts only when all tasks run (CK-13: those at the end of their data too), and is given up when one of them fails.
 * CC2 Requested ones (savepoint, stop, drain, by hand) and the final one run alone, requests first, in the order made. So ids of
 *     completed ones rise (M2). Once a stop is under way nothing else is triggered (SP-2).
 * CC3 A completed one gives up all older ones that are still on their way; that is no failure.
 * CC4 Once `complete` was called, only its outcome decides. No region is deployed until it is known: it could restore from one
 *     manifest while a newer one exists. When the store does not answer it is asked again until the checkpoint's timeout; after
 *     that the checkpoint counts as failed and the log is read until it is known whether the manifest exists.
 * CC5 Counted failures are: timeout, a task's asynchronous phase, the store (CK-5). Those of requested ones are not counted.
 * CC6 A drain that was triggered cannot be taken back (its timers have fired): when it fails, for whatever reason, all regions are
 *     restarted. A stop can: its tasks are told, and run on.
 * CC7 Once the manifest of a stop or drain exists the job is over but for its commits: no failure takes that back, and no task is told
 *     to go on while it is not known whether the manifest exists; the log decides it for good (CheckpointLog.settle).
 */
import {
  type Clock,
  type ErrorInfo,
  failpoint,
  type Log,
  StreamError,
  type TaskManagerId,
  toErrorInfo,
} from "../base/index.ts";
import {
  type CheckpointLog,
  type FencedBy,
  type Manifest,
  type ManifestDraft,
  resolveRestore,
} from "../checkpoint/index.ts";
import type { CheckpointSettings, JobGraph } from "../graph/index.ts";
import type { FromJobManager, InlineFile, ToJobManager } from "../rpc/index.ts";
import { CheckpointFiles } from "./checkpoint-files.ts";
import { isBeyondTolerance, nextTrigger } from "./checkpoint-policy.ts";
import type { CheckpointStatistics } from "./checkpoint-statistics.ts";
import { CommitTracker } from "./commit-tracker.ts";
import { type Execution, taskName, taskRef } from "./execution.ts";
import { type CheckpointAck, type CheckpointRequest, PendingCheckpoint } from "./pending-checkpoint.ts";
import { byTaskManager } from "./scheduler.ts";
import type { TriggerRegistry } from "./trigger-registry.ts";
import type { Turns } from "./turns.ts";

const FINAL_RETRY_MS = 500;
const RETRY_DELAY_MIN_MS = 100;
const RETRY_DELAY_MAX_MS = 5000;

export type CoordinatorOptions = {
  readonly epoch: number;
  readonly log: CheckpointLog;
  readonly settings: CheckpointSettings;
  readonly graph: JobGraph;
  readonly execution: Execution;
  readonly turns: Turns;
  readonly clock: Clock;
  readonly logger: Log;
  readonly statistics: CheckpointStatistics;
  readonly triggers: TriggerRegistry;
  /** What the job was started from. `seq`: null when it is not in this job's log. `mustCommit`: its marker is owed. */
  readonly restored: {
    readonly checkpointId: number;
    readonly seq: number | null;
    readonly mustCommit: boolean;
    /** It stopped the job (CC7). */
    readonly ends: { readonly kind: "stop" | "drain"; readonly triggerId: string } | null;
  } | null;
  readonly send: (to: TaskManagerId, message: FromJobManager) => void;
  /** From now on this is what regions are restored from. */
  readonly onCompleted: (manifest: Manifest, inlineFiles: readonly InlineFile[]) => void;
  readonly onTooManyFailures: (error: StreamError) => void;
  readonly onDrainFailed: (reason: string) => void;
  readonly onFenced: (by: FencedBy) => void;
};

type Decline = Extract<ToJobManager, { kind: "checkpointDeclined" }>;
type Committed = Extract<ToJobManager, { kind: "committed" }>;

type Stop = { readonly request: CheckpointRequest; phase: "requested" | "running" | "completed" };

export class CheckpointCoordinator {
  readonly #options: CoordinatorOptions;
  readonly #files: CheckpointFiles;
  readonly #commits = new CommitTracker();
  readonly #pending = new Map<number, PendingCheckpoint>();
  readonly #requests: CheckpointRequest[] = [];
  #stop: Stop | null = null;
  /** none: not taken since the last restart. */
  #final: "none" | "running" | "completed" = "none";
  #finalNotBeforeMs = 0;
  #nextId: number;
  #newestId: number;
  #consecutiveFailures = 0;
  #runningSinceMs: number | null = null;
  #lastStartMs: number | null = null;
  #lastEndMs: number | null = null;
  /** A manifest whose existence is not known (CC4). */
  #unknownId: number | null = null;
  #wake: { readonly atMs: number; cancel(): void } | null = null;
  #isClosed = false;

  constructor(options: CoordinatorOptions) {
    this.#options = options;
    this.#files = new CheckpointFiles(options.log, options.turns, options.logger);
    this.#newestId = options.restored?.checkpointId ?? 0;
    // Above that of a foreign savepoint too: an id then tells by itself whether a restored region is older than a checkpoint.
    this.#nextId = Math.max(options.log.lastCheckpointId, this.#newestId) + 1;
    const { restored } = options;
    const ends = restored?.ends ?? null;
    if (ends !== null) {
      this.#stop = { request: { ...ends, target: null, isExactTarget: true }, phase: "completed" };
    }
    if (restored !== null && restored.mustCommit) {
      this.#commits.expect(restored.checkpointId, restored.seq, 1, options.execution.tasks);
    }
  }

  /** Whether regions may be restored now (CC4). */
  get mayRestore(): boolean {
    return this.#unknownId === null && ![...this.#pending.values()].some((pending) => pending.phase === "writing");
  }

  get isStopping(): boolean {
    return this.#stop !== null;
  }

  /** The job was stopped with its newest savepoint: what is left to do is to commit it and to finish (CC7). */
  get hasStopped(): boolean {
    return this.#stop?.phase === "completed";
  }

  /** All tasks are at the end of their data: whether nothing durable is left to be done before they `finish`. */
  get mayFinish(): boolean {
    if (this.#pending.size > 0 || this.#requests.length > 0 || !this.#commits.isIdle) return false;
    if (this.#stop !== null) return this.#stop.phase === "completed";
    return this.#options.settings.intervalMs === null || this.#final === "completed";
  }

  request(request: CheckpointRequest): void {
    if (request.kind === "stop" || request.kind === "drain") this.#stop = { request, phase: "requested" };
    this.#requests.push(request);
  }

  advance(): void {
    if (this.#isClosed) return;
    this.#commit();
    this.#writeNext();
    const { execution, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    if (!execution.allRunning()) {
      this.#runningSinceMs = null;
      this.#wakeAt(null, nowMs);
      return;
    }
    this.#runningSinceMs ??= nowMs;
    if (this.#stop !== null && this.#stop.phase !== "requested") return this.#wakeAt(null, nowMs);
    const [request] = this.#requests;
    const atEnd = execution.allAtEnd(this.hasStopped);
    if (request !== undefined || (atEnd && this.#final === "none" && this.#options.settings.intervalMs !== null)) {
      if (this.#pending.size > 0) return this.#wakeAt(null, nowMs);
      if (request !== undefined) {
        this.#requests.shift();
        if (this.#stop?.request === request) this.#stop.phase = "running";
        this.#trigger(request, false);
      } else if (nowMs < this.#finalNotBeforeMs) return this.#wakeAt(this.#finalNotBeforeMs, nowMs);
      else this.#trigger(null, true);
      return;
    }
    if (!atEnd) this.#advancePeriodic(nowMs);
  }

  acknowledged(ack: CheckpointAck): void {
    const pending = this.#pending.get(ack.checkpointId);
    if (pending?.phase !== "collecting" || !pending.add(ack, this.#options.clock.nowMs())) {
      this.#options.logger.debug(
        { checkpointId: ack.checkpointId, task: ack.task },
        "a late acknowledgement is ignored",
      );
      return;
    }
    if (!pending.isComplete) return;
    for (const older of this.#pending.values()) {
      if (older.facts.id < pending.facts.id && older.phase === "collecting") {
        this.#giveUp(older, `checkpoint ${pending.facts.id} was completed before it`, null);
      }
    }
    pending.phase = "queued";
  }

  declined(decline: Decline): void {
    const pending = this.#pending.get(decline.checkpointId);
    const task = this.#options.execution.find(decline.task);
    if (pending?.phase !== "collecting" || task === undefined) return;
    const reason = `${taskName(task)} could not take part: ${decline.error.message}`;
    this.#giveUp(pending, reason, decline.phase === "async" ? decline.error : null);
  }

  committed(message: Committed): void {
    const task = this.#options.execution.find(message.task);
    if (task !== undefined) this.#commits.committed(task, message.checkpointId);
  }

  /** A task has failed: what is on its way cannot be completed (CC1). `reason` says what happened. */
  tasksFailed(reason: string): void {
    this.#abandon(reason);
    this.#consecutiveFailures = 0;
    this.#final = "none";
    const stop = this.#stop;
    const isBeingWritten = [...this.#pending.values()].some((pending) => pending.facts.request === stop?.request);
    // CC7
    if (stop !== null && stop.phase !== "completed" && !isBeingWritten) this.#stop = null;
  }

  /** The job is over or being cancelled: nothing more is triggered. */
  close(reason: string): void {
    this.#isClosed = true;
    this.#wake?.cancel();
    this.#abandon(reason);
  }

  #abandon(reason: string): void {
    for (const request of this.#requests.splice(0)) this.#refuse(request, reason);
    for (const pending of this.#pending.values()) {
      if (pending.phase !== "writing") this.#giveUp(pending, reason, null);
    }
  }

  #advancePeriodic(nowMs: number): void {
    const next = nextTrigger(this.#options.settings, {
      runningSinceMs: this.#runningSinceMs ?? nowMs,
      lastStartMs: this.#lastStartMs,
      lastEndMs: this.#lastEndMs,
      inFlight: this.#pending.size,
    });
    const isAlone = [...this.#pending.values()].some(
      (pending) => pending.facts.request !== null || pending.facts.isFinal,
    );
    if (isAlone || next.kind !== "at") this.#wakeAt(null, nowMs);
    else if (next.timeMs > nowMs) this.#wakeAt(next.timeMs, nowMs);
    else this.#trigger(null, false);
  }

  #trigger(request: CheckpointRequest | null, isFinal: boolean): void {
    const { execution, graph, clock, turns, settings, logger, statistics, send, epoch } = this.#options;
    const id = this.#nextId++;
    const kind = request?.kind ?? "checkpoint";
    const triggeredMs = clock.nowMs();
    const pending = new PendingCheckpoint({ id, kind, request, isFinal, triggeredMs }, graph, execution.tasks);
    this.#pending.set(id, pending);
    this.#lastStartMs = clock.monotonicMs();
    if (isFinal) this.#final = "running";
    statistics.started(pending);
    logger.info({ checkpointId: id, checkpointKind: kind, target: request?.target ?? null }, "checkpoint triggered");
    try {
      failpoint("jm:before-trigger");
      const sources = execution.tasks.filter((task) => task.vertex.inEdges.length === 0);
      for (const [to, tasks] of byTaskManager(sources)) {
        send(to, {
          kind: "triggerCheckpoint",
          epoch,
          checkpointId: id,
          checkpointKind: kind,
          aligned: settings.mode === "exactly-once",
          target: request?.target ?? null,
          triggeredMs,
          tasks: tasks.map(taskRef),
        });
      }
      failpoint("jm:after-trigger");
    } catch (error) {
      this.#giveUp(pending, `it could not be triggered: ${toErrorInfo(error).message}`, toErrorInfo(error));
      return;
    }
    pending.expiry = turns.after(settings.timeoutMs, () => {
      if (pending.phase !== "collecting" || this.#pending.get(id) !== pending) return;
      const reason = `it was not complete after ${settings.timeoutMs} ms; not acknowledged by ${pending.missing()}`;
      this.#giveUp(pending, reason, toErrorInfo(new StreamError("CHECKPOINT_FAILED", `checkpoint ${id}: ${reason}`)));
    });
  }

  /** One after the other, in the order of ids. */
  #writeNext(): void {
    const all = [...this.#pending.values()];
    const next = all.find((pending) => pending.phase === "queued");
    if (next !== undefined && !all.some((pending) => pending.phase === "writing")) this.#write(next);
  }

  #write(pending: PendingCheckpoint): void {
    const { turns, clock, settings } = this.#options;
    pending.phase = "writing";
    const { facts } = pending;
    const { request } = facts;
    const target = request?.target ?? null;
    const ends = endOf(facts.kind);
    const draft: ManifestDraft = {
      kind: target === null ? "checkpoint" : "savepoint",
      checkpointId: facts.id,
      triggeredMs: facts.triggeredMs,
      completedMs: clock.nowMs(),
      storeUri: target,
      operators: pending.operators(),
      committables: pending.committables,
      ...(request === null || target === null ? {} : { triggerId: request.triggerId }),
      ...(ends === null ? {} : { ends }),
    };
    const inlineFiles = pending.inlineFiles();
    const giveUpAtMs = (this.#lastStartMs ?? 0) + settings.timeoutMs;
    const attempt = (delayMs: number): void =>
      turns.effect(
        () => this.#files.complete(draft, inlineFiles),
        (outcome) => {
          if (outcome.kind === "ok") {
            if (outcome.value.kind === "fenced") this.#fenced(outcome.value.by);
            else this.#completed(pending, outcome.value.manifest);
          } else
            this.#writeFailed(pending, outcome.error, { delayMs, giveUpAtMs, again: () => attempt(longer(delayMs)) });
        },
      );
    attempt(RETRY_DELAY_MIN_MS);
  }

  #writeFailed(
    pending: PendingCheckpoint,
    error: unknown,
    retry: { readonly delayMs: number; readonly giveUpAtMs: number; readonly again: () => void },
  ): void {
    const { turns, clock, logger } = this.#options;
    const info = toErrorInfo(error);
    const mayHelp = info.code === "STORE_UNAVAILABLE" && !this.#isClosed;
    if (mayHelp && clock.monotonicMs() + retry.delayMs < retry.giveUpAtMs) {
      logger.warn(
        { checkpointId: pending.facts.id, code: info.code },
        `the manifest cannot be written yet: ${info.message}`,
      );
      turns.after(retry.delayMs, retry.again);
      return;
    }
    if (endOf(pending.facts.kind) !== null && !this.#isClosed)
      return this.#settleEnd(pending, info, RETRY_DELAY_MIN_MS);
    this.#giveUp(pending, `its manifest could not be written: ${info.message}`, info);
    this.#learnOutcome(pending.facts.id, RETRY_DELAY_MIN_MS);
  }

  /** Has the log decide whether the manifest of a stop or drain exists; until then its tasks stand still (CC7). */
  #settleEnd(pending: PendingCheckpoint, error: ErrorInfo, delayMs: number): void {
    const { turns, log, epoch, logger } = this.#options;
    turns.effect(
      () => log.settle(),
      (outcome) => {
        if (log.fencedBy !== null) return this.#fenced(log.fencedBy);
        if (outcome.kind === "failed" && !this.#isClosed) {
          const { message } = toErrorInfo(outcome.error);
          logger.warn({ checkpointId: pending.facts.id }, `whether the job was stopped is not known yet: ${message}`);
          turns.after(delayMs, () => this.#settleEnd(pending, error, longer(delayMs)));
          return;
        }
        const decision =
          outcome.kind === "ok" ? resolveRestore(outcome.value, epoch, { sinksAllowReplay: false }) : null;
        if (decision?.kind === "restore" && decision.manifest.checkpointId === pending.facts.id) {
          this.#completed(pending, decision.manifest);
        } else this.#giveUp(pending, `its manifest could not be written: ${error.message}`, error);
      },
    );
  }

  /** Reads the log until it is known whether the manifest exists (CC4). */
  #learnOutcome(checkpointId: number, delayMs: number): void {
    const { turns, log, epoch, logger } = this.#options;
    this.#unknownId = checkpointId;
    turns.effect(
      async () => {
        const contents = await this.#files.readLog();
        // The head is never deleted, and a fence of ours was written: an empty log is a store that does not show what it has.
        if (contents.entries.length > 0) return contents;
        throw new StreamError("STORE_UNAVAILABLE", `${log.store.uri} shows no manifest, and there was one`);
      },
      (outcome) => {
        if (this.#unknownId !== checkpointId) return;
        if (outcome.kind === "failed") {
          const { message } = toErrorInfo(outcome.error);
          logger.warn(
            { checkpointId },
            `whether the manifest of checkpoint ${checkpointId} exists is not known yet: ${message}`,
          );
          turns.after(delayMs, () => this.#learnOutcome(checkpointId, longer(delayMs)));
          return;
        }
        this.#unknownId = null;
        const decision = resolveRestore(outcome.value, epoch, { sinksAllowReplay: false });
        if (decision.kind === "fenced") this.#fenced(decision.by);
        else if (decision.kind === "restore" && decision.manifest.checkpointId > this.#newestId) {
          this.#newestId = decision.manifest.checkpointId;
          this.#options.onCompleted(decision.manifest, []);
          if (decision.mustCommit) this.#notifyComplete(decision.manifest);
        } else if (log.fencedBy !== null) this.#fenced(log.fencedBy);
      },
    );
  }

  #completed(pending: PendingCheckpoint, manifest: Manifest): void {
    const { clock, statistics, triggers, logger, onCompleted, log } = this.#options;
    const { facts } = pending;
    this.#pending.delete(facts.id);
    pending.expiry?.cancel();
    this.#lastEndMs = clock.monotonicMs();
    this.#newestId = facts.id;
    this.#unknownId = null;
    this.#consecutiveFailures = 0;
    if (facts.isFinal && this.#final === "running") this.#final = "completed";
    if (this.#stop !== null && this.#stop.request === facts.request) this.#stop.phase = "completed";
    const location = this.#files.locationOf(manifest);
    statistics.completed(pending, clock.nowMs(), location);
    logger.info(
      {
        checkpointId: facts.id,
        checkpointKind: facts.kind,
        location,
        stateBytes: pending.stateBytes,
        epoch: log.epoch,
      },
      "checkpoint completed",
    );
    onCompleted(manifest, pending.inlineFiles());
    this.#notifyComplete(manifest);
    if (facts.request !== null) triggers.complete(facts.request.triggerId, location, facts.id);
    this.#discardOld();
  }

  #notifyComplete(manifest: Manifest): void {
    const { execution, send, epoch } = this.#options;
    const { checkpointId } = manifest;
    this.#commits.expect(checkpointId, manifest.seq, manifest.committables, execution.tasks);
    for (const [to, tasks] of byTaskManager(execution.tasks)) {
      send(to, { kind: "checkpointComplete", epoch, checkpointId, tasks: tasks.map(taskRef) });
    }
  }

  #commit(): void {
    const { turns, log, logger } = this.#options;
    for (const entry of this.#commits.takeReady()) {
      const { seq, checkpointId } = entry;
      if (seq === null || entry.committables === 0 || checkpointId < this.#newestId) {
        this.#commits.done(entry);
        continue;
      }
      entry.isMarking = true;
      turns.effect(
        () => log.markCommitted(seq),
        (outcome) => {
          if (log.fencedBy !== null) this.#fenced(log.fencedBy);
          else if (outcome.kind === "ok") this.#commits.done(entry);
          else {
            const { message } = toErrorInfo(outcome.error);
            logger.warn(
              { checkpointId },
              `that checkpoint ${checkpointId} is committed cannot be noted yet: ${message}`,
            );
            turns.after(500, () => {
              entry.isMarking = false;
            });
          }
        },
      );
    }
  }

  #discardOld(): void {
    const { turns, log, settings, logger, statistics } = this.#options;
    turns.effect(
      () => log.discard({ numRetained: settings.numRetained }),
      (outcome) => {
        if (log.fencedBy !== null) this.#fenced(log.fencedBy);
        else if (outcome.kind === "ok") {
          const kept = new Set(outcome.value.retained.map((seq) => this.#files.locationOfSeq(seq)));
          statistics.discarded(
            (view) =>
              view.externalPath !== null && this.#files.isInLog(view.externalPath) && !kept.has(view.externalPath),
          );
        } else {
          logger.warn(
            {},
            `old checkpoints could not be deleted, the next completed one tries again: ${toErrorInfo(outcome.error).message}`,
          );
        }
      },
    );
  }

  /** `counted`: the error, when it is one that counts (CC5). */
  #giveUp(pending: PendingCheckpoint, reason: string, counted: ErrorInfo | null): void {
    const { execution, clock, statistics, send, epoch, logger, settings } = this.#options;
    const { facts } = pending;
    this.#pending.delete(facts.id);
    pending.expiry?.cancel();
    this.#lastEndMs = clock.monotonicMs();
    statistics.failed(pending, clock.nowMs(), reason);
    logger.warn({ checkpointId: facts.id, checkpointKind: facts.kind }, `checkpoint ${facts.id} failed: ${reason}`);
    for (const [to, tasks] of byTaskManager(execution.tasks)) {
      send(to, { kind: "checkpointAborted", epoch, checkpointId: facts.id, tasks: tasks.map(taskRef) });
    }
    if (facts.isFinal) {
      this.#final = "none";
      this.#finalNotBeforeMs = clock.monotonicMs() + FINAL_RETRY_MS;
    }
    if (facts.request !== null) {
      if (this.#stop?.request === facts.request) this.#stop = null;
      this.#refuse(facts.request, reason);
      const { target, isExactTarget } = facts.request;
      if (target !== null && !isExactTarget) this.#files.removeUnfinishedSavepoint(target);
      if (facts.kind === "drain") this.#options.onDrainFailed(reason);
      return;
    }
    if (counted === null) return;
    this.#consecutiveFailures++;
    if (!isBeyondTolerance(settings, this.#consecutiveFailures)) return;
    const text = `${this.#consecutiveFailures} checkpoints in a row have failed and ${settings.tolerableFailures} are tolerated; the last: ${reason}`;
    this.#consecutiveFailures = 0;
    this.#options.onTooManyFailures(new StreamError("CHECKPOINT_FAILED", text));
  }

  #refuse(request: CheckpointRequest, reason: string): void {
    if (this.#stop?.request === request) this.#stop = null;
    const what = request.kind === "checkpoint" ? "the checkpoint" : "the savepoint";
    const error = new StreamError("SAVEPOINT_FAILED", `${what} did not complete: ${reason}`);
    this.#options.triggers.fail(request.triggerId, toErrorInfo(error));
  }

  #fenced(by: FencedBy): void {
    this.#isClosed = true;
    this.#wake?.cancel();
    this.#options.onFenced(by);
  }

  #wakeAt(atMs: number | null, nowMs: number): void {
    if (this.#wake?.atMs === atMs) return;
    this.#wake?.cancel();
    this.#wake = null;
    if (atMs === null) return;
    const timer = this.#options.turns.after(Math.max(0, atMs - nowMs) + 1, () => {
      this.#wake = null;
    });
    this.#wake = { atMs, cancel: () => timer.cancel() };
  }
}

/** How a checkpoint of that kind ends the job; null: it does not. */
function endOf(kind: CheckpointRequest["kind"]): "stop" | "drain" | null {
  return kind === "stop" || kind === "drain" ? kind : null;
}

function longer(delayMs: number): number {
  return Math.min(RETRY_DELAY_MAX_MS, delayMs * 2);
}

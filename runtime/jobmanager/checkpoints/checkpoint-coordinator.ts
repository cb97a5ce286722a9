/**
 * Owns: carrying out what checkpoint-protocol.ts decides about checkpoints and savepoints: messages to tasks, writes to stores, timers,
 * what people are shown; and bringing it the answers.
 * Not here: any decision (checkpoint-protocol.ts, whose invariants CC1 to CC10 count here), what is in a manifest
 * (pending-checkpoint.ts), writing it (checkpoint room), what a failure does to the job (failure-decision.ts).
 * Called by job-run.ts and failover.ts: events change the facts, `advance` does what is due.
 */
import {
  assert,
  type Clock,
  type ErrorInfo,
  failpoint,
  fromErrorInfo,
  type Log,
  StreamError,
  type TaskManagerId,
  toErrorInfo,
} from "../../../base/index.ts";
import {
  type CheckpointLog,
  type FencedBy,
  type Manifest,
  type ManifestDraft,
  resolveRestore,
} from "../../checkpoint/index.ts";
import type { CheckpointSettings, JobGraph } from "../../graph/index.ts";
import type { FromJobManager, InlineFile, ToJobManager } from "../../rpc/index.ts";
import { CheckpointCommits } from "./checkpoint-commits.ts";
import { CheckpointFiles } from "./checkpoint-files.ts";
import { CheckpointProtocol, endOf, longerDelay, type ProtocolEffect } from "./checkpoint-protocol.ts";
import type { CheckpointStatistics } from "./checkpoint-statistics.ts";
import { type Execution, taskName, taskRef } from "../execution/execution.ts";
import {
  type CheckpointAck,
  type CheckpointFacts,
  type CheckpointRequest,
  PendingCheckpoint,
} from "./pending-checkpoint.ts";
import { byTaskManager } from "../execution/scheduler.ts";
import type { TriggerRegistry } from "./trigger-registry.ts";
import type { Turns } from "../turns.ts";

const RETRY_DELAY_MIN_MS = 100;

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
  /** A savepoint is complete that is not the newest state any more (CC8). */
  readonly onOvertaken: (savepointUri: string, completedMs: number) => void;
  /** The job fails over, or, with a terminal error, fails. */
  readonly onFailure: (error: StreamError) => void;
  readonly onDrainFailed: (reason: string) => void;
  readonly onFenced: (by: FencedBy) => void;
};

type Decline = Extract<ToJobManager, { kind: "checkpointDeclined" }>;
type Committed = Extract<ToJobManager, { kind: "committed" }>;

export class CheckpointCoordinator {
  readonly #options: CoordinatorOptions;
  readonly #protocol: CheckpointProtocol;
  readonly #files: CheckpointFiles;
  readonly #commits: CheckpointCommits;
  /** What has been collected of each one on its way. */
  readonly #pending = new Map<number, PendingCheckpoint>();
  /** Delays before the next attempt to write, by id. */
  readonly #delays = new Map<number, number>();
  #wake: { readonly atMs: number; cancel(): void } | null = null;

  constructor(options: CoordinatorOptions) {
    const { log, turns, logger, settings, restored } = options;
    this.#options = options;
    this.#files = new CheckpointFiles({ log, turns, logger, callTimeoutMs: settings.storeCallTimeoutMs });
    this.#commits = new CheckpointCommits({ ...options, onFenced: () => this.#fencedByLog() });
    this.#protocol = new CheckpointProtocol({
      settings,
      lastId: log.lastCheckpointId,
      restoredId: restored?.checkpointId ?? 0,
      ends: restored?.ends ?? null,
    });
    if (restored?.mustCommit === true) this.#commits.owedByRestore(restored.checkpointId, restored.seq);
  }

  /** Whether regions may be restored now (CC4). */
  get mayRestore(): boolean {
    return this.#protocol.mayRestore;
  }

  get isStopping(): boolean {
    return this.#protocol.isStopping;
  }

  /** A drain was triggered and is not complete (CC6). */
  get isDraining(): boolean {
    return this.#protocol.isDraining;
  }

  /** The job was stopped with its newest savepoint: what is left to do is to commit it and to finish (CC7). */
  get hasStopped(): boolean {
    return this.#protocol.hasStopped;
  }

  /** All tasks are at the end of their data: whether nothing durable is left to be done before they `finish`. */
  get mayFinish(): boolean {
    return this.#protocol.mayFinish(this.#commits.isIdle);
  }

  request(request: CheckpointRequest): void {
    this.#perform(this.#protocol.request(request));
  }

  advance(): void {
    if (this.#protocol.isClosed) return;
    const { execution, clock } = this.#options;
    this.#commits.advance(this.#protocol.newestId);
    const nowMs = clock.monotonicMs();
    const { effects, wakeAtMs } = this.#protocol.advance({
      nowMs,
      allRunning: execution.allRunning(),
      allAtEnd: execution.allAtEnd(this.#protocol.hasStopped),
    });
    this.#wakeAt(wakeAtMs, nowMs);
    this.#perform(effects);
  }

  acknowledged(ack: CheckpointAck): void {
    const { clock, logger } = this.#options;
    const { checkpointId } = ack;
    const pending = this.#pending.get(checkpointId);
    const isAwaited = this.#protocol.phaseOf(checkpointId) === "collecting";
    if (pending === undefined || !isAwaited || !pending.add(ack, clock.nowMs())) {
      logger.debug({ checkpointId, task: ack.task }, "a late acknowledgement is ignored");
      return;
    }
    if (pending.isComplete) this.#perform(this.#protocol.collected(checkpointId, clock.monotonicMs()));
  }

  declined(decline: Decline): void {
    const task = this.#options.execution.find(decline.task);
    if (task === undefined) return;
    const reason = `${taskName(task)} could not take part: ${decline.error.message}`;
    this.#failed(decline.checkpointId, reason, decline.phase === "async" ? decline.error : null);
  }

  committed(message: Committed): void {
    this.#commits.committed(message);
  }

  /** A task has failed: what is on its way cannot be completed (CC1). `reason` says what happened. */
  tasksFailed(reason: string): void {
    this.#perform(this.#protocol.tasksFailed(reason, this.#options.clock.monotonicMs()));
  }

  /** The job is over or being cancelled: nothing more is triggered. */
  close(reason: string): void {
    this.#wakeAt(null, 0);
    this.#perform(this.#protocol.close(reason, this.#options.clock.monotonicMs()));
  }

  #perform(effects: readonly ProtocolEffect[]): void {
    for (const effect of effects) this.#do(effect);
  }

  #do(effect: ProtocolEffect): void {
    const { onFailure, onDrainFailed } = this.#options;
    switch (effect.kind) {
      case "probe":
        return this.#probe(effect.request);
      case "trigger":
        return this.#trigger(effect.facts);
      case "save":
      case "log":
        return this.#write(effect.id);
      case "again":
        this.#options.turns.after(effect.delayMs, () => this.#write(effect.id));
        return;
      case "settle":
        return this.#settleEnd(effect.id, effect.error, RETRY_DELAY_MIN_MS);
      case "learn":
        return this.#learnOutcome(effect.id, RETRY_DELAY_MIN_MS);
      case "standAlone":
        return this.#standAlone(effect.id);
      case "giveUp":
        return this.#giveUp(effect);
      case "refuse":
        return this.#refuse(effect.request, effect.reason);
      case "restartAll":
        return onDrainFailed(effect.reason);
      case "failOver":
        return onFailure(new StreamError("CHECKPOINT_FAILED", effect.text));
      case "failJob":
        return onFailure(
          new StreamError(effect.error.code ?? "CHECKPOINT_FAILED", effect.text, {
            destiny: "terminal",
            cause: fromErrorInfo(effect.error),
          }),
        );
    }
  }

  #probe(request: CheckpointRequest): void {
    const { turns } = this.#options;
    turns.effect(
      () => this.#files.probe(request.target ?? ""),
      (outcome) => {
        const error = outcome.kind === "failed" ? toErrorInfo(outcome.error) : null;
        this.#perform(this.#protocol.probed(request, error));
      },
    );
  }

  #trigger(facts: CheckpointFacts): void {
    const { execution, graph, clock, turns, settings, logger, statistics } = this.#options;
    const { id, kind, request } = facts;
    const triggeredMs = clock.nowMs();
    const pending = new PendingCheckpoint({ ...facts, triggeredMs }, graph, execution.tasks);
    this.#pending.set(id, pending);
    this.#delays.set(id, RETRY_DELAY_MIN_MS);
    statistics.started(pending);
    logger.info({ checkpointId: id, checkpointKind: kind, target: request?.target ?? null }, "checkpoint triggered");
    try {
      failpoint("jm:before-trigger");
      this.#sendTrigger(facts, triggeredMs);
      failpoint("jm:after-trigger");
    } catch (error) {
      return this.#failed(id, `it could not be triggered: ${toErrorInfo(error).message}`, toErrorInfo(error));
    }
    pending.expiry = turns.after(settings.timeoutMs, () => {
      const reason = `it was not complete after ${settings.timeoutMs} ms; not acknowledged by ${pending.missing()}`;
      this.#failed(id, reason, toErrorInfo(new StreamError("CHECKPOINT_FAILED", `checkpoint ${id}: ${reason}`)));
    });
  }

  #sendTrigger({ id, kind, request }: CheckpointFacts, triggeredMs: number): void {
    const { execution, send, epoch, settings } = this.#options;
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
  }

  #failed(id: number, reason: string, counted: ErrorInfo | null): void {
    this.#perform(this.#protocol.failed(id, reason, counted, this.#options.clock.monotonicMs()));
  }

  /** Its own manifest, or its entry in the log: whichever the protocol is at. */
  #write(id: number): void {
    const { turns, log } = this.#options;
    const pending = this.#pending.get(id);
    const phase = this.#protocol.phaseOf(id);
    if (pending === undefined || phase === null) return;
    const draft = this.#draftOf(pending);
    if (phase === "saving") {
      turns.effect(
        () => this.#files.save(draft),
        (outcome) => {
          if (outcome.kind === "ok") this.#perform(this.#protocol.saved(id));
          else this.#writeFailed(id, outcome.error);
        },
      );
    } else if (phase === "writing") {
      turns.effect(
        () => this.#files.complete(draft, pending.inlineFiles()),
        (outcome) => {
          if (log.fencedBy !== null) this.#fencedByLog();
          else if (outcome.kind === "failed") this.#writeFailed(id, outcome.error);
          else if (outcome.value.kind === "completed") this.#completed(pending, outcome.value.manifest);
        },
      );
    }
  }

  #draftOf(pending: PendingCheckpoint): ManifestDraft {
    const { id, kind, request, triggeredMs } = pending.facts;
    const target = request?.target ?? null;
    const ends = endOf(kind);
    return {
      kind: target === null ? "checkpoint" : "savepoint",
      checkpointId: id,
      triggeredMs,
      completedMs: pending.collectedMs,
      storeUri: target,
      operators: pending.operators(),
      committables: pending.committables,
      ...(request === null || target === null ? {} : { triggerId: request.triggerId }),
      ...(ends === null ? {} : { ends }),
    };
  }

  #writeFailed(id: number, error: unknown): void {
    const { clock, logger, statistics } = this.#options;
    const info = toErrorInfo(error);
    const delayMs = this.#delays.get(id) ?? RETRY_DELAY_MIN_MS;
    this.#delays.set(id, longerDelay(delayMs));
    const effects = this.#protocol.writeFailed(id, info, { nowMs: clock.monotonicMs(), delayMs });
    statistics.noteTrouble(this.#protocol.trouble, clock.nowMs());
    if (effects.some(({ kind }) => kind === "again"))
      logger.warn({ checkpointId: id, code: info.code }, `the manifest cannot be written yet: ${info.message}`);
    this.#perform(effects);
  }

  /** Has the log decide whether the manifest of a stop or drain exists; until then its tasks stand still (CC7). */
  #settleEnd(id: number, error: ErrorInfo, delayMs: number): void {
    const { turns, log, epoch, logger, clock } = this.#options;
    turns.effect(
      () => log.settle(),
      (outcome) => {
        if (log.fencedBy !== null) return this.#fencedByLog();
        if (outcome.kind === "failed" && !this.#protocol.isClosed) {
          const { message } = toErrorInfo(outcome.error);
          logger.warn({ checkpointId: id }, `whether the job was stopped is not known yet: ${message}`);
          turns.after(delayMs, () => this.#settleEnd(id, error, longerDelay(delayMs)));
          return;
        }
        const pending = this.#pending.get(id);
        const decision =
          outcome.kind === "ok" ? resolveRestore(outcome.value, epoch, { sinksAllowReplay: false }) : null;
        if (pending !== undefined && decision?.kind === "restore" && decision.manifest.checkpointId === id) {
          this.#completed(pending, decision.manifest);
        } else this.#perform(this.#protocol.notStopped(id, error, clock.monotonicMs()));
      },
    );
  }

  /** Reads the log until it is known whether the manifest exists (CC4). */
  #learnOutcome(id: number, delayMs: number): void {
    const { turns, log, epoch, logger, onCompleted } = this.#options;
    turns.effect(
      async () => {
        const contents = await this.#files.readLog();
        // The head is never deleted, and a fence of ours was written: an empty log is a store that does not show what it has.
        if (contents.entries.length > 0) return contents;
        throw new StreamError("STORE_UNAVAILABLE", `${log.store.uri} shows no manifest, and there was one`);
      },
      (outcome) => {
        if (this.#protocol.unknownId !== id) return;
        if (outcome.kind === "failed") {
          const { message } = toErrorInfo(outcome.error);
          logger.warn(
            { checkpointId: id },
            `whether the manifest of checkpoint ${id} exists is not known yet: ${message}`,
          );
          turns.after(delayMs, () => this.#learnOutcome(id, longerDelay(delayMs)));
          return;
        }
        const decision = resolveRestore(outcome.value, epoch, { sinksAllowReplay: false });
        const manifest = decision.kind === "restore" ? decision.manifest : null;
        const isNew = this.#protocol.learned(id, manifest?.checkpointId ?? null);
        if (decision.kind === "fenced") this.#fenced(decision.by);
        else if (isNew && manifest !== null) {
          onCompleted(manifest, []);
          if (decision.kind === "restore" && decision.mustCommit) this.#commits.completed(manifest);
        } else if (log.fencedBy !== null) this.#fencedByLog();
      },
    );
  }

  #completed(pending: PendingCheckpoint, manifest: Manifest): void {
    const { clock, onCompleted } = this.#options;
    this.#protocol.completed(pending.facts.id, clock.monotonicMs());
    const location = this.#files.locationOf(manifest);
    this.#ended(pending, location);
    onCompleted(manifest, pending.inlineFiles());
    this.#commits.completed(manifest);
    this.#answer(pending, location);
    this.#discardOld();
  }

  /** CC8 */
  #standAlone(id: number): void {
    const { clock, onOvertaken } = this.#options;
    const pending = this.#pending.get(id);
    const location = pending?.facts.request?.target ?? null;
    assert(pending !== undefined && location !== null, `checkpoint ${id} is no savepoint, and stands alone`);
    this.#protocol.stoodAlone(id, clock.monotonicMs());
    this.#ended(pending, location);
    onOvertaken(location, pending.collectedMs);
    this.#answer(pending, location);
  }

  #ended(pending: PendingCheckpoint, location: string): void {
    const { clock, statistics, logger, log } = this.#options;
    const { id, kind } = pending.facts;
    this.#drop(pending);
    statistics.completed(pending, clock.nowMs(), location);
    statistics.noteTrouble(this.#protocol.trouble, clock.nowMs());
    logger.info(
      { checkpointId: id, checkpointKind: kind, location, stateBytes: pending.stateBytes, epoch: log.epoch },
      "checkpoint completed",
    );
  }

  #answer({ facts }: PendingCheckpoint, location: string): void {
    if (facts.request !== null) this.#options.triggers.complete(facts.request.triggerId, location, facts.id);
  }

  #drop(pending: PendingCheckpoint): void {
    const { id } = pending.facts;
    this.#pending.delete(id);
    this.#delays.delete(id);
    pending.expiry?.cancel();
  }

  #giveUp({ facts, reason }: Extract<ProtocolEffect, { kind: "giveUp" }>): void {
    const { execution, clock, statistics, send, epoch, logger } = this.#options;
    const { id, kind, request } = facts;
    const pending = this.#pending.get(id);
    if (pending !== undefined) {
      this.#drop(pending);
      statistics.failed(pending, clock.nowMs(), reason);
    }
    statistics.noteTrouble(this.#protocol.trouble, clock.nowMs());
    logger.warn({ checkpointId: id, checkpointKind: kind }, `checkpoint ${id} failed: ${reason}`);
    for (const [to, tasks] of byTaskManager(execution.tasks)) {
      send(to, { kind: "checkpointAborted", epoch, checkpointId: id, tasks: tasks.map(taskRef) });
    }
    // TRD2
    if (request === null || request.target === null || request.isExactTarget) return;
    this.#files.removeSavepoint(request.target);
  }

  #refuse(request: CheckpointRequest, reason: string): void {
    const what = request.kind === "checkpoint" ? "the checkpoint" : "the savepoint";
    const error = new StreamError("SAVEPOINT_FAILED", `${what} did not complete: ${reason}`);
    this.#options.triggers.fail(request.triggerId, toErrorInfo(error));
  }

  #discardOld(): void {
    const { turns, log, settings, logger, statistics } = this.#options;
    turns.effect(
      () => log.discard({ numRetained: settings.numRetained }),
      (outcome) => {
        if (log.fencedBy !== null) this.#fencedByLog();
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

  #fencedByLog(): void {
    const by = this.#options.log.fencedBy;
    if (by !== null) this.#fenced(by);
  }

  #fenced(by: FencedBy): void {
    this.#protocol.fenced();
    this.#wakeAt(null, 0);
    this.#options.onFenced(by);
  }

  #wakeAt(atMs: number | null, nowMs: number): void {
    if (atMs !== null && this.#wake?.atMs === atMs) return;
    this.#wake?.cancel();
    this.#wake = null;
    if (atMs === null) return;
    const timer = this.#options.turns.after(Math.max(0, atMs - nowMs) + 1, () => {
      this.#wake = null;
    });
    this.#wake = { atMs, cancel: () => timer.cancel() };
  }
}

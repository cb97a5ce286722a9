/**
 * Owns: having done what checkpoint-protocol.ts decides about checkpoints and savepoints, bringing it the answers, and what people are
 * shown of each.
 * Not here: any decision (checkpoint-protocol.ts, whose invariants CC1 to CC10 count here), tasks and their acknowledgements
 * (checkpoint-collection.ts), stores (checkpoint-files.ts, manifest-inquiry.ts), commits (checkpoint-commits.ts), what a failure does
 * to the job (failure-decision.ts).
 * Called by job-run.ts and failover.ts: events change the facts, `advance` does what is due.
 */
import { assert, type ErrorInfo, fromErrorInfo, StreamError, toErrorInfo } from "../../../base/index.ts";
import type { FencedBy, Manifest } from "../../checkpoint/index.ts";
import type { ToJobManager } from "../../rpc/index.ts";
import { CheckpointCollection } from "./checkpoint-collection.ts";
import { CheckpointCommits } from "./checkpoint-commits.ts";
import type { CoordinatorOptions } from "./checkpoint-coordinator-options.ts";
import { CheckpointFiles } from "./checkpoint-files.ts";
import { CheckpointProtocol, type ProtocolEffect } from "./checkpoint-protocol.ts";
import { CheckpointReports } from "./checkpoint-reports.ts";
import { taskName } from "../execution/execution.ts";
import { ManifestInquiry } from "./manifest-inquiry.ts";
import type { CheckpointAck, CheckpointRequest, PendingCheckpoint } from "./pending-checkpoint.ts";
import { WakeUp } from "../wake-up.ts";

type Decline = Extract<ToJobManager, { kind: "checkpointDeclined" }>;
type Committed = Extract<ToJobManager, { kind: "committed" }>;

export class CheckpointCoordinator {
  readonly #options: CoordinatorOptions;
  readonly #protocol: CheckpointProtocol;
  readonly #files: CheckpointFiles;
  readonly #commits: CheckpointCommits;
  readonly #inquiry: ManifestInquiry;
  readonly #collection: CheckpointCollection;
  readonly #reports: CheckpointReports;
  readonly #wake: WakeUp;

  constructor(options: CoordinatorOptions) {
    const { log, turns, logger, settings, restored } = options;
    this.#options = options;
    this.#files = new CheckpointFiles({ log, turns, logger, callTimeoutMs: settings.storeCallTimeoutMs });
    this.#inquiry = new ManifestInquiry(options);
    this.#reports = new CheckpointReports(options);
    this.#wake = new WakeUp(turns);
    this.#collection = new CheckpointCollection({ ...options, onFailed: (...how) => this.#failed(...how) });
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
    this.#wake.at(wakeAtMs, nowMs);
    this.#perform(effects);
  }

  acknowledged(ack: CheckpointAck): void {
    const { clock, logger } = this.#options;
    const { checkpointId } = ack;
    const pending = this.#collection.get(checkpointId);
    const isAwaited = this.#protocol.phaseOf(checkpointId) === "collecting";
    if (pending === undefined || !isAwaited || !pending.add(ack, clock.nowMs())) {
      logger.debug({ checkpointId, task: ack.task }, "a late acknowledgement was ignored");
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
    this.#wake.at(null, 0);
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
        return this.#collection.trigger(effect.facts);
      case "save":
      case "log":
        return this.#write(effect.id);
      case "again":
        this.#options.turns.after(effect.delayMs, () => this.#write(effect.id));
        return;
      case "settle":
        return this.#settleEnd(effect.id, effect.error);
      case "learn":
        return this.#learnOutcome(effect.id);
      case "standAlone":
        return this.#standAlone(effect.id);
      case "giveUp":
        return this.#giveUp(effect);
      case "refuse":
        return this.#reports.refuse(effect.request, effect.reason);
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
    this.#options.turns.effect(
      () => this.#files.probe(request.target ?? ""),
      (outcome) => {
        const error = outcome.kind === "failed" ? toErrorInfo(outcome.error) : null;
        this.#perform(this.#protocol.probed(request, error));
      },
    );
  }

  #failed(id: number, reason: string, counted: ErrorInfo | null): void {
    this.#perform(this.#protocol.failed(id, reason, counted, this.#options.clock.monotonicMs()));
  }

  /** Its own manifest, or its entry in the log: whichever the protocol is at. */
  #write(id: number): void {
    const pending = this.#collection.get(id);
    const phase = this.#protocol.phaseOf(id);
    if (pending === undefined || (phase !== "saving" && phase !== "writing")) return;
    this.#files.write(pending, phase, (outcome) => {
      if (outcome.kind === "fenced") this.#fencedByLog();
      else if (outcome.kind === "saved") this.#perform(this.#protocol.saved(id));
      else if (outcome.kind === "completed") this.#completed(pending, outcome.manifest);
      else this.#writeFailed(pending, outcome.error);
    });
  }

  #writeFailed(pending: PendingCheckpoint, error: unknown): void {
    const { clock, logger } = this.#options;
    const { id } = pending.facts;
    const info = toErrorInfo(error);
    const delayMs = pending.nextRetryDelayMs();
    const effects = this.#protocol.writeFailed(id, info, { nowMs: clock.monotonicMs(), delayMs });
    this.#reports.trouble(this.#protocol.trouble);
    if (effects.some(({ kind }) => kind === "again"))
      logger.warn(
        { checkpointId: id, delayMs, err: error },
        "the manifest of a checkpoint could not be written; retrying",
      );
    this.#perform(effects);
  }

  /** Has the log decide whether the manifest of a stop or drain exists; until then its tasks stand still (CC7). */
  #settleEnd(id: number, error: ErrorInfo): void {
    const isClosed = (): boolean => this.#protocol.isClosed;
    this.#inquiry.settle(id, isClosed, (answer) => {
      const pending = this.#collection.get(id);
      if (this.#options.log.fencedBy !== null) this.#fencedByLog();
      else if (pending !== undefined && answer?.kind === "newest" && answer.manifest.checkpointId === id) {
        this.#completed(pending, answer.manifest);
      } else this.#perform(this.#protocol.notStopped(id, error, this.#options.clock.monotonicMs()));
    });
  }

  /** Reads the log until it is known whether the manifest exists (CC4). */
  #learnOutcome(id: number): void {
    const isMoot = (): boolean => this.#protocol.unknownId !== id;
    this.#inquiry.learn(id, isMoot, (answer) => {
      const manifest = answer.kind === "newest" ? answer.manifest : null;
      const isNew = this.#protocol.learned(id, manifest?.checkpointId ?? null);
      if (answer.kind === "fenced") this.#fenced(answer.by);
      else if (isNew && manifest !== null) {
        this.#options.onCompleted(manifest, []);
        if (answer.kind === "newest" && answer.mustCommit) this.#commits.completed(manifest);
      } else this.#fencedByLog();
    });
  }

  #completed(pending: PendingCheckpoint, manifest: Manifest): void {
    const { clock, onCompleted } = this.#options;
    this.#protocol.completed(pending.facts.id, clock.monotonicMs());
    const location = this.#files.locationOf(manifest);
    this.#ended(pending, location);
    onCompleted(manifest, pending.inlineFiles());
    this.#commits.completed(manifest);
    this.#reports.answer(pending, location);
    this.#discardOld();
  }

  /** CC8 */
  #standAlone(id: number): void {
    const { clock, onOvertaken } = this.#options;
    const pending = this.#collection.get(id);
    const location = pending?.facts.request?.target ?? null;
    assert(pending !== undefined && location !== null, `checkpoint ${id} is no savepoint, and stands alone`);
    this.#protocol.stoodAlone(id, clock.monotonicMs());
    this.#ended(pending, location);
    onOvertaken(location, pending.collectedMs);
    this.#reports.answer(pending, location);
  }

  #ended(pending: PendingCheckpoint, location: string): void {
    this.#collection.remove(pending.facts.id);
    this.#reports.completed(pending, location);
    this.#reports.trouble(this.#protocol.trouble);
  }

  #giveUp({ facts, reason }: Extract<ProtocolEffect, { kind: "giveUp" }>): void {
    const { id, request } = facts;
    const pending = this.#collection.get(id);
    this.#collection.remove(id);
    this.#reports.givenUp(facts, pending, reason);
    this.#reports.trouble(this.#protocol.trouble);
    this.#collection.abort(id);
    // TRD2
    if (request === null || request.target === null || request.isExactTarget) return;
    this.#files.removeSavepoint(request.target);
  }

  #discardOld(): void {
    const { settings, statistics } = this.#options;
    this.#files.discardOld(settings.numRetained, (isThere) => {
      if (isThere === "fenced") this.#fencedByLog();
      else statistics.discarded(({ externalPath }) => externalPath !== null && !isThere(externalPath));
    });
  }

  #fencedByLog(): void {
    const by = this.#options.log.fencedBy;
    if (by !== null) this.#fenced(by);
  }

  #fenced(by: FencedBy): void {
    this.#protocol.fenced();
    this.#wake.at(null, 0);
    this.#options.onFenced(by);
  }
}

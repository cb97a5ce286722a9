/**
 * Owns: what people learn of how checkpoints and savepoints end: the log, the statistics, and the answer to whoever asked for one.
 * Not here: what is counted and kept for display (checkpoint-statistics.ts), for how long an answer is remembered (trigger-registry.ts).
 */
import { type Clock, type Log, StreamError, toErrorInfo } from "../../../base/index.ts";
import type { CheckpointTrouble } from "./checkpoint-protocol.ts";
import type { CheckpointStatistics } from "./checkpoint-statistics.ts";
import type { CheckpointFacts, CheckpointRequest, PendingCheckpoint } from "./pending-checkpoint.ts";
import type { TriggerRegistry } from "./trigger-registry.ts";

export type ReportOptions = {
  readonly epoch: number;
  readonly clock: Clock;
  readonly logger: Log;
  readonly statistics: CheckpointStatistics;
  readonly triggers: TriggerRegistry;
};

export class CheckpointReports {
  readonly #options: ReportOptions;

  constructor(options: ReportOptions) {
    this.#options = options;
  }

  completed(pending: PendingCheckpoint, location: string): void {
    const { clock, statistics, logger, epoch } = this.#options;
    const { id, kind } = pending.facts;
    statistics.completed(pending, clock.nowMs(), location);
    logger.info(
      { checkpointId: id, checkpointKind: kind, location, stateBytes: pending.stateBytes, epoch },
      "checkpoint completed",
    );
  }

  /** `pending`: what had been collected of it. */
  givenUp({ id, kind }: CheckpointFacts, pending: PendingCheckpoint | undefined, reason: string): void {
    const { clock, statistics, logger } = this.#options;
    if (pending !== undefined) statistics.failed(pending, clock.nowMs(), reason);
    logger.warn({ checkpointId: id, checkpointKind: kind, reason }, "checkpoint failed");
  }

  /** What is wrong with periodic checkpoints at present; null: nothing. */
  trouble(trouble: CheckpointTrouble | null): void {
    this.#options.statistics.noteTrouble(trouble, this.#options.clock.nowMs());
  }

  /** Tells who asked for it, if anybody did. */
  answer({ facts }: PendingCheckpoint, location: string): void {
    if (facts.request !== null) this.#options.triggers.complete(facts.request.triggerId, location, facts.id);
  }

  refuse(request: CheckpointRequest, reason: string): void {
    const what = request.target === null ? "the checkpoint" : "the savepoint";
    const error = new StreamError("SAVEPOINT_FAILED", `${what} did not complete: ${reason}`);
    this.#options.triggers.fail(request.triggerId, toErrorInfo(error));
  }
}

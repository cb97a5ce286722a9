/**
 * Owns: checkpoints in progress as tasks see them: sources are asked, acknowledgements are collected, and all are told of one that is
 * given up.
 * Not here: when one starts and what follows when it is complete or late (checkpoint-protocol.ts), what an acknowledgement holds
 * (pending-checkpoint.ts).
 * Called by checkpoint-coordinator.ts, in turns.
 *
 * COC1 Only sources are triggered, the barrier brings it to the others; an abort goes to all, since nobody knows how far the barrier is.
 * COC3 A handover is aligned whatever the job's mode: a record behind the barrier that was processed before it would be processed again
 *     by those who go on from it.
 * COC4 Enumerators are asked for their states in the turn in which the barriers are sent, before them: a split is in one or the other (SRC1).
 * COC2 Of one that has ended nothing is held: neither what was collected, nor the timer of its timeout.
 */
import {
  type Clock,
  type ErrorInfo,
  type Log,
  StreamError,
  type TaskManagerId,
  toErrorInfo,
} from "../../../base/index.ts";
import { failpoint } from "../../failures/index.ts";
import type { CheckpointSettings, JobGraph } from "../../graph/index.ts";
import type { FromJobManager } from "../../rpc/index.ts";
import { type Execution, type Task, taskRef } from "../execution/execution.ts";
import { byTaskManager } from "../execution/scheduler.ts";
import type { Turns } from "../turns.ts";
import type { CheckpointStatistics } from "./checkpoint-statistics.ts";
import {
  type CheckpointFacts,
  type CheckpointKind,
  type EnumeratorStates,
  PendingCheckpoint,
} from "./pending-checkpoint.ts";

export type CollectionOptions = {
  readonly epoch: number;
  readonly settings: CheckpointSettings;
  readonly graph: JobGraph;
  readonly execution: Execution;
  readonly turns: Turns;
  readonly clock: Clock;
  readonly logger: Log;
  readonly statistics: CheckpointStatistics;
  readonly send: (to: TaskManagerId, message: FromJobManager) => void;
  /** Of the sources that have one (SRC1). Errors: SOURCE_FAILED. */
  readonly snapshotEnumerators: (checkpointId: number) => EnumeratorStates;
  /** It could not be triggered, or its time is over. */
  readonly onFailed: (id: number, reason: string, error: ErrorInfo) => void;
};

export class CheckpointCollection {
  readonly #options: CollectionOptions;
  readonly #pending = new Map<number, PendingCheckpoint>();

  constructor(options: CollectionOptions) {
    this.#options = options;
  }

  get(id: number): PendingCheckpoint | undefined {
    return this.#pending.get(id);
  }

  /** Begins to collect it, and asks the sources. */
  trigger(facts: CheckpointFacts): void {
    const { execution, graph, clock, turns, settings, logger, statistics, onFailed } = this.#options;
    const { id, kind, request } = facts;
    const triggeredMs = clock.nowMs();
    // COC4
    const enumerators = this.#enumerators(id);
    const states = enumerators.kind === "ok" ? enumerators.states : new Map();
    const pending = new PendingCheckpoint({ ...facts, triggeredMs }, graph, execution.tasks, states);
    this.#pending.set(id, pending);
    statistics.started(pending);
    logger.info({ checkpointId: id, checkpointKind: kind, target: request?.target ?? null }, "checkpoint triggered");
    try {
      if (enumerators.kind === "failed") throw enumerators.error;
      failpoint("jm:before-trigger");
      this.#ask(facts, triggeredMs);
      failpoint("jm:after-trigger");
    } catch (error) {
      return onFailed(id, `it could not be triggered: ${toErrorInfo(error).message}`, toErrorInfo(error));
    }
    pending.expiry = turns.after(settings.timeoutMs, () => {
      const reason = `it was not complete after ${settings.timeoutMs} ms: no acknowledgement from ${pending.missing()}`;
      onFailed(id, reason, toErrorInfo(new StreamError("CHECKPOINT_FAILED", `checkpoint ${id}: ${reason}`)));
    });
  }

  #enumerators(id: number): { kind: "ok"; states: EnumeratorStates } | { kind: "failed"; error: unknown } {
    try {
      return { kind: "ok", states: this.#options.snapshotEnumerators(id) };
    } catch (error) {
      return { kind: "failed", error };
    }
  }

  /** It has ended (COC2). */
  remove(id: number): void {
    this.#pending.get(id)?.expiry?.cancel();
    this.#pending.delete(id);
  }

  /** Tells all tasks that it is given up. */
  abort(id: number): void {
    const { execution, send, epoch } = this.#options;
    for (const [to, tasks] of byTaskManager(execution.tasks)) {
      send(to, { kind: "checkpointAborted", epoch, checkpointId: id, tasks: tasks.map(taskRef) });
    }
  }

  #ask({ id, kind, request, base }: CheckpointFacts, triggeredMs: number): void {
    const { execution, send, epoch, settings } = this.#options;
    const sources = execution.tasks.filter((task) => task.vertex.inEdges.length === 0);
    const ask = (asked: readonly Task[], checkpointKind: CheckpointKind): void => {
      for (const [to, tasks] of byTaskManager(asked)) {
        send(to, {
          kind: "triggerCheckpoint",
          epoch,
          checkpointId: id,
          checkpointKind,
          // COC3
          aligned: settings.mode === "exactly-once" || checkpointKind === "handover",
          target: request?.target ?? null,
          triggeredMs,
          ...(base === null ? {} : { base }),
          tasks: tasks.map(taskRef),
        });
      }
    };
    const held = request?.held;
    if (held === undefined) return ask(sources, kind);
    ask(
      sources.filter((task) => held.includes(task.region.index)),
      kind,
    );
    ask(
      sources.filter((task) => !held.includes(task.region.index)),
      "checkpoint",
    );
  }
}

/**
 * Owns: carrying out what a failure leads to while the job is deployed: regions restart, or the job fails.
 * Not here: the decision (failure-decision.ts), what is remembered of failures (job-failures.ts), bringing regions down and up
 * (scheduler.ts).
 * Called by job-run.ts, in turns.
 *
 * FAO1 Checkpoints in progress are given up before anything restarts: a restart never restores from one that a failure has cut short.
 * FAO2 After a failure the store is asked whether this JobManager still leads, and nothing is deployed before it has answered (LEW1).
 * FAO3 When a task has not found a file of its state, this JobManager looks for it before anything is deployed again (SIQ1).
 */
import {
  type Clock,
  type ErrorInfo,
  type Log,
  StreamError,
  type TaskManagerId,
  toErrorInfo,
} from "../../../base/index.ts";
import type { CheckpointCoordinator } from "../checkpoints/checkpoint-coordinator.ts";
import type { LeadWatch } from "../leading/lead-watch.ts";
import type { StateInquiry } from "../leading/state-inquiry.ts";
import { type Execution, type Task, taskName } from "./execution.ts";
import { decideDrainFailure } from "./failure-decision.ts";
import type { JobFailures } from "./job-failures.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { RegionFailure, Scheduler } from "./scheduler.ts";

export type FailoverOptions = {
  readonly execution: Execution;
  readonly scheduler: Scheduler;
  readonly coordinator: CheckpointCoordinator;
  readonly lead: LeadWatch;
  readonly inquiry: StateInquiry;
  readonly lifecycle: Lifecycle;
  readonly failures: JobFailures;
  readonly clock: Clock;
  readonly logger: Log;
  readonly hasPeriodicCheckpoints: boolean;
  readonly onRestarting: () => void;
  /** No restart is left, or none would help. */
  readonly onJobFailed: (error: ErrorInfo) => void;
};

export class Failover {
  readonly #options: FailoverOptions;

  constructor(options: FailoverOptions) {
    this.#options = options;
  }

  taskFailed(task: Task, error: ErrorInfo): void {
    this.regionsFailed({ regions: [task.region], error, task });
  }

  /** `lost`: the tasks that ran there; `why` completes "TaskManager x is lost: …". */
  taskManagerLost(id: TaskManagerId, why: string, lost: readonly Task[]): void {
    const task = lost.find(({ state }) => state === "FAILED") ?? lost[0];
    if (task === undefined) return;
    const error = new StreamError(
      "TASK_MANAGER_LOST",
      `TaskManager ${id} is lost: ${why}; ${lost.length === 1 ? "1 task was" : `${lost.length} tasks were`} running there`,
    );
    this.regionsFailed({ regions: [...new Set(lost.map(({ region }) => region))], error: toErrorInfo(error), task });
  }

  regionsFailed({ regions, error, task }: RegionFailure): void {
    const { execution, scheduler, coordinator, lead, inquiry, lifecycle, failures, clock, logger } = this.#options;
    const decision = failures.decide(error, task, {
      status: lifecycle.status,
      areStopping: regions.every((region) => region.phase === "stopping"),
      hasStopped: coordinator.hasStopped,
      isFinishing: this.#options.hasPeriodicCheckpoints && execution.isFinishing(),
      isDraining: coordinator.isDraining,
    });
    if (decision.kind === "ignore" || decision.kind === "echo") return;
    coordinator.tasksFailed(`a task failed: ${error.message}`);
    if (decision.kind === "fail") {
      logger.error({ err: error, task: nameOf(task), reason: decision.reason }, "the job fails");
      return this.#options.onJobFailed(error);
    }
    const stopped = decision.scope === "job" ? execution.regions : regions;
    const delayMs = Math.round(decision.atMs - clock.monotonicMs());
    logger.warn(
      { err: error, task: nameOf(task), regions: stopped.length, delayMs, reason: decision.reason },
      "restarting regions after a failure",
    );
    this.#options.onRestarting();
    lead.ask();
    // FAO3
    if (error.code === "CHECKPOINT_CORRUPT") inquiry.ask();
    scheduler.stop(stopped, decision.atMs);
  }

  /** A drain failed after its timers had fired (CC6). */
  drainFailed(reason: string): void {
    const { execution, scheduler, coordinator, lifecycle, clock, logger } = this.#options;
    const decision = decideDrainFailure({
      status: lifecycle.status,
      nowMs: clock.monotonicMs(),
      plannedMs: execution.regions.flatMap(({ restartAtMs }) => (restartAtMs === null ? [] : [restartAtMs])),
    });
    if (decision.kind === "ignore") return;
    logger.warn({ reason }, "the drain failed after timers had fired; restarting the job from its last checkpoint");
    coordinator.tasksFailed("the job restarts after a failed drain");
    this.#options.onRestarting();
    scheduler.stop(execution.regions, decision.atMs);
  }
}

function nameOf(task: Task | null): string | null {
  return task === null ? null : taskName(task);
}

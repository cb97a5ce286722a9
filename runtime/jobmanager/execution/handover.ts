/**
 * Owns: that processes which are about to end (SIGTERM, an eviction) leave nothing to be processed again: a checkpoint behind whose
 * barrier the tasks concerned stand still, and after it their restart elsewhere, or the end of this JobManager.
 * Not here: that checkpoint (checkpoint-coordinator.ts), how long a process waits for all this (main/pod-process.ts).
 * Called by job-run.ts, in turns.
 *
 * HOV1 Tasks of a TaskManager that leaves are restarted from a handover's checkpoint, which holds exactly what they have emitted. It is no
 *     failure: it costs no attempt of the restart strategy, and counts as no restart.
 * HOV2 Only regions with a task on a leaving TaskManager stand still and restart; all of them do when the JobManager leaves.
 * HOV3 A handover that fails changes nothing: its tasks go on, and it is tried again while somebody still waits for it.
 * HOV4 None is taken while the job is being stopped, ends, or was stopped: what is under way is waited for, and needs no other checkpoint.
 * HOV5 A TaskManager is told to end as soon as no task lives there; the JobManager may, when no task lives that has run.
 */
import { type Clock, type Log, type TaskManagerId } from "../../../base/index.ts";
import type { CheckpointCoordinator } from "../checkpoints/checkpoint-coordinator.ts";
import type { TriggerRegistry } from "../checkpoints/trigger-registry.ts";
import type { LeadWatch } from "../leading/lead-watch.ts";
import type { Turns } from "../turns.ts";
import { WakeUp } from "../wake-up.ts";
import { type Execution, isLive, type Region } from "./execution.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Scheduler } from "./scheduler.ts";

/** After one that failed. */
const RETRY_MS = 500;

export type HandoverOptions = {
  readonly execution: Execution;
  readonly scheduler: Scheduler;
  readonly coordinator: CheckpointCoordinator;
  readonly lead: LeadWatch;
  readonly lifecycle: Lifecycle;
  readonly triggers: TriggerRegistry;
  readonly turns: Turns;
  readonly clock: Clock;
  readonly logger: Log;
  readonly onRestarting: () => void;
  /** Nothing is left with that TaskManager (HOV5). */
  readonly release: (id: TaskManagerId) => void;
};

export class Handover {
  readonly #options: HandoverOptions;
  readonly #leaving = new Set<TaskManagerId>();
  /** Set while the JobManager waits to end. */
  #onOver: (() => void) | null = null;
  #current: { readonly triggerId: string; readonly regions: readonly Region[] } | null = null;
  #notBeforeMs = 0;
  readonly #wake: WakeUp;

  constructor(options: HandoverOptions) {
    this.#options = options;
    this.#wake = new WakeUp(options.turns);
  }

  /** Its slots are given to nobody any more. */
  taskManagerLeaves(id: TaskManagerId): void {
    this.#leaving.add(id);
  }

  taskManagerLost(id: TaskManagerId): void {
    this.#leaving.delete(id);
  }

  /** `onOver`: called once, when this process may end without anything having to be processed again. */
  jobManagerLeaves(onOver: () => void): void {
    this.#onOver = onOver;
  }

  /** Does what has become due. */
  advance(): void {
    if (this.#current !== null) this.#conclude();
    for (const id of this.#leaving) if (this.#options.execution.tasksOn(id).length === 0) this.#release(id);
    const isAwaited = this.#onOver !== null || this.#leaving.size > 0;
    if (!isAwaited || this.#current !== null || this.#isEnding()) return this.#wake.at(null, 0);
    this.#takeBackDeployments();
    const regions = this.#options.execution.regions.filter((region) => this.#isConcerned(region) && hasRun(region));
    if (regions.length === 0) return this.#over();
    this.#begin(regions);
  }

  /** HOV4 */
  #isEnding(): boolean {
    const { coordinator, execution, lifecycle } = this.#options;
    const { status } = lifecycle;
    if (status !== "RUNNING" && status !== "RESTARTING" && status !== "CREATED") return true;
    return coordinator.isStopping || execution.isFinishing();
  }

  #isConcerned(region: Region): boolean {
    if (this.#onOver !== null) return true;
    return region.tasks.some(
      (task) => isLive(task) && this.#leaving.has(task.location?.taskManagerId as TaskManagerId),
    );
  }

  /** They have not read a record: other slots are as good. */
  #takeBackDeployments(): void {
    const { execution, scheduler, clock } = this.#options;
    if (this.#onOver !== null) return;
    const deploying = execution.regions.filter((region) => region.phase === "deploying" && this.#isConcerned(region));
    scheduler.stop(deploying, clock.monotonicMs());
  }

  #begin(regions: readonly Region[]): void {
    const { execution, coordinator, triggers, clock, logger } = this.#options;
    const nowMs = clock.monotonicMs();
    if (!execution.allRunning()) return;
    this.#wake.at(nowMs < this.#notBeforeMs ? this.#notBeforeMs : null, nowMs);
    if (nowMs < this.#notBeforeMs) return;
    const triggerId = triggers.open(null);
    const leaving = this.#onOver === null ? [...this.#leaving] : "the JobManager";
    logger.info({ leaving, regions: regions.length }, "a process leaves; taking a checkpoint for a handover");
    this.#current = { triggerId, regions };
    const held = regions.map(({ index }) => index);
    coordinator.request({ kind: "handover", triggerId, target: null, isExactTarget: false, held });
  }

  #conclude(): void {
    const { triggers, clock, logger } = this.#options;
    const current = this.#current;
    const state = current === null ? null : triggers.get(current.triggerId);
    if (current === null || state?.kind === "inProgress") return;
    this.#current = null;
    if (state?.kind !== "completed") {
      this.#notBeforeMs = clock.monotonicMs() + RETRY_MS;
      logger.warn({ reason: state?.error.message ?? null, delayMs: RETRY_MS }, "a handover failed; its tasks go on");
    } else if (this.#onOver !== null) this.#over();
    else this.#restart(current.regions);
  }

  #restart(regions: readonly Region[]): void {
    const { coordinator, scheduler, lead, clock, logger, onRestarting } = this.#options;
    logger.info({ regions: regions.length }, "handing tasks of a leaving TaskManager over");
    coordinator.tasksFailed("tasks are handed over from a TaskManager that ends");
    onRestarting();
    lead.ask();
    scheduler.stop(regions, clock.monotonicMs());
  }

  #release(id: TaskManagerId): void {
    this.#leaving.delete(id);
    this.#options.release(id);
  }

  #over(): void {
    const onOver = this.#onOver;
    this.#onOver = null;
    // Whoever else leaves hears of it by the end of the connection.
    if (onOver !== null) this.#leaving.clear();
    onOver?.();
  }
}

/** Its tasks may have read records. */
function hasRun({ phase }: Region): boolean {
  return phase === "starting" || phase === "running";
}

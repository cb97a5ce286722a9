/**
 * Owns: putting together what a deployed job is made of: scheduler, checkpoint coordinator, failover, handover, and the watch over the lead.
 * Not here: what they do together (job-run.ts).
 */
import { type ErrorInfo, type Log, type TaskManagerId, toErrorInfo } from "../../../base/index.ts";
import type { CheckpointLog, FencedBy, Manifest } from "../../checkpoint/index.ts";
import type { JobConfiguration } from "../../graph/index.ts";
import type { InlineFile, JobSource } from "../../rpc/index.ts";
import { CheckpointCoordinator } from "../checkpoints/checkpoint-coordinator.ts";
import type { JobFacts } from "../job-facts.ts";
import type { JobManagerOptions } from "../job-manager-options.ts";
import { LeadWatch } from "../leading/lead-watch.ts";
import type { NewestRestorePoint } from "../leading/newest-restore-point.ts";
import type { StartPlan } from "../leading/startup.ts";
import { StateInquiry } from "../leading/state-inquiry.ts";
import type { Turns } from "../turns.ts";
import { SourceCoordinators } from "../sources/source-coordinators.ts";
import type { Execution } from "./execution.ts";
import { Failover } from "./failover.ts";
import { Handover } from "./handover.ts";
import { stateTargetOf } from "./job-source.ts";
import { Scheduler } from "./scheduler.ts";
import type { TaskManagerLinks } from "./task-manager-links.ts";

const SETTLE_MS = 3000;

export type RunOptions = {
  readonly options: JobManagerOptions;
  readonly configuration: JobConfiguration;
  readonly log: CheckpointLog;
  readonly plan: StartPlan;
  readonly source: JobSource;
  readonly facts: JobFacts;
  readonly links: TaskManagerLinks;
  readonly turns: Turns;
  readonly logger: Log;
  /** In a turn, as are the others. */
  readonly onStatus: (status: "RUNNING" | "RESTARTING") => void;
  /** No restart is left, or none would help. */
  readonly onJobFailed: (error: ErrorInfo) => void;
  readonly onFenced: (by: FencedBy) => void;
  /** Nothing of the job is left with a TaskManager that leaves. */
  readonly release: (id: TaskManagerId) => void;
};

/** What the coordinator tells the run. */
export type Completions = {
  readonly onCompleted: (manifest: Manifest, inlineFiles: readonly InlineFile[]) => void;
  readonly onOvertaken: (savepointUri: string, completedMs: number) => void;
};

export type RunParts = {
  readonly scheduler: Scheduler;
  readonly coordinator: CheckpointCoordinator;
  readonly lead: LeadWatch;
  readonly inquiry: StateInquiry;
  readonly failover: Failover;
  readonly handover: Handover;
  readonly sources: SourceCoordinators;
};

export function createRunParts(
  run: RunOptions,
  execution: Execution,
  point: NewestRestorePoint,
  completions: Completions,
): RunParts {
  const { log, turns, logger, onFenced, facts, configuration } = run;
  const { clock } = run.options;
  const sources = createSources(run, execution, () => failover);
  const coordinator = createCoordinator(run, execution, { completions, sources }, () => failover);
  const scheduler = createScheduler(run, execution, { coordinator, sources }, () => failover);
  const lead = new LeadWatch({ log, turns, clock, logger, onFenced });
  const inquiry = new StateInquiry({
    log,
    point: () => point.current(),
    turns,
    logger,
    onFenced,
    onLost: (error) => failover.regionsFailed({ regions: execution.regions, error: toErrorInfo(error), task: null }),
  });
  const failover: Failover = new Failover({
    execution,
    scheduler,
    coordinator,
    lead,
    inquiry,
    lifecycle: facts.lifecycle,
    failures: facts.failures,
    clock,
    logger,
    hasPeriodicCheckpoints: configuration.checkpoints.intervalMs !== null,
    onRestarting: () => run.onStatus("RESTARTING"),
    onJobFailed: run.onJobFailed,
  });
  const handover = new Handover({
    execution,
    scheduler,
    coordinator,
    lead,
    lifecycle: facts.lifecycle,
    triggers: facts.triggers,
    turns,
    clock,
    logger,
    onRestarting: () => run.onStatus("RESTARTING"),
    release: (id) => run.release(id),
  });
  return { scheduler, coordinator, lead, inquiry, failover, handover, sources };
}

function createScheduler(
  run: RunOptions,
  execution: Execution,
  { coordinator, sources }: Pick<RunParts, "coordinator" | "sources">,
  failover: () => Failover,
): Scheduler {
  const { options, configuration, log, links, facts, turns } = run;
  const { clock } = options;
  return new Scheduler({
    epoch: log.epoch,
    job: run.source,
    target: stateTargetOf(log, configuration),
    execution,
    slots: facts.slots,
    turns,
    clock,
    log: run.logger,
    send: (to, message) => links.send(to, message),
    cutOff: (id, why) => links.cutOff(id, why),
    onFailure: (failure) => failover().regionsFailed(failure),
    onDeploying: (tasks, source) => sources.deploying(tasks, source),
    onRestored: (checkpointId) => facts.statistics.restoredAgain(checkpointId, clock.nowMs()),
    hasStopped: () => coordinator.hasStopped,
    deployTimeoutMs: options.deployTimeoutMs ?? 60_000,
    cancelTimeoutMs: options.cancelTimeoutMs ?? 60_000,
    expectedTaskManagers: options.expectedTaskManagers ?? 1,
    settleMs: SETTLE_MS,
    slotWarnMs: options.slotWaitMs ?? 10_000,
    slotTimeoutMs: options.slotTimeoutMs ?? null,
  });
}

function createSources(run: RunOptions, execution: Execution, failover: () => Failover): SourceCoordinators {
  const { options, log, plan, links, turns, logger } = run;
  return new SourceCoordinators({
    graph: plan.graph,
    epoch: log.epoch,
    turns,
    clock: options.clock,
    logger,
    isRunning: (ref) => {
      const task = execution.find(ref);
      return task?.state === "RUNNING" && !task.isAtEnd;
    },
    send: (ref, message) => {
      const to = execution.find(ref)?.location;
      if (to !== null && to !== undefined) links.send(to.taskManagerId, message);
    },
    onFailed: (error) =>
      turns.run(() => failover().regionsFailed({ regions: execution.regions, error: toErrorInfo(error), task: null })),
  });
}

function createCoordinator(
  run: RunOptions,
  execution: Execution,
  { completions, sources }: { readonly completions: Completions; readonly sources: SourceCoordinators },
  failover: () => Failover,
): CheckpointCoordinator {
  const { options, configuration, log, plan, links, turns, facts, logger, onFenced } = run;
  return new CheckpointCoordinator({
    ...completions,
    epoch: log.epoch,
    log,
    settings: configuration.checkpoints,
    graph: plan.graph,
    execution,
    turns,
    clock: options.clock,
    logger,
    statistics: facts.statistics,
    triggers: facts.triggers,
    restored: plan.restored,
    send: (to, message) => links.send(to, message),
    snapshotEnumerators: (checkpointId) => sources.snapshot(checkpointId),
    onFailure: (error) =>
      turns.run(() => failover().regionsFailed({ regions: execution.regions, error: toErrorInfo(error), task: null })),
    onDrainFailed: (reason) => turns.run(() => failover().drainFailed(reason)),
    onFenced,
  });
}

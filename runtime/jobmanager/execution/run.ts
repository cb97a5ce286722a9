/**
 * Owns: putting together what exists from the moment the job may be deployed.
 * Not here: what the parts report leads to (job-manager.ts).
 */
import { type Log, toErrorInfo } from "../../../base/index.ts";
import type { CheckpointLog, FencedBy, Manifest } from "../../checkpoint/index.ts";
import type { JobConfiguration } from "../../graph/index.ts";
import type { InlineFile, JobSource } from "../../rpc/index.ts";
import { CheckpointCoordinator } from "../checkpoints/checkpoint-coordinator.ts";
import type { CheckpointStatistics } from "../checkpoints/checkpoint-statistics.ts";
import type { Execution } from "./execution.ts";
import type { JobManagerOptions } from "../job-manager-options.ts";
import { LeadWatch } from "../leading/lead-watch.ts";
import { type RegionFailure, Scheduler } from "./scheduler.ts";
import type { SlotPool } from "./slot-pool.ts";
import type { StartPlan } from "../leading/startup.ts";
import type { TaskManagerLinks } from "./task-manager-links.ts";
import type { TriggerRegistry } from "../checkpoints/trigger-registry.ts";
import type { Turns } from "../turns.ts";

const SETTLE_MS = 3000;

export type Run = {
  readonly log: CheckpointLog;
  readonly scheduler: Scheduler;
  readonly coordinator: CheckpointCoordinator;
  readonly lead: LeadWatch;
};

export type RunParts = {
  readonly options: JobManagerOptions;
  readonly configuration: JobConfiguration;
  readonly log: CheckpointLog;
  readonly plan: StartPlan;
  readonly source: JobSource;
  readonly execution: Execution;
  readonly slots: SlotPool;
  readonly links: TaskManagerLinks;
  readonly turns: Turns;
  readonly logger: Log;
  readonly statistics: CheckpointStatistics;
  readonly triggers: TriggerRegistry;
  /** In a turn. */
  readonly onFailure: (failure: RegionFailure) => void;
  readonly onCompleted: (manifest: Manifest, inlineFiles: readonly InlineFile[]) => void;
  readonly onOvertaken: (savepointUri: string, completedMs: number) => void;
  /** In a turn. */
  readonly onDrainFailed: (reason: string) => void;
  readonly onFenced: (by: FencedBy) => void;
};

export function createRun(parts: RunParts): Run {
  const { log, turns, logger, onFenced, options } = parts;
  const coordinator = createCoordinator(parts);
  const scheduler = createScheduler(parts, coordinator);
  return { log, scheduler, coordinator, lead: new LeadWatch({ log, turns, clock: options.clock, logger, onFenced }) };
}

function createScheduler(parts: RunParts, coordinator: CheckpointCoordinator): Scheduler {
  const { options, configuration, log, links, statistics } = parts;
  const { clock } = options;
  return new Scheduler({
    ...parts,
    epoch: log.epoch,
    job: parts.source,
    target: { storeUri: log.store.uri, inlineOnly: configuration.stateBackend === "memory" },
    clock,
    log: parts.logger,
    send: (to, message) => links.send(to, message),
    cutOff: (id, why) => links.cutOff(id, why),
    hasStopped: () => coordinator.hasStopped,
    onRestored: (checkpointId) => statistics.restoredAgain(checkpointId, clock.nowMs()),
    deployTimeoutMs: options.deployTimeoutMs ?? 60_000,
    cancelTimeoutMs: options.cancelTimeoutMs ?? 60_000,
    expectedTaskManagers: options.expectedTaskManagers ?? 1,
    settleMs: SETTLE_MS,
    slotWarnMs: options.slotWaitMs ?? 10_000,
    slotTimeoutMs: options.slotTimeoutMs ?? null,
  });
}

function createCoordinator(parts: RunParts): CheckpointCoordinator {
  const { options, configuration, log, plan, links, turns, execution } = parts;
  return new CheckpointCoordinator({
    ...parts,
    epoch: log.epoch,
    settings: configuration.checkpoints,
    graph: plan.graph,
    clock: options.clock,
    restored: plan.restored,
    send: (to, message) => links.send(to, message),
    onFailure: (error) =>
      turns.run(() => parts.onFailure({ regions: execution.regions, error: toErrorInfo(error), task: null })),
    onDrainFailed: (reason) => turns.run(() => parts.onDrainFailed(reason)),
  });
}

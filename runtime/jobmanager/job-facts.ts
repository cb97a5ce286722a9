/**
 * Owns: what one JobManager process knows of its job: each part notes here what it finds out, and people are shown it.
 * Not here: what follows from it (job-master.ts), showing it (job-view.ts, job-manager.ts).
 */
import type { Clock, Random } from "../../base/index.ts";
import { effectiveRestartStrategy, type JobConfiguration } from "../graph/index.ts";
import { CheckpointStatistics } from "./checkpoints/checkpoint-statistics.ts";
import { TriggerRegistry } from "./checkpoints/trigger-registry.ts";
import { JobFailures } from "./execution/job-failures.ts";
import { Lifecycle } from "./execution/lifecycle.ts";
import { SlotPool } from "./execution/slot-pool.ts";
import { OwnProgress } from "./leading/own-progress.ts";
import type { Restored } from "./leading/startup.ts";

export type JobFacts = {
  readonly lifecycle: Lifecycle;
  readonly failures: JobFailures;
  readonly slots: SlotPool;
  readonly statistics: CheckpointStatistics;
  readonly progress: OwnProgress;
  readonly triggers: TriggerRegistry;
};

export function createJobFacts(
  configuration: JobConfiguration,
  ports: { readonly clock: Clock; readonly random: Random },
): JobFacts {
  return {
    lifecycle: new Lifecycle(ports.clock.nowMs()),
    failures: new JobFailures(effectiveRestartStrategy(configuration), ports),
    slots: new SlotPool(),
    statistics: new CheckpointStatistics(),
    progress: new OwnProgress(),
    triggers: new TriggerRegistry(ports.random),
  };
}

/** The job goes on from this checkpoint or savepoint. */
export function noteRestored(facts: JobFacts, restored: Restored, restoredMs: number): void {
  const { checkpointId, location, isSavepoint, seq } = restored;
  facts.statistics.restored({ id: checkpointId, restoredMs, isSavepoint, externalPath: location });
  // Its trigger's outcome is known for sure, though another process took it: it is the newest entry of the log.
  const { newest } = facts.progress;
  if (seq !== null && newest?.seq === seq && newest.triggerId !== undefined)
    facts.triggers.complete(newest.triggerId, location, checkpointId);
}

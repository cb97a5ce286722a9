/**
 * Owns: a job from the moment it may be deployed: what its tasks say reaches scheduler, coordinator and failover, and after every turn
 * each of them does what has become due.
 * Not here: what came before (leading/startup.ts), how the job ends (job-master.ts), each part's own work.
 * Called by job-master.ts, in turns.
 *
 * DEJ1 A message about a task counts only from the TaskManager that runs the task's present attempt (EX1).
 * DEJ2 Regions are deployed only while it is known which checkpoint is the newest (CC4), that this JobManager still leads (LEW1), and that
 *     no file of that checkpoint is lost that a task did not find (SIQ2).
 */
import type { TaskManagerId } from "../../../base/index.ts";
import type { Manifest } from "../../checkpoint/index.ts";
import type { InlineFile, ToJobManager } from "../../rpc/index.ts";
import type { CheckpointRequest } from "../checkpoints/pending-checkpoint.ts";
import { NewestRestorePoint } from "../leading/newest-restore-point.ts";
import { Execution } from "./execution.ts";
import type { TerminalStatus } from "./lifecycle.ts";
import { createRunParts, type RunOptions, type RunParts } from "./run-parts.ts";

/** What a task, or its TaskManager for it, says. */
export type TaskMessage = Extract<
  ToJobManager,
  {
    kind:
      | "taskState"
      | "checkpointAck"
      | "checkpointDeclined"
      | "committed"
      | "readerStarted"
      | "splitRequest"
      | "watermarkReport";
  }
>;

export class JobRun {
  readonly execution: Execution;
  readonly #options: RunOptions;
  readonly #parts: RunParts;
  readonly #point: NewestRestorePoint;

  constructor(options: RunOptions) {
    const { plan, facts } = options;
    this.#options = options;
    this.execution = new Execution(plan.graph);
    this.#point = new NewestRestorePoint(plan.point, plan.restored);
    this.#parts = createRunParts(options, this.execution, this.#point, {
      onCompleted: (manifest, inlineFiles) => this.#completed(manifest, inlineFiles),
      onOvertaken: (uri, completedMs) => facts.progress.overtaken(uri, completedMs),
    });
  }

  /** URI of the savepoint that a restart would begin from, while it is one. */
  get savepointInUse(): string | null {
    return this.#point.savepointUri;
  }

  /** A stop or drain is under way. */
  get isStopping(): boolean {
    return this.#parts.coordinator.isStopping;
  }

  begin(): void {
    // A job that was stopped only commits.
    if (!this.#parts.coordinator.hasStopped) this.#parts.sources.begin(this.#point.current());
    this.#parts.scheduler.begin();
  }

  /** A savepoint, stop or checkpoint is asked for. */
  request(request: CheckpointRequest): void {
    this.#parts.coordinator.request(request);
  }

  receive(from: TaskManagerId, message: TaskMessage): void {
    const { scheduler, coordinator, failover, sources } = this.#parts;
    if (message.kind === "taskState") {
      const failure = scheduler.taskState(from, message.task, message.state);
      if (failure !== null) failover.taskFailed(failure.task, failure.error);
      return;
    }
    // DEJ1
    if (this.execution.find(message.task)?.location?.taskManagerId !== from) return;
    if (message.kind === "checkpointAck") coordinator.acknowledged(message);
    else if (message.kind === "checkpointDeclined") coordinator.declined(message);
    else if (message.kind === "committed") coordinator.committed(message);
    else sources.receive(message);
  }

  /** It is about to end: its tasks go elsewhere, and then it is released. */
  taskManagerLeaves(id: TaskManagerId): void {
    this.#parts.handover.taskManagerLeaves(id);
  }

  /** This process is about to end. `onOver`: called once, when nothing would have to be processed again. */
  jobManagerLeaves(onOver: () => void): void {
    this.#parts.handover.jobManagerLeaves(onOver);
  }

  taskManagerLost(id: TaskManagerId, why: string): void {
    const { scheduler, failover, handover } = this.#parts;
    handover.taskManagerLost(id);
    failover.taskManagerLost(id, why, scheduler.taskManagerLost(id));
  }

  /** Nothing more is triggered, and no split is assigned. */
  close(reason: string): void {
    this.#parts.coordinator.close(reason);
    this.#parts.sources.close();
  }

  /** This process ends, or does not lead any more: what is open here is closed, and nothing else happens. */
  abandon(): void {
    this.#parts.sources.close();
  }

  /** Brings the whole job down, for good. */
  takeDown(reason: string): void {
    this.close(reason);
    this.#parts.scheduler.stop(this.execution.regions, null);
  }

  /** Does what has become due; the end that the job has come to, or null. */
  advance(): TerminalStatus | null {
    const { scheduler, coordinator, lead, inquiry, handover } = this.#parts;
    const { lifecycle } = this.#options.facts;
    const mayDeploy = coordinator.mayRestore && lead.isSure && inquiry.isSure;
    scheduler.advance(mayDeploy ? () => this.#point.current() : null);
    if (lifecycle.status === "FAILING") return this.execution.isOver() ? "FAILED" : null;
    if (lifecycle.status === "CANCELLING") return this.execution.isOver() ? "CANCELED" : null;
    if (this.execution.allRunning()) this.#options.onStatus("RUNNING");
    // First: behind a complete handover nothing else is triggered.
    handover.advance();
    coordinator.advance();
    if (this.execution.allAtEnd(coordinator.hasStopped) && coordinator.mayFinish) scheduler.finish();
    return this.execution.allFinished() ? "FINISHED" : null;
  }

  #completed(manifest: Manifest, inlineFiles: readonly InlineFile[]): void {
    const { log, facts } = this.#options;
    this.#point.advance(manifest, log.store.uri, inlineFiles);
    facts.progress.completed(manifest, log.store.uri);
    this.#parts.sources.completed(manifest.checkpointId);
  }
}

/**
 * Owns: the coordinators of all of a job's sources that have an enumerator: made, told of tasks and checkpoints, made anew when one has failed;
 * and the alignment of sources' watermarks.
 * Not here: one source's (source-coordinator.ts); sources that discover once (leading/split-discovery.ts).
 * Called by job-run.ts, scheduler.ts and checkpoint-collection.ts through their options, in turns.
 *
 * SCS1 A coordinator lives as long as this JobManager leads the job, over all restarts of regions: only a failure of its own ends it (SRC4).
 * SCS2 One that has failed is made anew when the first region is deployed again, from the checkpoint that all regions restart from.
 */
import { type Clock, type Log, type OperatorId, type StreamError, USER_LOGGER } from "../../../base/index.ts";
import type { EnumeratorState } from "../../checkpoint/index.ts";
import type { JobGraph } from "../../graph/index.ts";
import type { RestoredEnumerator, Source } from "../../ports/index.ts";
import type { FromJobManager, TaskRef, ToJobManager } from "../../rpc/index.ts";
import type { Turns } from "../turns.ts";
import { WatermarkAlignment } from "./watermark-alignment.ts";
import { type CoordinatedSource, SourceCoordinator } from "./source-coordinator.ts";

/** What a reader says to its source's coordinator. */
export type ReaderMessage = Extract<ToJobManager, { kind: "readerStarted" | "splitRequest" | "watermarkReport" }>;

/** Where enumerators go on from. */
export type EnumeratorStates = {
  readonly checkpointId: number | null;
  enumeratorOf(operatorId: OperatorId): RestoredEnumerator<unknown>;
};

export type SourceCoordinatorsOptions = {
  readonly graph: JobGraph;
  readonly epoch: number;
  readonly turns: Pick<Turns, "effect" | "after">;
  readonly clock: Clock;
  readonly logger: Log;
  /** Whether that attempt runs now, and its data have not ended. */
  readonly isRunning: (task: TaskRef) => boolean;
  /** To the TaskManager where the task runs. */
  readonly send: (task: TaskRef, message: FromJobManager) => void;
  /** The job restarts as a whole, or fails. May be called in the middle of any call. */
  readonly onFailed: (error: StreamError) => void;
};

/** By vertex. */
type Coordinators = Map<number, SourceCoordinator>;

export class SourceCoordinators {
  readonly #options: SourceCoordinatorsOptions;
  readonly #coordinators: Coordinators = new Map();
  readonly #alignment: WatermarkAlignment;

  constructor(options: SourceCoordinatorsOptions) {
    this.#options = options;
    this.#alignment = new WatermarkAlignment(options);
  }

  /** Names of the sources that wait for an answer to what their enumerator has called. */
  get waiting(): readonly string[] {
    return [...this.#coordinators.values()].flatMap(({ isWaiting, node }) => (isWaiting ? [node.uid] : []));
  }

  begin(states: EnumeratorStates): void {
    for (const [vertex, node] of coordinatedSources(this.#options.graph)) this.#start(vertex, node, states);
  }

  receive(message: ReaderMessage): void {
    if (message.kind === "watermarkReport") return this.#alignment.report(message);
    const { vertex, subtask, attempt } = message.task;
    const coordinator = this.#coordinators.get(vertex);
    if (message.kind === "readerStarted") coordinator?.register({ subtask, attempt }, message.splits);
    else coordinator?.requested({ subtask, attempt });
  }

  /** These tasks are deployed from that state: their attempts before are gone (SRC2, SCS2). */
  deploying(tasks: readonly TaskRef[], states: EnumeratorStates): void {
    for (const { vertex, subtask } of tasks) {
      const coordinator = this.#coordinators.get(vertex);
      if (coordinator?.hasFailed === true) this.#start(vertex, coordinator.node, states);
      else coordinator?.reset(subtask, states.checkpointId);
    }
  }

  /** In the turn in which sources are asked for a checkpoint (SRC1). Errors: SOURCE_FAILED. */
  snapshot(checkpointId: number): ReadonlyMap<OperatorId, EnumeratorState> {
    const states = new Map<OperatorId, EnumeratorState>();
    for (const coordinator of this.#coordinators.values())
      states.set(coordinator.node.operatorId, coordinator.snapshot(checkpointId));
    return states;
  }

  completed(checkpointId: number): void {
    for (const coordinator of this.#coordinators.values()) coordinator.completed(checkpointId);
  }

  /** For good. */
  close(): void {
    for (const coordinator of this.#coordinators.values()) coordinator.close();
    this.#coordinators.clear();
    this.#alignment.close();
  }

  #start(vertex: number, node: CoordinatedSource, states: EnumeratorStates): void {
    const { turns, clock, logger, isRunning, send, epoch, onFailed } = this.#options;
    const { name, uid } = node;
    const coordinator = new SourceCoordinator({
      node,
      restored: states.enumeratorOf(node.operatorId),
      restoredId: states.checkpointId ?? 0,
      turns,
      clock,
      log: logger.child({ logger: USER_LOGGER, operator: name, uid }),
      isRunning: (subtask, attempt) => isRunning({ vertex, subtask, attempt }),
      send: (reader, splits, noMore) => {
        const task = { vertex, subtask: reader.subtask, attempt: reader.attempt };
        send(task, { kind: "assignSplits", epoch, tasks: [task], splits, noMore });
      },
      onFailed,
    });
    this.#coordinators.set(vertex, coordinator);
    coordinator.start();
  }
}

function coordinatedSources(graph: JobGraph): readonly (readonly [vertex: number, node: CoordinatedSource])[] {
  return graph.vertices.flatMap(({ index, parallelism, operators }) => {
    const head = operators[0]?.node;
    if (head?.role !== "source") return [];
    const source = head.logic as Source<unknown>;
    if (source.createEnumerator === undefined) return [];
    const { operatorId, name, uid } = head;
    return [[index, { operatorId, name, uid, parallelism, source }] as const];
  });
}

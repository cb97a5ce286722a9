/**
 * Owns: one checkpoint on its way: which tasks have acknowledged, and what a manifest says of their states.
 * Not here: when it starts, ends and is given up (checkpoint-protocol.ts).
 *
 * PC1 It is complete when every task of the job has acknowledged with the attempt that was running at its start.
 * PC2 Every operator of the job is in the manifest with one entry per subtask, the stateless too: so a later start can tell an
 *     operator that had nothing to keep (a source that had read everything) from one that is new.
 * PC3 A declaration is known by name space and name: a keyed state, an operator list and timers of the same name are three.
 */
import { assert, type OperatorId, type Timer } from "../../../base/index.ts";
import {
  EMPTY_SUBTASK_STATE,
  type EnumeratorState,
  type ManifestDraft,
  type OperatorState,
  type StateDeclaration,
  type SubtaskState,
} from "../../checkpoint/index.ts";
import { type ChainedOperator, declaredStateId, type JobGraph, type JobVertex } from "../../graph/index.ts";
import type { InlineFile, OperatorAck, TaskRef, ToJobManager } from "../../rpc/index.ts";
import type { CheckpointView, SubtaskCheckpointView } from "../control.ts";
import { type Task, taskRef } from "../execution/execution.ts";
import { endOf, longerDelay, RETRY_DELAY_MIN_MS } from "./checkpoint-protocol.ts";

/** People are shown a handover as the checkpoint that it is. */
export type CheckpointKind = CheckpointView["kind"] | "handover";
export type CheckpointAck = Extract<ToJobManager, { kind: "checkpointAck" }>;

/** What a person or the end of the data asked for; null for a periodic one. */
export type CheckpointRequest = {
  readonly kind: CheckpointKind;
  readonly triggerId: string;
  /** URI of the savepoint's own folder; null: the job's root. */
  readonly target: string | null;
  /** The caller has said which folder, so an earlier attempt's files may be there (TRD2). */
  readonly isExactTarget: boolean;
  /** Handover: regions whose tasks stand still behind its barrier; for the others it is any checkpoint. */
  readonly held?: readonly number[];
};

export type CheckpointFacts = {
  readonly id: number;
  readonly kind: CheckpointKind;
  readonly request: CheckpointRequest | null;
  /** Taken when all data had ended: the one after which the job may finish (CK-13). */
  readonly isFinal: boolean;
  /** The newest complete checkpoint, if its files are there as long as this one is on its way (CC11); null: none. */
  readonly base: number | null;
};

/** `triggeredMs`: epoch milliseconds. */
export type PendingFacts = CheckpointFacts & { readonly triggeredMs: number };

/** By source. */
export type EnumeratorStates = ReadonlyMap<OperatorId, EnumeratorState>;

type AckEntry = { readonly ack: CheckpointAck; readonly ackMs: number };

export class PendingCheckpoint {
  readonly facts: PendingFacts;
  /** Of its timeout; taken back when it ends, so that nothing holds what it has collected. */
  expiry: Timer | null = null;
  #retryDelayMs = RETRY_DELAY_MIN_MS;
  readonly #graph: JobGraph;
  readonly #expected: readonly TaskRef[];
  readonly #enumerators: EnumeratorStates;
  readonly #entries = new Map<string, AckEntry>();

  constructor(facts: PendingFacts, graph: JobGraph, tasks: readonly Task[], enumerators: EnumeratorStates = new Map()) {
    this.facts = facts;
    this.#enumerators = enumerators;
    this.#graph = graph;
    this.#expected = tasks.map(taskRef);
  }

  get subtasks(): number {
    return this.#expected.length;
  }

  get acknowledged(): number {
    return this.#entries.size;
  }

  get isComplete(): boolean {
    return this.#entries.size === this.#expected.length;
  }

  /** When the last acknowledgement came, epoch milliseconds. */
  get collectedMs(): number {
    return Math.max(this.facts.triggeredMs, ...[...this.#entries.values()].map(({ ackMs }) => ackMs));
  }

  get committables(): number {
    return this.#sum((ack) => ack.committables);
  }

  get stateBytes(): number {
    return this.#sum((ack) => ack.timings.stateBytes);
  }

  /** Of files that were written for it. */
  get writtenBytes(): number {
    return this.#sum(({ timings }) => timings.writtenBytes ?? timings.stateBytes);
  }

  /** False: from a task or attempt that it does not wait for, or a second one. */
  add(ack: CheckpointAck, ackMs: number): boolean {
    const key = keyOf(ack.task.vertex, ack.task.subtask);
    const isExpected = this.#expected.some(
      (task) => keyOf(task.vertex, task.subtask) === key && task.attempt === ack.task.attempt,
    );
    if (!isExpected || this.#entries.has(key)) return false;
    this.#entries.set(key, { ack, ackMs });
    return true;
  }

  /** Names of those who have not acknowledged, a few of them, for messages. */
  missing(): string {
    const late = this.#expected.filter((task) => !this.#entries.has(keyOf(task.vertex, task.subtask)));
    const names = late.slice(0, 5).map((task) => {
      const vertex = this.#graph.vertices[task.vertex];
      return `${vertex?.name ?? task.vertex} (${task.subtask + 1}/${vertex?.parallelism ?? "?"})`;
    });
    return names.join("; ") + (late.length > names.length ? `; and ${late.length - names.length} more` : "");
  }

  ackViews(): readonly SubtaskCheckpointView[] {
    return this.#graph.vertices.flatMap((vertex) =>
      subtasksOf(vertex).flatMap((subtask) => {
        const entry = this.#entries.get(keyOf(vertex.index, subtask));
        return entry === undefined
          ? []
          : [{ vertex: vertex.id, subtask, ackMs: entry.ackMs, timings: entry.ack.timings }];
      }),
    );
  }

  /** Before the next attempt to write it; longer each time. */
  nextRetryDelayMs(): number {
    const delayMs = this.#retryDelayMs;
    this.#retryDelayMs = longerDelay(delayMs);
    return delayMs;
  }

  /** Files that came with the acknowledgements (`memory` back end). */
  inlineFiles(): readonly InlineFile[] {
    return [...this.#entries.values()].flatMap(({ ack }) => ack.inlineFiles);
  }

  /** What is to be written of it, into its own folder and into the log. */
  draft(): ManifestDraft {
    const { id, kind, request, triggeredMs } = this.facts;
    const target = request?.target ?? null;
    const ends = endOf(kind);
    return {
      kind: target === null ? "checkpoint" : "savepoint",
      checkpointId: id,
      triggeredMs,
      completedMs: this.collectedMs,
      storeUri: target,
      operators: this.operators(),
      committables: this.committables,
      ...(request === null || target === null ? {} : { triggerId: request.triggerId }),
      ...(ends === null ? {} : { ends }),
    };
  }

  /** The states as the manifest lists them (PC2). */
  operators(): readonly OperatorState[] {
    assert(this.isComplete, `checkpoint ${this.facts.id} is written before all tasks have acknowledged`);
    return this.#graph.vertices.flatMap((vertex) =>
      vertex.operators.map((operator) => this.#operatorState(vertex, operator)),
    );
  }

  #operatorState(vertex: JobVertex, { node }: ChainedOperator): OperatorState {
    const acks = subtasksOf(vertex).map((subtask): OperatorAck | undefined => {
      const entry = this.#entries.get(keyOf(vertex.index, subtask));
      return entry?.ack.operators.find((operator) => operator.operatorId === node.operatorId);
    });
    const enumerator = this.#enumerators.get(node.operatorId);
    return {
      operatorId: node.operatorId,
      uid: node.uid,
      name: node.name,
      parallelism: vertex.parallelism,
      maxParallelism: vertex.maxParallelism,
      declarations: unitedDeclarations(acks),
      subtasks: acks.map((ack): SubtaskState => ack?.state ?? EMPTY_SUBTASK_STATE),
      ...(enumerator === undefined ? {} : { enumerator }),
    };
  }

  #sum(amount: (ack: CheckpointAck) => number): number {
    let sum = 0;
    for (const { ack } of this.#entries.values()) sum += amount(ack);
    return sum;
  }
}

/** A subtask may declare a state lazily: all that any of them declared, each once (PC3). */
function unitedDeclarations(acks: readonly (OperatorAck | undefined)[]): readonly StateDeclaration[] {
  const byId = new Map<string, StateDeclaration>();
  for (const ack of acks) {
    for (const declaration of ack?.declarations ?? []) byId.set(declaredStateId(declaration), declaration);
  }
  return [...byId.values()];
}

function subtasksOf(vertex: JobVertex): readonly number[] {
  return Array.from({ length: vertex.parallelism }, (_, subtask) => subtask);
}

function keyOf(vertex: number, subtask: number): string {
  return `${vertex}/${subtask}`;
}

/**
 * Owns: what one task does for checkpoints: prepare, fix, pass the barrier on, write, acknowledge; commit when complete.
 * Not here: alignment (exchange), the coordinator (jobmanager).
 *
 * TC1 Order at a barrier: every operator's `prepareSnapshot` (pre-commits included) has resolved → all states are fixed → the
 *     barrier goes downstream, all in one step (EO-1, OP3). Writing goes on while records flow.
 * TC2 A failure before the barrier went on (sync) declines the checkpoint and fails the task; one after it (async) only
 *     declines it (CK-5).
 * TC3 Commits run in the order of checkpoints, one after the other, and do not hold up records.
 * TC4 A value in state that cannot be encoded is found while writing, but is no hiccup: no later checkpoint could be completed
 *     either. It fails the task like any mistake of the job's functions.
 * TC5 A task whose operator has rows in local files takes no part in a checkpoint, and goes on: what comes after a failure starts from the checkpoint before.
 */
import { type Clock, toErrorInfo } from "../../base/index.ts";
import { failpoint } from "../failures/index.ts";
import type { FileRef } from "../checkpoint/index.ts";
import { dataFolder, keyedFiles } from "../checkpoint/subtasks.ts";
import type { Barrier } from "../record/index.ts";
import type { StateTarget, ToJobManager } from "../rpc/index.ts";
import type { SnapshotRequest, Turn } from "../state/index.ts";
import type { ChainLink } from "./chain.ts";
import { runOwned } from "./code-owner.ts";
import { type ChainSnapshot, snapshotChain } from "./chain-state.ts";
import { openSnapshotTarget, type StoreCache } from "./snapshot-storage.ts";
import type { Task } from "./task.ts";

export type CheckpointOptions = {
  readonly epoch: number;
  readonly target: StateTarget;
  readonly stores: StoreCache;
  readonly clock: Clock;
  readonly turn: Turn;
  send(message: ToJobManager): void;
};

type Pending = { readonly barrier: Barrier; readonly snapshot: ChainSnapshot };

export class TaskCheckpoints {
  readonly #task: Task;
  readonly #options: CheckpointOptions;
  readonly #pending = new Map<number, Pending>();
  #commits: Promise<void> = Promise.resolve();
  /** Checkpoints are numbered upwards: up to this one they are over. */
  #abortedId = 0;
  #stoppingId: number | null = null;

  constructor(task: Task, options: CheckpointOptions) {
    this.#task = task;
    this.#options = options;
    task.onBarrier = (barrier, alignmentMs) => this.#begin(barrier, alignmentMs);
  }

  /** For a source: the coordinator asks for a barrier. Runs between records. */
  trigger(barrier: Barrier): void {
    const { mailbox } = this.#task.parts;
    mailbox.post(() => {
      if (barrier.checkpointId <= this.#abortedId) return;
      if (barrier.checkpointKind === "drain" && this.#task.phase === "running") {
        // The end of data comes first: what it makes the operators emit belongs to the savepoint (SP-2).
        this.#task.blockUntil(this.#task.endSource().then(() => mailbox.post(() => this.#begin(barrier, 0))));
      } else {
        this.#begin(barrier, 0);
      }
    });
  }

  complete(checkpointId: number): void {
    const { epoch } = this.#options;
    const commit = async (): Promise<void> => {
      if (this.#task.isOver) return;
      const { hooks, chain } = this.#task.parts;
      for (const { operator, context } of chain.links)
        await hooks.call(context, "onCheckpointComplete", () => operator.onCheckpointComplete?.(checkpointId));
      this.#options.send({ kind: "committed", epoch, task: this.#task.parts.ref, checkpointId });
    };
    this.#commits = this.#commits.then(() => runOwned(this.#task, commit));
    this.#commits.catch((error: unknown) => this.#task.fail(error));
  }

  abort(checkpointId: number): void {
    const { mailbox, gate, chain } = this.#task.parts;
    mailbox.post(() => {
      this.#abortedId = Math.max(this.#abortedId, checkpointId);
      gate?.onAborted(checkpointId);
      for (const { operator } of chain.links) operator.onCheckpointAborted?.(checkpointId);
      this.#pending.get(checkpointId)?.snapshot.discard();
      this.#pending.delete(checkpointId);
      if (this.#stoppingId === checkpointId) this.#task.resume();
    });
  }

  #begin(barrier: Barrier, alignmentMs: number): void {
    const startMs = this.#options.clock.monotonicMs();
    try {
      const prepared = this.#prepareFrom(0, barrier.checkpointId);
      if (prepared === null) {
        this.#fix(barrier, { alignmentMs, startMs });
      } else {
        const fixed = prepared.then(() => {
          if (!this.#task.isOver) this.#fix(barrier, { alignmentMs, startMs });
        });
        this.#task.blockUntil(fixed.catch((error: unknown) => this.#declineSync(barrier, error)));
      }
    } catch (error) {
      this.#declineSync(barrier, error);
    }
  }

  /** null when everything was prepared without waiting, which keeps the checkpoint within one step. */
  #prepareFrom(first: number, checkpointId: number): Promise<void> | null {
    const { hooks, chain } = this.#task.parts;
    const { links } = chain;
    for (let index = first; index < links.length; index++) {
      const { operator, context } = links[index] as ChainLink;
      // What those before it emitted to prepare themselves is in what it prepares.
      chain.completeInput(index);
      const prepared = hooks.call(context, "prepareSnapshot", () => operator.prepareSnapshot?.(checkpointId));
      if (prepared !== undefined) return prepared.then(() => this.#prepareFrom(index + 1, checkpointId) ?? undefined);
    }
    return null;
  }

  #fix(barrier: Barrier, times: { readonly alignmentMs: number; readonly startMs: number }): void {
    const { chain, states } = this.#task.parts;
    failpoint("tm:before-snapshot");
    // What operators emitted to prepare themselves goes before the barrier, whole (TK5).
    this.#task.parts.emissions.drain();
    const isFinished = this.#task.phase === "ended";
    const snapshot = snapshotChain(states, isFinished, {
      turn: this.#options.turn,
      request: this.#requestFor(barrier),
    });
    let committables = 0;
    for (const { operator } of chain.links) committables += operator.committables?.(barrier.checkpointId) ?? 0;
    for (const writer of chain.writers) writer.control(barrier);
    failpoint("tm:after-snapshot");
    this.#pending.set(barrier.checkpointId, { barrier, snapshot });
    const syncMs = this.#options.clock.monotonicMs() - times.startMs;
    void this.#write(barrier, snapshot, { committables, alignmentMs: times.alignmentMs, syncMs });
    if (barrier.checkpointKind === "stop" || barrier.checkpointKind === "handover") {
      this.#stoppingId = barrier.checkpointId;
      this.#task.stop();
    }
  }

  /** A savepoint is whole, and so is what the JobManager keeps in its memory, checkpoint by checkpoint. */
  #requestFor({ checkpointId, target, base }: Barrier): SnapshotRequest | null {
    return target !== null || this.#options.target.inlineOnly ? null : { checkpointId, base: base ?? null };
  }

  async #write(
    barrier: Barrier,
    snapshot: ChainSnapshot,
    facts: { readonly committables: number; readonly alignmentMs: number; readonly syncMs: number },
  ): Promise<void> {
    const { epoch, target, stores, clock } = this.#options;
    const { checkpointId } = barrier;
    const startMs = clock.monotonicMs();
    const task = this.#task.parts.ref;
    try {
      const storage = await openSnapshotTarget({ stores, target, savepointUri: barrier.target, epoch, checkpointId });
      failpoint("tm:before-upload");
      const operators = await snapshot.write(storage.files);
      const inlineFiles = await storage.inlineFiles();
      if (!this.#pending.delete(checkpointId) || this.#task.isOver) return;
      failpoint("tm:before-ack");
      const stateFiles = operators.flatMap(({ state }) => keyedFiles(state.keyed));
      const own = barrier.target === null ? `${dataFolder(epoch, checkpointId)}/` : "";
      const bytesOf = (files: readonly FileRef[]): number => files.reduce((sum, { length }) => sum + length, 0);
      const timings = {
        alignmentMs: facts.alignmentMs,
        syncMs: facts.syncMs,
        asyncMs: clock.monotonicMs() - startMs,
        stateBytes: bytesOf(stateFiles),
        writtenBytes: bytesOf(stateFiles.filter(({ key }) => key.startsWith(own))),
      };
      this.#options.send({
        kind: "checkpointAck",
        epoch,
        task,
        checkpointId,
        operators,
        committables: facts.committables,
        inlineFiles,
        timings,
      });
    } catch (error) {
      // Of operators behind the one that failed nothing was written.
      snapshot.discard();
      if (!this.#pending.delete(checkpointId) || this.#task.isOver) return;
      const info = toErrorInfo(error);
      // TC4
      if (info.code === "VALUE_NOT_SERIALIZABLE") return this.#declineSync(barrier, error);
      this.#options.send({ kind: "checkpointDeclined", epoch, task, checkpointId, phase: "async", error: info });
    }
  }

  #declineSync(barrier: Barrier, error: unknown): void {
    const info = toErrorInfo(error);
    const { epoch } = this.#options;
    this.#options.send({
      kind: "checkpointDeclined",
      epoch,
      task: this.#task.parts.ref,
      checkpointId: barrier.checkpointId,
      phase: "sync",
      error: info,
    });
    // TC5
    if (info.code !== "STATE_SPILLED") this.#task.fail(error);
  }
}

/**
 * Owns: one task: the subtask of a vertex, from deployment to its end, as a mailbox that works in steps.
 * Not here: what the operators do (chain.ts), checkpoints (task-checkpoints.ts), making it (task-builder.ts).
 * Called by: slot-loop.ts (step), slot-host.ts (start, cancel, finish, checkpoints).
 *
 * TK1 A step never awaits. What must be waited for is a promise that blocks the task; the one suspension point is the end of
 *     a step, before the next record.
 * TK2 Before each record the task looks whether it may go on: an edge without credit or a blocking promise stops it there, and
 *     the rest of the batch waits.
 * TK3 A task ends once: finished, canceled or failed. It says so once, after its operators were closed.
 * TK4 After the end of its data it goes on taking part in checkpoints until it is told to finish (CK-13).
 */
import { AssertionFailure, type Clock, type Log, StreamError, toErrorInfo } from "../base/index.ts";
import type { InputGate } from "../exchange/index.ts";
import { type Key, keyHash, MAX_WATERMARK, NO_TIMESTAMP, type RowBatch, type StreamElement } from "../record/index.ts";
import type { TaskMetrics, TaskRef, TaskState } from "../rpc/index.ts";
import type { KeyedStateBackend } from "../state/index.ts";
import { type TimeChange, WatermarkMerger } from "../time/index.ts";
import type { OperatorChain } from "./chain.ts";
import type { OperatorStates } from "./chain-state.ts";
import type { Mailbox } from "./mailbox.ts";
import type { LoopTask } from "./slot-loop.ts";
import type { SourceDriver } from "./source-driver.ts";
import { TaskClock, type WaitReason } from "./task-clock.ts";
import { userFailureText, withTask } from "./value-failure.ts";

/** `stopped`: a stop-with-savepoint's barrier has gone through; nothing more is read. */
export type TaskPhase = "opening" | "ready" | "running" | "stopped" | "ended" | "closed";

export type TaskParts = {
  readonly ref: TaskRef;
  /** `Source: lines -> flatMap (1/2)` */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly mailbox: Mailbox;
  readonly chain: OperatorChain;
  readonly states: readonly OperatorStates[];
  /** null for a source. */
  readonly gate: InputGate | null;
  readonly source: SourceDriver | null;
  /** The key of the head's input; null when it is not keyed. */
  readonly keyOf: ((value: unknown) => Key) | null;
  report(state: TaskState): void;
  wake(): void;
};

/** Rows whose state is brought near at once: few enough that all of it stays in the first cache until it is used. */
const PREFETCH_ROWS = 64;

/** Rows between two looks at the clock: adapted so that a look comes about every half millisecond. */
const STRIDE_MAX = 512;

export class Task implements LoopTask {
  readonly parts: TaskParts;
  phase: TaskPhase = "opening";
  private readonly merger: WatermarkMerger | null;
  private readonly headKeyed: KeyedStateBackend | null;
  private readonly times: TaskClock;
  private openChannels: number;
  private blocks = 0;
  /** Set by whatever wants the loop over records to stop. */
  private pause = false;
  private batch: RowBatch<unknown> | null = null;
  private row = 0;
  private stride = 16;
  private lookedMs = 0;
  private sourceIsIdle = false;
  private recordsIn = 0;
  /** Called when all channels have delivered a checkpoint's barrier. */
  onBarrier: (barrier: Extract<StreamElement<unknown>, { kind: "barrier" }>, alignmentMs: number) => void = () =>
    undefined;
  private alignmentStartMs: number | null = null;
  /** Releases channels and whatever else the task holds; set by its builder. */
  onClosed: () => void = () => undefined;

  constructor(parts: TaskParts) {
    this.parts = parts;
    const channels = parts.gate?.channels.length ?? 0;
    this.openChannels = channels;
    this.merger = channels === 0 ? null : new WatermarkMerger(channels);
    this.headKeyed = parts.states[0]?.keyed ?? null;
    this.times = new TaskClock(parts.clock.monotonicMs());
    for (const writer of parts.chain.writers) {
      writer.onFull = () => {
        this.pause = true;
      };
    }
  }

  get isOver(): boolean {
    return this.phase === "closed";
  }

  get stalledMs(): number {
    return this.times.stalledMs;
  }

  private get isActive(): boolean {
    return this.phase === "running" || this.phase === "ended" || this.phase === "stopped";
  }

  private get mayPoll(): boolean {
    return this.parts.source !== null && this.phase === "running" && !this.sourceIsIdle;
  }

  get hasWork(): boolean {
    if (!this.isActive || this.blocks > 0) return false;
    if (this.parts.mailbox.hasMail(this.phase === "running")) return true;
    if (this.batch === null && !this.mayPoll && this.parts.gate?.hasNext !== true) return false;
    return this.parts.chain.isWritable;
  }

  /** `asStopped`: what it was restored from stopped the job, so nothing is read (CC7): it only waits for `finish`. */
  start(asStopped = false): void {
    if (this.phase !== "ready") return;
    this.phase = "running";
    this.parts.report({ kind: "running" });
    if (asStopped) this.stop();
    this.parts.wake();
  }

  /** The source's reader has something. */
  wakeSource(): void {
    this.sourceIsIdle = false;
    this.parts.wake();
  }

  blockUntil(promise: Promise<unknown>): void {
    this.blocks += 1;
    this.pause = true;
    this.parts.source?.slowDown();
    promise.then(
      () => {
        this.blocks -= 1;
        if (this.blocks === 0) this.parts.wake();
      },
      (error: unknown) => this.fail(error),
    );
  }

  step(deadlineMs: number): boolean {
    if (!this.isActive) return false;
    const { clock } = this.parts;
    this.times.begin(clock.monotonicMs());
    let worked = false;
    let reason: WaitReason | null = null;
    try {
      while (reason === null) {
        reason = this.advance(deadlineMs);
        if (reason !== null) break;
        worked = true;
        if (clock.monotonicMs() >= deadlineMs) reason = "ready";
      }
    } catch (error) {
      this.fail(error);
    }
    this.times.end(clock.monotonicMs(), reason ?? "idle");
    return worked;
  }

  flush(): boolean {
    let flushed = false;
    try {
      for (const writer of this.parts.chain.writers) if (writer.flush()) flushed = true;
    } catch (error) {
      // A record that cannot be encoded is this task's failure, not that of the thread.
      this.fail(error);
    }
    return flushed;
  }

  metrics(): TaskMetrics {
    let recordsOut = 0;
    let bytesOut = 0;
    for (const writer of this.parts.chain.writers) {
      recordsOut += writer.recordsWritten;
      bytesOut += writer.bytesWritten;
    }
    const watermark = this.merger?.current ?? Number.MIN_SAFE_INTEGER;
    return {
      task: this.parts.ref,
      recordsIn: this.recordsIn,
      recordsOut,
      bytesIn: this.parts.gate?.bytesReceived ?? 0,
      bytesOut,
      ...this.times.takeShares(this.parts.clock.monotonicMs()),
      watermark: watermark === Number.MIN_SAFE_INTEGER ? null : watermark,
    };
  }

  /** Ends the data of this task: MAX_WATERMARK has gone before. Resolves when the operators have finished (TK4). */
  async endData(): Promise<void> {
    const { chain, states } = this.parts;
    for (const [index, { operator }] of chain.links.entries()) {
      if (states[index]?.wasFinished !== true) await operator.endInput?.();
    }
    if (this.isOver) return;
    for (const writer of chain.writers) writer.control({ kind: "endOfData" });
    this.phase = "ended";
    this.parts.report({ kind: "endOfData" });
  }

  /** A source's end: nothing will ever be read again. */
  endSource(): Promise<void> {
    this.parts.chain.emitWatermark(0, MAX_WATERMARK);
    return this.endData();
  }

  /** A stop-with-savepoint's barrier went through: read nothing more, but keep everything for `resume` or `finish`. */
  stop(): void {
    if (this.phase !== "running") return;
    this.phase = "stopped";
    this.parts.report({ kind: "endOfData" });
  }

  /** The savepoint that stopped the task failed: go on. */
  resume(): void {
    if (this.phase !== "stopped") return;
    this.phase = "running";
    this.parts.report({ kind: "running" });
    this.parts.wake();
  }

  /** Ends the task for good; `commitsItself`: the job has no checkpoints, so nobody else makes its sinks commit. */
  finish(commitsItself: boolean): void {
    if (this.isOver) return;
    this.blockUntil(this.closeFinished(commitsItself));
  }

  async cancel(): Promise<void> {
    if (this.isOver) return;
    this.phase = "closed";
    await this.release();
    this.parts.report({ kind: "canceled" });
  }

  fail(error: unknown): void {
    if (this.isOver) return;
    this.phase = "closed";
    const named = this.named(error);
    this.parts.log.warn({ task: this.parts.name, err: toErrorInfo(named) }, "task failed");
    void this.release().then(() => this.parts.report({ kind: "failed", error: toErrorInfo(named) }));
  }

  private advance(deadlineMs: number): WaitReason | null {
    if (!this.isActive) return "idle";
    if (this.blocks > 0) return "blocked";
    const { mailbox, chain, gate } = this.parts;
    const isReading = this.phase === "running";
    if (mailbox.hasMail(isReading)) {
      mailbox.runOne(isReading);
      return null;
    }
    if (!chain.isWritable) return "backpressured";
    if (this.batch !== null) {
      this.processRows(deadlineMs);
      return null;
    }
    if (this.mayPoll) return this.poll();
    const element = gate === null ? null : gate.next();
    if (element === null) return gate?.isAligning === true ? "blocked" : "idle";
    this.handle(element, deadlineMs);
    return null;
  }

  private poll(): WaitReason | null {
    const { source, chain } = this.parts;
    this.sourceIsIdle = true;
    chain.checkNext();
    const result = source?.poll();
    if (result === "end") {
      this.blockUntil(this.endSource());
      return null;
    }
    // `wake` may have been called while the reader was polled: then the flag is down again, and there is more.
    if (result === "more") this.sourceIsIdle = false;
    return this.sourceIsIdle ? "idle" : null;
  }

  private handle(element: StreamElement<unknown>, deadlineMs: number): void {
    const { gate, chain } = this.parts;
    if (gate === null || this.merger === null) return;
    const channel = gate.lastChannel;
    switch (element.kind) {
      case "batch":
        this.recordsIn += element.batch.rows.length;
        chain.checkNext();
        this.batch = element.batch;
        this.row = 0;
        this.processRows(deadlineMs);
        return;
      case "watermark": {
        const merged = this.merger.onWatermark(channel, element.timestamp);
        if (merged !== null) chain.advanceWatermark(merged);
        return;
      }
      case "status":
        this.onTimeChange(this.merger.onStatus(channel, element.idle));
        return;
      case "barrier":
        this.onChannelBarrier(channel, element);
        return;
      case "endOfData":
        this.onTimeChange(this.merger.onEnd(channel));
        this.openChannels -= 1;
        if (this.openChannels === 0) this.blockUntil(this.endData());
    }
  }

  private onTimeChange({ watermark, idle }: TimeChange): void {
    const { chain } = this.parts;
    if (idle === false) chain.forwardStatus(false);
    if (watermark !== null) chain.advanceWatermark(watermark);
    if (idle === true) chain.forwardStatus(true);
  }

  private onChannelBarrier(channel: number, barrier: Extract<StreamElement<unknown>, { kind: "barrier" }>): void {
    const nowMs = this.parts.clock.monotonicMs();
    const step = this.parts.gate?.onBarrier(channel, barrier) ?? { kind: "ignore" };
    if (step.kind === "wait") this.alignmentStartMs ??= nowMs;
    if (step.kind !== "complete") return;
    const alignmentMs = this.alignmentStartMs === null ? 0 : nowMs - this.alignmentStartMs;
    this.alignmentStartMs = null;
    this.onBarrier(step.barrier, alignmentMs);
  }

  private processRows(deadlineMs: number): void {
    const { batch } = this;
    if (batch === null) return;
    this.pause = false;
    this.lookedMs = this.parts.clock.monotonicMs();
    this.row =
      this.headKeyed === null
        ? this.processPlain(batch, deadlineMs)
        : this.processKeyed(batch, this.headKeyed, deadlineMs);
    if (this.row >= batch.rows.length) this.batch = null;
  }

  private processPlain(batch: RowBatch<unknown>, deadlineMs: number): number {
    const { rows, timestamps } = batch;
    const { head } = this.parts.chain;
    const count = rows.length;
    let row = this.row;
    let look = row + this.stride;
    while (row < count) {
      // Two calls, so that the constant is passed on as it is: a choice between the two would box a new number each time.
      if (timestamps === null) head.process(rows[row], NO_TIMESTAMP);
      else head.process(rows[row], timestamps[row] as number);
      row += 1;
      if (this.pause) break;
      if (row === look) {
        if (this.isTimeUp(deadlineMs)) break;
        look = row + this.stride;
      }
    }
    return row;
  }

  private processKeyed(batch: RowBatch<unknown>, keyed: KeyedStateBackend, deadlineMs: number): number {
    const { rows, timestamps, keyHashes } = batch;
    const { head } = this.parts.chain;
    const keyOf = this.parts.keyOf as (value: unknown) => Key;
    const count = rows.length;
    let row = this.row;
    let look = row + this.stride;
    let prefetched = row;
    while (row < count) {
      if (row === prefetched && keyHashes !== null) {
        prefetched = Math.min(count, row + PREFETCH_ROWS);
        keyed.prefetch(keyHashes, row, prefetched);
      }
      const value = rows[row];
      const key = keyOf(value);
      keyed.setCurrentKey(key, keyHashes === null ? keyHash(key) : (keyHashes[row] as number));
      if (timestamps === null) head.process(value, NO_TIMESTAMP);
      else head.process(value, timestamps[row] as number);
      row += 1;
      if (this.pause) break;
      if (row === look) {
        if (this.isTimeUp(deadlineMs)) break;
        look = row + this.stride;
      }
    }
    return row;
  }

  private isTimeUp(deadlineMs: number): boolean {
    const nowMs = this.parts.clock.monotonicMs();
    const tookMs = nowMs - this.lookedMs;
    this.lookedMs = nowMs;
    if (tookMs > 1) this.stride = Math.max(1, this.stride >> 1);
    else if (tookMs < 0.25) this.stride = Math.min(STRIDE_MAX, this.stride * 2);
    return nowMs >= deadlineMs;
  }

  private async closeFinished(commitsItself: boolean): Promise<void> {
    const { chain } = this.parts;
    if (commitsItself) {
      for (const { operator } of chain.links) await operator.prepareSnapshot?.(0);
      for (const { operator } of chain.links) await operator.onCheckpointComplete?.(0);
    }
    if (this.isOver) return;
    this.phase = "closed";
    await this.release();
    this.parts.report({ kind: "finished" });
  }

  private async release(): Promise<void> {
    this.parts.mailbox.close();
    try {
      await this.parts.chain.close();
    } catch (error) {
      this.parts.log.warn({ task: this.parts.name, err: toErrorInfo(error) }, "closing the task's operators failed");
    }
    this.parts.gate?.close();
    this.onClosed();
  }

  private named(error: unknown): unknown {
    if (error instanceof StreamError) return withTask(error, this.parts.name);
    if (error instanceof AssertionFailure) return error;
    return new StreamError("USER_FUNCTION_FAILED", `${this.parts.name}: ${userFailureText(error)}`, { cause: error });
  }
}

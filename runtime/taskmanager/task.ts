/**
 * Owns: one task: the subtask of a vertex, from deployment to its end, as a mailbox that works in steps.
 * Not here: what the operators do (chain.ts), the records of one batch (row-loop.ts), checkpoints (task-checkpoints.ts), making it (task-builder.ts).
 * Called by: slot-loop.ts (step), slot-host.ts (start, cancel, finish, checkpoints).
 *
 * TK1 A step never awaits. What must be waited for is a promise that blocks the task; the one suspension point is the end of
 *     a step, before the next record.
 * TK2 Before each record (row-loop.ts) the task looks whether it may go on: an edge without credit or a blocking promise stops it there, and
 *     the rest of the batch waits.
 * TK3 A task ends once: finished, canceled or failed. It says so once, after its operators were closed.
 * TK5 Nothing else is taken, no mail either, while a record is not complete (OP5) or timers of a watermark are still firing: a
 *     barrier never comes between the emissions of one record, or of one watermark. The thread's other work does: a task that is
 *     cancelled there ends there.
 * TK6 The current key ends with the step (KC4): no code of the job runs within a step but what the task calls. A key is held on to
 *     only while the keyed operator itself blocks the task.
 * TK7 What an operator emits at the end of its data goes out as there is room; the operators behind it end after that.
 * TK4 After the end of its data it goes on taking part in checkpoints until it is told to finish (CK-13).
 */
import { AssertionFailure, type Clock, type Log, StreamError, toErrorInfo } from "../../base/index.ts";
import { BufferDebloater, type DebloatSettings, type InputGate } from "../exchange/index.ts";
import { type ColumnBatch, MAX_WATERMARK, type RowBatch, rowsOfColumns, type StreamElement } from "../record/index.ts";
import type { TaskMetrics, TaskRef, TaskState } from "../rpc/index.ts";
import type { KeyedStateBackend } from "../state/index.ts";
import { type TimeChange, WatermarkMerger } from "../time/index.ts";
import type { AnyWriter, OperatorChain } from "./chain.ts";
import type { OperatorStates } from "./chain-state.ts";
import { blame, type CodeOwner, culpritOf, type Operator, runOwned } from "./code-owner.ts";
import { ColumnLoop } from "./column-loop.ts";
import type { TaskEmissions, TaskPause } from "./emission-desk.ts";
import type { HookCalls, Waiting } from "./hook-calls.ts";
import type { Mailbox } from "./mailbox.ts";
import { type ChannelInput, RowLoop } from "./row-loop.ts";
import type { LoopTask } from "./slot-loop.ts";
import type { SourceDriver } from "./source-driver.ts";
import { TaskClock, type WaitReason } from "./task-clock.ts";
import { userFailureText } from "./value-failure.ts";

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
  readonly emissions: TaskEmissions;
  readonly hooks: HookCalls;
  /** null for a source. */
  readonly gate: InputGate | null;
  readonly source: SourceDriver | null;
  /** null: what is under way to it is bounded by bytes alone. */
  readonly debloat: DebloatSettings | null;
  /** Of each channel of the gate. */
  readonly inputs: readonly ChannelInput[];
  report(state: TaskState): void;
  wake(): void;
};

/** A task that waits longer for one thing is named. */
export const STUCK_MS = 30_000;

export class Task implements LoopTask, CodeOwner {
  readonly parts: TaskParts;
  phase: TaskPhase = "opening";
  readonly #merger: WatermarkMerger | null;
  readonly #headKeyed: KeyedStateBackend | null;
  readonly #times: TaskClock;
  readonly #debloater: BufferDebloater | null = null;
  #openChannels: number;
  #blocks = 0;
  /** Blocks of the keyed operator itself: its record's key is still the current one (TK6). */
  #keyHolds = 0;
  /** Set by whatever wants the loop over records to stop. */
  readonly #pause: TaskPause;
  /** The watermark whose timers are firing. */
  #rising: number | null = null;
  /** What comes after that, and after the values of an unfinished record (TK5). */
  readonly #afterwards: (() => void)[] = [];
  readonly #rows: RowLoop;
  /** null: the head takes rows. */
  readonly #columns: ColumnLoop | null;
  #sourceIsIdle = false;
  #hasToldStuck = false;
  #recordsIn = 0;
  /** Called when all channels have delivered a checkpoint's barrier. */
  onBarrier: (barrier: Extract<StreamElement<unknown>, { kind: "barrier" }>, alignmentMs: number) => void = () =>
    undefined;
  #alignmentStartMs: number | null = null;
  /** Releases channels and whatever else the task holds; set by its builder. */
  onClosed: () => void = () => undefined;

  constructor(parts: TaskParts) {
    this.parts = parts;
    this.#pause = parts.emissions.pause;
    const channels = parts.gate?.channels.length ?? 0;
    this.#openChannels = channels;
    this.#merger = channels === 0 ? null : new WatermarkMerger(channels);
    this.#headKeyed = parts.states[0]?.keyed ?? null;
    this.#rows = new RowLoop(parts, this.#headKeyed);
    const head = parts.chain.links[0]?.operator;
    this.#columns = head?.processBatch === undefined ? null : new ColumnLoop(head);
    this.#times = new TaskClock(parts.clock.monotonicMs());
    const { debloat, gate } = parts;
    if (debloat !== null && gate !== null && channels > 0) {
      const nowMs = parts.clock.monotonicMs();
      this.#debloater = new BufferDebloater(debloat, channels, nowMs, (rows) => gate.allow(rows));
    }
    for (const writer of parts.chain.writers) {
      writer.onFull = () => {
        this.#pause.isSet = true;
      };
    }
  }

  get name(): string {
    return this.parts.name;
  }

  get operators(): readonly Operator[] {
    return this.parts.chain.links.map(({ context }) => context);
  }

  get isOver(): boolean {
    return this.phase === "closed";
  }

  /** A promise of an operator has to resolve before it goes on. */
  get isBlocked(): boolean {
    return this.#isActive && this.#blocks > 0;
  }

  /** What it waits for, without being blocked: what an operator asked outside. */
  get awaits(): string | null {
    return this.#isActive && this.phase !== "stopped" ? (this.parts.hooks.waiting()?.on ?? null) : null;
  }

  get stalledMs(): number {
    return this.#times.stalledMs;
  }

  get #rowsDone(): number {
    return this.#recordsIn - this.#recordsLeft;
  }

  /** Taken from the gate, but not processed yet. */
  get #recordsLeft(): number {
    return this.#columns === null ? this.#rows.left : this.#rows.left + this.#columns.left;
  }

  get #isActive(): boolean {
    return this.phase === "running" || this.phase === "ended" || this.phase === "stopped";
  }

  get #mayPoll(): boolean {
    const { source } = this.parts;
    return source !== null && this.phase === "running" && !this.#sourceIsIdle && !source.alignment.isPaused;
  }

  /**
   * A record is not complete, or a watermark's timers are firing (TK5). What was answered from outside after a stop-with-savepoint's
   * barrier is not emitted: what was asked is in the savepoint.
   */
  get #isUnfinished(): boolean {
    return this.#rising !== null || (this.parts.emissions.isPending && this.phase !== "stopped");
  }

  /** No operator's full hands stop what is unfinished (EMD3). */
  get #canGoOn(): boolean {
    const { emissions } = this.parts;
    return emissions.isPending ? emissions.canGoOn : !emissions.isHeld;
  }

  get hasWork(): boolean {
    if (!this.#isActive || this.#blocks > 0) return false;
    if (this.#isUnfinished) return this.#canGoOn && this.parts.chain.isWritable;
    if (this.parts.mailbox.hasMail(this.phase === "running")) return true;
    if (this.parts.emissions.isHeld) return false;
    if (this.#recordsLeft === 0 && !this.#mayPoll && this.parts.gate?.hasNext !== true) return false;
    return this.parts.chain.isWritable;
  }

  /** `asStopped`: what it was restored from stopped the job, so nothing is read (CC7): it only waits for `finish`. */
  start(asStopped = false): void {
    if (this.phase !== "ready") return;
    this.phase = "running";
    this.parts.report({ kind: "running" });
    if (asStopped) this.stop();
    else this.parts.source?.announce();
    this.parts.wake();
  }

  /** The source's reader has something. */
  wakeSource(): void {
    this.#sourceIsIdle = false;
    this.parts.wake();
  }

  /** `by`: the operator that asked for it; `holdsKey`: a keyed one, which waits for something of its current record (TK6). */
  blockUntil(promise: Promise<unknown>, by: Operator | null = null, holdsKey = false): void {
    const wait = by === null ? null : this.parts.hooks.enter(by, "what it handed to blockUntil");
    this.#blocks += 1;
    if (holdsKey) this.#keyHolds += 1;
    this.#pause.isSet = true;
    this.parts.source?.slowDown();
    promise.then(
      () => {
        this.#blocks -= 1;
        if (holdsKey) this.#keyHolds -= 1;
        if (wait !== null) this.parts.hooks.leave(wait);
        this.#releaseKey();
        if (this.#blocks === 0) this.parts.wake();
      },
      (error: unknown) => this.fail(by === null ? error : blame(error, by)),
    );
  }

  step(deadlineMs: number): boolean {
    if (!this.#isActive) return false;
    const { clock, chain } = this.parts;
    const beganMs = clock.monotonicMs();
    this.#times.begin(beganMs);
    this.#debloater?.begin(beganMs);
    const rowsBefore = this.#rowsDone;
    this.#pause.deadlineMs = deadlineMs;
    let worked = false;
    let reason: WaitReason | null = null;
    const advance = (): void => {
      while (reason === null) {
        reason = this.#advance(deadlineMs);
        if (reason !== null) break;
        worked = true;
        if (clock.monotonicMs() >= deadlineMs) reason = "ready";
      }
      if (this.#isActive && this.#blocks === 0 && !this.#isUnfinished && chain.flushGathered()) worked = true;
    };
    try {
      runOwned(this, advance);
    } catch (error) {
      this.fail(error);
    }
    this.#releaseKey();
    const endedMs = clock.monotonicMs();
    this.#times.end(endedMs, reason ?? "idle");
    // Blocked without a promise of its own it waits for barriers of other channels: it may not take what there is.
    const isStarved = reason === "idle" || (reason === "blocked" && this.#blocks === 0);
    this.#debloater?.end(endedMs, this.#rowsDone - rowsBefore, isStarved);
    return worked;
  }

  flush(): boolean {
    let flushed = false;
    try {
      for (const { writers, context } of this.parts.chain.links) {
        for (const ofOutput of writers) for (const writer of ofOutput) if (flushOf(writer, context)) flushed = true;
      }
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
    const watermark = this.#merger?.current ?? Number.MIN_SAFE_INTEGER;
    return {
      task: this.parts.ref,
      recordsIn: this.#recordsIn,
      recordsOut,
      bytesIn: this.parts.gate?.bytesReceived ?? 0,
      bytesOut,
      ...this.#times.takeShares(this.parts.clock.monotonicMs()),
      stuck: this.#stuck(),
      watermark: watermark === Number.MIN_SAFE_INTEGER ? null : watermark,
    };
  }

  /** What the task has been waiting for so long that somebody should look at it, or null. */
  #stuck(): Waiting | null {
    const waiting = this.parts.hooks.waiting();
    if (waiting === null || waiting.forMs < STUCK_MS) return null;
    if (!this.#hasToldStuck) this.parts.log.warn({ task: this.name, ...waiting }, "a task makes no progress");
    this.#hasToldStuck = true;
    return waiting;
  }

  /**
   * Ends the data of this task: MAX_WATERMARK has gone before. Resolves when the operators have finished (TK4): each after the ones before it have emitted all, as there
   * was room (TK7).
   */
  async endData(): Promise<void> {
    const { chain, states, hooks } = this.parts;
    for (const [index, { operator, context }] of chain.links.entries()) {
      chain.completeInput(index);
      if (states[index]?.wasFinished !== true) await hooks.call(context, "endInput", () => operator.endInput?.());
      await this.#emitted();
    }
    if (this.isOver) return;
    for (const writer of chain.writers) writer.control({ kind: "endOfData" });
    this.phase = "ended";
    this.parts.report({ kind: "endOfData" });
  }

  /** TK7. Called while the end blocks the task, which for so long it does not. */
  #emitted(): Promise<void> {
    if (!this.parts.emissions.isPending) return Promise.resolve();
    this.#blocks -= 1;
    this.parts.wake();
    return new Promise((resolve) => {
      this.#later(() => {
        this.#blocks += 1;
        resolve();
      });
    });
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
    this.parts.report({ kind: "stopped" });
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
    this.blockUntil(runOwned(this, () => this.#closeFinished(commitsItself)));
  }

  async cancel(): Promise<void> {
    if (this.isOver) return;
    this.phase = "closed";
    await this.#release();
    this.parts.report({ kind: "canceled" });
  }

  fail(error: unknown): void {
    if (this.isOver) return;
    this.phase = "closed";
    const named = this.#named(error);
    this.parts.log.warn({ task: this.parts.name, err: toErrorInfo(named) }, "task failed");
    void this.#release().then(() => this.parts.report({ kind: "failed", error: toErrorInfo(named) }));
  }

  #advance(deadlineMs: number): WaitReason | null {
    if (!this.#isActive) return "idle";
    if (this.#blocks > 0) return "blocked";
    if (this.#isUnfinished) {
      if (!this.#canGoOn || !this.parts.chain.isWritable) return "backpressured";
      this.#goOn();
      return null;
    }
    this.#pause.isSet = false;
    const { mailbox, chain, gate, emissions } = this.parts;
    const isReading = this.phase === "running";
    if (mailbox.hasMail(isReading)) {
      // What comes of it may be a barrier (COJ3), and what is gathered may find no room.
      if (!chain.flushGathered()) mailbox.runOne(isReading);
      return null;
    }
    if (emissions.isHeld || !chain.isWritable) return "backpressured";
    if (this.#recordsLeft > 0) {
      this.#process(deadlineMs);
      return null;
    }
    if (this.#mayPoll) return this.#poll();
    if (gate === null && this.parts.source?.alignment.isPaused === true) return "paused";
    if (chain.flushGathered()) return null;
    const element = gate === null ? null : gate.next();
    if (element === null) return gate?.isAligning === true ? "blocked" : "idle";
    this.#handle(element, deadlineMs);
    return null;
  }

  #poll(): WaitReason | null {
    const { source, chain } = this.parts;
    this.#sourceIsIdle = true;
    chain.checkNext();
    const result = source?.poll();
    if (result === "end") {
      chain.flushGathered();
      this.#later(() => this.blockUntil(this.endSource()));
      return null;
    }
    // `wake` may have been called while the reader was polled: then the flag is down again, and there is more.
    if (result === "more") this.#sourceIsIdle = false;
    return this.#sourceIsIdle ? "idle" : null;
  }

  #handle(element: StreamElement<unknown>, deadlineMs: number): void {
    const { gate, chain } = this.parts;
    if (gate === null || this.#merger === null) return;
    const channel = gate.lastChannel;
    switch (element.kind) {
      case "batch":
        chain.checkNext();
        this.#beginRows(element.batch, channel);
        this.#process(deadlineMs);
        return;
      case "columns":
        chain.checkNext();
        this.#beginColumns(element.batch, channel);
        this.#process(deadlineMs);
        return;
      case "watermark": {
        const merged = this.#merger.onWatermark(channel, element.timestamp);
        if (merged !== null) this.#raise(merged);
        return;
      }
      case "status":
        this.#onTimeChange(this.#merger.onStatus(channel, element.idle));
        return;
      case "barrier":
        this.#onChannelBarrier(channel, element);
        return;
      case "endOfData":
        this.#onTimeChange(this.#merger.onEnd(channel));
        this.#openChannels -= 1;
        if (this.#openChannels === 0) this.#later(() => this.blockUntil(this.endData()));
    }
  }

  #beginRows(batch: RowBatch<unknown>, channel: number): void {
    this.#recordsIn += batch.rows.length;
    const from = this.parts.inputs[channel] as ChannelInput;
    const columns = this.#columns?.takes(from.input) === true && !this.#columns.takesRows ? this.#columns : null;
    if (columns !== null) columns.beginRows(batch, from);
    else this.#rows.begin(batch, channel);
  }

  #beginColumns(batch: ColumnBatch, channel: number): void {
    const { input } = this.parts.inputs[channel] as ChannelInput;
    if (this.#columns?.takes(input) === true) {
      this.#recordsIn += batch.count;
      this.#columns.begin(batch, input);
      return;
    }
    const rows = rowsOfColumns(batch);
    batch.release();
    this.#beginRows(rows, channel);
  }

  /** Goes on with the batch that was taken from the gate. */
  #process(deadlineMs: number): void {
    if (this.#rows.left > 0) this.#rows.process(deadlineMs);
    else this.#columns?.process();
  }

  /** Goes on with what was left unfinished (TK5). */
  #goOn(): void {
    this.#pause.isSet = false;
    this.parts.emissions.goOn();
    if (this.#rising !== null) this.#rise(this.#rising);
    this.#settle();
  }

  #raise(watermark: number): void {
    this.parts.chain.beginWatermark(watermark);
    this.#rising = watermark;
    this.#rise(watermark);
  }

  #rise(watermark: number): void {
    const { chain, emissions } = this.parts;
    if (emissions.isPending || !chain.reachHead(watermark, this.mayGoOn) || emissions.isPending) return;
    this.#rising = null;
    chain.passWatermark(watermark);
  }

  /** Between two timers: false when the turn is over or there is no room for what the next one emits. */
  readonly mayGoOn = (): boolean => !this.parts.emissions.isFull(0);

  /** Does it now, or as soon as nothing is unfinished. */
  #later(action: () => void): void {
    this.#afterwards.push(action);
    this.#settle();
  }

  #settle(): void {
    while (this.#afterwards.length > 0 && !this.#isUnfinished) this.#afterwards.shift()?.();
  }

  /** The step is over, or what held the key has ended (TK6). */
  #releaseKey(): void {
    if (this.#keyHolds === 0) this.#headKeyed?.releaseCurrentKey();
  }

  #onTimeChange({ watermark, idle }: TimeChange): void {
    const { chain } = this.parts;
    if (idle === false) chain.forwardStatus(false);
    if (watermark !== null) this.#raise(watermark);
    if (idle === true) this.#later(() => chain.forwardStatus(true));
  }

  #onChannelBarrier(channel: number, barrier: Extract<StreamElement<unknown>, { kind: "barrier" }>): void {
    const nowMs = this.parts.clock.monotonicMs();
    const step = this.parts.gate?.onBarrier(channel, barrier) ?? { kind: "ignore" };
    if (step.kind === "wait") this.#alignmentStartMs ??= nowMs;
    if (step.kind !== "complete") return;
    const alignmentMs = this.#alignmentStartMs === null ? 0 : nowMs - this.#alignmentStartMs;
    this.#alignmentStartMs = null;
    this.onBarrier(step.barrier, alignmentMs);
  }

  async #closeFinished(commitsItself: boolean): Promise<void> {
    const { chain, hooks } = this.parts;
    if (commitsItself) {
      for (const { operator, context } of chain.links)
        await hooks.call(context, "prepareSnapshot", () => operator.prepareSnapshot?.(0));
      for (const { operator, context } of chain.links)
        await hooks.call(context, "onCheckpointComplete", () => operator.onCheckpointComplete?.(0));
    }
    if (this.isOver) return;
    this.phase = "closed";
    await this.#release();
    this.parts.report({ kind: "finished" });
  }

  async #release(): Promise<void> {
    this.parts.mailbox.close();
    this.parts.hooks.abandon();
    try {
      await runOwned(this, () => this.parts.chain.close(this.parts.hooks));
    } catch (error) {
      this.parts.log.warn({ task: this.parts.name, err: toErrorInfo(error) }, "closing the task's operators failed");
    }
    this.#columns?.close();
    this.parts.gate?.close();
    this.onClosed();
  }

  /** The error with the names of task, operator and uid; the head is who is called first. */
  #named(error: unknown): unknown {
    if (error instanceof AssertionFailure) return error;
    const { uid, name } = culpritOf(error) ?? this.parts.chain.links[0]?.context ?? { uid: "?", name: "?" };
    const where = `${this.parts.name}: ${name} (uid ${uid})`;
    if (!(error instanceof StreamError)) {
      return new StreamError("USER_FUNCTION_FAILED", `${where}: ${userFailureText(error)}`, { cause: error });
    }
    const { code, destiny, retryAfterMs, message } = error;
    if (message.includes(uid)) return error;
    return new StreamError(code, `${where}: ${message}`, {
      destiny,
      cause: error,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  }
}

function flushOf(writer: AnyWriter, names: Operator): boolean {
  try {
    return writer.flush();
  } catch (error) {
    throw blame(error, names);
  }
}

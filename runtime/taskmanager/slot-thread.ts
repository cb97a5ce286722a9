/**
 * Owns: the main thread's side of one slot: starts its thread, starts it again when it dies, remembers its tasks.
 *
 * STH2 What comes on the engine's own port is the engine's; what the job's code posts to its parent is ignored, and told once.
 * STH3 A thread that does not do what it is told in time, because a function of the job does not return, is ended and started anew:
 *     it gets no task again that it could not run, and burns no core (T12).
 * STH4 A thread that has closed all of the engine's ends soon, whatever timer or connection the job's code left open, which the log names.
 * STH5 A thread that dies before it has ever listened has run no code of a job, and would die again: after DEATHS_MAX such deaths in a row the slot is hopeless, and
 *     whoever runs the process has to see that.
 * STH1 A thread that dies (out of memory, a broken invariant) fails the tasks it had, not the process (ME-3).
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import {
  type Clock,
  fromErrorInfo,
  type Log,
  StreamError,
  type ThreadFigures,
  type Timer,
  toErrorInfo,
} from "../../base/index.ts";
import type { FromJobManager, TaskMetrics, TaskRef, ToJobManager } from "../rpc/index.ts";
import {
  type FromSlot,
  isTerminal,
  sameTask,
  type SegmentFigures,
  type SlotStart,
  taskText,
  type ToSlot,
} from "./slot-messages.ts";
import { STUCK_MS } from "./task.ts";

/** What a thread may take to do what it was told. Both are below what the JobManager gives a cancellation (a minute). */
export type Patience = {
  /** When it says nothing at all any more: its event loop stands still. */
  readonly silentMs: number;
  /** When it lives, but a hook of the job's does not settle. */
  readonly livingMs: number;
};

const PATIENCE: Patience = { silentMs: 30_000, livingMs: 50_000 };

export type SlotThreadOptions = {
  readonly start: SlotStart;
  /** Absent: Node's own limits. */
  readonly memory?: SlotMemory;
  readonly clock: Clock;
  readonly log: Log;
  readonly patience?: Patience;
  send(message: ToJobManager): void;
  /** The thread listens for data on a (new) port. */
  onListening(dataPort: number): void;
  onDeath(): void;
  /** STH5: no thread is started any more. */
  onHopeless(error: StreamError): void;
};

const DEATHS_MAX = 5;

/** What is known of a slot's thread. `figures` null: it has not reported yet. */
export type SlotView = {
  readonly slot: number;
  readonly silentMs: number;
  readonly tasks: number;
  readonly figures: { readonly thread: ThreadFigures; readonly segments: SegmentFigures } | null;
};

type Held = { readonly task: TaskRef; readonly epoch: number };

/** What the heap of a slot's thread may take, in MiB: `youngMiB` is beside `heapMiB`. */
export type SlotMemory = { readonly heapMiB: number; readonly youngMiB: number };

export class SlotThread {
  readonly #options: SlotThreadOptions;
  #worker: Worker;
  #port: MessagePort;
  #held: readonly Held[] = [];
  #isClosing = false;
  #droppedWaiters: (() => void)[] = [];
  #lastMetrics: readonly TaskMetrics[] = [];
  #figures: SlotView["figures"] = null;
  /** Why the thread is being ended, when it is the engine that ends it. */
  #endReason: Error | null = null;
  #isListening = false;
  /** In a row, of threads that had not listened (STH5). */
  #earlyDeaths = 0;
  #hasToldStranger = false;
  #hasToldSilence = false;
  #heardMs: number;
  readonly #watchdogs = new Set<Timer>();
  /** Since when a report of the metrics has been asked for in vain. */
  #askedMs: number | null = null;

  constructor(options: SlotThreadOptions) {
    this.#options = options;
    this.#heardMs = options.clock.monotonicMs();
    [this.#worker, this.#port] = this.#startWorker();
  }

  /** As last reported; tasks of a thread that does not answer are stuck. */
  get metrics(): readonly TaskMetrics[] {
    const silentMs = this.#askedMs === null ? 0 : this.#options.clock.monotonicMs() - this.#askedMs;
    if (silentMs < STUCK_MS) return this.#lastMetrics;
    const on = "a function of a task of its slot does not return";
    if (!this.#hasToldSilence) {
      this.#hasToldSilence = true;
      const tasks = this.#held.map(({ task }) => taskText(task));
      this.#options.log.warn({ slot: this.#options.start.slot, silentMs, tasks }, "a slot's thread does not answer");
    }
    return this.#lastMetrics.map((metrics) => ({ ...metrics, stuck: { on, forMs: silentMs } }));
  }

  /** As last reported; `silentMs`: since when a report is asked for in vain. */
  get view(): SlotView {
    const silentMs = this.#askedMs === null ? 0 : this.#options.clock.monotonicMs() - this.#askedMs;
    return { slot: this.#options.start.slot, silentMs, tasks: this.#held.length, figures: this.#figures };
  }

  post(message: ToSlot): void {
    this.#port.postMessage(message, message.kind === "peer" ? [message.port] : []);
  }

  reportMetrics(): void {
    this.#askedMs ??= this.#options.clock.monotonicMs();
    this.post({ kind: "reportMetrics" });
  }

  forward(message: FromJobManager): void {
    if (message.kind === "deploy") {
      this.#held = [...this.#held, ...message.tasks.map(({ task }) => ({ task, epoch: message.epoch }))];
    }
    this.post({ kind: "fromJobManager", message });
    if (message.kind !== "cancel") return;
    const { tasks } = message;
    const isHeld = (): boolean => this.#held.some(({ task }) => tasks.some((canceled) => sameTask(task, canceled)));
    this.#endUnless(() => !isHeld(), `did not stop ${tasks.map(taskText).join(", ")}`);
  }

  /** Resolves when no task of an older epoch runs here any more. */
  dropTasks(): Promise<void> {
    this.#held = [];
    this.#lastMetrics = [];
    let isDropped = false;
    const dropped = new Promise<void>((resolve) => {
      this.#droppedWaiters.push(() => {
        isDropped = true;
        resolve();
      });
      this.post({ kind: "dropTasks" });
    });
    this.#endUnless(() => isDropped, "did not drop its tasks");
    return dropped;
  }

  async close(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    let isOver = false;
    const ended = new Promise<void>((resolve) => {
      this.#worker.once("exit", () => {
        isOver = true;
        resolve();
      });
    });
    this.post({ kind: "close" });
    this.#endUnless(() => isOver, "did not end");
    await ended;
    for (const timer of this.#watchdogs) timer.cancel();
  }

  /** STH3: ends the thread when it has not done by then what it was told. */
  #endUnless(isDone: () => boolean, what: string): void {
    const { clock, patience = PATIENCE } = this.#options;
    const worker = this.#worker;
    const beganMs = clock.monotonicMs();
    const look = (): void => {
      if (isDone()) return;
      const waitedMs = clock.monotonicMs() - beganMs;
      const hasSpoken = this.#heardMs > beganMs + patience.silentMs / 2;
      if (hasSpoken && waitedMs < patience.livingMs) this.#lookAfter(patience.livingMs - waitedMs, look);
      else this.#end(worker, `it ${what} in ${Math.round(waitedMs)} ms`);
    };
    this.#lookAfter(patience.silentMs, look);
  }

  #lookAfter(delayMs: number, look: () => void): void {
    const timer = this.#options.clock.after(delayMs, () => {
      this.#watchdogs.delete(timer);
      look();
    });
    this.#watchdogs.add(timer);
  }

  #end(worker: Worker, reason: string): void {
    if (worker !== this.#worker) return;
    const { slot } = this.#options.start;
    this.#options.log.error({ slot, reason }, "ending a slot's thread");
    this.#endReason ??= new Error(
      `${reason}: a function of one of its tasks does not return, or a hook does not settle`,
    );
    void worker.terminate();
  }

  /** STH4 */
  #endLingering(open: readonly string[]): void {
    const { log, start } = this.#options;
    log.warn(
      { slot: start.slot, open: [...new Set(open)] },
      "the job's code left a timer or a connection open; the slot's thread is ended without it. Close it in `close`",
    );
    void this.#worker.terminate();
  }

  #startWorker(): readonly [Worker, MessagePort] {
    const { start, memory, log } = this.#options;
    const { port1, port2 } = new MessageChannel();
    const worker = new Worker(new URL("./slot-main.ts", import.meta.url), {
      workerData: { start, port: port2 },
      transferList: [port2],
      ...(memory === undefined
        ? {}
        : { resourceLimits: { maxOldGenerationSizeMb: memory.heapMiB, maxYoungGenerationSizeMb: memory.youngMiB } }),
    });
    let reason: unknown = null;
    port1.on("message", (message: FromSlot) => this.#onMessage(message));
    // STH2
    worker.on("message", (message: unknown) => {
      if (this.#hasToldStranger) return;
      this.#hasToldStranger = true;
      const text = (JSON.stringify(message) ?? String(message)).slice(0, 200);
      log.warn(
        { slot: start.slot, text },
        "the job's code posted a message to the engine's thread; it is ignored, like all others",
      );
    });
    worker.on("error", (error) => {
      reason = error;
    });
    worker.on("exit", (code) => {
      // What it said before it ended.
      for (let last = receiveMessageOnPort(port1); last !== undefined; last = receiveMessageOnPort(port1))
        this.#onMessage(last.message as FromSlot);
      port1.close();
      this.#onExit(reason ?? this.#endReason ?? new Error(`it ended with code ${code}`));
    });
    this.#endReason = null;
    this.#askedMs = null;
    this.#hasToldSilence = false;
    return [worker, port1];
  }

  #onMessage(message: FromSlot): void {
    this.#heardMs = this.#options.clock.monotonicMs();
    switch (message.kind) {
      case "listening":
        this.#earlyDeaths = 0;
        this.#isListening = true;
        this.#options.onListening(message.dataPort);
        return;
      case "toJobManager":
        this.#note(message.message);
        this.#options.send(message.message);
        return;
      case "metrics":
        this.#lastMetrics = message.metrics;
        this.#figures = { thread: message.thread, segments: message.segments };
        this.#askedMs = null;
        this.#hasToldSilence = false;
        return;
      case "dropped":
        for (const resolve of this.#droppedWaiters.splice(0)) resolve();
        return;
      case "lingering":
        this.#endLingering(message.open);
        return;
      case "broken":
        this.#options.log.error(
          { err: message.error, slot: this.#options.start.slot },
          "a slot is broken; restarting its thread",
        );
        this.#endReason = fromErrorInfo(message.error);
        void this.#worker.terminate();
    }
  }

  /** Tasks that have ended are not this thread's to fail. */
  #note(message: ToJobManager): void {
    if (message.kind !== "taskState") return;
    if (!isTerminal(message.state)) return;
    this.#held = this.#held.filter(({ task }) => !sameTask(task, message.task));
  }

  #onExit(reason: unknown): void {
    for (const resolve of this.#droppedWaiters.splice(0)) resolve();
    if (this.#isClosing) return;
    const { slot } = this.#options.start;
    const death = deathOf(slot, reason, this.#options.memory);
    const error = toErrorInfo(death);
    this.#earlyDeaths = this.#isListening ? 0 : this.#earlyDeaths + 1;
    this.#isListening = false;
    const isHopeless = this.#earlyDeaths >= DEATHS_MAX;
    if (isHopeless) this.#options.log.error({ err: error, slot }, "a slot's thread dies again and again as it starts");
    else this.#options.log.error({ err: error, slot }, "a slot's thread died; restarting it");
    const held = this.#held;
    this.#held = [];
    this.#lastMetrics = [];
    this.#figures = null;
    for (const { task, epoch } of held)
      this.#options.send({ kind: "taskState", epoch, task, state: { kind: "failed", error } });
    if (isHopeless) {
      this.#isClosing = true;
      this.#options.onHopeless(death);
      return;
    }
    [this.#worker, this.#port] = this.#startWorker();
    this.#options.onDeath();
  }
}

/** The cause as it is known; only the lack of memory is called that. */
function deathOf(slot: number, reason: unknown, memory: SlotMemory | undefined): StreamError {
  if ((reason as { code?: unknown } | null)?.code === "ERR_WORKER_OUT_OF_MEMORY") {
    const had = memory === undefined ? "" : `: it had ${memory.heapMiB} MiB, and ${memory.youngMiB} for young objects`;
    const advice =
      "raise the memory of the TaskManager (spec.taskManager.resources.limits.memory, or taskmanager.memory.slot.heap.size), give it fewer slots, or raise the parallelism";
    return new StreamError("SLOT_OUT_OF_MEMORY", `the thread of slot ${slot} ran out of heap${had}; ${advice}`, {
      cause: reason,
    });
  }
  const text = reason instanceof Error ? reason.message : String(reason);
  return new StreamError("TASK_MANAGER_LOST", `the thread of slot ${slot} died: ${text}`, { cause: reason });
}

/**
 * Owns: the main thread's side of one slot: starts its thread, starts it again when it dies, remembers its tasks.
 *
 * STH1 A thread that dies (out of memory, a broken invariant) fails the tasks it had, not the process (ME-3).
 */
import { Worker } from "node:worker_threads";
import { type Log, StreamError, toErrorInfo } from "../base/index.ts";
import type { FromJobManager, TaskMetrics, TaskRef, ToJobManager } from "../rpc/index.ts";
import { type FromSlot, isTerminal, sameTask, type SlotStart, type ToSlot } from "./slot-messages.ts";

export type SlotThreadOptions = {
  readonly start: SlotStart;
  readonly heapMb: number;
  readonly log: Log;
  send(message: ToJobManager): void;
  /** The thread listens for data on a (new) port. */
  onListening(dataPort: number): void;
  onDeath(): void;
};

type Held = { readonly task: TaskRef; readonly epoch: number };

/** The young generation of a slot: records live shortly; a larger one is collected less often (measured by bench wordcount). */
const YOUNG_GENERATION_MB = 64;

export class SlotThread {
  private readonly options: SlotThreadOptions;
  private worker: Worker;
  private held: readonly Held[] = [];
  private isClosing = false;
  private droppedWaiters: (() => void)[] = [];
  metrics: readonly TaskMetrics[] = [];

  constructor(options: SlotThreadOptions) {
    this.options = options;
    this.worker = this.startWorker();
  }

  post(message: ToSlot): void {
    this.worker.postMessage(message, message.kind === "peer" ? [message.port] : []);
  }

  forward(message: FromJobManager): void {
    if (message.kind === "deploy") {
      this.held = [...this.held, ...message.tasks.map(({ task }) => ({ task, epoch: message.epoch }))];
    }
    this.post({ kind: "fromJobManager", message });
  }

  /** Resolves when no task of an older epoch runs here any more. */
  dropTasks(): Promise<void> {
    this.held = [];
    this.metrics = [];
    return new Promise((resolve) => {
      this.droppedWaiters.push(resolve);
      this.post({ kind: "dropTasks" });
    });
  }

  async close(): Promise<void> {
    this.isClosing = true;
    const ended = new Promise<void>((resolve) => {
      this.worker.once("exit", () => resolve());
    });
    this.post({ kind: "close" });
    await ended;
  }

  private startWorker(): Worker {
    const { start, heapMb } = this.options;
    const worker = new Worker(new URL("./slot-main.ts", import.meta.url), {
      workerData: start,
      resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    let reason: unknown = new Error("the thread ended");
    worker.on("message", (message: FromSlot) => this.onMessage(message));
    worker.on("error", (error) => {
      reason = error;
    });
    worker.on("exit", () => this.onExit(reason));
    return worker;
  }

  private onMessage(message: FromSlot): void {
    switch (message.kind) {
      case "listening":
        this.options.onListening(message.dataPort);
        return;
      case "toJobManager":
        this.note(message.message);
        this.options.send(message.message);
        return;
      case "metrics":
        this.metrics = message.metrics;
        return;
      case "dropped":
        for (const resolve of this.droppedWaiters.splice(0)) resolve();
        return;
      case "broken":
        this.options.log.error(
          { err: message.error, slot: this.options.start.slot },
          "a slot is broken; its thread is started again",
        );
        void this.worker.terminate();
    }
  }

  /** Tasks that have ended are not this thread's to fail. */
  private note(message: ToJobManager): void {
    if (message.kind !== "taskState") return;
    if (!isTerminal(message.state)) return;
    this.held = this.held.filter(({ task }) => !sameTask(task, message.task));
  }

  private onExit(reason: unknown): void {
    for (const resolve of this.droppedWaiters.splice(0)) resolve();
    if (this.isClosing) return;
    const { slot } = this.options.start;
    const error = toErrorInfo(
      new StreamError(
        "TASK_MANAGER_LOST",
        `the thread of slot ${slot} died: ${reason instanceof Error ? reason.message : String(reason)}; with ERR_WORKER_OUT_OF_MEMORY give the TaskManager more memory or fewer slots`,
        { cause: reason },
      ),
    );
    this.options.log.error({ err: error, slot }, "a slot's thread died; it is started again");
    const held = this.held;
    this.held = [];
    this.metrics = [];
    for (const { task, epoch } of held)
      this.options.send({ kind: "taskState", epoch, task, state: { kind: "failed", error } });
    this.worker = this.startWorker();
    this.options.onDeath();
  }
}

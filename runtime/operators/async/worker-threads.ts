/**
 * Owns: the threads of one pool, and which of them works on what.
 * Not here: the code in a thread (worker-main.ts), time and retries (async-calls.ts).
 * Called by: worker-pool.ts.
 *
 * WTH1 A thread works on one value at a time. Others wait, in their order, and each is worked on once.
 * WTH2 A value whose call was given up is not worked on any more: it leaves the line, or its thread is ended, since nothing else stops a
 *     function that computes.
 * WTH3 A thread that ends by itself fails the call that it worked on, and no other.
 * WTH4 A thread is replaced when there is a value for the new one. When that one does not start, the value's call fails with the reason: a
 *     module that cannot be loaded is not tried for ever.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { StreamError } from "../../../base/index.ts";
import type { Counter, MetricGroup } from "../../ports/index.ts";

/** `module`: URL of what has the function. */
export type WorkerStart = { readonly module: string };

export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "answer"; readonly answer: unknown }
  | { readonly kind: "failed"; readonly error: unknown };

type Settings = WorkerStart & { readonly threads: number; readonly heapMiB: number };

/** One value, from `ask` to its answer. */
type Work = { readonly value: unknown; resolve(answer: unknown): void; reject(error: unknown): void };

type Thread = {
  readonly worker: Worker;
  readonly port: MessagePort;
  isReady: boolean;
  work: Work | null;
};

export class WorkerThreads {
  readonly #settings: Settings;
  readonly #where: string;
  readonly #replaced: Counter;
  readonly #threads = new Set<Thread>();
  readonly #waiting = new Set<Work>();
  /** Threads that this pool has begun with or replaced. */
  #started = 0;
  #isClosed = false;

  /** `where`: operator and uid, for messages. */
  constructor(settings: Settings, where: string, metrics: MetricGroup) {
    this.#settings = settings;
    this.#where = where;
    this.#replaced = metrics.counter("asyncWorkersReplaced");
    metrics.gauge("asyncWorkersBusy", () => [...this.#threads].filter(({ work }) => work !== null).length);
  }

  /** Resolves when all threads have loaded the module. Errors: ASYNC_WORKER_LOST, with the reason; no thread is left then. */
  async open(): Promise<void> {
    const ready = Array.from({ length: this.#settings.threads }, () => this.#start());
    try {
      await Promise.all(ready);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** What the function answers. Errors: what it throws; ASYNC_WORKER_LOST; VALUE_NOT_SERIALIZABLE. */
  ask(value: unknown, signal: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const work: Work = { value, resolve, reject };
      signal.addEventListener("abort", () => this.#giveUp(work), { once: true });
      this.#waiting.add(work);
      this.#next();
    });
  }

  /** Ends all threads, whatever they do. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const threads = [...this.#threads];
    this.#threads.clear();
    this.#waiting.clear();
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }

  /** WTH1, WTH4 */
  #next(): void {
    if (this.#isClosed) return;
    for (const work of this.#waiting) {
      const idle = [...this.#threads].find((thread) => thread.isReady && thread.work === null);
      if (idle === undefined) break;
      this.#waiting.delete(work);
      this.#send(idle, work);
    }
    const starting = [...this.#threads].filter(({ isReady }) => !isReady).length;
    const missing = Math.min(this.#waiting.size - starting, this.#settings.threads - this.#threads.size);
    for (let count = 0; count < missing; count++) {
      this.#replaced.inc();
      this.#start().catch((error: unknown) => this.#failNext(error));
    }
  }

  #send(thread: Thread, work: Work): void {
    try {
      thread.port.postMessage(work.value);
      thread.work = work;
    } catch (cause) {
      work.reject(
        new StreamError(
          "VALUE_NOT_SERIALIZABLE",
          `${this.#where}: the record cannot be sent to a worker thread: ${(cause as Error).message}`,
          { cause },
        ),
      );
    }
  }

  /** WTH2 */
  #giveUp(work: Work): void {
    this.#waiting.delete(work);
    for (const thread of this.#threads) {
      if (thread.work !== work) continue;
      this.#threads.delete(thread);
      void thread.worker.terminate();
    }
    // Not at once: a task that ends gives all its calls up, one after the other.
    queueMicrotask(() => this.#next());
  }

  /** WTH4 */
  #failNext(error: unknown): void {
    const [work] = this.#waiting;
    if (work === undefined) return;
    this.#waiting.delete(work);
    work.reject(error);
    this.#next();
  }

  #start(): Promise<void> {
    const { module, heapMiB } = this.#settings;
    const { port1, port2 } = new MessageChannel();
    const worker = new Worker(new URL("./worker-main.ts", import.meta.url), {
      name: `worker-${this.#started++}`,
      workerData: { module, port: port2 } satisfies WorkerStart & { port: MessagePort },
      transferList: [port2],
      resourceLimits: { maxOldGenerationSizeMb: heapMiB },
    });
    const thread: Thread = { worker, port: port1, isReady: false, work: null };
    this.#threads.add(thread);
    return new Promise((resolve, reject) => {
      let reason: unknown = null;
      port1.on("message", (message: FromWorker) => {
        if (message.kind === "ready") resolve();
        this.#onMessage(thread, message);
      });
      worker.on("error", (error) => {
        reason = error;
      });
      worker.on("exit", (code) => {
        // What it said before it ended.
        for (let last = receiveMessageOnPort(port1); last !== undefined; last = receiveMessageOnPort(port1))
          this.#onMessage(thread, last.message as FromWorker);
        port1.close();
        const error = this.#lost(thread, reason, code);
        reject(error);
        this.#onExit(thread, error);
      });
    });
  }

  #onMessage(thread: Thread, message: FromWorker): void {
    const { work } = thread;
    thread.isReady = true;
    thread.work = null;
    if (message.kind === "answer") work?.resolve(message.answer);
    else if (message.kind === "failed") work?.reject(message.error);
    this.#next();
  }

  /** WTH3 */
  #onExit(thread: Thread, error: StreamError): void {
    // Ended by the pool, which has forgotten it before.
    if (!this.#threads.delete(thread)) return;
    thread.work?.reject(error);
    if (thread.isReady) this.#next();
  }

  #lost(thread: Thread, reason: unknown, code: number): StreamError {
    const { module } = this.#settings;
    const text = reason === null ? `it ended with code ${code}` : ((reason as Error).message ?? String(reason));
    const doing = thread.isReady
      ? "a worker thread was lost while it worked on a record"
      : "a worker thread did not start";
    return new StreamError("ASYNC_WORKER_LOST", `${this.#where}: ${doing}: ${text} (module ${module})`, {
      cause: reason,
    });
  }
}

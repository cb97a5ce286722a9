/**
 * Owns: the function for `mapAsync` that has its work done by threads: its options, checked.
 * Not here: the threads (worker-threads.ts).
 */
import { StreamError } from "../../../base/index.ts";
import type { AsyncFunction } from "../../ports/index.ts";
import { WorkerThreads } from "./worker-threads.ts";

export type WorkerPoolOptions = {
  /**
   * A module whose default export is the function, `(value) => result` or async: `new URL("./hash.ts", import.meta.url)`. Values and results are
   * copied (structured clone).
   */
  readonly worker: URL;
  /** Threads of each subtask, each with one call at a time. Default 1. */
  readonly threads?: number;
  /** The heap of each thread; one that needs more is lost, and replaced. Default 256. */
  readonly heapMiB?: number;
};

const HEAP_MIB = 256;

/**
 * For `mapAsync` and `flatMapAsync`: calls the function of a module in worker threads, which may compute without holding the slot up. Errors:
 * OPTION_INVALID; ASYNC_WORKER_LOST where the module cannot be loaded, and of a call whose thread has ended.
 */
export function workerPool<I, R>(options: WorkerPoolOptions): AsyncFunction<I, R, object> {
  const { worker, threads = 1, heapMiB = HEAP_MIB } = options;
  if (!(worker instanceof URL))
    throw refused(`worker is ${String(worker)}; give new URL("./module.ts", import.meta.url)`);
  if (worker.protocol !== "file:" && worker.protocol !== "data:")
    throw refused(`worker is ${worker.href}; give the URL of a file`);
  for (const [name, value] of Object.entries({ threads, heapMiB }))
    if (!Number.isSafeInteger(value) || value < 1)
      throw refused(`${name} is ${String(value)}; give a whole number, 1 or more`);
  // What it opens is nobody else's business, so it is an object in the signature.
  const threaded: AsyncFunction<I, R, WorkerThreads> = {
    async open({ name, uid, metrics }) {
      const pool = new WorkerThreads({ module: worker.href, threads, heapMiB }, `${name} (uid ${uid})`, metrics);
      await pool.open();
      return pool;
    },
    invoke: (value, { resource, signal }) => resource.ask(value, signal) as Promise<R>,
    close: (pool) => pool.close(),
  };
  return threaded as AsyncFunction<I, R, unknown> as AsyncFunction<I, R, object>;
}

function refused(message: string): StreamError {
  return new StreamError("OPTION_INVALID", `workerPool: ${message}`, { destiny: "terminal" });
}

/**
 * Owns: getting lines from a task's thread to the process's stdout.
 * Called by: sink.ts, one per subtask.
 *
 * SL1 A line is never torn by one of another thread of this process, however long it is: a lock of all threads is held while the
 *     lines of one are written. (A pipe keeps only writes of up to 4096 bytes together. Another process that writes to the
 *     same pipe can still tear longer lines.)
 * SL2 The thread is never blocked: a stdout that nobody reads holds up the writes, then by a promise the task; while it waits,
 *     the task can be cancelled. So it is written by the thread pool, not by writeSync; and not by the worker's process.stdout,
 *     whose lines the main thread writes some time later: they would be lost with the process after they counted as flushed.
 * SL3 `written` resolves when all that was added is out; it rejects, as does `add`, when stdout is closed.
 */
import { write } from "node:fs";
import { locks } from "node:worker_threads";
import { type Clock, sleep, StreamError } from "../../base/index.ts";

const STDOUT = 1;
const LOCK = "streamjob stdout";
/** More than this waiting holds back the task. */
const WAITING_CHARS_MAX = 64 << 10;
/** The longest wait of a pipe that is full. */
const RETRY_MS_MAX = 50;

/** A bounded queue of lines in front of stdout. */
export class StdoutLines {
  readonly #name: string;
  readonly #clock: Clock;
  #lines: string[] = [];
  #waitingChars = 0;
  #writing: Promise<void> | null = null;
  #failure: StreamError | null = null;
  readonly #abandon = new AbortController();

  constructor(name: string, clock: Clock) {
    this.#name = name;
    this.#clock = clock;
  }

  /** `line` has its line end. A promise holds back the next one. */
  add(line: string): void | Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    this.#lines.push(line);
    this.#waitingChars += line.length;
    this.#writing ??= this.#write();
    if (this.#waitingChars > WAITING_CHARS_MAX) return this.written();
  }

  async written(): Promise<void> {
    await this.#writing;
    if (this.#failure !== null) throw this.#failure;
  }

  /** Drops what has not been written: a graceful end has flushed before. */
  async close(): Promise<void> {
    this.#lines = [];
    this.#abandon.abort();
    await this.#writing;
  }

  /** Writes until nothing is waiting; never rejects. */
  async #write(): Promise<void> {
    // Waiting for the lock does not keep a thread alive by itself; a timer does.
    const alive = this.#clock.after(Number.MAX_SAFE_INTEGER, () => undefined);
    try {
      while (this.#lines.length > 0) {
        await locks.request(LOCK, { signal: this.#abandon.signal }, async () => {
          const text = this.#lines.join("");
          this.#lines = [];
          this.#waitingChars = 0;
          await this.#writeAll(Buffer.from(text));
        });
      }
    } catch (error) {
      if (!this.#abandon.signal.aborted) this.#failure = this.#failed(error);
    }
    alive.cancel();
    this.#writing = null;
  }

  async #writeAll(bytes: Buffer): Promise<void> {
    let delayMs = 1;
    for (let offset = 0; offset < bytes.length && !this.#abandon.signal.aborted; ) {
      const written = await writeSome(bytes.subarray(offset));
      offset += written;
      // A full pipe that does not block says so instead; there is no way to be called when it has room.
      delayMs = written > 0 ? 1 : Math.min(RETRY_MS_MAX, delayMs * 2);
      if (written === 0) await sleep(this.#clock, delayMs);
    }
  }

  #failed(cause: unknown): StreamError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const advice = "keep the reader of the TaskManager's stdout running, or send its output to a file";
    return new StreamError("SINK_FAILED", `sink ${this.#name}: cannot write to stdout: ${reason}; ${advice}`, {
      cause,
    });
  }
}

/** Bytes written; 0 when there is no room now. */
function writeSome(bytes: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    write(STDOUT, bytes, 0, bytes.length, null, (error, written) => {
      if (error === null) resolve(written);
      else if (error.code === "EAGAIN" || error.code === "EINTR") resolve(0);
      else reject(error);
    });
  });
}

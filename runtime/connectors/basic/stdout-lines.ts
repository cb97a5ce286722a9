/**
 * Owns: getting lines from a task's thread to the process's stdout.
 * Called by: sink.ts, one per subtask.
 *
 * SL1 A line of up to 4096 bytes is never torn by one of another thread or process: what a pipe takes in one write of that size
 *     stays together, and writes are cut at ends of lines. A longer line may be torn by another subtask's. (The locks that
 *     Node has for threads would keep longer ones together, but were seen to be given twice, and to be given to nobody.)
 * SL2 The thread is never blocked: a stdout that nobody reads holds up the writes, then by a promise the task; while it waits,
 *     the task can be cancelled. So it is written by the thread pool, not by writeSync; and not by the worker's process.stdout,
 *     whose lines the main thread writes some time later: they would be lost with the process after they counted as flushed.
 * SL3 `written` resolves when all that was added is out; it rejects, as does `add`, when stdout is closed.
 */
import { write } from "node:fs";
import { type Clock, sleep, StreamError } from "../../../base/index.ts";

const STDOUT = 1;
/** PIPE_BUF of Linux: the most that a pipe takes whole. */
const WHOLE_BYTES_MAX = 4096;
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
  #isAbandoned = false;

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
    this.#isAbandoned = true;
    await this.#writing;
  }

  /** Writes until nothing is waiting; never rejects. */
  async #write(): Promise<void> {
    // Not in the turn of the first line: the lines of one turn go out together.
    await Promise.resolve();
    try {
      while (this.#lines.length > 0) {
        const lines = this.#lines;
        this.#lines = [];
        this.#waitingChars = 0;
        for (const piece of wholeLines(lines)) await this.#writeAll(piece);
      }
    } catch (error) {
      if (!this.#isAbandoned) this.#failure = this.#failed(error);
    }
    this.#writing = null;
  }

  async #writeAll(bytes: Buffer): Promise<void> {
    let delayMs = 1;
    for (let offset = 0; offset < bytes.length && !this.#isAbandoned; ) {
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

/** Lines in pieces that a pipe takes whole; a longer line is a piece of its own. */
function wholeLines(lines: readonly string[]): Buffer[] {
  const pieces: Buffer[] = [];
  let gathered: Buffer[] = [];
  let bytes = 0;
  for (const line of lines) {
    const encoded = Buffer.from(line);
    if (bytes > 0 && bytes + encoded.length > WHOLE_BYTES_MAX) {
      pieces.push(Buffer.concat(gathered));
      gathered = [];
      bytes = 0;
    }
    gathered.push(encoded);
    bytes += encoded.length;
  }
  if (bytes > 0) pieces.push(Buffer.concat(gathered));
  return pieces;
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

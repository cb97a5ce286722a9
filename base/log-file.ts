/**
 * Owns: bytes that are added to a file, or to a stream of this process, and that nobody may fail for: logs.
 * Called by: log.ts, the kubelet (what containers write), the runner (what its processes write).
 *
 * LOF1 Nothing here throws. What cannot be written is lost; the next write tries again, and says first how much was lost and why.
 * LOF2 A full file is renamed to the first of `older`, that one to the next, and the last one goes: the newest keeps its name.
 * LOF3 A file is its owner's alone, and is never made again in a folder that has gone.
 */
import { closeSync, existsSync, fchmodSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { PRIVATE_FILE, PRIVATE_FOLDER } from "./private-files.ts";

/** What an outage is told with, in the log itself: a line, with its end. */
export type GapLine = (bytes: number, reason: string) => string;

export type LogFileOptions = {
  readonly path: string;
  /** It is rolled before a write that finds it at least so large. */
  readonly bytesMax: number;
  /** Paths of the files before it, the newest first. */
  readonly older: readonly string[];
  /** True: what is there is kept. */
  readonly isContinued: boolean;
  /** Told once in each outage. It must not throw. */
  readonly onTrouble?: (error: unknown) => void;
  readonly gapLine?: GapLine;
};

const plainGap: GapLine = (bytes, reason) => `[streamjob] ${bytes} bytes of this log were lost: ${reason}\n`;

/** The paths `<path>.1`, `<path>.2` …, for LogFileOptions. */
export function numberedPaths(path: string, count: number): string[] {
  return Array.from({ length: count }, (_none, index) => `${path}.${index + 1}`);
}

/** Since when bytes are lost. */
type Outage = { readonly reason: string; bytes: number };

class LossyWriter {
  readonly #onTrouble: (error: unknown) => void;
  readonly #gapLine: GapLine;
  #outage: Outage | null = null;
  /** The last thing that was written is a part of a piece. */
  #isTorn = false;

  constructor(onTrouble: (error: unknown) => void, gapLine: GapLine) {
    this.#onTrouble = onTrouble;
    this.#gapLine = gapLine;
  }

  /** `write` writes what it is given, and waits for a reader that is slow if `mayWait`: not for one that has failed to read before. */
  write(piece: Uint8Array, write: (bytes: Uint8Array, mayWait: boolean) => void): void {
    try {
      if (this.#outage !== null) {
        const { bytes, reason } = this.#outage;
        write(Buffer.from(`${this.#isTorn ? "\n" : ""}${this.#gapLine(bytes, reason)}`), false);
        this.#outage = null;
        this.#isTorn = false;
      }
      write(piece, true);
    } catch (error) {
      this.lost(piece.length, error);
    }
  }

  torn(): void {
    this.#isTorn = true;
  }

  lost(bytes: number, error: unknown): void {
    if (this.#outage !== null) {
      this.#outage.bytes += bytes;
      return;
    }
    this.#outage = { bytes, reason: error instanceof Error ? error.message : String(error) };
    this.#onTrouble(error);
  }
}

export class LogFile {
  readonly #options: LogFileOptions;
  readonly #writer: LossyWriter;
  #file: number | null = null;
  #bytes = 0;
  #isClosed = false;

  /** Makes the file, and its folder. */
  constructor(options: LogFileOptions) {
    this.#options = options;
    this.#writer = new LossyWriter(options.onTrouble ?? (() => undefined), options.gapLine ?? plainGap);
    try {
      // A folder that is there is not ours to close: it may be anybody's.
      mkdirSync(dirname(options.path), { recursive: true, mode: PRIVATE_FOLDER });
      this.#open(options.isContinued ? "a" : "w");
    } catch (error) {
      this.#writer.lost(0, error);
    }
  }

  write(piece: Uint8Array): void {
    if (this.#isClosed) return;
    this.#writer.write(piece, (bytes) => this.#add(bytes));
  }

  /** Nothing is written after it. */
  close(): void {
    this.#isClosed = true;
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }

  #add(bytes: Uint8Array): void {
    if (this.#file !== null && this.#bytes >= this.#options.bytesMax) this.#roll(this.#file);
    const file = this.#file ?? this.#open("a");
    const before = this.#bytes;
    try {
      writeAll(file, bytes, (written) => (this.#bytes += written));
    } catch (error) {
      if (this.#bytes > before) this.#writer.torn();
      throw error;
    }
  }

  #open(flags: "a" | "w"): number {
    const file = openSync(this.#options.path, flags, PRIVATE_FILE);
    try {
      const stats = fstatSync(file);
      if (stats.isFile() && (stats.mode & 0o077) !== 0) fchmodSync(file, PRIVATE_FILE);
      this.#bytes = stats.size;
    } catch (error) {
      closeSync(file);
      throw error;
    }
    this.#file = file;
    return file;
  }

  /** LOF2 */
  #roll(file: number): void {
    const { path, older } = this.#options;
    try {
      const paths = [path, ...older];
      for (let index = older.length - 1; index >= 0; index--) {
        const from = paths[index] as string;
        if (existsSync(from)) renameSync(from, paths[index + 1] as string);
      }
    } catch (error) {
      // It grows on, since what it says is worth more than its size; tried again when it has grown as far again.
      this.#bytes = 0;
      this.#options.onTrouble?.(error);
      return;
    }
    closeSync(file);
    this.#file = null;
    this.#open("w");
  }
}

/** A stream of this process, by its number. */
export class LogStream {
  readonly #descriptor: number;
  readonly #writer: LossyWriter;

  constructor(descriptor: number, gapLine: GapLine) {
    this.#descriptor = descriptor;
    this.#writer = new LossyWriter(() => undefined, gapLine);
  }

  write(piece: Uint8Array): void {
    this.#writer.write(piece, (bytes, mayWait) => {
      let total = 0;
      try {
        writeAll(this.#descriptor, bytes, (written) => (total += written), mayWait);
      } catch (error) {
        if (total > 0) this.#writer.torn();
        throw error;
      }
    });
  }
}

const BUSY_WAIT_MS = 5;
/** Waits, about a second together: a reader that takes nothing meanwhile has stopped, and a log holds up nobody for ever. */
const BUSY_LIMIT = 200;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

function writeAll(file: number, bytes: Uint8Array, onWritten: (bytes: number) => void, mayWait = true): void {
  for (let at = 0, busy = 0; at < bytes.length; ) {
    try {
      const written = writeSync(file, bytes, at);
      at += written;
      busy = 0;
      onWritten(written);
    } catch (error) {
      // A pipe that others set to not blocking, and that is full.
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "EAGAIN" || !mayWait || ++busy > BUSY_LIMIT) throw error;
      Atomics.wait(sleeper, 0, 0, BUSY_WAIT_MS);
    }
  }
}

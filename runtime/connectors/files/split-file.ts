/**
 * Owns: opening the file of a split, what is wrong with one, and a block of its lines.
 * Called by: read-ahead.ts, packed-reading.ts.
 *
 * SF1 A file that has gone, has become shorter, or is another one (TD4) is never read on: its lines would be others.
 * SF2 Bytes that are no UTF-8 are seen: said once for each split, or refused (`invalidUtf8`).
 */
import { isAscii, isUtf8 } from "node:buffer";
import { type FileHandle, open } from "node:fs/promises";
import { type Log, StreamError } from "../../../base/index.ts";
import { headBytes, headDigest, type TextFileSplit } from "./discovery.ts";

/** The lines in `bytes` from `begin` to `end`; the first lies at `position` in the file's text. */
export type LineBlock = {
  readonly bytes: Buffer;
  readonly begin: number;
  readonly end: number;
  readonly position: number;
  readonly isAscii: boolean;
  /** No line of the split comes after it. */
  readonly isLast: boolean;
};

export type ReadingOptions = {
  /** The source's, for messages. */
  readonly name: string;
  readonly log: Log;
  readonly lineBytesMax: number;
  /** How much is read at a time. Default 256 KiB. */
  readonly chunkBytes?: number | undefined;
  /** What to do about bytes that are no UTF-8. */
  readonly invalidUtf8: "replace" | "fail";
};

/** One split while it is read. After the last block `next` is not called any more. */
export interface SplitReading {
  next(): Promise<LineBlock>;
  close(): Promise<void>;
}

export const CHUNK_BYTES = 256 << 10;
export const NEWLINE = 0x0a;
export const NO_BYTES = Buffer.alloc(0);

/** What both kinds of reading know of their split. */
export class SplitFile {
  readonly split: TextFileSplit;
  readonly #options: ReadingOptions;
  #hasWarned = false;

  constructor(split: TextFileSplit, options: ReadingOptions) {
    this.split = split;
    this.#options = options;
  }

  async open(): Promise<FileHandle> {
    const { path, size } = this.split;
    const handle = await open(path, "r").catch((error: unknown) => {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") {
        throw this.failed(
          `it is not there; it was, with ${size} bytes, when the job started. Put it back (on every machine that reads), ` +
            "or start the job without its state",
          error,
        );
      }
      throw this.failed(`${messageOf(error)}; give this process the right to read it`, error);
    });
    try {
      const length = (await handle.stat()).size;
      if (length < size) throw this.tooShort(length);
      await this.#assertSame(handle);
      return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** A block of `bytes` from `begin` to `end`; `position` is that of the first of them. */
  block(bytes: Buffer, range: readonly [number, number], position: number, isLast: boolean): LineBlock {
    const [begin, end] = range;
    const text = bytes.subarray(begin, end);
    const ascii = isAscii(text);
    if (!ascii && !isUtf8(text)) this.#sayInvalid(text, position);
    return { bytes, begin, end, position, isAscii: ascii, isLast };
  }

  tooShort(length: number): StreamError {
    return this.failed(
      `it has ${length} bytes, but had ${this.split.size} when the job started. Put the old contents back, ` +
        "or start the job without its state",
    );
  }

  /** `begin`: where the line begins in the text. */
  lineTooLong(begin: number): StreamError {
    const bounds = `the line at byte ${begin} is longer than ${this.#options.lineBytesMax} bytes`;
    return this.failed(`${bounds}; is it a text file? If so, raise lineBytesMax`, undefined, "terminal");
  }

  failed(problem: string, cause?: unknown, destiny: "retry" | "terminal" = "retry"): StreamError {
    const message = `source ${this.#options.name}: cannot read ${this.split.path}: ${problem}`;
    return new StreamError("SOURCE_FAILED", message, { destiny, cause });
  }

  async #assertSame(handle: FileHandle): Promise<void> {
    const { head, size } = this.split;
    if (head === undefined) return;
    const wanted = headBytes(size);
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(wanted), 0, wanted, 0);
    if (bytesRead === wanted && headDigest(buffer) === head) return;
    throw this.failed(
      "it is another file than when the job started: it begins with other bytes. Put the old one back, " +
        "or start the job without its state",
    );
  }

  #sayInvalid(text: Buffer, position: number): void {
    const { invalidUtf8, log, name } = this.#options;
    if (invalidUtf8 === "replace" && this.#hasWarned) return;
    this.#hasWarned = true;
    const at = position + firstInvalidLine(text);
    if (invalidUtf8 === "fail") {
      throw this.failed(
        `the line at byte ${at} is not UTF-8; convert the file to UTF-8, or set invalidUtf8: "replace"`,
        undefined,
        "terminal",
      );
    }
    log.warn(
      { operator: name, path: this.split.path, byte: at },
      'a line is not UTF-8: its wrong bytes become U+FFFD; invalidUtf8: "fail" would refuse it. Said once for each split',
    );
  }
}

function firstInvalidLine(text: Buffer): number {
  for (let begin = 0; ; ) {
    const newline = text.indexOf(NEWLINE, begin);
    if (newline === -1 || !isUtf8(text.subarray(begin, newline))) return begin;
    begin = newline + 1;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

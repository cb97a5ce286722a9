/**
 * Owns: reading splits of text files ahead of the task, in blocks of whole lines.
 * Called by: source.ts.
 *
 * RAH1 The blocks of a split hold exactly the lines that begin in it, from its position on, cut at line ends before anything is
 *     decoded: a character is never torn. They come in order; the last one of each split says so and may be empty.
 * RAH2 At most about QUEUE_BYTES_MAX + SPLITS_AHEAD × CHUNK_BYTES are in memory, besides one line that is longer than a chunk.
 * RAH3 The first chunks of the next few splits are read together: many small files would otherwise cost one wait each.
 */
import type { FileHandle } from "node:fs/promises";
import { assert, type StreamError } from "../../../base/index.ts";
import type { TextFileSplit } from "./discovery.ts";
import { PackedReading } from "./packed-reading.ts";
import {
  CHUNK_BYTES,
  type LineBlock,
  messageOf,
  NEWLINE,
  NO_BYTES,
  type ReadingOptions,
  SplitFile,
  type SplitReading,
} from "./split-file.ts";

export type ReadAheadOptions = ReadingOptions & {
  /** Called when there is a block after `take` gave none. */
  readonly wake: () => void;
};

/** Read beyond a split's end at a time, for the end of its last line. */
const TAIL_BYTES = 4 << 10;
const QUEUE_BYTES_MAX = 1 << 20;
/** An empty or short block is not free either. */
const BLOCK_OVERHEAD_BYTES = 1 << 10;
const SPLITS_AHEAD = 4;

/** Reads the splits one after the other in the background. */
export class ReadAhead {
  /** Not opened yet. */
  readonly #waiting: TextFileSplit[];
  readonly #options: ReadAheadOptions;
  readonly #queue: LineBlock[] = [];
  #queuedBytes = 0;
  #isStarving = false;
  #isClosed = false;
  #failure: { readonly error: unknown } | null = null;
  #roomMade: (() => void) | null = null;
  #running: Promise<void> = Promise.resolve();
  #isRunning = false;

  constructor(splits: readonly TextFileSplit[], options: ReadAheadOptions) {
    this.#waiting = [...splits];
    this.#options = options;
  }

  start(): void {
    this.#isRunning = true;
    this.#running = this.#run().catch((error: unknown) => {
      this.#failure = { error };
      this.#options.wake();
    });
  }

  /** More to read, behind what there is. */
  add(splits: readonly TextFileSplit[]): void {
    this.#waiting.push(...splits);
    if (!this.#isRunning && !this.#isClosed && this.#failure === null) this.start();
  }

  /** The next block, or null when it is not there yet or there are no more. Throws SOURCE_FAILED after the blocks before it. */
  take(): LineBlock | null {
    const block = this.#queue.shift();
    if (block === undefined) {
      if (this.#failure !== null) throw this.#failure.error;
      this.#isStarving = true;
      return null;
    }
    this.#queuedBytes -= block.bytes.length + BLOCK_OVERHEAD_BYTES;
    if (this.#queuedBytes < QUEUE_BYTES_MAX) this.#roomMade?.();
    return block;
  }

  /** Stops reading and closes the files. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#roomMade?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    const ahead: { readonly reading: SplitReading; readonly first: Promise<LineBlock> }[] = [];
    try {
      for (;;) {
        for (let next; ahead.length < SPLITS_AHEAD && (next = this.#waiting.shift()) !== undefined; ) {
          const reading = readingOf(next, this.#options);
          const first = reading.next();
          first.catch(() => undefined); // Seen when its turn comes.
          ahead.push({ reading, first });
        }
        const current = ahead[0];
        if (current === undefined) {
          this.#isRunning = false;
          return;
        }
        for (let block = await current.first; ; block = await current.reading.next()) {
          await this.#push(block);
          if (this.#isClosed) return;
          if (block.isLast) break;
        }
        ahead.shift();
        await current.reading.close();
      }
    } finally {
      for (const { reading, first } of ahead) {
        await first.catch(() => undefined);
        await reading.close();
      }
    }
  }

  async #push(block: LineBlock): Promise<void> {
    this.#queue.push(block);
    this.#queuedBytes += block.bytes.length + BLOCK_OVERHEAD_BYTES;
    if (this.#isStarving) {
      this.#isStarving = false;
      this.#options.wake();
    }
    while (this.#queuedBytes >= QUEUE_BYTES_MAX && !this.#isClosed) {
      await new Promise<void>((resolve) => {
        this.#roomMade = resolve;
      });
      this.#roomMade = null;
    }
  }
}

function readingOf(split: TextFileSplit, options: ReadingOptions): SplitReading {
  const { packing } = split;
  return packing === undefined ? new PlainReading(split, options) : new PackedReading({ ...split, packing }, options);
}

/** One split of a file whose bytes are its text. */
class PlainReading implements SplitReading {
  readonly #file: SplitFile;
  readonly #split: TextFileSplit;
  readonly #options: ReadingOptions;
  #handle: FileHandle | null = null;
  /** The place in the file up to which it is read. */
  #readTo: number;
  /** The beginning of a line whose end is not read yet. */
  #carry: Buffer = NO_BYTES;
  /** A line that began in the split before is still going on. */
  #isSkipping: boolean;

  constructor(split: TextFileSplit, options: ReadingOptions) {
    this.#file = new SplitFile(split, options);
    this.#split = split;
    this.#options = options;
    // The byte before tells whether a line begins at the split's start.
    this.#isSkipping = split.position === split.start && split.start > 0;
    this.#readTo = this.#isSkipping ? split.start - 1 : split.position;
  }

  async next(): Promise<LineBlock> {
    this.#handle ??= await this.#file.open();
    for (;;) {
      const bytes = await this.#read(this.#handle);
      const block = this.#cut(bytes);
      if (block !== null) return block;
    }
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = null;
  }

  /** The lines that are complete in `bytes`, which ends at `#readTo`; null when there is none yet. */
  #cut(bytes: Buffer): LineBlock | null {
    const { end, size } = this.#split;
    const place = this.#readTo - bytes.length;
    let begin = 0;
    if (this.#isSkipping) {
      begin = bytes.indexOf(NEWLINE) + 1;
      if (begin === 0 && this.#readTo < size) return null;
      this.#isSkipping = false;
      if (begin === 0 || place + begin >= end) return this.#file.block(bytes, [bytes.length, bytes.length], end, true);
    }
    if (this.#readTo >= end) {
      const lastNewline = bytes.indexOf(NEWLINE, Math.max(begin, end - 1 - place));
      if (lastNewline !== -1) return this.#file.block(bytes, [begin, lastNewline + 1], place + begin, true);
      if (this.#readTo === size) return this.#file.block(bytes, [begin, bytes.length], place + begin, true);
    }
    const complete = bytes.lastIndexOf(NEWLINE) + 1;
    this.#carry = bytes.subarray(Math.max(complete, begin));
    if (this.#carry.length > this.#options.lineBytesMax) throw this.#lineTooLong();
    return complete > begin ? this.#file.block(bytes, [begin, complete], place + begin, false) : null;
  }

  /** The carried bytes and what follows them; at least as much as is carried, so that a long line is not copied for ever. */
  async #read(handle: FileHandle): Promise<Buffer> {
    const { end, path, size } = this.#split;
    const carry = this.#carry;
    const chunkBytes = this.#options.chunkBytes ?? CHUNK_BYTES;
    const span = Math.min(chunkBytes, Math.max(0, end - this.#readTo) + TAIL_BYTES);
    const wanted = Math.min(Math.max(span, carry.length), size - this.#readTo);
    assert(wanted > 0, `nothing left to read of ${path} at ${this.#readTo}`);
    const bytes = Buffer.allocUnsafeSlow(carry.length + wanted);
    carry.copy(bytes);
    this.#carry = NO_BYTES;
    for (let filled = carry.length; filled < bytes.length; ) {
      const { bytesRead } = await handle
        .read(bytes, filled, bytes.length - filled, this.#readTo)
        .catch((error: unknown) => {
          throw this.#file.failed(`${messageOf(error)}; check the disk`, error);
        });
      if (bytesRead === 0) throw this.#file.tooShort(this.#readTo);
      filled += bytesRead;
      this.#readTo += bytesRead;
    }
    return bytes;
  }

  #lineTooLong(): StreamError {
    return this.#file.lineTooLong(this.#readTo - this.#carry.length);
  }
}

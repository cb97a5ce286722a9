/**
 * Owns: reading the one split of a packed file: unpacked as a stream, in blocks of whole lines.
 * Called by: read-ahead.ts.
 *
 * PR1 Positions are places in the text. Nothing can be unpacked from its middle: a restore unpacks from the beginning and
 *     skips what was read before, byte for byte.
 * PR2 A few chunks are in memory at a time, however large the text: the next is unpacked when it is asked for.
 * PR3 A file whose data end early, are damaged, or are followed by something else fails the job for good with its path.
 *     (Damage is seen as far as the format checks its data: gzip and deflate always, zstd where its writer added a checksum.)
 *     gzip members and zstd frames that follow each other are one text; zeros after the last gzip member are padding.
 */
import type { FileHandle } from "node:fs/promises";
import type { Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from "node:zlib";
import { assert, StreamError } from "../../../base/index.ts";
import type { TextFileSplit } from "./discovery.ts";
import type { Packing } from "./packing.ts";
import {
  CHUNK_BYTES,
  type LineBlock,
  messageOf,
  NEWLINE,
  type ReadingOptions,
  SplitFile,
  type SplitReading,
} from "./split-file.ts";

/** Counts what it has consumed. */
type Unpacker = Transform & { readonly bytesWritten: number };

const unpackers: Readonly<Record<Packing, (options: { readonly chunkSize: number }) => Unpacker>> = {
  gzip: createGunzip,
  zstd: createZstdDecompress,
  brotli: createBrotliDecompress,
  deflate: createInflate,
};

/** How much packed is read at a time. */
const PACKED_BYTES = 64 << 10;
/** The smallest buffer that zlib unpacks into. */
const UNPACKED_BYTES_MIN = 64;

export class PackedReading implements SplitReading {
  readonly #file: SplitFile;
  readonly #packing: Packing;
  readonly #options: ReadingOptions;
  #handle: FileHandle | null = null;
  #text: AsyncGenerator<Buffer, void> | null = null;
  /** The place in the text up to which it is unpacked. */
  #unpackedTo = 0;
  /** The beginning of a line whose end is not unpacked yet, in pieces, so that a long line is not copied for each of them. */
  readonly #carry: Buffer[] = [];
  #carryBytes = 0;

  constructor(split: TextFileSplit & { readonly packing: Packing }, options: ReadingOptions) {
    this.#file = new SplitFile(split, options);
    this.#packing = split.packing;
    this.#options = options;
  }

  async next(): Promise<LineBlock> {
    this.#handle ??= await this.#file.open();
    this.#text ??= this.#unpack(this.#handle);
    const { position: restored } = this.#file.split;
    for (;;) {
      const { value: unpacked, done } = await this.#text.next();
      if (done === true) return this.#last();
      const skipped = Math.min(unpacked.length, Math.max(0, restored - this.#unpackedTo));
      this.#unpackedTo += unpacked.length;
      const fresh = unpacked.subarray(skipped);
      const complete = fresh.lastIndexOf(NEWLINE) + 1;
      const position = this.#unpackedTo - fresh.length - this.#carryBytes;
      const text = complete === 0 ? null : this.#takeCarry(fresh.subarray(0, complete));
      this.#carry.push(fresh.subarray(complete));
      this.#carryBytes += fresh.length - complete;
      if (this.#carryBytes > this.#options.lineBytesMax) {
        throw this.#file.lineTooLong(this.#unpackedTo - this.#carryBytes);
      }
      if (text !== null) return this.#file.block(text, [0, text.length], position, false);
    }
  }

  async close(): Promise<void> {
    await this.#text?.return();
    await this.#handle?.close();
    this.#handle = null;
  }

  /** The last line, when it has no line end, or nothing. */
  #last(): LineBlock {
    const { position } = this.#file.split;
    if (this.#unpackedTo < position) {
      throw this.#file.failed(
        `it holds ${this.#unpackedTo} bytes of text, but ${position} were read before. Put the old contents back, ` +
          "or start the job without its state",
      );
    }
    const bytes = this.#takeCarry();
    return this.#file.block(bytes, [0, bytes.length], this.#unpackedTo - bytes.length, true);
  }

  /** What is carried, with what follows it. */
  #takeCarry(...following: readonly Buffer[]): Buffer {
    const bytes = Buffer.concat([...this.#carry, ...following]);
    this.#carry.length = 0;
    this.#carryBytes = 0;
    return bytes;
  }

  /** The pieces of the text, from its beginning. */
  async *#unpack(handle: FileHandle): AsyncGenerator<Buffer, void> {
    const { size } = this.#file.split;
    for (let start = 0; start < size; ) {
      const unpacker = unpackers[this.#packing]({
        chunkSize: Math.max(UNPACKED_BYTES_MIN, this.#options.chunkBytes ?? CHUNK_BYTES),
      });
      // An error that comes when the iteration has its end already, as of bytes behind a frame, is nobody's.
      unpacker.on("error", () => undefined);
      void this.#feed(unpacker, handle, start);
      try {
        for await (const piece of unpacker) yield piece as Buffer;
      } catch (error) {
        throw error instanceof StreamError ? error : this.#damaged(messageOf(error), error);
      }
      assert(unpacker.bytesWritten > 0, "an unpacker that ends has consumed something");
      start += unpacker.bytesWritten;
      if (start < size && !(await this.#mayFollow(handle, start))) return;
    }
  }

  /**
   * Gives the unpacker the file from `start` on, piece by piece: never beyond a frame's end, which it would take for damage. It is
   * not waited for: an unpacker that has found its end does not say that it is done with a piece. Failures destroy the unpacker.
   */
  async #feed(unpacker: Unpacker, handle: FileHandle, start: number): Promise<void> {
    const { size } = this.#file.split;
    try {
      for (let place = start; place < size && unpacker.bytesWritten === place - start; ) {
        const wanted = Math.min(PACKED_BYTES, size - place);
        const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(wanted), 0, wanted, place);
        if (bytesRead === 0) throw this.#file.tooShort(place);
        place += bytesRead;
        await new Promise<void>((resolve, reject) => {
          unpacker.write(buffer.subarray(0, bytesRead), (error) =>
            error instanceof Error ? reject(error) : resolve(),
          );
        });
      }
      unpacker.end();
    } catch (error) {
      const isOurs = error instanceof StreamError;
      unpacker.destroy(isOurs ? error : this.#file.failed(`${messageOf(error)}; check the disk`, error));
    }
  }

  /** Whether what follows at `start` is more of the text; false when it is padding. Throws when it is neither. */
  async #mayFollow(handle: FileHandle, start: number): Promise<boolean> {
    if (this.#packing === "zstd") return true;
    const { size } = this.#file.split;
    if (this.#packing === "gzip" && (await isZero(handle, start, size))) return false;
    throw this.#damaged(`${size - start} bytes follow its end`);
  }

  #damaged(problem: string, cause?: unknown): Error {
    return this.#file.failed(
      `its ${this.#packing} data are cut off or damaged (${problem}), after ${this.#unpackedTo} bytes of text. ` +
        'Replace it by a whole copy and start the job anew; if it is not packed at all, set compression: "none"',
      cause,
      "terminal",
    );
  }
}

async function isZero(handle: FileHandle, start: number, end: number): Promise<boolean> {
  const bytes = Buffer.alloc(16 << 10);
  for (let place = start; place < end; ) {
    const { bytesRead } = await handle.read(bytes, 0, Math.min(bytes.length, end - place), place);
    if (bytesRead === 0) return true;
    if (bytes.subarray(0, bytesRead).some((byte) => byte !== 0)) return false;
    place += bytesRead;
  }
  return true;
}

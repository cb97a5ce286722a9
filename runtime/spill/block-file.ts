/**
 * Owns: batches of rows in a spill file, as blocks: written one after the other, read in any order.
 *
 * BLF1 A block is a batch as channels and state files have it (column-codec.ts). Where it is, how long it is and its checksum are kept in memory: a file means nothing to anybody
 *     but who wrote it.
 * BLF2 A block that is not what was written, or is cut, is SPILL_FAILED, and no row of it is used.
 */
import { crc32 } from "node:zlib";
import { StreamError } from "../../base/index.ts";
import type { SpillFile, SpillSpace } from "../ports/index.ts";
import {
  ByteReader,
  ByteWriter,
  type ColumnBatch,
  decodeColumns,
  encodeColumns,
  type ValueType,
} from "../record/index.ts";

export type Block = {
  readonly offset: number;
  readonly bytes: number;
  readonly rows: number;
  readonly checksum: number;
};

// Blocks are encoded one after the other in a thread, and are in the file before the next one.
const scratch = new ByteWriter();

export class BlockFile {
  readonly #type: ValueType<unknown>;
  readonly #file: SpillFile;
  readonly #onWrite: (bytes: number) => void;

  /** `type`: of the rows. `onWrite` is told of each block. Errors: SPILL_FAILED. */
  constructor(space: SpillSpace, type: ValueType<unknown>, onWrite: (bytes: number) => void) {
    this.#type = type;
    this.#file = space.create();
    this.#onWrite = onWrite;
  }

  /** A batch as builders make them, without a selection. Errors: SPILL_FAILED. */
  write(batch: ColumnBatch): Block {
    scratch.reset();
    encodeColumns(batch, scratch);
    const bytes = scratch.view();
    const offset = this.#file.append(bytes);
    this.#onWrite(bytes.length);
    return { offset, bytes: bytes.length, rows: batch.count, checksum: crc32(bytes) };
  }

  /** With memory of its own, which nobody has to release. Errors: SPILL_FAILED (BLF2). */
  read({ offset, bytes, checksum }: Block): ColumnBatch {
    const memory = Buffer.allocUnsafeSlow(bytes);
    this.#file.read(offset, memory);
    if (crc32(memory) !== checksum)
      throw new StreamError(
        "SPILL_FAILED",
        `${bytes} bytes that were spilled are not what was written: the disk, or somebody else, has changed them`,
      );
    return decodeColumns(this.#type, new ByteReader(memory));
  }

  close(): void {
    this.#file.close();
  }
}

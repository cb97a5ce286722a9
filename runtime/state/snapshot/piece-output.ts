/** Owns: a file of state that is being written: what is encoded is gathered into pieces, and its places in the file are known. */
import { ByteWriter } from "../../record/index.ts";
import type { SnapshotFile } from "../backend.ts";

/** Bytes gathered before they are handed to the file. */
const PIECE_BYTES = 256 * 1024;

export class PieceOutput {
  /** What is encoded next goes here. */
  readonly writer = new ByteWriter(2 * PIECE_BYTES);
  readonly #file: SnapshotFile;
  #flushed = 0;

  constructor(file: SnapshotFile, magic: Uint8Array) {
    this.#file = file;
    this.writer.bytes(magic);
  }

  /** Where in the file the next byte comes. */
  get place(): number {
    return this.#flushed + this.writer.length;
  }

  get isFull(): boolean {
    return this.writer.length >= PIECE_BYTES;
  }

  async flush(): Promise<void> {
    const piece = this.writer.copy();
    this.writer.reset();
    this.#flushed += piece.length;
    await this.#file.write(piece);
  }

  async finish(index: Uint8Array): Promise<void> {
    this.writer.bytes(index);
    await this.flush();
  }
}

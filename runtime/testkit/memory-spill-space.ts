/**
 * Owns: where operators in tests spill rows to: files in memory, which can run out of room, be cut and be damaged.
 */
import { StreamError } from "../../base/index.ts";
import type { SpillFile, SpillSpace } from "../ports/index.ts";

export class MemorySpillSpace implements SpillSpace {
  readonly budgetBytes: number;
  /** Bytes that all files together may have. */
  roomBytes = Number.POSITIVE_INFINITY;
  open = 0;
  made = 0;
  used = 0;
  peak = 0;
  /** Of files that are open. */
  readonly files = new Set<{ bytes: Buffer }>();

  constructor(budgetBytes: number) {
    this.budgetBytes = budgetBytes;
  }

  create(): SpillFile {
    const file = { bytes: Buffer.alloc(0) };
    const chunks: Buffer[] = [];
    let length = 0;
    const whole = (): Buffer => {
      if (chunks.length > 0) file.bytes = Buffer.concat([file.bytes, ...chunks.splice(0)]);
      return file.bytes;
    };
    this.files.add(file);
    this.open += 1;
    this.made += 1;
    return {
      append: (bytes) => {
        if (this.used + bytes.length > this.roomBytes) throw new StreamError("SPILL_FAILED", "the disk is full");
        this.used += bytes.length;
        this.peak = Math.max(this.peak, this.used);
        chunks.push(Buffer.from(bytes));
        length += bytes.length;
        return length - bytes.length;
      },
      read: (offset, into) => {
        const all = whole();
        if (offset + into.length > all.length) throw new StreamError("SPILL_FAILED", "it was cut");
        into.set(all.subarray(offset, offset + into.length));
      },
      close: () => {
        if (!this.files.delete(file)) return;
        this.open -= 1;
        this.used -= length;
      },
    };
  }
}

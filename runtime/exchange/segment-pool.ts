/**
 * Owns: memory segments of one fixed size, lent and given back, for network buffers.
 * Called by: exchange (socket links).
 *
 * SEP1 At most `segmentsMax` segments exist; a pool that has none left answers null, and the asker waits: memory is bounded.
 * SEP2 A segment is given back exactly once; giving back a foreign one is a broken invariant.
 */
import { assert } from "../../base/index.ts";

/** Bytes of a segment: the unit of buffers and of credit (BP-1). */
export const SEGMENT_BYTES = 32 * 1024;

export class SegmentPool {
  readonly #free: Buffer[] = [];
  readonly #lent = new Set<Buffer>();
  #created = 0;
  readonly segmentsMax: number;

  constructor(segmentsMax: number) {
    assert(segmentsMax > 0, "a pool has at least one segment");
    this.segmentsMax = segmentsMax;
  }

  /** A segment of SEGMENT_BYTES, contents undefined, or null when all are lent. */
  take(): Buffer | null {
    let segment = this.#free.pop();
    if (segment === undefined) {
      if (this.#created >= this.segmentsMax) return null;
      this.#created += 1;
      segment = Buffer.from(new ArrayBuffer(SEGMENT_BYTES));
    }
    this.#lent.add(segment);
    return segment;
  }

  giveBack(segment: Buffer): void {
    assert(this.#lent.delete(segment), "a segment is given back once, to the pool it came from");
    this.#free.push(segment);
  }

  /** Segments lent at this moment. */
  get lentCount(): number {
    return this.#lent.size;
  }
}

/**
 * Owns: a ring of memory segments in shared memory: one sending thread, one receiving thread, no locks, no copies between.
 *
 * Layout: i32 written, i32 read, i32 senderWaits, i32 inFlightRows (0: no bound), padding to 64 bytes; then `segments` times SEGMENT_BYTES:
 *   segment = i32 length, i32 isLast, padding to 16; bytes. A frame longer than a segment goes on in the next one.
 *
 * RIN1 `written` is stored only by the sender, `read` only by the receiver, both with Atomics, after the bytes: who sees the
 *     counter sees the bytes. Free segments = segments - (written - read): that is the credit.
 * RIN2 A sender that found no room stores senderWaits = 1 and looks again; a receiver that frees a segment clears it and rings
 *     the sender's doorbell. So no wake-up is lost.
 */
import { assert } from "../../base/index.ts";
import { SEGMENT_BYTES } from "./segment-pool.ts";
import { batchRowsOf, framesOf } from "./in-flight.ts";
import type { ReceivingLink, SendingLink } from "./link.ts";

const WRITTEN = 0;
const READ = 1;
const SENDER_WAITS = 2;
const IN_FLIGHT_ROWS = 3;
const HEADER_BYTES = 64;
const SEGMENT_HEADER_BYTES = 16;
const PAYLOAD_BYTES = SEGMENT_BYTES - SEGMENT_HEADER_BYTES;
/** Segments of one ring (BP-1 gives two exclusive ones and floating ones; a ring of its own has a fixed number). */
export const RING_SEGMENTS = 8;

export function createRing(): SharedArrayBuffer {
  return new SharedArrayBuffer(HEADER_BYTES + RING_SEGMENTS * SEGMENT_BYTES);
}

/** Rings the bell of the thread at the other end: cheap when that thread is awake. */
export type Doorbell = () => void;

export class RingSender implements SendingLink {
  readonly #header: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;
  readonly #bell: Doorbell;
  #written: number;
  /** A frame of several segments that is only partly in the ring: its rest, and how far it got. */
  #partial: Uint8Array | null = null;
  #partialOffset = 0;

  constructor(ring: SharedArrayBuffer, bell: Doorbell) {
    this.#header = new Int32Array(ring, 0, 4);
    this.#bytes = new Uint8Array(ring, HEADER_BYTES);
    this.#words = new Int32Array(ring, HEADER_BYTES);
    this.#bell = bell;
    this.#written = Atomics.load(this.#header, WRITTEN);
  }

  get batchRowsMax(): number {
    return batchRowsOf(Atomics.load(this.#header, IN_FLIGHT_ROWS), RING_SEGMENTS);
  }

  trySend(frame: Uint8Array): boolean {
    if (this.#partial !== null && !this.#sendRest()) return false;
    if (!this.#hasRoom(framesOf(Atomics.load(this.#header, IN_FLIGHT_ROWS), RING_SEGMENTS))) return false;
    if (frame.length <= PAYLOAD_BYTES) {
      this.#writeSegment(frame, true);
    } else {
      this.#partial = frame.slice();
      this.#partialOffset = 0;
      this.#sendRest();
    }
    this.#bell();
    return true;
  }

  /** After a doorbell: goes on with a frame that did not fit at once. */
  resume(): void {
    if (this.#partial === null) return;
    this.#sendRest();
    this.#bell();
  }

  close(): void {
    this.#partial = null;
  }

  /** `segments`: how many may be taken. The bound of a frame that has begun is the ring, or it would never be whole. */
  #hasRoom(segments = RING_SEGMENTS): boolean {
    if (this.#written - Atomics.load(this.#header, READ) < segments) return true;
    Atomics.store(this.#header, SENDER_WAITS, 1);
    return this.#written - Atomics.load(this.#header, READ) < segments;
  }

  #sendRest(): boolean {
    const frame = this.#partial as Uint8Array;
    while (this.#hasRoom()) {
      const end = Math.min(this.#partialOffset + PAYLOAD_BYTES, frame.length);
      this.#writeSegment(frame.subarray(this.#partialOffset, end), end === frame.length);
      this.#partialOffset = end;
      if (end === frame.length) {
        this.#partial = null;
        return true;
      }
    }
    return false;
  }

  #writeSegment(piece: Uint8Array, isLast: boolean): void {
    const start = (this.#written % RING_SEGMENTS) * SEGMENT_BYTES;
    this.#words[start >> 2] = piece.length;
    this.#words[(start >> 2) + 1] = isLast ? 1 : 0;
    this.#bytes.set(piece, start + SEGMENT_HEADER_BYTES);
    this.#written += 1;
    Atomics.store(this.#header, WRITTEN, this.#written);
  }
}

export class RingReceiver implements ReceivingLink {
  readonly #header: Int32Array;
  readonly #words: Int32Array;
  readonly #ring: SharedArrayBuffer;
  readonly #bell: Doorbell;
  #read: number;
  readonly #pieces: Uint8Array[] = [];
  #holdsSegment = false;

  constructor(ring: SharedArrayBuffer, bell: Doorbell) {
    this.#header = new Int32Array(ring, 0, 4);
    this.#words = new Int32Array(ring, HEADER_BYTES);
    this.#ring = ring;
    this.#bell = bell;
    this.#read = Atomics.load(this.#header, READ);
  }

  get hasFrame(): boolean {
    return Atomics.load(this.#header, WRITTEN) !== this.#read;
  }

  receive(): Uint8Array | null {
    assert(!this.#holdsSegment, "the frame before was released");
    while (Atomics.load(this.#header, WRITTEN) !== this.#read) {
      const start = (this.#read % RING_SEGMENTS) * SEGMENT_BYTES;
      const length = this.#words[start >> 2] as number;
      const isLast = this.#words[(start >> 2) + 1] === 1;
      const piece = new Uint8Array(this.#ring, HEADER_BYTES + start + SEGMENT_HEADER_BYTES, length);
      if (isLast && this.#pieces.length === 0) {
        this.#holdsSegment = true;
        return piece;
      }
      this.#pieces.push(piece.slice());
      this.#freeSegment();
      if (isLast) return Buffer.concat(this.#pieces.splice(0));
    }
    return null;
  }

  release(): void {
    if (!this.#holdsSegment) return;
    this.#holdsSegment = false;
    this.#freeSegment();
  }

  allow(rows: number): void {
    Atomics.store(this.#header, IN_FLIGHT_ROWS, rows);
  }

  close(): void {
    this.#pieces.length = 0;
  }

  #freeSegment(): void {
    this.#read += 1;
    Atomics.store(this.#header, READ, this.#read);
    if (Atomics.exchange(this.#header, SENDER_WAITS, 0) === 1) this.#bell();
  }
}

/**
 * Owns: the bytes of a data connection: messages of many channels from one slot to another, and credits back.
 *
 * Grammar (little-endian): message = u32 payloadBytes, u32 type, u32 channel, payload
 *   0 hello: utf8 "streamjob-data/2", space, DataAddressee as JSON · 1 open: utf8 channel key · 2 data: frame
 *   3 credit: u32 segments, u32 rows that are to be under way (0: no bound) · 4 close: nothing · 5 refuse: utf8 reason, from the listener; it closes the connection behind it
 * `channel` is a number that the sending side chose in `open`.
 */
import { StreamError } from "../../base/index.ts";
import { SEGMENT_BYTES, type SegmentPool } from "./segment-pool.ts";

const VERSION = 2;
export const HELLO = 0;
export const OPEN = 1;
export const DATA = 2;
export const CREDIT = 3;
export const CLOSE = 4;
export const REFUSE = 5;
export const MESSAGE_HEADER_BYTES = 12;
/** Segments a sender may have under way on one channel. */
export const WINDOW_SEGMENTS = 8;
/** A frame holds one batch; a batch of one huge record is the only large one. */
export const PAYLOAD_BYTES_MAX = 256 * 1024 * 1024;

/** Whom a connection is for: ports are used again, by other slots, other processes and other jobs. */
export type DataAddressee = { readonly jobId: string; readonly taskManagerId: string; readonly slot: number };

/** What the connecting side says first; the listener takes exactly its own. */
export function helloText({ jobId, taskManagerId, slot }: DataAddressee): string {
  return `streamjob-data/${VERSION} ${JSON.stringify({ jobId, taskManagerId, slot })}`;
}

/** Why a hello in another version of this protocol is refused; null: it is of ours, or of nobody's. */
export function otherVersionIn(hello: string): string | null {
  const version = /^streamjob-data\/(\d{1,6}) /.exec(hello)?.[1];
  if (version === undefined || Number(version) === VERSION) return null;
  return `its data protocol is of version ${VERSION}, and it was greeted in version ${version}: run one version of StreamJob in all processes of a job`;
}

/** What one frame costs; one larger than the window takes the whole window. */
export function creditOf(frameBytes: number): number {
  return Math.min(WINDOW_SEGMENTS, Math.max(1, Math.ceil(frameBytes / SEGMENT_BYTES)));
}

export function messageHeader(type: number, channel: number, payloadBytes: number): Buffer {
  const header = Buffer.allocUnsafe(MESSAGE_HEADER_BYTES);
  header.writeUInt32LE(payloadBytes, 0);
  header.writeUInt32LE(type, 4);
  header.writeUInt32LE(channel, 8);
  return header;
}

/** A received payload: in a segment of the pool when it fits in one, which the reader gives back by `release`. */
export type Payload = { readonly bytes: Buffer; release(): void };

/** Cuts a byte stream into messages; each payload is copied once, into memory aligned for number columns. */
export class MessageParser {
  readonly #pool: SegmentPool;
  readonly #onMessage: (type: number, channel: number, payload: Payload) => void;
  readonly #header = Buffer.alloc(MESSAGE_HEADER_BYTES);
  #headerFilled = 0;
  #body: Payload | null = null;
  #bodyFilled = 0;
  /** Nothing longer is taken. Whoever listens lowers it until it knows that the peer speaks this protocol. */
  payloadBytesMax = PAYLOAD_BYTES_MAX;

  constructor(pool: SegmentPool, onMessage: (type: number, channel: number, payload: Payload) => void) {
    this.#pool = pool;
    this.#onMessage = onMessage;
  }

  /** The connection is over: gives back the segment of a payload that has not come whole. */
  close(): void {
    this.#body?.release();
    this.#body = null;
  }

  push(chunk: Buffer): void {
    let offset = 0;
    while (offset < chunk.length || (this.#body !== null && this.#body.bytes.length === 0)) {
      if (this.#body === null) {
        const copied = chunk.copy(this.#header, this.#headerFilled, offset);
        this.#headerFilled += copied;
        offset += copied;
        if (this.#headerFilled < MESSAGE_HEADER_BYTES) return;
        this.#body = this.#allocate(this.#header.readUInt32LE(0));
        this.#bodyFilled = 0;
      }
      const copied = chunk.copy(this.#body.bytes, this.#bodyFilled, offset);
      this.#bodyFilled += copied;
      offset += copied;
      if (this.#bodyFilled < this.#body.bytes.length) return;
      const body = this.#body;
      this.#body = null;
      this.#headerFilled = 0;
      this.#onMessage(this.#header.readUInt32LE(4), this.#header.readUInt32LE(8), body);
    }
  }

  #allocate(payloadBytes: number): Payload {
    if (payloadBytes > this.payloadBytesMax) {
      throw new StreamError(
        "PROTOCOL_VIOLATION",
        `a data message of ${payloadBytes} bytes was announced; at most ${this.payloadBytesMax} are taken`,
      );
    }
    const segment = payloadBytes <= SEGMENT_BYTES ? this.#pool.take() : null;
    if (segment === null) return { bytes: Buffer.from(new ArrayBuffer(payloadBytes)), release: () => undefined };
    return { bytes: segment.subarray(0, payloadBytes), release: () => this.#pool.giveBack(segment) };
  }
}

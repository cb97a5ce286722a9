/**
 * Owns: the port of a link that carries one channel's frames as bytes, and the two channel ends on top of any link.
 * Adapters: ring-link.ts (threads), socket-link.ts (processes).
 *
 * LIN1 `trySend` takes a whole frame or none; false means no credit now, and `onWritable` is called when there is again.
 * LIN2 `receive` gives a frame's bytes, valid until `release`, which gives the credit back.
 * LIN3 A batch of columns is read where its frame lies, which is released with the batch; nothing else is received before.
 */
import {
  ByteWriter,
  type ColumnBatch,
  type ControlElement,
  type RowBatch,
  type StreamElement,
  type ValueType,
} from "../record/index.ts";
import { SEGMENT_BYTES } from "./segment-pool.ts";
import type { ChannelReceiver, ChannelSender } from "./channel.ts";
import { decodeFrame, encodeBatchFrame, encodeColumnsFrame, encodeControlFrame } from "./frame.ts";

export interface SendingLink {
  /** Rows of a batch, as the receiver wants them (CH4); Infinity: as many as fit. */
  readonly batchRowsMax: number;
  trySend(frame: Uint8Array): boolean;
  close(): void;
}

export interface ReceivingLink {
  readonly hasFrame: boolean;
  receive(): Uint8Array | null;
  release(): void;
  /** CH4 */
  allow(rows: number): void;
  close(): void;
}

const FIRST_BATCH_ROWS = 256;
const BATCH_ROWS_MAX = 4096;
/** A batch aims at this part of a segment, so that a small change in the records' size does not spill into a second one. */
const SEGMENT_FILL = 0.9;

// One per thread: a frame is encoded and given to its link before the next one is encoded.
const scratch = new ByteWriter(2 * SEGMENT_BYTES);

export class LinkSender<T> implements ChannelSender<T> {
  readonly #type: ValueType<T>;
  readonly #link: SendingLink;
  /** Frames that wait for credit (CH2). */
  readonly #overdraft: Uint8Array[] = [];
  isWritable = true;
  /** That make a batch of about one segment. */
  #fittingRows = FIRST_BATCH_ROWS;
  bytesSent = 0;

  constructor(type: ValueType<T>, link: SendingLink) {
    this.#type = type;
    this.#link = link;
  }

  get batchRows(): number {
    return Math.min(this.#fittingRows, this.#link.batchRowsMax);
  }

  sendBatch(batch: RowBatch<T>): void {
    scratch.reset();
    encodeBatchFrame(this.#type, batch, scratch);
    this.#sendRecords(batch.rows.length);
  }

  sendColumns(batch: ColumnBatch): void {
    scratch.reset();
    encodeColumnsFrame(batch, scratch);
    const { count } = batch;
    batch.release();
    this.#sendRecords(count);
  }

  sendControl(element: ControlElement): void {
    scratch.reset();
    encodeControlFrame(element, scratch);
    this.#sendScratch();
  }

  /** What is in scratch; the next batch is to have as many records as fit. */
  #sendRecords(rows: number): void {
    const fitting = Math.floor((SEGMENT_BYTES * SEGMENT_FILL * rows) / scratch.length);
    // Small batches are mostly header: they say little about the size of a record, so growth is by doubling.
    this.#fittingRows = Math.max(1, Math.min(fitting, rows * 2, BATCH_ROWS_MAX, this.#fittingRows * 2));
    if (rows < 64 && fitting > rows)
      this.#fittingRows = Math.max(this.#fittingRows, Math.min(FIRST_BATCH_ROWS, fitting));
    this.#sendScratch();
  }

  /** The link has credit again: send what waits. */
  drain(): void {
    let sent = 0;
    while (sent < this.#overdraft.length && this.#link.trySend(this.#overdraft[sent] as Uint8Array)) sent += 1;
    this.#overdraft.splice(0, sent);
    this.isWritable = this.#overdraft.length === 0;
  }

  close(): void {
    this.#overdraft.length = 0;
    this.#link.close();
  }

  #sendScratch(): void {
    this.bytesSent += scratch.length;
    if (this.isWritable && this.#link.trySend(scratch.view())) return;
    this.#overdraft.push(scratch.copy());
    this.isWritable = false;
  }
}

export class LinkReceiver<T> implements ChannelReceiver<T> {
  readonly #type: ValueType<T>;
  readonly #link: ReceivingLink;
  /** The frame of a batch of columns that is not released yet (LIN3). */
  #held: Uint8Array | null = null;
  bytesReceived = 0;

  constructor(type: ValueType<T>, link: ReceivingLink) {
    this.#type = type;
    this.#link = link;
  }

  get hasNext(): boolean {
    return this.#link.hasFrame;
  }

  next(): StreamElement<T> | null {
    const frame = this.#link.receive();
    if (frame === null) return null;
    this.bytesReceived += frame.length;
    const element = decodeFrame(this.#type, frame, this.#release);
    if (element.kind === "columns") this.#held = frame;
    else this.#link.release();
    return element;
  }

  allow(rows: number): void {
    this.#link.allow(rows);
  }

  close(): void {
    this.#release(false);
    this.#link.close();
  }

  readonly #release = (poisons: boolean): void => {
    const frame = this.#held;
    if (frame === null) return;
    this.#held = null;
    if (poisons) frame.fill(0xdb);
    this.#link.release();
  };
}

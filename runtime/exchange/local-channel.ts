/**
 * Owns: a channel between two tasks of one thread: batches are handed over by reference, nothing is encoded.
 */
import type { ColumnBatch, ControlElement, RowBatch, StreamElement } from "../record/index.ts";
import type { ChannelReceiver, ChannelSender } from "./channel.ts";
import { batchRowsOf, framesOf } from "./in-flight.ts";

/**
 * Little may wait: records that are taken soon after they were made are still in the processor's cache. 2 × 512 rows measured
 * faster than 8 × 1024.
 */
const BATCHES_MAX = 2;
const BATCH_ROWS = 512;

export class LocalChannel<T> implements ChannelSender<T>, ChannelReceiver<T> {
  readonly #queue: StreamElement<T>[] = [];
  #head = 0;
  readonly #onWritable: () => void;
  #isClosed = false;
  batchRows = BATCH_ROWS;
  #batchesMax = BATCHES_MAX;
  readonly bytesSent = 0;
  readonly bytesReceived = 0;

  /** `onWritable` is called when the receiver has made room again. */
  constructor(onWritable: () => void) {
    this.#onWritable = onWritable;
  }

  get #waiting(): number {
    return this.#queue.length - this.#head;
  }

  get isWritable(): boolean {
    return this.#waiting < this.#batchesMax;
  }

  get hasNext(): boolean {
    return this.#head < this.#queue.length;
  }

  sendBatch(batch: RowBatch<T>): void {
    if (!this.#isClosed) this.#queue.push({ kind: "batch", batch });
  }

  sendColumns(batch: ColumnBatch): void {
    if (this.#isClosed) batch.release();
    else this.#queue.push({ kind: "columns", batch });
  }

  sendControl(element: ControlElement): void {
    if (!this.#isClosed) this.#queue.push(element);
  }

  next(): StreamElement<T> | null {
    if (this.#head === this.#queue.length) return null;
    const element = this.#queue[this.#head] as StreamElement<T>;
    this.#head += 1;
    if (this.#head === this.#queue.length) {
      this.#queue.length = 0;
      this.#head = 0;
    }
    if (this.#waiting < this.#batchesMax) this.#onWritable();
    return element;
  }

  allow(rows: number): void {
    this.batchRows = Math.min(BATCH_ROWS, batchRowsOf(rows, BATCHES_MAX));
    this.#batchesMax = framesOf(rows, BATCHES_MAX);
  }

  close(): void {
    this.#isClosed = true;
    for (let at = this.#head; at < this.#queue.length; at++) {
      const element = this.#queue[at] as StreamElement<T>;
      if (element.kind === "columns") element.batch.release();
    }
    this.#queue.length = 0;
    this.#head = 0;
  }
}

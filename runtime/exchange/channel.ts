/**
 * Owns: the ports of both ends of a channel, whatever carries it: a queue in the thread, a ring between threads, a socket.
 *
 * CH1 What is sent is received in order, once, or the channel fails (`onFailure`) and the tasks at both ends with it.
 * CH2 `send` never refuses: beyond the credit it is kept at the sender (the overdraft), and `isWritable` is false until the
 *     receiver has caught up. A task looks at it before each record, so the overdraft is bounded by one record's output.
 * CH3 Control elements travel in the order of the batches and wait for credit like them.
 * CH4 The receiver may bound the rows under way (`allow`); the sender keeps to it with the next batch that it begins.
 */
import type { ColumnBatch, ControlElement, RowBatch, StreamElement } from "../record/index.ts";

/** Names a channel in both of its ends: epoch, attempt, edge, producing and consuming subtask. */
export type ChannelKey = string;

export function channelKey(epoch: number, attempt: number, edge: number, from: number, to: number): ChannelKey {
  return `${epoch}.${attempt}.${edge}.${from}.${to}`;
}

export interface ChannelSender<T> {
  /** False when something waits for credit. */
  readonly isWritable: boolean;
  /** Records that make a batch of about one segment; changes with what was sent. */
  readonly batchRows: number;
  readonly bytesSent: number;
  sendBatch(batch: RowBatch<T>): void;
  /** Takes the batch over, and has it released. */
  sendColumns(batch: ColumnBatch): void;
  sendControl(element: ControlElement): void;
  /** Nothing more will be sent; what waits for credit is dropped. */
  close(): void;
}

export interface ChannelReceiver<T> {
  /** True when `next` would give something. Cheap: asked in every turn. */
  readonly hasNext: boolean;
  readonly bytesReceived: number;
  /** The next element, or null. Receiving gives the sender its credit back. */
  next(): StreamElement<T> | null;
  /** From now on about so many rows, at least 1, are to be under way to it; before the first call: as many as the window holds. */
  allow(rows: number): void;
  close(): void;
}

/**
 * Owns: what flows through a channel besides batches.
 *
 * SEL1 Everything in a channel is received in the order it was sent.
 * SEL2 After `endOfData` only barriers follow.
 */
import type { ColumnBatch } from "./columns/column-batch.ts";
import type { RowBatch } from "./row-batch.ts";

/** How a checkpoint's barrier asks its receivers to behave. */
export type CheckpointKind = "checkpoint" | "savepoint" | "stop" | "drain" | "handover";

/** Separates the records of a checkpoint from those after it. */
export type Barrier = {
  readonly kind: "barrier";
  readonly checkpointId: number;
  /**
   * `stop`: savepoint, then sources stop without MAX_WATERMARK; `drain`: MAX_WATERMARK and end of data come first (SP-2).
   * `handover`: a checkpoint behind which tasks stand still, as with `stop`: their successors go on from exactly there.
   */
  readonly checkpointKind: CheckpointKind;
  /** False for at-least-once: receivers do not hold back records of channels whose barrier came (CK-7). */
  readonly aligned: boolean;
  /** Where a savepoint's files go (a store URI), null for a checkpoint. */
  readonly target: string | null;
  /** When it was triggered, epoch milliseconds by the JobManager's clock. */
  readonly triggeredMs: number;
  /** The complete checkpoint whose files this one may refer to: they stay until it has ended. Absent: none. */
  readonly base?: number;
};

/** No record with a timestamp at or below it follows. Epoch milliseconds. */
export type Watermark = { readonly kind: "watermark"; readonly timestamp: number };
/** An idle input does not hold back watermarks (WM-3). */
export type ChannelStatus = { readonly kind: "status"; readonly idle: boolean };
/** The sender has no more records. */
export type EndOfData = { readonly kind: "endOfData" };

export type ControlElement = Barrier | Watermark | ChannelStatus | EndOfData;
export type StreamElement<T> =
  | { readonly kind: "batch"; readonly batch: RowBatch<T> }
  /** To be released by who took it (CBA1), before it takes the next element of the channel. */
  | { readonly kind: "columns"; readonly batch: ColumnBatch }
  | ControlElement;

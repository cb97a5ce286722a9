/**
 * Owns: the in-memory form of a batch of records, passed by reference inside a thread.
 *
 * ROB1 `rows.length` is the number of records; `timestamps`, `keyHashes` and `rowKinds`, when there, have at least that many places.
 * ROB2 A batch is not changed after it was handed over; the rows in it are values that nobody mutates.
 */

/** No timestamp: the record has no event time. */
export const NO_TIMESTAMP = Number.NEGATIVE_INFINITY;
/** The watermark after which no more event time comes. */
export const MAX_WATERMARK = Number.MAX_SAFE_INTEGER;
/** The watermark before any other. */
export const MIN_WATERMARK = Number.MIN_SAFE_INTEGER;

export type RowBatch<T> = {
  readonly rows: readonly T[];
  /** Event times in epoch milliseconds, or null when no record has one. */
  readonly timestamps: Float64Array | null;
  /** The 32-bit hash of each record's key on a keyed edge, so that the receiver need not hash again; else null. */
  readonly keyHashes: Int32Array | null;
  /** The RowKind of each row; absent: all are inserts (RWK1). */
  readonly rowKinds?: Uint8Array;
};

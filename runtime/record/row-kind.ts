/**
 * Owns: what a row says of the rows before it, in a stream whose results change: Flink's RowKind, with its byte values.
 * Not here: which operators write one (those of runtime/sql). A batch without the column is all inserts.
 *
 * RWK1 A batch has the column only when one of its rows is not an insert, so that streams that only append carry nothing for it.
 */

/** `+I`, `-U` (the row before an update), `+U` (the row after it), `-D`. */
export const rowKinds = { insert: 0, updateBefore: 1, updateAfter: 2, delete: 3 } as const;

/** By kind. */
export const rowKindTexts = ["+I", "-U", "+U", "-D"] as const;

/** True for +I and +U: the row is there from now on. */
export const isAdded = (kind: number): boolean => kind === rowKinds.insert || kind === rowKinds.updateAfter;

const KIND_MAX = rowKinds.delete;

/** The column to be written for `count` rows; null: all are inserts (RWK1). */
export function writtenKinds(kinds: Uint8Array | null | undefined, count: number): Uint8Array | null {
  if (kinds === null || kinds === undefined) return null;
  const written = kinds.subarray(0, count);
  return written.every((kind) => kind === rowKinds.insert) ? null : written;
}

/** True when each byte is a RowKind. */
export function areRowKinds(kinds: Uint8Array): boolean {
  return kinds.every((kind) => kind <= KIND_MAX);
}

/**
 * Owns: what a number of rows that may be under way comes to for a channel that carries batches in frames.
 * Called by: the sending ends of links.
 *
 * IF1 0 rows: no bound. Else the frames under way, the batch that is being collected and the one that is being worked off hold
 *     about that many rows together, and never less than one frame of one row is let through.
 */

/** Besides the frames of the window. */
const BATCHES_AT_THE_ENDS = 2;

export function batchRowsOf(inFlightRows: number, windowFrames: number): number {
  if (inFlightRows === 0) return Number.POSITIVE_INFINITY;
  return Math.max(1, Math.floor(inFlightRows / (windowFrames + BATCHES_AT_THE_ENDS)));
}

export function framesOf(inFlightRows: number, windowFrames: number): number {
  if (inFlightRows === 0) return windowFrames;
  return Math.min(windowFrames, Math.max(1, inFlightRows - BATCHES_AT_THE_ENDS));
}

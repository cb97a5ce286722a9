/** Owns: room for more in a buffer that is written from its beginning. */

/** The same buffer, or one at least twice as long with its first `length` bytes, in which `more` fit behind them. */
export function withRoom(buffer: Buffer, length: number, more: number): Buffer {
  const needed = length + more;
  if (needed <= buffer.length) return buffer;
  const grown = Buffer.allocUnsafe(Math.max(needed, buffer.length * 2));
  buffer.copy(grown, 0, 0, length);
  return grown;
}

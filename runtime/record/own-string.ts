/**
 * Owns: strings with memory of their own, for what lives longer than the text it was cut from.
 */

/** V8 makes a substring of 13 or more characters a view that keeps its whole parent alive: here, a batch's text. */
export const SLICED_LENGTH_MIN = 13;
const SCRATCH_BYTES = 4096;
const scratch = Buffer.allocUnsafe(SCRATCH_BYTES);

/** An equal string with memory of its own, for what stays in state for long while the batch it came from should go. */
export function ownString(text: string): string {
  if (text.length < SLICED_LENGTH_MIN) return text;
  if (text.length * 3 <= SCRATCH_BYTES && scratch.write(text, 0, "utf8") === text.length) {
    return scratch.toString("latin1", 0, text.length);
  }
  return Buffer.from(text, "utf16le").toString("utf16le");
}

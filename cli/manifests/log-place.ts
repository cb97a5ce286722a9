/**
 * Owns: the place of a follower in a log that it gets as a whole at each look. Pure.
 * Does not own: asking, showing (logs-command.ts).
 *
 * LP1 The place is a position: how many characters were shown. Lines that are equal to others change nothing.
 * LP2 A log that has rolled on has lost its beginning: the position moves by what was lost, found by what is still there. When nothing of
 *     it is, all that there is counts as new, and the gap is told.
 */

/** Of the text's beginning, to find where it was; the rest is compared then. */
const PROBE_LENGTH = 4096;

export type NewLines = { readonly lines: readonly string[]; readonly isGap: boolean };

export class LogPlace {
  /** The text of the last look; its last line may be unfinished. */
  #text = "";

  /** Whole lines that are new in the text. */
  next(text: string): NewLines {
    const before = this.#text;
    this.#text = text;
    const wholeBefore = before.lastIndexOf("\n") + 1;
    const lost = text.startsWith(before) ? 0 : lostLength(before, text);
    if (lost === null) return { lines: wholeLines(text), isGap: true };
    return { lines: wholeLines(text.slice(Math.max(0, wholeBefore - lost))), isGap: false };
  }

  /** The next text is that of another log. Returns the line that this one ended with, if it was never finished. */
  restart(): readonly string[] {
    const unfinished = this.#text.slice(this.#text.lastIndexOf("\n") + 1);
    this.#text = "";
    return unfinished === "" ? [] : [unfinished];
  }
}

/** LP2. null: nothing of the text before is left. The least loss that fits: what may be new is shown. */
function lostLength(before: string, text: string): number | null {
  if (text === "") return null;
  const probe = text.slice(0, PROBE_LENGTH);
  for (let at = before.indexOf(probe); at >= 0; at = before.indexOf(probe, at + 1)) {
    if (text.startsWith(before.slice(at))) return at;
  }
  // Less than a probe of it is left.
  for (let at = Math.max(0, before.length - probe.length); at < before.length; at++) {
    if (text.startsWith(before.slice(at))) return at;
  }
  return null;
}

function wholeLines(text: string): string[] {
  const lines = text.split("\n");
  lines.pop();
  return lines;
}

/**
 * Owns: comparing the texts of a column with a literal by their bytes (UTF-8), without making strings of them.
 *
 * SQXY1 A text of UTF-8 is in another one exactly where its bytes are: no character's bytes begin inside of another's.
 */
import type { TextColumn } from "../../record/index.ts";
import type { TextMatch } from "./context.ts";
import { isAt } from "./text-bytes.ts";

export type TextMatcher = (column: TextColumn, row: number) => boolean;

/** `text` is well formed. Of a null the result means nothing. */
export function textMatcher({ kind, text }: TextMatch): TextMatcher {
  const wanted = new TextEncoder().encode(text);
  switch (kind) {
    case "equal":
      return equalMatcher(wanted);
    case "prefix":
      return ({ bytes, starts, lengths }, row) =>
        (lengths[row] as number) >= wanted.length && isAt(bytes, starts[row] as number, wanted);
    case "suffix":
      return ({ bytes, starts, lengths }, row) => {
        const rest = (lengths[row] as number) - wanted.length;
        return rest >= 0 && isAt(bytes, (starts[row] as number) + rest, wanted);
      };
    case "part":
      return partMatcher(wanted);
  }
}

/** By words (CLM2). */
function equalMatcher(bytes: Uint8Array): TextMatcher {
  const padded = new Uint8Array((bytes.length + 3) & ~3);
  padded.set(bytes);
  const wanted = new Int32Array(padded.buffer);
  const { length } = bytes;
  return ({ words, starts, lengths }, row) => {
    if (lengths[row] !== length) return false;
    const first = (starts[row] as number) >> 2;
    for (let word = 0; word < wanted.length; word++) if (words[first + word] !== wanted[word]) return false;
    return true;
  };
}

function partMatcher(wanted: Uint8Array): TextMatcher {
  const [head] = wanted;
  if (head === undefined) return () => true;
  return ({ bytes, starts, lengths }, row) => {
    const start = starts[row] as number;
    const last = start + (lengths[row] as number) - wanted.length;
    for (let at = start; at <= last; at++) if (bytes[at] === head && isAt(bytes, at, wanted)) return true;
    return false;
  };
}

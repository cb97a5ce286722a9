/** What a word is: letters and digits of any script, in lower case; everything else separates. */
const WORD = /[\p{L}\p{N}]+/gu;

/** The words of a line, in order. */
export function wordsOf(line: string): string[] {
  return line.toLowerCase().match(WORD) ?? [];
}

/** Where something stands in the text of a script: UTF-16 offsets, the end exclusive. */
export type Span = { readonly start: number; readonly end: number };

/** Counted from one, as editors do; a tab is one column. */
export type LineAndColumn = { readonly line: number; readonly column: number };

export function lineAndColumnOf(text: string, offset: number): LineAndColumn {
  let line = 1;
  let lineStart = 0;
  for (let at = text.indexOf("\n"); at >= 0 && at < offset; at = text.indexOf("\n", at + 1)) {
    line++;
    lineStart = at + 1;
  }
  return { line, column: offset - lineStart + 1 };
}

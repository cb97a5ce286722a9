/** Owns: plain tables for a terminal. */

/** Narrower than this a last column is not made: its lines would be single words. */
const LAST_COLUMN_MIN = 24;

/**
 * Columns padded to their widest cell; the first row is the heading. `columns`: of the terminal; the last column is wrapped between words to
 * fit. null: nothing is wrapped.
 */
export function formatTable(rows: readonly (readonly string[])[], columns: number | null = null): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const last = widths.length - 1;
  const before = widths.slice(0, last).reduce((sum, width) => sum + width + 2, 0);
  const room = columns === null ? Number.POSITIVE_INFINITY : Math.max(LAST_COLUMN_MIN, columns - before);
  return rows.flatMap((row) => {
    const [first = "", ...more] = wrap(row[last] ?? "", room);
    const cells = row.slice(0, last).map((cell, column) => cell.padEnd(widths[column] ?? 0));
    return [[...cells, first].join("  ").trimEnd(), ...more.map((line) => `${" ".repeat(before)}${line}`)];
  });
}

/** Lines of at most `room` characters, broken at spaces; a longer word stays whole, so that a path can be copied. */
function wrap(text: string, room: number): string[] {
  if (text.length <= room) return [text];
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** At most `length` characters. */
export function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

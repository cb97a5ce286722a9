/** Owns: a table as plain text, and the way numbers are written in one. */

export type Side = "left" | "right";

/** Rows as lines, cells two blanks apart. `sides`: of each column; those that are not named are on the right. */
export function textTable(rows: readonly (readonly string[])[], sides: readonly Side[] = ["left"]): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  return rows
    .map((row) => {
      const cells = row.map((cell, column) => {
        const width = widths[column] as number;
        return (sides[column] ?? "right") === "left" ? cell.padEnd(width) : cell.padStart(width);
      });
      return `${cells.join("  ").trimEnd()}\n`;
    })
    .join("");
}

/** With commas between thousands. */
export function grouped(value: number, digits = 0): string {
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** `7.82 M` */
export function millions(value: number): string {
  return `${(value / 1e6).toFixed(2)} M`;
}

export function milliseconds(value: number): string {
  return `${value.toFixed(1)} ms`;
}

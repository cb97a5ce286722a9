/**
 * Owns: how options of tables are declared: the one table that checks, values and the page of documentation come from.
 *
 * TBCO1 Names and defaults are Flink's, where the meaning is the same. An option that Flink has and we do not is a row, too: it is refused with what to do.
 */

export type OptionKind =
  | "text"
  | "character"
  | "whole number"
  | "boolean"
  | "duration"
  | "size"
  /** One of these. */
  | readonly string[];

export type OptionRow = {
  /** `#` stands for any column, `*` at the end for the rest of a name. */
  readonly name: string;
  readonly kind: OptionKind;
  /** As it is written. Absent: none, and `meaning` says what happens then. */
  readonly default?: string;
  readonly isRequired?: true;
  /** Half a sentence, in Markdown. */
  readonly meaning: string;
  /** It is refused; a sentence that says what to do instead. */
  readonly instead?: string;
};

/** The rows with `prefix` before their names. */
export const prefixed = (prefix: string, rows: readonly OptionRow[]): readonly OptionRow[] =>
  rows.map((row) => ({ ...row, name: prefix + row.name }));

/** Whether a written name is one of the row's. */
export function isNamed({ name }: OptionRow, written: string): boolean {
  if (!/[#*]/.test(name)) return name === written;
  const pattern = name
    .replace(/[.^$+?()[\]{}|\\]/g, "\\$&")
    .replace("#", ".+")
    .replace("*", ".+");
  return new RegExp(`^${pattern}$`).test(written);
}

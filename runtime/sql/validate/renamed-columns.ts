/**
 * Owns: other names for the columns of a table: those of an alias, a WITH or a view.
 */
import type { Identifier } from "../syntax/expression-tree.ts";
import { nameText } from "../syntax/expression-text.ts";
import { fail } from "../syntax/problem.ts";
import type { Column } from "./typed-tree.ts";

/** Errors: SqlFailure, when there are not as many names as columns. */
export function renamedColumns(
  columns: readonly Column[],
  names: readonly Identifier[],
  what: string,
): readonly Column[] {
  const [first] = names;
  if (first !== undefined && names.length !== columns.length)
    fail(
      { start: first.at.start, end: names.at(-1)?.at.end ?? first.at.end },
      `${what} has ${columns.length} ${columns.length === 1 ? "column" : "columns"}, and ${names.length} ${names.length === 1 ? "is" : "are"} named`,
      `Name all of them, in the order ${columns.map(({ name }) => name).join(", ")}.`,
    );
  for (const [index, name] of names.entries())
    if (names.findIndex((each) => each.name === name.name) < index)
      fail(name.at, `a second column ${nameText(name)}`, "Give each column its own name.");
  return columns.map((column, index) => ({ ...column, name: names[index]?.name ?? column.name }));
}

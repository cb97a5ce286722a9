/**
 * Owns: which table of a FROM a hint names: as its columns are named, by its alias, or without one by its name.
 */
import { fail } from "../syntax/problem.ts";
import type { Hint } from "../syntax/query-tree.ts";
import { nameRemedy } from "./names.ts";

export type Named = { readonly path: readonly string[] };

/** Its place among `tables`, those of FROM in their order. Errors: SqlFailure. */
export function hintedTable(hint: Hint, name: string, tables: readonly Named[]): number {
  const place = tables.findIndex(({ path }) => path.join(".") === name || path.at(-1) === name);
  if (place >= 0) return place;
  const known = tables.flatMap(({ path }) => path.at(-1) ?? []);
  return fail(
    hint.at,
    `${hint.name.name.toUpperCase()} names ${name}, which is no table of this FROM`,
    nameRemedy(name, known, "The tables here"),
  );
}

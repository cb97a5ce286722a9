/** Owns: where in a script a table's problem is shown. */
import type { TableError } from "./table-error.ts";

/** A table as it is written; `P`: a place in the script. */
export type WrittenTable<P> = {
  readonly options: readonly { readonly key: string; readonly at: P }[];
  readonly columns: readonly { readonly name: { readonly name: string; readonly at: P } }[];
};

/** The place of the option or column that is wrong; of what is missing, that of the connector. Null: the table was not written in a script. */
export function placeOf<P>({ problem }: TableError, { options, columns }: WrittenTable<P>): P | null {
  const column = columns.find(({ name }) => name.name === problem.column);
  if (column !== undefined) return column.name.at;
  const named = options.find(({ key }) => key === problem.option) ?? options.find(({ key }) => key === "connector");
  return (named ?? options[0])?.at ?? columns[0]?.name.at ?? null;
}

/**
 * Owns: options of a table that one place of the script has otherwise, by the hint OPTIONS('scan.startup.mode' = 'latest-offset').
 */
import type { Hint } from "../syntax/query-tree.ts";
import type { TableOption } from "../syntax/statement-tree.ts";
import type { CatalogTable } from "./catalog.ts";

/** The same table where no hint names options: places of one table are read together. */
export function withHintedOptions(table: CatalogTable, hints: readonly Hint[]): CatalogTable {
  const hinted = hints
    .filter(({ name }) => name.name.toUpperCase() === "OPTIONS")
    .flatMap(({ at, options }) => options.map(({ key, value }): TableOption => ({ kind: "option", at, key, value })));
  if (hinted.length === 0) return table;
  const { definition } = table;
  return { ...table, definition: { ...definition, options: withOptions(definition.options, hinted) } };
}

/** The later ones win. */
export function withOptions(options: readonly TableOption[], changed: readonly TableOption[]): readonly TableOption[] {
  const keys = new Set(changed.map(({ key }) => key));
  return [...options.filter(({ key }) => !keys.has(key)), ...changed];
}

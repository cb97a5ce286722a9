/**
 * Owns: tables of the catalog as connectors are told of them.
 */
import type { CatalogTable, PlanNode } from "../sql/index.ts";
import type { TableColumn, TableConnector, TableDescription, TableSource, TableUses } from "../tables/index.ts";

type Defined = CatalogTable["definition"]["columns"][number];
type Stored = Exclude<Defined, { kind: "computed" }>;

const isStored = (column: Defined): column is Stored => column.kind !== "computed";

/** With the columns that are stored, or of one that is written to those that INSERT writes. */
export function descriptionOf(name: string, table: CatalogTable, use: keyof TableUses): TableDescription {
  const { options, primaryKey, partitionedBy, columns } = table.definition;
  const written = new Set(table.writable.map((column) => column.name));
  const stored = columns.filter(isStored).filter((column) => use === "isRead" || written.has(column.name.name));
  return {
    name,
    columns: stored.map((column): TableColumn => {
      const { name: own } = column.name;
      const shown = table.schema.columns.find((each) => each.name === own);
      const metadata = column.kind === "metadata" ? (column.key ?? own) : null;
      return { name: own, type: shown?.type ?? column.type, metadata };
    }),
    primaryKey: primaryKey?.columns.map((key) => key.name) ?? [],
    partitionedBy: partitionedBy.map((column) => column.name),
    options: Object.fromEntries(options.map(({ key, value }) => [key, value])),
  };
}

/** Places among all columns as places among those that are stored. */
export function storedPlaces({ definition }: CatalogTable, places: readonly number[]): readonly number[] {
  const stored = definition.columns.filter(isStored);
  return places.map((place) => stored.indexOf(definition.columns[place] as Stored));
}

/** What a scan reads of its table. Errors: TableError. */
export function sourceOfScan(
  { table, columns, filters }: Extract<PlanNode, { kind: "scan" }>,
  connector: TableConnector,
): TableSource | undefined {
  const places = storedPlaces(table, columns);
  return connector.source?.(
    places,
    filters.map((filter) => ({ ...filter, column: storedPlaces(table, [filter.column])[0] ?? -1 })),
  );
}

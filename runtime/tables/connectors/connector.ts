/**
 * Owns: what a connector says of itself, so that its options are checked and documented before its code is loaded.
 */
import type { Changes, SqlType } from "../../sql/index.ts";
import { typeText } from "../../sql/index.ts";
import type { Format } from "../formats/format.ts";
import type { OptionRow } from "../options/option-row.ts";
import type { TableOptions } from "../options/table-options.ts";
import type { TableColumn, TableConnector, TableDescription } from "../table-description.ts";
import { TableError } from "../table-error.ts";

/** Formats, by what the names of their options begin with: `""`, `value.`. */
export type FormatSlots = readonly { readonly prefix: string; readonly formats: readonly Format[] }[];

export type ConnectorDefinition = {
  readonly name: string;
  /** A few sentences, for the page. */
  readonly meaning: string;
  /** A statement of SQL, for the page; null: no statement makes such a table. */
  readonly example: string | null;
  readonly isRead: boolean;
  readonly isWritten: boolean;
  /** Whether a lookup join can ask it. */
  readonly isLookedUp?: true;
  /** Without those of formats. */
  readonly rows: readonly OptionRow[];
  readonly slots: FormatSlots;
  /** By key: metadata columns, and what they are. */
  readonly metadata: Readonly<Record<string, MetadataRow>>;
};

export type MetadataRow = {
  /** As it is written in SQL. */
  readonly type: string;
  readonly isWritten: boolean;
  readonly meaning: string;
  /** Whether a column of this type can have it. */
  readonly fits: (type: SqlType) => boolean;
};

/** A table whose options are checked. */
export type ConnectorUse = { readonly table: TableDescription; readonly options: TableOptions };

export type MakeConnector = (use: ConnectorUse) => TableConnector;

/** Columns that are stored in records, not metadata. */
export const storedColumns = ({ columns }: TableDescription): readonly TableColumn[] =>
  columns.filter(({ metadata }) => metadata === null);

/** Errors: TableError: no connector has partitions. */
export function refusePartitions({ name, partitionedBy = [] }: TableDescription): void {
  const [column] = partitionedBy;
  if (column === undefined) return;
  throw new TableError(name, {
    message: `it is PARTITIONED BY ${partitionedBy.join(", ")}, and no connector has partitions`,
    remedy: "Take PARTITIONED BY out; write a table for each partition where folders of their own are needed.",
    column,
  });
}

/** Errors: TableError, for metadata that the connector does not have, or that has another type. */
export function checkMetadata(
  { name, columns }: TableDescription,
  { metadata, name: connector }: ConnectorDefinition,
): void {
  for (const column of columns) {
    if (column.metadata === null) continue;
    const row = Object.hasOwn(metadata, column.metadata) ? metadata[column.metadata] : undefined;
    const at = { column: column.name };
    if (row === undefined) {
      const known = Object.keys(metadata);
      const remedy =
        known.length === 0 ? "Take the column out." : `It has ${known.map((key) => `'${key}'`).join(", ")}.`;
      throw new TableError(name, {
        ...at,
        message: `the connector ${connector} has no metadata '${column.metadata}'`,
        remedy,
      });
    }
    if (!row.fits(column.type))
      throw new TableError(name, {
        ...at,
        message: `the metadata '${column.metadata}' is ${row.type}, and the column ${column.name} is ${typeText(column.type)}`,
        remedy: `Declare it as ${row.type}, and cast it in a computed column.`,
      });
  }
}

/** Errors: TableError, for metadata that the connector only reads, among the columns that are written. */
export function checkWrittenMetadata({ name, columns }: TableDescription, { metadata }: ConnectorDefinition): void {
  for (const column of columns) {
    if (column.metadata === null || metadata[column.metadata]?.isWritten === true) continue;
    throw new TableError(name, {
      message: `the metadata '${column.metadata}' is only read`,
      remedy: `Declare the column ${column.name} as VIRTUAL: INSERT INTO leaves it out then.`,
      column: column.name,
    });
  }
}

/** Errors: TableError, where rows come that take others back. */
export function requireInserts({ table }: ConnectorUse, connector: string, changes: Changes): void {
  if (changes === "append") return;
  throw new TableError(table.name, {
    message: `the connector ${connector} only appends, and the rows of this query change and take others back`,
    remedy:
      "Write to a connector that keeps the last row of each key (upsert-kafka, mysql, redis) or shows changes (print); or aggregate in windows, whose results are final; or, where all tables have an end, SET 'execution.runtime-mode' = 'batch'.",
    option: "connector",
  });
}

/** The names of the table's key. Errors: TableError, where it has none. */
export function requireKey({ table }: ConnectorUse, connector: string): readonly string[] {
  if (table.primaryKey.length > 0) return table.primaryKey;
  throw new TableError(table.name, {
    message: `the connector ${connector} keeps the last row of each key, and the table has no PRIMARY KEY`,
    remedy: "Declare one: PRIMARY KEY (id) NOT ENFORCED.",
  });
}

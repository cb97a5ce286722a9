/**
 * Owns: the port of formats: from records to rows of declared columns, and back.
 *
 * TBCF2 A blank line or record is none: text files often end with one.
 * TBCF1 A decoder gives the columns that are read, in their order, and nothing of others. What it cannot read is a RecordMisfit with the column and the reason; where the
 *     options say that such records are passed, it is NULL, or no row.
 */
import type { Changes } from "../../sql/index.ts";
import type { OptionRow } from "../options/option-row.ts";
import type { TableOptions } from "../options/table-options.ts";
import type { TableColumn } from "../table-description.ts";
import { ValueMisfit } from "../values/scalar-text.ts";

export type Row = Record<string, unknown>;

/** `kind`: a RowKind. */
export type TakeRow = (row: Row, kind: number) => void;

/** Text, or bytes where the connector has bytes. */
export type EncodedRecord = string | Uint8Array;

/** Errors: RecordMisfit. */
export type Decode = (record: EncodedRecord, take: TakeRow) => void;
export type Encode = (row: Row) => EncodedRecord;

/** Where a format is used. */
export type FormatUse = {
  readonly options: TableOptions;
  /** What the names of its options begin with: `json.`, `key.json.`. */
  readonly prefix: string;
  /** Those that records have, in their order. */
  readonly columns: readonly TableColumn[];
  /** Of a decoder: the names of those that are read, in the order of rows. */
  readonly read: readonly string[];
};

export type Format = {
  readonly name: string;
  /** A sentence, for the page. */
  readonly meaning: string;
  /** Without prefix. */
  readonly rows: readonly OptionRow[];
  /** What a table has whose records are read with it. */
  readonly changes: Changes;
  /** Errors: TableError. */
  decoder(use: FormatUse): Decode;
  /** Null: it is only read. Errors: TableError. */
  readonly encoder: ((use: FormatUse) => Encode) | null;
};

/** A record that cannot be read, in words, without its place. */
export class RecordMisfit extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "RecordMisfit";
  }
}

/** TBCF2 */
export const isBlank = (text: string): boolean => text.length === 0 || text.trim() === "";

export function textOf(record: EncodedRecord): string {
  if (typeof record === "string") return record;
  return Buffer.from(record.buffer, record.byteOffset, record.byteLength).toString("utf8");
}

/** What `make` makes. Errors: TableError, for a type that the format does not have. */
export function madeOf<T>({ options, prefix }: FormatUse, format: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof ValueMisfit)) throw error;
    const option = `${prefix.slice(0, -`${format}.`.length)}format`;
    throw options.refuse(
      option,
      `the format ${format} cannot have this table: ${error.message}`,
      "Choose other columns, or another format.",
    );
  }
}

/** The columns of these names. */
export function columnsNamed(columns: readonly TableColumn[], names: readonly string[]): readonly TableColumn[] {
  const byName = new Map(columns.map((column) => [column.name, column]));
  return names.flatMap((name) => byName.get(name) ?? []);
}

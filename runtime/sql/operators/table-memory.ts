/**
 * Owns: how much memory a column table takes, by its port.
 *
 * SQTM1 Pages that are full are weighed once: texts that change there later count as they were.
 */
import type { ColumnTable, PageValues } from "../../ports/index.ts";
import { type Column, TABLE_PAGE_BITS } from "../../record/index.ts";

/** Of a slot: its hash, and its place in the index. */
const SLOT_BYTES = 16;
/** Of a slot whose key is one text: its length and how it begins lie by slot. */
const BEGINNING_BYTES = 16;

export class TableMemory {
  #pages = 0;
  #bytes = 0;

  /** Of a table that only grows, until `forget`. */
  of(table: ColumnTable): number {
    const pages = (table.size >> TABLE_PAGE_BITS) + 1;
    for (; this.#pages < pages - 1; this.#pages++) this.#bytes += bytesOfPage(table, this.#pages);
    const hasLast = table.size & (2 ** TABLE_PAGE_BITS - 1);
    return this.#bytes + (hasLast ? bytesOfPage(table, pages - 1) : 0) + table.size * SLOT_BYTES;
  }

  /** The next table is another one. */
  forget(): void {
    this.#pages = 0;
    this.#bytes = 0;
  }
}

function bytesOfPage(table: ColumnTable, page: number): number {
  const [first, ...others] = table.keysOf(page);
  let bytes = first === undefined ? 0 : bytesOfColumn(first);
  for (const column of others) bytes += bytesOfColumn(column);
  if (first?.kind === "text" && others.length === 0) bytes += first.starts.length * BEGINNING_BYTES;
  for (const pages of table.values) bytes += bytesOfValues(pages[page] as PageValues);
  return bytes;
}

function bytesOfColumn(column: Column): number {
  if (column.kind === "text") return column.bytes.byteLength + column.starts.byteLength + column.lengths.byteLength;
  return column.kind === "objects" ? 0 : column.values.byteLength;
}

function bytesOfValues(values: PageValues): number {
  return ArrayBuffer.isView(values) ? values.byteLength : bytesOfColumn(values.column());
}

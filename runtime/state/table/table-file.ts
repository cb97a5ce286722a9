/**
 * Owns: the layout of a file of tables: one per subtask, operator and snapshot.
 * Not here: magic, index and footer as such (snapshot/indexed-file.ts), blocks of columns (record/columns/column-codec.ts), what is in a page in memory (page.ts).
 *
 * Grammar (little-endian, every part starts at an 8-byte boundary):
 *   file   = magic page* index padding footer        as every indexed file: magic "SJTABLE1", end "SJTABEND"
 *   page   = keys values                     blocks of columns of the same slots; `keys` has the hashes of the keys
 *          | rows marks?                     of a row table: `rows` has the hashes of their keys; `marks` is one column of int32
 *   index  = JSON {"uid", "maxParallelism", "keyGroups": {"first", "last"}, "tables": [{"name", "key", "value",
 *            "slices": [[slice, [[offset, length, slots]…]]…]}…]}       types as in files of keyed state (STM1)
 *            of a row table "row" (a type), "by" (names of the key's fields) and "marks" (boolean) instead of "key" and "value"
 *
 * TBF1 A page says nothing about key groups, and is in order of slots: a reader at another parallelism reads all pages of the files whose range
 *     overlaps its own, and takes the keys whose hash it owns.
 * TBF2 The file is verified as a whole (HAN1) before it is parsed; what is still wrong then is another version or a fault of the writer.
 */
import { type KeyGroupRange, layoutOf } from "../../record/index.ts";
import { IndexedFileFormat } from "../snapshot/indexed-file.ts";
import { parseType } from "../snapshot/state-meta.ts";
import { isRowLayout, type RowLayout, writtenRowLayout } from "./row-meta.ts";
import type { TableLayout } from "./table-meta.ts";

export type PagePlace = { readonly offset: number; readonly length: number; readonly slots: number };
export type SlicePlaces = { readonly slice: number; readonly pages: readonly PagePlace[] };
export type TablePlaces = { readonly layout: TableLayout | RowLayout; readonly slices: readonly SlicePlaces[] };

export type TableFileIndex = {
  readonly uid: string;
  readonly maxParallelism: number;
  readonly keyGroups: KeyGroupRange;
  readonly tables: readonly TablePlaces[];
};

export const tableFile = new IndexedFileFormat("file of tables", { name: "SJTABLE", version: 1, end: "SJTABEND" });

/** Index, padding and footer: what follows the pages. */
export function encodeTableIndex({ tables, ...rest }: TableFileIndex): Uint8Array {
  const listed = tables.map(({ layout, slices }) => ({
    name: layout.name,
    ...(isRowLayout(layout)
      ? { row: layout.row.type, by: layout.key, marks: layout.hasMarks }
      : { key: layout.key.type, value: layout.value.type }),
    slices: slices.map(({ slice, pages }) => [
      slice,
      pages.map(({ offset, length, slots }) => [offset, length, slots]),
    ]),
  }));
  return tableFile.encodeIndex({ ...rest, tables: listed });
}

/** Reads the index of a verified file. Errors: CHECKPOINT_CORRUPT, FORMAT_TOO_NEW. */
export function parseTableIndex(file: string, bytes: Buffer): TableFileIndex {
  const { index, indexAt } = tableFile.parseIndex(file, bytes);
  return checkIndex(file, index as WrittenIndex, indexAt);
}

type WrittenIndex = Omit<TableFileIndex, "tables"> & {
  readonly tables: readonly {
    readonly name: string;
    readonly key?: unknown;
    readonly value?: unknown;
    readonly row?: unknown;
    readonly by?: readonly string[];
    readonly marks?: boolean;
    readonly slices: readonly [number, readonly [number, number, number][]][];
  }[];
};

function checkIndex(file: string, { tables, ...rest }: WrittenIndex, end: number): TableFileIndex {
  if (!Array.isArray(tables)) throw tableFile.corrupt(file, "its index has no tables");
  const places = (tables as WrittenIndex["tables"]).map(
    ({ name, key, value, row, by = [], marks = false, slices }): TablePlaces => {
      const layout =
        row === undefined
          ? { name, key: layoutOf(parseType(key)), value: layoutOf(parseType(value)) }
          : writtenRowLayout({ name, row: parseType(row), key: by, hasMarks: marks });
      return {
        layout,
        slices: slices.map(([slice, pages]) => ({
          slice,
          pages: pages.map(([offset, length, slots]) => {
            if (offset < tableFile.magic.length || offset + length > end)
              throw tableFile.corrupt(file, `a page of table "${name}" at ${offset} is out of bounds`);
            return { offset, length, slots };
          }),
        })),
      };
    },
  );
  return { ...rest, tables: places };
}

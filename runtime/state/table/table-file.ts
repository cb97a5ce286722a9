/**
 * Owns: the layout of a file of tables: one per subtask, operator and snapshot.
 * Not here: magic, index and footer as such (snapshot/indexed-file.ts), blocks of columns (record/columns/column-codec.ts), what is in a page in memory (page.ts).
 *
 * Grammar (little-endian, every part starts at an 8-byte boundary):
 *   file   = magic part* index padding footer        as every indexed file: magic "SJTABLE1" or "SJTABLE2", end "SJTABEND"
 *   part   = keys values                     blocks of columns of the same slots; `keys` has the hashes of the keys
 *          | gone? marked? (rows places? marks?)?
 *                                            of a row table: `rows` has the hashes of their keys; `marks` is one column of int32; `gone` and `places` have places
 *                                            in the page, `marked` places and marks
 *   index  = JSON {"uid", "maxParallelism", "keyGroups": {"first", "last"}, "tables": [{"name", "key", "value",
 *            "slices": [[slice, [[offset, length, slots]…]]…]}…]}       types as in files of keyed state (STM1)
 *            of a row table "row" (a type), "by" (names of the key's fields) and "marks" (boolean) instead of "key" and "value"
 *   of version 2: "after": [sha256…]         the files that it builds on, oldest first; and
 *            "slices": [[slice, table, [[offset, length, slots, page, form?, …]…], [page…]]…]
 *            form   = absent: all of the page; 1: all of it, with `places`; 2: what has changed since the files before
 *            2 is followed by the slots at the end that are new, of a row table by how many are gone and marked
 *            the last list: pages that are there, of which this file has nothing: they are as the files before say. Others are there no more
 *
 * TBF1 A part says nothing about key groups, and is in order of slots: a reader at another parallelism reads all parts of the files whose range
 *     overlaps its own, and takes the keys whose hash it owns.
 * TBF2 The file is verified as a whole (HAN1) before it is parsed; what is still wrong then is another version or a fault of the writer.
 * TBF3 A file of version 1 is all that there is. One of version 2 has what was written for its checkpoint, and names all slices that there are by the
 *     identities of their tables, and all pages of each: what files before it say of others is over. Savepoints are of version 1.
 */
import { type KeyGroupRange, layoutOf } from "../../record/index.ts";
import { IndexedFileFormat } from "../snapshot/indexed-file.ts";
import { parseType } from "../snapshot/state-meta.ts";
import { isRowLayout, type RowLayout, writtenRowLayout } from "./row-meta.ts";
import type { TableLayout } from "./table-meta.ts";

/** What a part is of its page. Of changes of slots the last `added` are of new keys; of a row table's, earlier rows are gone or marked. */
export type PartForm = {
  readonly kind: "whole" | "changes";
  readonly hasPlaces: boolean;
  readonly added: number;
  readonly gone: number;
  readonly marked: number;
};

export const wholePart: PartForm = { kind: "whole", hasPlaces: false, added: 0, gone: 0, marked: 0 };

export type PartPlace = {
  readonly offset: number;
  readonly length: number;
  readonly slots: number;
  readonly page: number;
  readonly form: PartForm;
};

export type SlicePlaces = {
  readonly slice: number;
  /** Which table of the slice: one that was dropped and made anew is another. */
  readonly table: number;
  readonly parts: readonly PartPlace[];
  /** Pages of files before, of which this one has nothing. */
  readonly stay: readonly number[];
};
export type TablePlaces = { readonly layout: TableLayout | RowLayout; readonly slices: readonly SlicePlaces[] };

export type TableFileIndex = {
  readonly uid: string;
  readonly maxParallelism: number;
  readonly keyGroups: KeyGroupRange;
  /** Null: it is all that there is (TBF3). */
  readonly after: readonly string[] | null;
  readonly tables: readonly TablePlaces[];
};

export const tableFile = new IndexedFileFormat("file of tables", { name: "SJTABLE", version: 2, end: "SJTABEND" });

/** What such a file begins with. */
export const tableMagic = (isAlone: boolean): Uint8Array => tableFile.magic(isAlone ? 1 : 2);

const PLACES = 1;
const CHANGES = 2;

/** Index, padding and footer: what follows the parts. */
export function encodeTableIndex({ tables, after, ...rest }: TableFileIndex): Uint8Array {
  const listed = tables.map(({ layout, slices }) => ({
    name: layout.name,
    ...(isRowLayout(layout)
      ? { row: layout.row.type, by: layout.key, marks: layout.hasMarks }
      : { key: layout.key.type, value: layout.value.type }),
    slices: slices.map(({ slice, table, parts, stay }) =>
      after === null
        ? [slice, parts.map(({ offset, length, slots }) => [offset, length, slots])]
        : [slice, table, parts.map((part) => encodePart(part, isRowLayout(layout))), stay],
    ),
  }));
  return tableFile.encodeIndex({ ...rest, ...(after === null ? {} : { after }), tables: listed });
}

function encodePart({ offset, length, slots, page, form }: PartPlace, isOfRows: boolean): readonly number[] {
  const place = [offset, length, slots, page];
  if (form.kind === "whole") return form.hasPlaces ? [...place, PLACES] : place;
  return isOfRows ? [...place, CHANGES, form.gone, form.marked] : [...place, CHANGES, form.added];
}

/** Reads the index of a verified file. Errors: CHECKPOINT_CORRUPT, FORMAT_TOO_NEW. */
export function parseTableIndex(file: string, bytes: Buffer): TableFileIndex {
  const { version, index, indexAt } = tableFile.parseIndex(file, bytes);
  return checkIndex(file, index as WrittenIndex, { isAlone: version === 1, end: indexAt });
}

type WrittenParts = readonly (readonly number[])[];

type WrittenIndex = Omit<TableFileIndex, "tables"> & {
  readonly tables: readonly {
    readonly name: string;
    readonly key?: unknown;
    readonly value?: unknown;
    readonly row?: unknown;
    readonly by?: readonly string[];
    readonly marks?: boolean;
    readonly slices: readonly (
      | readonly [number, WrittenParts]
      | readonly [number, number, WrittenParts, readonly number[]]
    )[];
  }[];
};

function checkIndex(
  file: string,
  { tables, after, ...rest }: WrittenIndex,
  { isAlone, end }: { readonly isAlone: boolean; readonly end: number },
): TableFileIndex {
  if (!Array.isArray(tables)) throw tableFile.corrupt(file, "its index has no tables");
  if (!isAlone && !Array.isArray(after)) throw tableFile.corrupt(file, "its index has no files before it");
  const places = (tables as WrittenIndex["tables"]).map(
    ({ name, key, value, row, by = [], marks = false, slices }): TablePlaces => {
      const layout =
        row === undefined
          ? { name, key: layoutOf(parseType(key)), value: layoutOf(parseType(value)) }
          : writtenRowLayout({ name, row: parseType(row), key: by, hasMarks: marks });
      return {
        layout,
        slices: slices.map((slice) => {
          const [number, table, parts, stay] = slice.length === 2 ? ([slice[0], 0, slice[1], []] as const) : slice;
          const read = parts.map((part, at) => decodePart(isAlone ? [...part, at] : part, row !== undefined));
          for (const { offset, length } of read)
            if (offset < tableFile.start || offset + length > end)
              throw tableFile.corrupt(file, `a page of table "${name}" at ${offset} is out of bounds`);
          return { slice: number, table, parts: read, stay };
        }),
      };
    },
  );
  return { ...rest, after: isAlone ? null : (after ?? null), tables: places };
}

function decodePart(part: readonly number[], isOfRows: boolean): PartPlace {
  const [offset, length, slots, page, form, first = 0, second = 0] = part;
  const place = { offset, length, slots, page } as Omit<PartPlace, "form">;
  if (form !== CHANGES) return { ...place, form: { ...wholePart, hasPlaces: form === PLACES } };
  const changes = isOfRows
    ? { hasPlaces: true, added: place.slots, gone: first, marked: second }
    : { hasPlaces: false, added: first, gone: 0, marked: 0 };
  return { ...place, form: { kind: "changes", ...changes } };
}

/**
 * Owns: the layout of a file of tables: one per subtask, operator and snapshot.
 * Not here: blocks of columns (record/columns/column-codec.ts), what is in a page in memory (page.ts).
 *
 * Grammar (little-endian, every part starts at an 8-byte boundary):
 *   file   = magic page* index padding footer
 *   magic  = "SJTABLE1"                      the digit is the version of the format
 *   page   = keys values                     blocks of columns of the same slots; `keys` has the hashes of the keys
 *   index  = JSON {"uid", "maxParallelism", "keyGroups": {"first", "last"}, "tables": [{"name", "key", "value",
 *            "slices": [[slice, [[offset, length, slots]…]]…]}…]}       types as in files of keyed state (STM1)
 *   footer = u32 length of the index, u32 reserved, "SJTABEND"
 *
 * TBF1 A page says nothing about key groups, and is in order of slots: a reader at another parallelism reads all pages of the files whose range
 *     overlaps its own, and takes the keys whose hash it owns.
 * TBF2 The file is verified as a whole (HAN1) before it is parsed; what is still wrong then is another version or a fault of the writer.
 */
import { newerFormat, StreamError } from "../../../base/index.ts";
import { ByteWriter, type KeyGroupRange, layoutOf } from "../../record/index.ts";
import { parseType } from "../snapshot/state-meta.ts";
import type { TableLayout } from "./table-meta.ts";

export type PagePlace = { readonly offset: number; readonly length: number; readonly slots: number };
export type SlicePlaces = { readonly slice: number; readonly pages: readonly PagePlace[] };
export type TablePlaces = { readonly layout: TableLayout; readonly slices: readonly SlicePlaces[] };

export type TableFileIndex = {
  readonly uid: string;
  readonly maxParallelism: number;
  readonly keyGroups: KeyGroupRange;
  readonly tables: readonly TablePlaces[];
};

const VERSION = 1;
const MAGIC_NAME = "SJTABLE";
const MAGIC = `${MAGIC_NAME}${VERSION}`;
const END = "SJTABEND";
export const TABLE_MAGIC: Uint8Array = Buffer.from(MAGIC, "latin1");
const FOOTER_LENGTH = 16;

/** Index, padding and footer: what follows the pages. */
export function encodeTableIndex({ tables, ...rest }: TableFileIndex): Uint8Array {
  const listed = tables.map(({ layout, slices }) => ({
    name: layout.name,
    key: layout.key.type,
    value: layout.value.type,
    slices: slices.map(({ slice, pages }) => [
      slice,
      pages.map(({ offset, length, slots }) => [offset, length, slots]),
    ]),
  }));
  const text = Buffer.from(JSON.stringify({ ...rest, tables: listed }), "utf8");
  const writer = new ByteWriter(text.length + FOOTER_LENGTH + 8);
  writer.bytes(text);
  writer.align8();
  writer.u32(text.length);
  writer.u32(0);
  writer.bytes(Buffer.from(END, "latin1"));
  return writer.copy();
}

/** Reads the index of a verified file. Errors: CHECKPOINT_CORRUPT, FORMAT_TOO_NEW. */
export function parseTableIndex(file: string, bytes: Buffer): TableFileIndex {
  const magic = bytes.toString("latin1", 0, MAGIC.length);
  const version = magic.startsWith(MAGIC_NAME) ? Number(magic.slice(MAGIC_NAME.length)) : 0;
  if (version > VERSION) throw newerFormat(`the file of tables ${file}`, version, VERSION);
  if (magic !== MAGIC) throw corruptTables(file, `it starts with ${JSON.stringify(magic)}, not ${MAGIC}`);
  if (bytes.toString("latin1", bytes.length - END.length) !== END) throw corruptTables(file, "its end is missing");
  const footerAt = bytes.length - FOOTER_LENGTH;
  const textLength = bytes.readUInt32LE(footerAt);
  const textAt = footerAt - ((textLength + 7) & ~7);
  if (textAt < MAGIC.length) throw corruptTables(file, "its index is longer than the file");
  let index: unknown;
  try {
    index = JSON.parse(bytes.toString("utf8", textAt, textAt + textLength));
  } catch (cause) {
    throw corruptTables(file, "its index cannot be read", cause);
  }
  return checkIndex(file, index as WrittenIndex, textAt);
}

type WrittenIndex = Omit<TableFileIndex, "tables"> & {
  readonly tables: readonly {
    readonly name: string;
    readonly key: unknown;
    readonly value: unknown;
    readonly slices: readonly [number, readonly [number, number, number][]][];
  }[];
};

function checkIndex(file: string, { tables, ...rest }: WrittenIndex, end: number): TableFileIndex {
  if (!Array.isArray(tables)) throw corruptTables(file, "its index has no tables");
  const places = (tables as WrittenIndex["tables"]).map(({ name, key, value, slices }): TablePlaces => {
    const layout = { name, key: layoutOf(parseType(key)), value: layoutOf(parseType(value)) };
    return {
      layout,
      slices: slices.map(([slice, pages]) => ({
        slice,
        pages: pages.map(([offset, length, slots]) => {
          if (offset < MAGIC.length || offset + length > end)
            throw corruptTables(file, `a page of table "${name}" at ${offset} is out of bounds`);
          return { offset, length, slots };
        }),
      })),
    };
  });
  return { ...rest, tables: places };
}

export function corruptTables(file: string, what: string, cause?: unknown): StreamError {
  return new StreamError(
    "CHECKPOINT_CORRUPT",
    `${file} is not a file of tables of this version: ${what}; restore from another checkpoint, or use the version that wrote it`,
    { destiny: "terminal", cause },
  );
}

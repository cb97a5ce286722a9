/**
 * Owns: the bytes of a page of a table, and of what was changed in it.
 * Not here: which pages are written (table-steps.ts), where they are in the file (table-file.ts), reading (table-reader.ts).
 */
import {
  type ByteWriter,
  ColumnBatch,
  ColumnBuilder,
  type ColumnLayout,
  encodeColumns,
  layoutOf,
  t,
  type ValueType,
} from "../../record/index.ts";
import { PAGE_SLOTS, type TablePage, valueColumn, valueColumnInPlace } from "./page.ts";
import { markLayout, type RowLayout } from "./row-meta.ts";
import type { RowPage } from "./row-page.ts";
import type { TableLayout } from "./table-meta.ts";

/** Encodes some rows of a page after those of another, in the same memory. */
export class PageWriter {
  readonly bytes: ByteWriter;
  readonly #builders = new Map<ColumnLayout, ColumnBuilder>();

  constructor(bytes: ByteWriter) {
    this.bytes = bytes;
  }

  whole(batch: ColumnBatch): void {
    encodeColumns(batch, this.bytes);
  }

  /** Those at these places, in their order. */
  chosen(batch: ColumnBatch, rows: Int32Array): void {
    let builder = this.#builders.get(batch.layout);
    if (builder === undefined) {
      builder = new ColumnBuilder(batch.layout.type, PAGE_SLOTS);
      this.#builders.set(batch.layout, builder);
    }
    builder.append(batch, { rows, from: 0, to: rows.length });
    const chosen = builder.take();
    encodeColumns(chosen, this.bytes);
    chosen.release();
  }
}

const recordOf = (fields: Readonly<Record<string, unknown>>): ColumnLayout =>
  layoutOf(t.record(fields as never) as ValueType<unknown>);

/** Places in a page. */
export const placeLayout = recordOf({ place: t.int32 });
/** The mark of the row at a place. */
export const markedLayout = recordOf({ place: t.int32, mark: t.int32 });

/** The first `count` slots. */
export function encodeSlots({ key, value }: TableLayout, page: TablePage, count: number, writer: PageWriter): void {
  writer.whole(keysOf(key, page, count));
  const values = value.fields.map((field, place) => {
    const nulls = page.nulls[place] ?? null;
    return valueColumn(field, page.values[place] as TablePage["values"][number], { nulls, slots: count });
  });
  writer.whole(new ColumnBatch(value, values, { count }));
}

/** Slots at these places, of a page that has `count`. */
export function encodeChangedSlots(
  { key, value }: TableLayout,
  page: TablePage,
  { places, count }: { readonly places: Int32Array; readonly count: number },
  writer: PageWriter,
): void {
  writer.chosen(keysOf(key, page, count), places);
  const values = value.fields.map((field, place) =>
    valueColumnInPlace(field, page.values[place] as TablePage["values"][number], page.nulls[place] ?? null),
  );
  writer.chosen(new ColumnBatch(value, values, { count }), places);
}

function keysOf(key: ColumnLayout, { keys: { hashes, columns } }: TablePage, count: number): ColumnBatch {
  return new ColumnBatch(key, columns, { count, marks: { timestamps: null, keyHashes: hashes, rowKinds: null } });
}

export const areFirst = (places: Int32Array): boolean => places[places.length - 1] === places.length - 1;

/** The rows at these places, in their order. `withPlaces`: and the places. */
export function encodeRows(
  { row, hasMarks }: RowLayout,
  page: RowPage,
  { places, withPlaces }: { readonly places: Int32Array; readonly withPlaces: boolean },
  writer: PageWriter,
): void {
  const count = places.length;
  const { hashes, columns, used } = page.rows;
  const marks = { timestamps: null, keyHashes: hashes, rowKinds: null };
  const isWhole = areFirst(places);
  if (isWhole) writer.whole(new ColumnBatch(row, columns, { count, marks }));
  else writer.chosen(new ColumnBatch(row, columns, { count: used, marks }), places);
  if (withPlaces) encodeNumbers(placeLayout, [places], writer);
  if (!hasMarks || page.marks === null) return;
  const values = isWhole ? page.marks : Int32Array.from(places, (place) => page.marks?.[place] ?? 0);
  writer.whole(new ColumnBatch(markLayout, [{ kind: "int32", values, nulls: null }], { count }));
}

/** What became of rows that are in the file of an earlier snapshot. */
export function encodeRowChanges(
  page: RowPage,
  { gone, marked }: { readonly gone: readonly number[]; readonly marked: readonly number[] },
  writer: PageWriter,
): void {
  if (gone.length > 0) encodeNumbers(placeLayout, [Int32Array.from(gone)], writer);
  if (marked.length === 0) return;
  const marks = Int32Array.from(marked, (place) => page.marks?.[place] ?? 0);
  encodeNumbers(markedLayout, [Int32Array.from(marked), marks], writer);
}

function encodeNumbers(layout: ColumnLayout, columns: readonly Int32Array[], writer: PageWriter): void {
  const count = columns[0]?.length ?? 0;
  const batch = columns.map((values) => ({ kind: "int32", values, nulls: null }) as const);
  writer.whole(new ColumnBatch(layout, batch, { count }));
}

/**
 * Owns: the memory of 2^TABLE_PAGE_BITS slots of a table: hashes, keys, values.
 *
 * PGE1 Hashes and keys are only added: what a snapshot fixed of them stays as it is. So a copy of a page shares them, and has values of its own.
 */
import { type AnyStore, type Column, type ColumnField, storeOf, TABLE_PAGE_BITS } from "../../record/index.ts";
import type { TableLayout } from "./table-meta.ts";
import { TextPage } from "./text-page.ts";

/** PageValues that this room makes. */
export type OwnPageValues = Float64Array | BigInt64Array | Int32Array | Uint8Array | TextPage;

export const PAGE_SLOTS = 2 ** TABLE_PAGE_BITS;
export const SLOT_MASK = PAGE_SLOTS - 1;
const BITMAP_BYTES = PAGE_SLOTS >> 3;

export type PageKeys = {
  readonly hashes: Int32Array;
  readonly stores: readonly AnyStore[];
  columns: readonly Column[];
  /** Whether the columns may be others after a key was added: texts move to larger memory, and a first null makes a bitmap. */
  readonly mayMove: boolean;
};

export type TablePage = {
  readonly keys: PageKeys;
  readonly values: readonly OwnPageValues[];
  /** Null where the type is not nullable. */
  readonly nulls: readonly (Uint8Array | null)[];
  /** The number of the last snapshot before its values were made: later ones hold them, too. */
  readonly madeAfter: number;
};

/** `before`: the page that was filled before: texts of the next one will take about as much memory. */
export function createPage({ key, value }: TableLayout, madeAfter: number, before: TablePage | null): TablePage {
  const stores = key.fields.map((field, at) => storeOf(field, PAGE_SLOTS, textBytesOf(before?.keys.stores[at])));
  const keys = {
    hashes: new Int32Array(PAGE_SLOTS),
    stores,
    columns: stores.map((store) => store.column()),
    mayMove: key.fields.some(({ kind, type }) => kind === "text" || type.nullable),
  };
  const values = value.fields.map((field, at) => createValues(field, textBytesOf(before?.values[at])));
  return { keys, values, nulls: value.fields.map(createNulls), madeAfter };
}

const TEXTS_MORE = 1.06;

/** Undefined: it has no texts. */
function textBytesOf(texts: AnyStore | OwnPageValues | undefined): number | undefined {
  return texts !== undefined && "used" in texts ? Math.ceil(texts.used * TEXTS_MORE) : undefined;
}

export function copyPage({ keys, values, nulls }: TablePage, madeAfter: number): TablePage {
  return {
    keys,
    values: values.map((each) => each.slice()),
    nulls: nulls.map((each) => each?.slice() ?? null),
    madeAfter,
  };
}

/** The same slots in another layout (TBM2). Arrays are shared: as old as they were, they are copied when a snapshot holds them. `used`: slots. */
export function convertPage(page: TablePage, used: number, from: TableLayout, to: TableLayout): TablePage {
  const places = to.value.fields.map(({ name }) => from.value.fields.findIndex((field) => field.name === name));
  const values = to.value.fields.map((field, at) => page.values[places[at] as number] ?? createValues(field));
  const nulls = to.value.fields.map((field, at) => {
    const place = places[at] as number;
    if (place < 0 || page.nulls[place] !== null) return page.nulls[place] ?? createNulls(field);
    return field.type.nullable ? nullsAfter(used) : null;
  });
  return { ...page, values, nulls };
}

/** Adds a key at the next place. */
export function addKey(
  keys: PageKeys,
  place: number,
  hash: number,
  from: { readonly columns: readonly Column[]; readonly rows: Int32Array; readonly at: number },
): void {
  const { columns, rows, at } = from;
  keys.hashes[place] = hash;
  const gathering = { rows, from: at, to: at + 1, at: place };
  for (let field = 0; field < columns.length; field++)
    (keys.stores[field] as AnyStore).gather(columns[field] as Column, gathering);
  if (keys.mayMove) keys.columns = keys.stores.map((store) => store.column());
}

function createValues({ kind }: ColumnField, textBytes?: number): OwnPageValues {
  switch (kind) {
    case "text":
      return TextPage.create(PAGE_SLOTS, textBytes);
    case "bigint":
      return new BigInt64Array(PAGE_SLOTS);
    case "int32":
      return new Int32Array(PAGE_SLOTS);
    case "boolean":
      return new Uint8Array(PAGE_SLOTS);
    default:
      return new Float64Array(PAGE_SLOTS);
  }
}

/** All are null to begin with (CTP2). */
function createNulls({ type }: ColumnField): Uint8Array | null {
  return type.nullable ? new Uint8Array(BITMAP_BYTES).fill(0xff) : null;
}

/** The first `used` slots have a value; those to come are null (CTP2). */
function nullsAfter(used: number): Uint8Array {
  const nulls = new Uint8Array(BITMAP_BYTES).fill(0xff);
  for (let slot = 0; slot < used; slot++) nulls[slot >> 3] = (nulls[slot >> 3] as number) & ~(1 << (slot & 7));
  return nulls;
}

/** 0, 1, 2, … */
const places = Int32Array.from({ length: PAGE_SLOTS }, (_none, at) => at);

/** The values of a page, texts where they are. */
export function valueColumnInPlace(field: ColumnField, values: OwnPageValues, nulls: Uint8Array | null): Column {
  if (field.kind === "text") return { ...(values as TextPage).column(), nulls };
  return valueColumn(field, values, { nulls, slots: PAGE_SLOTS });
}

/** The values of a page's first `slots` slots, as blocks of columns have them: texts one after the other. */
export function valueColumn(
  field: ColumnField,
  values: OwnPageValues,
  { nulls, slots }: { readonly nulls: Uint8Array | null; readonly slots: number },
): Column {
  const { kind } = field;
  switch (kind) {
    case "text": {
      const store = storeOf(field, Math.max(1, slots));
      store.gather((values as TextPage).column(), { rows: places, from: 0, to: slots, at: 0 });
      return { ...store.column(), nulls } as Column;
    }
    case "bigint": {
      const own = values as BigInt64Array<ArrayBuffer>;
      return { kind, values: own, words: new Int32Array(own.buffer), nulls };
    }
    case "int32":
      return { kind, values: values as Int32Array, nulls };
    case "boolean":
      return { kind, values: values as Uint8Array, nulls };
    default:
      return { kind: "float64", values: values as Float64Array, nulls };
  }
}

/** A sliced table over several subtasks beside its model in Maps, for property tests. */
import assert from "node:assert/strict";
import { nextTurn } from "../../../base/index.ts";
import type { KeyedStateHandle } from "../../checkpoint/index.ts";
import type { PageValues, SlicedTable, SlicedTableDescriptor, TextValues } from "../../ports/index.ts";
import {
  type Column,
  ColumnBuilder,
  type Key,
  keyGroupOfHash,
  keyGroupRange,
  keyHash,
  layoutOf,
  readText,
  storeOf,
  subtaskOfKeyGroup,
  t,
  TABLE_PAGE_BITS,
  type TextColumn,
  type ValueType,
} from "../../record/index.ts";
import { MemorySnapshotFiles } from "../../testkit/index.ts";
import { createKeyedBackend, type KeyedSnapshot, type KeyedStateBackend, type SnapshotRequest } from "../index.ts";

export const MAX_PARALLELISM = 8;
const MASK = 2 ** TABLE_PAGE_BITS - 1;

export type Row = Readonly<Record<string, Key>>;
export type Totals = { count: number; last: bigint | null; note: string };
/** By slice, then by the key's text. */
export type Model = Map<number, Map<string, Totals>>;
/** What was fixed, in the tables and in the model. */
export type Fixed = { readonly snapshots: readonly KeyedSnapshot[]; readonly model: Model };

export const totalsType = t.record({
  count: t.float64,
  last: t.nullable(t.bigint),
  note: t.string,
}) as ValueType<unknown>;

const noteOf = (count: number, last: bigint | null): string =>
  last === null ? "\ud800" : `${"größe".repeat((count * 211) % 301)}${last}`;

function textColumnOf(text: string): TextColumn {
  const store = storeOf({ name: "note", type: t.string as ValueType<unknown>, kind: "text" }, 1);
  store.put(text, 0);
  return store.column() as TextColumn;
}

const textOf = (row: Row): string =>
  JSON.stringify(row, (_name, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
const copyOf = (model: Model): Model =>
  new Map([...model].map(([slice, totals]) => [slice, new Map([...totals].map(([key, each]) => [key, { ...each }]))]));

export class TableWorld {
  readonly descriptor: SlicedTableDescriptor;
  readonly files: MemorySnapshotFiles;
  readonly backends: readonly KeyedStateBackend[];
  readonly tables: readonly SlicedTable[];
  model: Model;

  private constructor(
    parts: { readonly descriptor: SlicedTableDescriptor; readonly files: MemorySnapshotFiles; readonly model: Model },
    backends: readonly KeyedStateBackend[],
  ) {
    this.descriptor = parts.descriptor;
    this.files = parts.files;
    this.model = parts.model;
    this.backends = backends;
    this.tables = backends.map((backend) => backend.slicedTable(parts.descriptor));
  }

  static async open(
    descriptor: SlicedTableDescriptor,
    parallelism: number,
    from: {
      readonly handles: readonly KeyedStateHandle[];
      readonly files: MemorySnapshotFiles;
      readonly model: Model;
    } | null = null,
  ): Promise<TableWorld> {
    const backends = await openBackends(parallelism, from);
    const { files = new MemorySnapshotFiles(), model = new Map() } = from ?? {};
    return new TableWorld({ descriptor, files, model: copyOf(model) }, backends);
  }

  /** Counts each row in its key's slot, and keeps `last` and a note, a text that is now longer and now shorter. The hash is that of the first column, as over an edge by a part of the key. */
  count(slice: number, rows: readonly Row[], last: bigint | null): void {
    const { key } = this.descriptor;
    const [field] = layoutOf(key).fields;
    for (const [subtask, table] of this.tables.entries()) {
      const builder = new ColumnBuilder(key, Math.max(1, rows.length));
      for (const row of rows) builder.appendRow(row, 0);
      const batch = builder.take();
      const hashes = Int32Array.from(rows, (row) => keyHash(row[field?.name as string] as Key));
      const own = rows.flatMap((_row, at) =>
        ownerOf(hashes[at] as number, this.tables.length) === subtask ? [at] : [],
      );
      const slots = new Int32Array(own.length);
      const records = { keys: batch.columns, hashes, rows: Int32Array.from(own), count: own.length };
      const target = table.table(slice);
      target.slotsOf(records, slots);
      const counts = target.values[0] as readonly Float64Array[];
      const lasts = target.values[1] as readonly BigInt64Array[];
      const nulls = target.nulls[1] as readonly Uint8Array[];
      for (const slot of slots) {
        const [page, at] = [slot >> TABLE_PAGE_BITS, slot & MASK];
        (counts[page] as Float64Array)[at] = ((counts[page] as Float64Array)[at] as number) + 1;
        const bits = nulls[page] as Uint8Array;
        const bit = 1 << (at & 7);
        bits[at >> 3] = last === null ? (bits[at >> 3] as number) | bit : (bits[at >> 3] as number) & ~bit;
        if (last !== null) (lasts[page] as BigInt64Array)[at] = last;
        const note = noteOf((counts[page] as Float64Array)[at] as number, last);
        const notes = (target.values[2] as readonly TextValues[])[page] as TextValues;
        notes.put(textColumnOf(note), 0, at);
      }
      batch.release();
    }
    this.#countInModel(slice, rows, last);
  }

  drop(slice: number): void {
    for (const table of this.tables) table.drop(slice);
    this.model.delete(slice);
  }

  fix(request: SnapshotRequest | null = null): Fixed {
    return { snapshots: this.backends.map((backend) => backend.snapshot(request)), model: copyOf(this.model) };
  }

  async write({ snapshots }: Fixed): Promise<KeyedStateHandle[]> {
    const handles = await Promise.all(snapshots.map((snapshot) => snapshot.write(this.files, nextTurn)));
    return handles.filter((handle) => handle !== null);
  }

  assertHolds(): void {
    assert.deepEqual(this.content(), copyOf(withoutEmpty(this.model)));
  }

  /** Of all subtasks; a key that two of them have fails. */
  content(): Model {
    const content: Model = new Map();
    for (const table of this.tables) {
      for (const slice of table.slices()) {
        const totals = content.get(slice) ?? new Map<string, Totals>();
        for (const [key, each] of contentOf(table, slice, this.descriptor)) {
          assert.ok(!totals.has(key), `${key} is there twice`);
          totals.set(key, each);
        }
        if (totals.size > 0) content.set(slice, totals);
      }
    }
    return content;
  }

  #countInModel(slice: number, rows: readonly Row[], last: bigint | null): void {
    const totals = this.model.get(slice) ?? new Map<string, Totals>();
    this.model.set(slice, totals);
    for (const row of rows) {
      const key = textOf(row);
      const count = (totals.get(key)?.count ?? 0) + 1;
      totals.set(key, { count, last, note: noteOf(count, last) });
    }
  }
}

function openBackends(
  parallelism: number,
  from: { readonly handles: readonly KeyedStateHandle[]; readonly files: MemorySnapshotFiles } | null,
): Promise<KeyedStateBackend[]> {
  return Promise.all(
    Array.from({ length: parallelism }, (_none, subtask) =>
      createKeyedBackend(
        {
          keyGroups: keyGroupRange(subtask, parallelism, MAX_PARALLELISM),
          maxParallelism: MAX_PARALLELISM,
          operatorUid: "orders",
          smallTableBytes: 0,
        },
        from === null ? null : { handles: from.handles, read: from.files.read },
        nextTurn,
      ),
    ),
  );
}

function ownerOf(hash: number, parallelism: number): number {
  return subtaskOfKeyGroup(keyGroupOfHash(hash, MAX_PARALLELISM), parallelism, MAX_PARALLELISM);
}

function withoutEmpty(model: Model): Model {
  return new Map([...model].filter(([, totals]) => totals.size > 0));
}

function* contentOf(table: SlicedTable, slice: number, { key }: SlicedTableDescriptor): Generator<[string, Totals]> {
  const found = table.find(slice);
  assert.ok(found !== null);
  const { fields } = layoutOf(key);
  for (let slot = 0; slot < found.size; slot++) {
    const [page, at] = [slot >> TABLE_PAGE_BITS, slot & MASK];
    const columns: readonly Column[] = found.keysOf(page);
    const batch = new ColumnBuilder(key, 1);
    for (const [place, column] of columns.entries())
      batch.stores[place]?.gather(column, { rows: Int32Array.of(at), from: 0, to: 1, at: 0 });
    batch.count = 1;
    const row = batch.take().toRows()[0] as Row;
    assert.equal(Object.keys(row).length, fields.length);
    const valueOf = (field: number): number | bigint =>
      ((found.values[field] as readonly PageValues[])[page] as Float64Array | BigInt64Array)[at] as number | bigint;
    const bits = (found.nulls[1] as readonly Uint8Array[])[page] as Uint8Array;
    const isNull = (((bits[at >> 3] as number) >> (at & 7)) & 1) === 1;
    const notes = (found.values[2] as readonly TextValues[])[page] as TextValues;
    const last = isNull ? null : (valueOf(1) as bigint);
    yield [textOf(row), { count: valueOf(0) as number, last, note: readText(notes.column(), at) }];
  }
}

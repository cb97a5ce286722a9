/** A row table over several subtasks beside a list of rows, for property tests. */
import assert from "node:assert/strict";
import { nextTurn } from "../../../base/index.ts";
import type { KeyedStateHandle } from "../../checkpoint/index.ts";
import { NO_SLOT, type RowTable, type RowTableDescriptor, type SlicedRows } from "../../ports/index.ts";
import {
  type ColumnBatch,
  ColumnBuilder,
  keyGroupOfHash,
  keyGroupRange,
  type Key,
  keyHash,
  plainKey,
  subtaskOfKeyGroup,
  t,
  type ValueType,
} from "../../record/index.ts";
import { MemorySnapshotFiles } from "../../testkit/index.ts";
import { createKeyedBackend, type KeyedSnapshot, type KeyedStateBackend, type SnapshotRequest } from "../index.ts";

export const MAX_PARALLELISM = 8;
export const SLICE = 3;

export type Row = {
  readonly id: bigint;
  readonly name: string | null;
  readonly worth: number;
  readonly tags: readonly string[] | null;
  readonly isOpen: boolean | null;
  readonly amount: bigint | null;
};

const rowType = t.record({
  id: t.bigint,
  name: t.nullable(t.string),
  worth: t.float64,
  tags: t.nullable(t.list(t.string)),
  isOpen: t.nullable(t.boolean),
  amount: t.nullable(t.decimal(2)),
}) as ValueType<unknown>;

export const describedBy = (key: readonly string[], more: Partial<RowTableDescriptor> = {}): RowTableDescriptor => ({
  name: "rows",
  row: rowType,
  key,
  identity: ["id", "name", "worth", "tags", "isOpen", "amount"],
  hasMarks: true,
  ...more,
});

const texts = new WeakMap<object, string>();

function textOf(row: object): string {
  const known = texts.get(row);
  if (known !== undefined) return known;
  const text = JSON.stringify(row, (_name, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
  texts.set(row, text);
  return text;
}

export function batchOf(rows: readonly object[], type = rowType): ColumnBatch {
  const builder = new ColumnBuilder(type, Math.max(1, rows.length));
  for (const row of rows) builder.appendRow(row, 0);
  return builder.take();
}

export type Held = { readonly row: Row; mark: number };

/** The table of one subtask of several, and what is to be in all of them. */
export class RowWorld {
  readonly descriptor: RowTableDescriptor;
  readonly files: MemorySnapshotFiles;
  readonly backends: readonly KeyedStateBackend[];
  readonly rows: readonly SlicedRows[];
  model: Held[];

  private constructor(
    descriptor: RowTableDescriptor,
    files: MemorySnapshotFiles,
    { backends, model }: { readonly backends: readonly KeyedStateBackend[]; readonly model: Held[] },
  ) {
    this.descriptor = descriptor;
    this.files = files;
    this.backends = backends;
    this.rows = backends.map((backend) => backend.slicedRows(descriptor));
    this.model = model;
  }

  static async open(
    descriptor: RowTableDescriptor,
    parallelism: number,
    from: { readonly handles: readonly KeyedStateHandle[]; files: MemorySnapshotFiles; model: Held[] } | null = null,
  ): Promise<RowWorld> {
    const backends = await Promise.all(
      Array.from({ length: parallelism }, (_none, subtask) =>
        createKeyedBackend(
          {
            keyGroups: keyGroupRange(subtask, parallelism, MAX_PARALLELISM),
            maxParallelism: MAX_PARALLELISM,
            operatorUid: "join",
            smallTableBytes: 0,
          },
          from === null ? null : { handles: from.handles, read: from.files.read },
          nextTurn,
        ),
      ),
    );
    const model = (from?.model ?? []).map((held) => ({ ...held }));
    return new RowWorld(descriptor, from?.files ?? new MemorySnapshotFiles(), { backends, model });
  }

  hashOf(row: Row): number {
    const { key } = this.descriptor;
    const [only, second] = key.map((name) => plainKey(row[name as keyof Row]));
    return keyHash(second === undefined ? (only as Key) : [only as Key, second]);
  }

  add(rows: readonly Row[], mark: number): void {
    this.#byOwner(rows, (table, batch, { hashes, places }) => {
      const marks = this.descriptor.hasMarks ? new Int32Array(places.length).fill(mark) : null;
      const slots = new Int32Array(places.length);
      table.add({ columns: batch.columns, hashes, rows: places, count: places.length }, marks, slots);
      for (const slot of slots) assert.equal(table.markOf(slot), mark);
    });
    this.model.push(...rows.map((row) => ({ row, mark })));
  }

  /** Rows of which one that is the same is taken out, if there is one. */
  take(rows: readonly Row[]): void {
    this.#byOwner(rows, (table, batch, { hashes, places }) => {
      for (let at = 0; at < places.length; at++) {
        const row = rows[places[at] as number] as Row;
        const slot = table.findSame({ columns: batch.columns, hashes, rows: places, count: places.length }, at);
        const found = this.model.findIndex((held) => textOf(held.row) === textOf(row));
        assert.equal(slot !== NO_SLOT, found >= 0);
        if (slot === NO_SLOT) continue;
        // Equal rows have equal marks in this world.
        assert.equal(table.markOf(slot), this.model[found]?.mark);
        table.remove(slot);
        this.model.splice(found, 1);
      }
    });
  }

  /** All rows that are the same as one of these. */
  mark(rows: readonly Row[], mark: number): void {
    const wanted = new Set(rows.map(textOf));
    for (const table of this.#tables())
      table.forEachPage(({ columns, rows: places, firstSlot }) => {
        const batch = new ColumnBuilder(rowType, places.length);
        for (const [field, store] of batch.stores.entries())
          store.gather(columns[field] as never, { rows: places, from: 0, to: places.length, at: 0 });
        batch.count = places.length;
        for (const [at, row] of batch.take().toRows().entries())
          if (wanted.has(textOf(row))) table.setMark(firstSlot + (places[at] as number), mark);
      });
    for (const held of this.model) if (wanted.has(textOf(held.row))) held.mark = mark;
  }

  tidy(): void {
    for (const table of this.#tables()) table.tidy();
  }

  fix(request: SnapshotRequest | null = null): {
    readonly snapshots: readonly KeyedSnapshot[];
    readonly model: Held[];
  } {
    return {
      snapshots: this.backends.map((backend) => backend.snapshot(request)),
      model: this.model.map((held) => ({ ...held })),
    };
  }

  async write(snapshots: readonly KeyedSnapshot[]): Promise<KeyedStateHandle[]> {
    const handles = await Promise.all(snapshots.map((snapshot) => snapshot.write(this.files, nextTurn)));
    return handles.filter((handle) => handle !== null);
  }

  /** `isOrdered`: rows of a key are in the order in which they came. */
  assertHolds(isOrdered: boolean): void {
    const shown = ({ row, mark }: Held): string => `${textOf(row)} ${mark}`;
    const distinct = [...new Map(this.model.map(({ row }) => [this.#keyText(row), row])).values()];
    let total = 0;
    this.#byOwner(distinct, (table, batch, { hashes, places }) => {
      const first = new Int32Array(places.length);
      const { key } = this.descriptor;
      const fields = rowType.fields ?? [];
      const keys = key.map((name) => batch.columns[fields.findIndex((field) => field.name === name)] as never);
      table.find({ keys, hashes, rows: places, count: places.length }, first);
      for (let at = 0; at < places.length; at++) {
        const row = distinct[places[at] as number] as Row;
        const found: Held[] = [];
        const slots: number[] = [];
        for (let slot = first[at] as number; slot !== NO_SLOT; slot = table.next[slot] as number) slots.push(slot);
        const builder = new ColumnBuilder(rowType, Math.max(1, slots.length));
        for (const [field, store] of builder.stores.entries())
          table.gather(field, { slots: Int32Array.from(slots), from: 0, to: slots.length, at: 0 }, store);
        builder.count = slots.length;
        for (const [index, each] of builder.take().toRows().entries())
          found.push({ row: each as Row, mark: table.markOf(slots[index] as number) });
        const wanted = this.model.filter((held) => this.#keyText(held.row) === this.#keyText(row)).map(shown);
        const shownRows = found.map(shown);
        assert.deepEqual(isOrdered ? shownRows : shownRows.sort(), isOrdered ? wanted : wanted.sort());
        total += found.length;
      }
    });
    assert.equal(total, this.model.length);
    assert.equal(
      this.#tables().reduce((sum, table) => sum + table.size, 0),
      this.model.length,
    );
  }

  #keyText(row: Row): string {
    return textOf(this.descriptor.key.map((name) => row[name as keyof Row]));
  }

  #tables(): readonly RowTable[] {
    return this.rows.map((rows) => rows.table(SLICE));
  }

  #byOwner(
    rows: readonly Row[],
    use: (table: RowTable, batch: ColumnBatch, own: { hashes: Int32Array; places: Int32Array }) => void,
  ): void {
    const hashes = Int32Array.from(rows, (row) => this.hashOf(row));
    for (const [subtask, table] of this.#tables().entries()) {
      const own = rows.flatMap((_row, at) => {
        const group = keyGroupOfHash(hashes[at] as number, MAX_PARALLELISM);
        return subtaskOfKeyGroup(group, this.backends.length, MAX_PARALLELISM) === subtask ? [at] : [];
      });
      const batch = batchOf(rows);
      if (own.length > 0) use(table, batch, { hashes, places: Int32Array.from(own) });
      batch.release();
    }
  }
}

/** Few: what is taken or marked is often there. */
export const pool: readonly Row[] = [
  { id: 1n, name: "ada", worth: 0, tags: null, isOpen: true, amount: 12n },
  { id: 1n, name: "ada", worth: 0, tags: ["a", "b"], isOpen: true, amount: 12n },
  { id: 1n, name: null, worth: -7, tags: [], isOpen: null, amount: null },
  { id: 2n, name: "", worth: 1.5, tags: null, isOpen: false, amount: 2n ** 70n },
  { id: 2n, name: "some longer text that takes more words", worth: 0, tags: ["a"], isOpen: null, amount: null },
  { id: -3n, name: "é\u{1f600}", worth: -7, tags: null, isOpen: false, amount: 12n },
  { id: 2n ** 40n, name: "", worth: 1.5, tags: ["a", "b"], isOpen: null, amount: -1n },
  { id: 2n ** 40n, name: null, worth: Number.NaN, tags: [], isOpen: true, amount: 12n },
];

export const repeated = (from: readonly Row[], count: number): readonly Row[] =>
  Array.from({ length: count }, () => from).flat();

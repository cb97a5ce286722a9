/** Which files a checkpoint of tables has, how many and how large, and what is refused (WTB1 to WTB3, SBA1, SBA2, TBR1, TCH2). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { nextTurn } from "../../../base/index.ts";
import { keyedFiles, type KeyedStateHandle } from "../../checkpoint/index.ts";
import type { ColumnTable, SlicedTable } from "../../ports/index.ts";
import { keyHash, t, TABLE_PAGE_BITS, type ValueType } from "../../record/index.ts";
import { MemorySnapshotFiles } from "../../testkit/index.ts";
import { createKeyedBackend, type KeyedStateBackend } from "../index.ts";

const record = (fields: object): ValueType<unknown> => t.record(fields as never) as ValueType<unknown>;
const COUNTS = { name: "counts", key: record({ id: t.float64 }), value: record({ count: t.float64, sum: t.float64 }) };
const OPTIONS = { keyGroups: { first: 0, last: 7 }, maxParallelism: 8, operatorUid: "orders", smallTableBytes: 4096 };
const KEYS = 8192;

/** A table of one subtask, with its checkpoints one after the other. */
class Counts {
  readonly backend: KeyedStateBackend;
  readonly tables: SlicedTable;
  readonly files = new MemorySnapshotFiles();
  readonly wanted = new Map<string, number>();
  #lastId = 0;
  #baseId: number | null = null;

  private constructor(backend: KeyedStateBackend) {
    this.backend = backend;
    this.tables = backend.slicedTable(COUNTS);
  }

  static async open(): Promise<Counts> {
    return new Counts(await createKeyedBackend(OPTIONS, null, nextTurn));
  }

  set(slice: number, ids: readonly number[], value: number): void {
    set(this.tables.table(slice), ids, value);
    for (const id of ids) this.wanted.set(`${slice} ${id}`, value);
  }

  drop(slice: number): void {
    this.tables.drop(slice);
    for (const key of this.wanted.keys()) if (key.startsWith(`${slice} `)) this.wanted.delete(key);
  }

  /** Whether it becomes complete is the JobManager's to say. */
  async checkpoint(isComplete = true): Promise<KeyedStateHandle | null> {
    const checkpointId = ++this.#lastId;
    const handle = await this.backend.snapshot({ checkpointId, base: this.#baseId }).write(this.files, nextTurn);
    if (isComplete) this.#baseId = checkpointId;
    return handle;
  }

  /** What was written for it alone. */
  async writtenBytes(): Promise<number> {
    const before = new Set(this.files.files.keys());
    const handle = await this.checkpoint();
    return bytesOf(handle, (key) => !before.has(key));
  }

  async assertIn(handle: KeyedStateHandle | null): Promise<void> {
    assert.deepEqual(await contentOf(handle, this.files), new Map(sorted([...this.wanted])));
  }
}

function set(table: ColumnTable, ids: readonly number[], value: number): void {
  const column = { kind: "float64", values: Float64Array.from(ids), nulls: null } as const;
  const slots = new Int32Array(ids.length);
  const records = { keys: [column], hashes: Int32Array.from(ids, keyHash), rows: Int32Array.from(ids.keys()) };
  table.slotsOf({ ...records, count: ids.length }, slots);
  for (const slot of slots) countsAt(table, slot)[slot & 1023] = value;
}

const countsAt = (table: ColumnTable, slot: number): Float64Array =>
  table.values[0]?.[slot >> TABLE_PAGE_BITS] as Float64Array;

async function contentOf(handle: KeyedStateHandle | null, files: MemorySnapshotFiles): Promise<Map<string, number>> {
  const restore = { handles: handle === null ? [] : [handle], read: files.read };
  const tables = (await createKeyedBackend(OPTIONS, restore, nextTurn)).slicedTable(COUNTS);
  const content: [string, number][] = [];
  for (const slice of tables.slices()) {
    const table = tables.table(slice);
    for (let slot = 0; slot < table.size; slot++) {
      const [ids] = table.keysOf(slot >> TABLE_PAGE_BITS);
      const id = ids?.kind === "float64" ? ids.values[slot & 1023] : null;
      content.push([`${slice} ${id}`, countsAt(table, slot)[slot & 1023] as number]);
    }
  }
  return new Map(sorted(content));
}

const sorted = (content: readonly [string, number][]): [string, number][] =>
  content.toSorted(([one], [other]) => (one < other ? -1 : 1));

const bytesOf = (handle: KeyedStateHandle | null, isCounted: (key: string) => boolean = () => true): number =>
  keyedFiles(handle).reduce((sum, { key, length }) => sum + (isCounted(key) ? length : 0), 0);

const range = (from: number, to: number, step = 1): number[] =>
  Array.from({ length: Math.ceil((to - from) / step) }, (_none, at) => from + at * step);

test("of a hundredth of the keys, spread over all pages, little more than a hundredth is written", async () => {
  const counts = await Counts.open();
  counts.set(0, range(0, KEYS), 1);
  const whole = await counts.writtenBytes();
  counts.set(0, range(0, KEYS, 100), 2);
  const part = await counts.writtenBytes();
  assert.ok(part < whole / 20, `${part} of ${whole} bytes`);
});

test("where nothing has changed nothing is written, and the files are those of the checkpoint before", async () => {
  const counts = await Counts.open();
  counts.set(0, range(0, KEYS), 1);
  const before = await counts.checkpoint();
  assert.equal(await counts.writtenBytes(), 0);
  const after = await counts.checkpoint();
  assert.deepEqual(after, before);
  await counts.assertIn(after);
});

test("changes of a checkpoint that was given up after its files were written are in the next one (SBA1)", async () => {
  const counts = await Counts.open();
  counts.set(0, range(0, KEYS), 1);
  await counts.checkpoint();
  for (const value of [2, 3, 4]) {
    counts.set(0, range(value, KEYS, 500), value);
    await counts.checkpoint(false);
  }
  counts.set(0, [7], 5);
  const handle = await counts.checkpoint();
  assert.equal(keyedFiles(handle).length, 2, "none of those that were given up is named");
  await counts.assertIn(handle);
});

test("a slice that is dropped is gone, and one of its number that is made anew has nothing of it (TBF3)", async () => {
  const counts = await Counts.open();
  counts.set(0, range(0, KEYS), 1);
  // Of several pages: what is made anew has fewer.
  counts.set(1, range(0, 2100), 1);
  counts.set(2, range(0, 40), 1);
  await counts.checkpoint();
  counts.drop(2);
  counts.drop(1);
  counts.set(1, [7], 70);
  const handle = await counts.checkpoint();
  assert.equal(keyedFiles(handle).length, 2);
  await counts.assertIn(handle);
  // As it is read with the slice's older parts: by way of another checkpoint.
  counts.set(1, [8], 80);
  await counts.assertIn(await counts.checkpoint());
});

test("however long it goes on, a checkpoint has a few files, and about twice the bytes of its state (WTB2)", async () => {
  const counts = await Counts.open();
  counts.set(0, range(0, KEYS), 0);
  const whole = await counts.writtenBytes();
  let most = 0;
  let written = 0;
  for (let round = 1; round <= 80; round++) {
    counts.set(0, range(round, KEYS, 100), round);
    if (round % 20 === 0) counts.set(1, range(0, KEYS / 4), round);
    if (round % 20 === 10) counts.drop(1);
    const before = new Set(counts.files.files.keys());
    const handle = await counts.checkpoint();
    written += bytesOf(handle, (key) => !before.has(key));
    most = Math.max(most, keyedFiles(handle).length);
    assert.ok(bytesOf(handle) < 3 * whole, `${bytesOf(handle)} bytes of ${whole} in round ${round}`);
    if (round % 8 === 0) await counts.assertIn(handle);
  }
  assert.ok(most > 12 && most <= 24, `${most} files`);
  assert.ok(written < 20 * whole, `${written} bytes in 80 checkpoints of ${whole}`);
});

test("a file of which most was dropped is left, and what counts in it written elsewhere (WTB2)", async () => {
  const counts = await Counts.open();
  counts.set(0, range(0, KEYS), 1);
  const live = await counts.writtenBytes();
  counts.set(1, range(0, 3 * KEYS), 1);
  // By hand: both in one file, as after a start.
  const both = await counts.backend.snapshot({ checkpointId: 50, base: null }).write(counts.files, nextTurn);
  assert.equal(keyedFiles(both).length, 1);
  counts.drop(1);
  counts.set(0, [7], 2);
  const handle = await counts.backend.snapshot({ checkpointId: 51, base: 50 }).write(counts.files, nextTurn);
  assert.ok(bytesOf(handle) < 1.1 * live, `${bytesOf(handle)} bytes for ${live}`);
  await counts.assertIn(handle);
});

test("what never changes stays in its file when many small ones are put together (WTB2)", async () => {
  const counts = await Counts.open();
  counts.set(0, range(0, KEYS), 1);
  const first = await counts.checkpoint();
  const [cold] = keyedFiles(first);
  for (let round = 0; round < 60; round++) {
    counts.set(0, [round % 5], round);
    const handle = await counts.checkpoint();
    assert.ok(keyedFiles(handle).some(({ key }) => key === cold?.key));
    if (round % 10 === 0) await counts.assertIn(handle);
  }
});

test("a page of which half was superseded is written whole (WTB1)", async () => {
  const counts = await Counts.open();
  counts.set(0, range(0, KEYS), 1);
  const whole = await counts.writtenBytes();
  counts.set(
    0,
    range(0, KEYS).filter((id) => id % 2 === 0),
    2,
  );
  counts.set(0, [1, 1025, 2049, 3073, 4097, 5121, 6145, 7169], 2);
  assert.ok((await counts.writtenBytes()) > 0.95 * whole);
  assert.equal(keyedFiles(await counts.checkpoint()).length, 1);
});

test("a small table is written whole each time (WTB3)", async () => {
  const counts = await Counts.open();
  counts.set(0, range(0, 40), 1);
  await counts.checkpoint();
  counts.set(0, [7], 2);
  const handle = await counts.checkpoint();
  assert.equal(keyedFiles(handle).length, 1);
  await counts.assertIn(handle);
});

test("a base that this back end did not write is no fault: all is written (SBA2)", async () => {
  const counts = await Counts.open();
  counts.set(0, range(0, KEYS), 1);
  const handle = await counts.backend.snapshot({ checkpointId: 9, base: 8 }).write(counts.files, nextTurn);
  await counts.assertIn(handle);
  assert.equal(keyedFiles(handle).length, 1);
});

test("a snapshot without a request is whole, in a file of its own, and changes nothing for the next checkpoint", async () => {
  const counts = await Counts.open();
  counts.set(0, range(0, KEYS), 1);
  await counts.checkpoint();
  counts.set(0, [7], 2);
  const whole = await counts.backend.snapshot().write(counts.files, nextTurn);
  assert.equal(keyedFiles(whole).length, 1);
  await counts.assertIn(whole);
  const handle = await counts.checkpoint();
  assert.equal(keyedFiles(handle).length, 2);
  await counts.assertIn(handle);
});

test("types of a restored table that is declared late are not mixed: it is written whole again", async () => {
  const counts = await Counts.open();
  counts.set(0, range(0, KEYS), 1);
  const handle = (await counts.checkpoint()) as KeyedStateHandle;
  const restore = { handles: [handle], read: counts.files.read };
  const backend = await createKeyedBackend(OPTIONS, restore, nextTurn);
  await backend.snapshot({ checkpointId: 1, base: null }).write(counts.files, nextTurn);
  const value = record({ most: t.nullable(t.float64), count: t.float64 });
  const table = backend.slicedTable({ ...COUNTS, value }).table(0);
  const after = (await backend
    .snapshot({ checkpointId: 2, base: 1 })
    .write(counts.files, nextTurn)) as KeyedStateHandle;
  assert.equal(keyedFiles(after).length, 1);
  const again = await createKeyedBackend(OPTIONS, { handles: [after], read: counts.files.read }, nextTurn);
  assert.deepEqual(again.declarations(), backend.declarations());
  assert.equal(again.slicedTable({ ...COUNTS, value }).table(0).size, table.size);
});

const damaged: Readonly<Record<string, readonly [(tables: readonly object[]) => readonly object[], RegExp]>> = {
  "without the file before it": [(tables) => tables.slice(1), /the file [0-9a-f]{64} before it is missing/],
  "with the files in another order": [
    (tables) => [...tables.slice(0, -1).toReversed(), ...tables.slice(-1)],
    /is none of the files before it/,
  ],
  "with a file too many": [(tables) => [...tables.slice(0, 1), ...tables], /is none of the files before it/],
};
for (const [what, [change, why]] of Object.entries(damaged)) {
  test(`a checkpoint ${what} is refused, and the newest of its files is named (TCH2)`, async () => {
    const counts = await Counts.open();
    counts.set(0, range(0, KEYS), 1);
    await counts.checkpoint();
    let handle: KeyedStateHandle | null = null;
    for (const value of [2, 3]) {
      counts.set(0, [value], value);
      handle = await counts.checkpoint();
    }
    assert.ok(handle?.kind === "tables" && handle.tables.length === 3);
    const head = handle.tables.at(-1)?.file.key ?? "";
    const broken = { ...handle, tables: change(handle.tables) } as KeyedStateHandle;
    await assert.rejects(contentOf(broken, counts.files), (error: Error & { code?: string }) => {
      assert.match(error.message, why);
      assert.ok(error.message.startsWith(head));
      return error.code === "CHECKPOINT_CORRUPT";
    });
  });
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { nextTurn } from "../../../base/index.ts";
import type { KeyedStateHandle } from "../../checkpoint/index.ts";
import type { ColumnTable, PageValues } from "../../ports/index.ts";
import { keyHash, t, type ValueType } from "../../record/index.ts";
import { MemorySnapshotFiles } from "../../testkit/index.ts";
import { createKeyedBackend, type KeyedStateBackend } from "../index.ts";

const OPTIONS = { keyGroups: { first: 0, last: 7 }, maxParallelism: 8, operatorUid: "orders" };
const IDS = [3, 4, 5];
const slots = new Int32Array(16);

const record = (fields: object): ValueType<unknown> => t.record(fields as never) as ValueType<unknown>;
const key = record({ id: t.float64 });
const count = record({ count: t.float64 });

function touch(table: ColumnTable, ids: readonly number[]): void {
  const column = { kind: "float64", values: Float64Array.from(ids), nulls: null } as const;
  const hashes = Int32Array.from(ids, keyHash);
  table.slotsOf({ keys: [column], hashes, rows: Int32Array.from(ids.keys()), count: ids.length }, slots);
}

/** Counts 10, 11, 12 of three ids in slice 7, written. */
async function written(files: MemorySnapshotFiles): Promise<KeyedStateHandle> {
  const backend = await createKeyedBackend(OPTIONS, null, nextTurn);
  const table = backend.slicedTable({ name: "counts", key, value: count }).table(7);
  touch(table, IDS);
  for (const at of IDS.keys()) numbersOf(table)[at] = 10 + at;
  return (await backend.snapshot().write(files, nextTurn)) as KeyedStateHandle;
}

async function restored(
  change: (handle: KeyedStateHandle) => KeyedStateHandle = (handle) => handle,
  options = OPTIONS,
) {
  const files = new MemorySnapshotFiles();
  const handles = [change(await written(files))];
  return { backend: await createKeyedBackend(options, { handles, read: files.read }, nextTurn), files };
}

/** The numbers of a field, in the first page. */
const numbersOf = (table: ColumnTable, field = 0): Float64Array =>
  ((table.values[field] as readonly PageValues[])[0] ?? new Float64Array(0)) as Float64Array;

const isNullAt = (table: ColumnTable, field: number, slot: number): boolean =>
  (((table.nulls[field]?.[0]?.[slot >> 3] as number) >> (slot & 7)) & 1) === 1;

test("values are matched by name: an added nullable one is null, as it is for keys to come (TBM2, CTP2)", async () => {
  const { backend } = await restored();
  const value = record({ most: t.nullable(t.float64), count: t.nullable(t.float64) });
  const table = backend.slicedTable({ name: "counts", key, value }).table(7);
  const content = IDS.map((_id, slot) => [
    isNullAt(table, 0, slot),
    isNullAt(table, 1, slot),
    numbersOf(table, 1)[slot],
  ]);
  assert.deepEqual(content, [
    [true, false, 10],
    [true, false, 11],
    [true, false, 12],
  ]);
  touch(table, [9]);
  assert.deepEqual([slots[0], isNullAt(table, 0, 3), isNullAt(table, 1, 3)], [3, true, true]);
});

test("a removed value is dropped, and its key stays (TBM2)", async () => {
  const { backend, files } = await restored();
  const value = record({ most: t.nullable(t.float64) });
  const tables = backend.slicedTable({ name: "counts", key, value });
  assert.deepEqual([tables.table(7).size, tables.table(7).values.length], [3, 1]);
  const handle = (await backend.snapshot().write(files, nextTurn)) as KeyedStateHandle;
  const again = await createKeyedBackend(OPTIONS, { handles: [handle], read: files.read }, nextTurn);
  const type = "map<record<id: float64>, record<most: float64 | null>>";
  assert.deepEqual(again.declarations(), [{ name: "counts", kind: "sliced-table", type }]);
});

test("values that were converted while a snapshot holds them are not changed there", async () => {
  const { backend, files } = await restored();
  const snapshot = backend.snapshot();
  const value = record({ count: t.float64, most: t.nullable(t.float64) });
  const table = backend.slicedTable({ name: "counts", key, value }).table(7);
  touch(table, IDS);
  numbersOf(table)[0] = 99;
  const handle = (await snapshot.write(files, nextTurn)) as KeyedStateHandle;
  const again = await createKeyedBackend(OPTIONS, { handles: [handle], read: files.read }, nextTurn);
  const old = again.slicedTable({ name: "counts", key, value: count }).table(7);
  assert.deepEqual([...numbersOf(old).subarray(0, 3)], [10, 11, 12]);
});

const misfits: Readonly<Record<string, readonly [ValueType<unknown>, ValueType<unknown>, RegExp]>> = {
  "a key of another type": [record({ id: t.string }), count, /its key changed/],
  "a key with another name": [record({ ident: t.float64 }), count, /its key changed/],
  "a value of another type": [key, record({ count: t.int32 }), /field "count" was float64 and is int32 now/],
  "an added value that is not nullable": [key, record({ count: t.float64, most: t.float64 }), /field "most" is new/],
};
for (const [what, [otherKey, value, why]] of Object.entries(misfits)) {
  test(`a restored table is refused with ${what}, and the message has both types`, async () => {
    const { backend } = await restored();
    assert.throws(
      () => backend.slicedTable({ name: "counts", key: otherKey, value }),
      (error: Error) => {
        assert.match(error.message, why);
        assert.match(
          error.message,
          /table "counts" of operator "orders" was written as map<record<id: float64>, record<count: float64>>/,
        );
        return (error as Error & { code: string }).code === "STATE_INCOMPATIBLE";
      },
    );
  });
}

test("a table that nobody declares again is kept, with the types of its file (SLT1)", async () => {
  const { backend, files } = await restored();
  const declared = { name: "counts", kind: "sliced-table", type: "map<record<id: float64>, record<count: float64>>" };
  assert.deepEqual(backend.declarations(), [declared]);
  const handle = (await backend.snapshot().write(files, nextTurn)) as KeyedStateHandle;
  const again = await createKeyedBackend(OPTIONS, { handles: [handle], read: files.read }, nextTurn);
  const table = again.slicedTable({ name: "counts", key, value: count }).table(7);
  assert.deepEqual([...numbersOf(table).subarray(0, 3)], [10, 11, 12]);
});

test("tables lie beside the other states of the operator, in a file of their own", async () => {
  const fill = (backend: KeyedStateBackend) => {
    const total = backend.value<number>({ name: "total" });
    backend.setCurrentKey("a", keyHash("a"));
    return total;
  };
  const files = new MemorySnapshotFiles();
  const backend = await createKeyedBackend(OPTIONS, null, nextTurn);
  fill(backend).update(1);
  touch(backend.slicedTable({ name: "counts", key, value: count }).table(7), IDS);
  const handle = (await backend.snapshot().write(files, nextTurn)) as KeyedStateHandle;
  assert.ok(handle.kind === "tables");
  assert.deepEqual([handle.files.length, handle.tables.length], [1, 1]);
  const again = await createKeyedBackend(OPTIONS, { handles: [handle], read: files.read }, nextTurn);
  assert.equal(fill(again).value(), 1);
  assert.equal(again.slicedTable({ name: "counts", key, value: count }).table(7).size, 3);
});

test("without a key in any table the handle is as without tables", async () => {
  const backend = await createKeyedBackend(OPTIONS, null, nextTurn);
  backend.slicedTable({ name: "counts", key, value: count }).table(7);
  assert.equal(await backend.snapshot().write(new MemorySnapshotFiles(), nextTurn), null);
});

test("what fails to be written, and what is given up, holds no pages any more (TBS2)", async () => {
  const backend = await createKeyedBackend(OPTIONS, null, nextTurn);
  // Written first, so that its failure is all that the tables hear of.
  const total = backend.value<number>({ name: "total" });
  backend.setCurrentKey("a", keyHash("a"));
  total.update(1);
  const table = backend.slicedTable({ name: "counts", key, value: count }).table(7);
  touch(table, IDS);
  const failing = { create: () => Promise.reject(new Error("the store is away")) };
  await assert.rejects(backend.snapshot().write(failing, nextTurn), /the store is away/);
  const discarded = backend.snapshot();
  discarded.discard();
  await assert.rejects(discarded.write(new MemorySnapshotFiles(), nextTurn), { code: "SNAPSHOT_DISCARDED" });
  const before = table.values[0]?.[0];
  touch(table, IDS);
  // Nothing holds the page, so that it was not copied.
  assert.equal(table.values[0]?.[0], before);
});

test("a name is of a table or of another state, not of both, and a table is declared once (STA3)", async () => {
  const backend = await createKeyedBackend(OPTIONS, null, nextTurn);
  const table = backend.slicedTable({ name: "counts", key, value: count });
  assert.equal(backend.slicedTable({ name: "counts", key, value: count }), table);
  assert.throws(() => backend.slicedTable({ name: "counts", key, value: record({ count: t.int32 }) }), {
    code: "OPTION_INVALID",
  });
  assert.throws(() => backend.value({ name: "counts" }), { code: "OPTION_INVALID" });
  backend.value({ name: "total" });
  assert.throws(() => backend.slicedTable({ name: "total", key, value: count }), { code: "OPTION_INVALID" });
});

test("keys and values of objects are refused by name (TBM1)", async () => {
  const backend = await createKeyedBackend(OPTIONS, null, nextTurn);
  const odd = (oddKey: ValueType<unknown>, value: ValueType<unknown>) => () =>
    backend.slicedTable({ name: "odd", key: oddKey, value });
  assert.throws(odd(record({ id: t.any }), count), /the key's field "id" is any/);
  assert.throws(odd(key, record({ names: t.list(t.string) })), /the value's field "names" is list/);
});

test("another max parallelism is refused, and so is a key that comes twice (SP-8, TBR1)", async () => {
  await assert.rejects(restored(undefined, { ...OPTIONS, maxParallelism: 16 }), { code: "STATE_INCOMPATIBLE" });
  const twice = (handle: KeyedStateHandle): KeyedStateHandle =>
    handle.kind === "tables" ? { ...handle, tables: [...handle.tables, ...handle.tables] } : handle;
  await assert.rejects(restored(twice), { code: "CHECKPOINT_CORRUPT" });
});

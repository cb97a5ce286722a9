/** Owns: the golden forms of column tables: their file, files that build on each other, and a job's root whose manifest names one (MA6). */
import { nextTurn, operatorId } from "../../base/index.ts";
import { chainOf, type KeyedStateHandle, readLog } from "../../runtime/checkpoint/index.ts";
import { ColumnBuilder, isNull, keyHash, readText, t, type ValueType } from "../../runtime/record/index.ts";
import { createKeyedBackend, type SnapshotFiles } from "../../runtime/state/index.ts";
import { sha256Hex, verifiedRead } from "../../runtime/storage/index.ts";
import { MemorySnapshotFiles } from "../../runtime/testkit/memory-snapshot-files.ts";
import { bundle, type Form, unbundle } from "./form.ts";
import { contentsOf, storeWith, writtenCheckpoint } from "./state-forms.ts";

const OPTIONS = { keyGroups: { first: 0, last: 7 }, maxParallelism: 8, operatorUid: "counts" };
const TABLE = {
  name: "byName",
  key: t.record({ name: t.nullable(t.string) }) as ValueType<unknown>,
  value: t.record({
    count: t.int64,
    most: t.nullable(t.bigint),
    isOpen: t.boolean,
    day: t.int32,
  }) as ValueType<unknown>,
};
const NAMES = ["größe", "日本", "a"];

type Backend = Awaited<ReturnType<typeof createKeyedBackend>>;

/** In slice 7 the names, then null. */
async function filledBackend(): Promise<Backend> {
  const backend = await createKeyedBackend(OPTIONS, null, nextTurn);
  const table = backend.slicedTable(TABLE).table(7);
  const bytes = Buffer.alloc(32);
  const [starts, lengths] = [new Int32Array(4), new Int32Array(4)];
  let start = 0;
  for (const [at, name] of NAMES.entries()) {
    starts[at] = start;
    lengths[at] = bytes.write(name, start);
    start += ((lengths[at] as number) + 3) & ~3;
  }
  const words = new Int32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + 32));
  const column = { kind: "text", bytes, words, starts, lengths, isWellFormed: true, nulls: Uint8Array.of(8) } as const;
  const hashes = Int32Array.from([...NAMES, null], keyHash);
  const slots = new Int32Array(4);
  table.slotsOf({ keys: [column], hashes, rows: Int32Array.of(0, 1, 2, 3), count: 4 }, slots);
  const [counts, mosts, areOpen, days] = table.values.map(([page]) => page) as [
    Float64Array,
    BigInt64Array,
    Uint8Array,
    Int32Array,
  ];
  for (const slot of slots) {
    counts[slot] = 2 ** 40 + slot;
    areOpen[slot] = slot & 1;
    days[slot] = -slot;
  }
  mosts[2] = -5n;
  const nulls = table.nulls[1]?.[0] as Uint8Array;
  nulls[0] = (nulls[0] as number) & ~4;
  return backend;
}

function contentOf(backend: Backend): unknown {
  const tables = backend.slicedTable(TABLE);
  const table = tables.table(7);
  const values = table.values.map(([page]) => Array.from(page as Float64Array).slice(0, table.size));
  const [names] = table.keysOf(0);
  const lengths = names?.kind === "text" ? [...names.lengths.subarray(0, table.size)] : [];
  return {
    slices: tables.slices(),
    values,
    lengths,
    nulls: [(names?.nulls?.[0] as number) & 15, (table.nulls[1]?.[0]?.[0] as number) & 15],
  };
}

const means = {
  slices: [7],
  values: [
    [2 ** 40, 2 ** 40 + 1, 2 ** 40 + 2, 2 ** 40 + 3],
    [0n, 0n, -5n, 0n],
    [0, 1, 0, 1],
    [0, -1, -2, -3],
  ],
  lengths: [7, 6, 1, 0],
  nulls: [8, 11],
};

async function written(files: SnapshotFiles): Promise<KeyedStateHandle> {
  return (await (await filledBackend()).snapshot().write(files, nextTurn)) as KeyedStateHandle;
}

async function readTableFile(bytes: Uint8Array): Promise<unknown> {
  const file = { key: "data/golden", sha256: "", length: bytes.length };
  const handle: KeyedStateHandle = { kind: "tables", keyGroups: OPTIONS.keyGroups, files: [], tables: [{ file }] };
  return contentOf(await createKeyedBackend(OPTIONS, { handles: [handle], read: async () => bytes }, nextTurn));
}

const rootWithTables = () =>
  writtenCheckpoint(async (files) => [
    {
      operatorId: operatorId("b".repeat(32)),
      uid: "counts",
      name: "counts",
      parallelism: 1,
      maxParallelism: 8,
      declarations: (await filledBackend()).declarations(),
      subtasks: [{ keyed: await written(files), operator: [], finished: false }],
    },
  ]);

async function readRoot(bytes: Uint8Array): Promise<unknown> {
  const store = await storeWith(bytes);
  const contents = await readLog(store);
  for (const entry of contents.entries)
    if (entry.kind !== "manifest") throw entry.newer ?? new Error(`number ${entry.seq} is damaged: ${entry.what}`);
  const checkpoint = chainOf(contents).find(({ kind }) => kind === "checkpoint");
  const handles = (checkpoint?.operators ?? []).flatMap(({ subtasks }) =>
    subtasks.flatMap(({ keyed }) => (keyed === null ? [] : [keyed])),
  );
  const restore = { handles, read: (file: Parameters<typeof verifiedRead>[1]) => verifiedRead(store, file) };
  return {
    version: checkpoint?.version,
    declarations: checkpoint?.operators[0]?.declarations,
    content: contentOf(await createKeyedBackend(OPTIONS, restore, nextTurn)),
  };
}

const ROWS = {
  name: "orders",
  row: t.record({ id: t.bigint, item: t.nullable(t.string) }) as ValueType<unknown>,
  key: ["id"],
  identity: null,
  hasMarks: true,
};

/** So many that what changes is a small part of the page. */
const MANY = Array.from({ length: 60 }, (_none, at) => `a${String(at).padStart(2, "0")}`);

/** Two checkpoints, the later of which builds on the other: slots that changed and a new one; rows that went, that were marked, and that came; a slice that was dropped. */
async function writeChain(): Promise<Uint8Array> {
  const backend = await createKeyedBackend({ ...OPTIONS, smallTableBytes: 0 }, null, nextTurn);
  const tables = backend.slicedTable(TABLE);
  const setCounts = (slice: number, names: readonly string[], count: number): void => {
    const builder = new ColumnBuilder(TABLE.key, names.length);
    for (const name of names) builder.appendRow({ name }, 0);
    const table = tables.table(slice);
    const slots = new Int32Array(names.length);
    const hashes = Int32Array.from(names, keyHash);
    table.slotsOf(
      { keys: builder.take().columns, hashes, rows: Int32Array.from(names.keys()), count: names.length },
      slots,
    );
    const [counts] = table.values[0] as readonly Float64Array[];
    for (const slot of slots) (counts as Float64Array)[slot] = count;
  };
  const rows = backend.slicedRows(ROWS).table(7);
  const addRows = (ids: readonly bigint[], mark: number): Int32Array => {
    const builder = new ColumnBuilder(ROWS.row, ids.length);
    for (const id of ids) builder.appendRow({ id, item: id % 2n === 0n ? null : `größe ${id}` }, 0);
    const hashes = Int32Array.from(ids, keyHash);
    const slots = new Int32Array(ids.length);
    const places = Int32Array.from(ids.keys());
    const marks = new Int32Array(ids.length).fill(mark);
    rows.add({ columns: builder.take().columns, hashes, rows: places, count: ids.length }, marks, slots);
    return slots;
  };
  const files = new MemorySnapshotFiles();
  setCounts(6, ["a"], 1);
  setCounts(7, ["größe", "日本", ...MANY], 1);
  const slots = addRows([0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n], 1);
  rows.remove(slots[0] as number);
  await backend.snapshot({ checkpointId: 1, base: null }).write(files, nextTurn);
  tables.drop(6);
  setCounts(7, ["日本", "new"], 2);
  rows.remove(slots[2] as number);
  rows.setMark(slots[3] as number, -3);
  addRows([8n], 8);
  await backend.snapshot({ checkpointId: 2, base: 1 }).write(files, nextTurn);
  return bundle(new Map([...files.files.values()].map((bytes, at) => [String(at + 1), bytes])));
}

async function readChain(bytes: Uint8Array): Promise<unknown> {
  const files = unbundle(bytes);
  const tables = ["1", "2"].map((key) => {
    const body = files.get(key) as Uint8Array;
    return { file: { key, sha256: sha256Hex(body), length: body.length } };
  });
  const handle: KeyedStateHandle = { kind: "tables", keyGroups: OPTIONS.keyGroups, files: [], tables };
  const read = async ({ key }: { readonly key: string }) => files.get(key) as Uint8Array;
  const backend = await createKeyedBackend(OPTIONS, { handles: [handle], read }, nextTurn);
  const counts = backend.slicedTable(TABLE);
  const table = counts.table(7);
  const [keys] = table.keysOf(0);
  const [values] = table.values[0] as readonly Float64Array[];
  const inSlice = Array.from({ length: table.size }, (_none, slot) => [
    keys?.kind === "text" ? readText(keys, slot) : null,
    values?.[slot],
  ]);
  const marks: unknown[] = [];
  const found = backend.slicedRows(ROWS).table(7);
  found.forEachPage(({ columns: [ids, items], rows, count, firstSlot }) => {
    for (const row of rows.subarray(0, count)) {
      if (ids?.kind !== "bigint" || items?.kind !== "text") continue;
      const item = items.nulls !== null && isNull(items.nulls, row) ? null : readText(items, row);
      marks.push([ids.values[row], item, found.markOf(firstSlot + row)]);
    }
  });
  return { slices: counts.slices(), counts: inSlice.sort(byFirst), rows: marks.sort(byFirst) };
}

const byFirst = (one: unknown, other: unknown): number =>
  (one as [string | bigint])[0] < (other as [string | bigint])[0] ? -1 : 1;

const meansOfChain = {
  slices: [7],
  counts: [...MANY.map((name) => [name, 1]), ["größe", 1], ["new", 2], ["日本", 2]],
  rows: [
    [1n, "größe 1", 1],
    [3n, "größe 3", -3],
    [4n, null, 1],
    [5n, "größe 5", 1],
    [6n, null, 1],
    [7n, "größe 7", 1],
    [8n, null, 8],
  ],
};

/** The checkpoint's manifest becomes one of the next version, header and body (MC3). */
function withNewerManifest(bytes: Uint8Array): Uint8Array {
  const files = unbundle(bytes);
  const key = "chk/0000000002.manifest";
  const text = Buffer.from(files.get(key) as Uint8Array).toString("utf8");
  const body = Buffer.from(text.slice(text.indexOf("\n") + 1).replace('"version":3', '"version":4'));
  const header = `streamjob-manifest 4 sha256=${sha256Hex(body)} length=${body.length}\n`;
  return bundle(files.set(key, Buffer.concat([Buffer.from(header), body])));
}

export const tableForms: readonly Form[] = [
  {
    file: "table-state.v1.base64",
    write: async () => {
      const files = new MemorySnapshotFiles();
      await written(files);
      return [...files.files.values()][0] as Uint8Array;
    },
    read: readTableFile,
    means,
    // Of the next version there is a form of its own.
    newer: null,
  },
  {
    file: "table-chain.v2.json",
    write: writeChain,
    read: readChain,
    means: meansOfChain,
    newer: (bytes) => {
      const files = unbundle(bytes);
      const head = files.get("2") as Uint8Array;
      return bundle(files.set("2", Buffer.concat([Buffer.from("SJTABLE3"), head.subarray(8)])));
    },
  },
  {
    file: "job-root-tables.v3.json",
    write: async () => bundle(await contentsOf(await rootWithTables())),
    read: readRoot,
    means: {
      version: 3,
      declarations: [
        {
          name: "byName",
          kind: "sliced-table",
          type: "map<record<name: string | null>, record<count: int64, most: bigint | null, isOpen: boolean, day: int32>>",
        },
      ],
      content: means,
    },
    newer: withNewerManifest,
  },
];

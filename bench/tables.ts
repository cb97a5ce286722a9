/**
 * Question: what does a checkpoint of a column table with a million keys write and cost, when a hundredth of them has changed since the last one?
 *
 * Prints for a table of groups (counters by key), one of whole rows by key (deduplication: numbers and texts), and one of rows of a join: bytes and the
 * thread's processor time of a whole snapshot and of checkpoints one after the other, with changes anywhere and with changes of the newest keys; how
 * long a restore takes from each; what a record costs.
 * Not measured: disks and networks (files are memory), the edge, the operators.
 */
import { createHash } from "node:crypto";
import { nextTurn, systemClock } from "../base/index.ts";
import { keyedFiles, type KeyedStateHandle } from "../runtime/checkpoint/index.ts";
import type { ColumnTable, RowTable, SlicedTableDescriptor, TextValues } from "../runtime/ports/index.ts";
import { type Column, ColumnBuilder, keyHash, t, TABLE_PAGE_BITS, type ValueType } from "../runtime/record/index.ts";
import { createKeyedBackend, type KeyedStateBackend, type SnapshotFiles } from "../runtime/state/index.ts";
import { grouped, textTable } from "./measure/text-table.ts";
import { type Question, readOptions, wholeNumber } from "./question.ts";

const KEYS = 1_000_000;
const CHECKPOINTS = 48;
const BATCH = 1024;
const CHANGED_SHARE = 100;
const OPTIONS = { keyGroups: { first: 0, last: 127 }, maxParallelism: 128, operatorUid: "bench", clock: systemClock };

const record = (fields: object): ValueType<unknown> => t.record(fields as never) as ValueType<unknown>;
const TEXT = record({ text: t.string });

/** What is changed, by the numbers of keys. */
type Subject = {
  readonly name: string;
  readonly make: (backend: KeyedStateBackend) => (ids: readonly number[]) => void;
};

const subjects: readonly Subject[] = [
  {
    name: "groups: 2 numbers by a number",
    make: (backend) => slots(backend, { name: "groups", value: record({ count: t.float64, sum: t.float64 }) }),
  },
  {
    name: "rows by key: 5 numbers, a text of 80 bytes",
    make: (backend) => {
      const numbers = Object.fromEntries(["a", "b", "c", "d", "e"].map((name) => [name, t.float64]));
      return slots(backend, { name: "newest", value: record({ ...numbers, text: t.string }) });
    },
  },
  { name: "rows of a join: 3 numbers, a text of 80 bytes; the oldest go as others come", make: joined },
];

export const tablesQuestion: Question = {
  summary:
    "column tables of SQL by themselves: bytes and processor time of checkpoints of which a hundredth has changed",
  options: [`--keys <n>   of each table (default ${grouped(KEYS)})`],
  run: ask,
};

async function ask(args: readonly string[]): Promise<0 | 1> {
  const keys = wholeNumber(readOptions(args, ["keys"]), "keys", { absent: KEYS, least: 10_000, most: 20_000_000 });
  const rows = [
    [
      "state",
      "changes",
      "whole",
      "CPU",
      "checkpoints: mean",
      "CPU",
      "most",
      "files at most",
      "restore of a whole one",
      "of the last",
    ],
  ];
  for (const subject of subjects)
    for (const where of ["anywhere", "newest"] as const) rows.push(await measure(subject, keys, where));
  process.stdout.write(textTable(rows));
  return 0;
}

async function measure(subject: Subject, keys: number, where: "anywhere" | "newest"): Promise<string[]> {
  const store = memoryFiles();
  const backend = await createKeyedBackend(OPTIONS, null, nextTurn);
  const change = subject.make(backend);
  for (let from = 0; from < keys; from += BATCH) change(range(from, Math.min(keys, from + BATCH)));
  const take = async (request: { checkpointId: number; base: number | null } | null) => {
    const before = process.threadCpuUsage();
    const handle = (await backend.snapshot(request).write(store.files, nextTurn)) as KeyedStateHandle;
    const { user, system } = process.threadCpuUsage(before);
    return { handle, bytes: store.take(), cpuMs: (user + system) / 1000 };
  };
  const whole = await take(null);
  await take({ checkpointId: 1, base: null });
  const taken: Awaited<ReturnType<typeof take>>[] = [];
  const changed = keys / CHANGED_SHARE;
  for (let id = 2; id < CHECKPOINTS + 2; id++) {
    const ids = Array.from({ length: changed }, () =>
      where === "anywhere" ? Math.floor(Math.random() * keys) : keys - 1 - Math.floor(Math.random() * changed * 2),
    );
    for (let from = 0; from < ids.length; from += BATCH) change(ids.slice(from, from + BATCH));
    taken.push(await take({ checkpointId: id, base: id - 1 }));
  }
  const last = taken.at(-1)?.handle as KeyedStateHandle;
  const restored = async (handle: KeyedStateHandle): Promise<string> => {
    const startedMs = systemClock.monotonicMs();
    await createKeyedBackend(OPTIONS, { handles: [handle], read: store.read }, nextTurn);
    return ms(systemClock.monotonicMs() - startedMs);
  };
  const mean = (of: (each: (typeof taken)[number]) => number): number =>
    taken.reduce((sum, each) => sum + of(each), 0) / taken.length;
  return [
    subject.name,
    where,
    megabytes(whole.bytes),
    ms(whole.cpuMs),
    megabytes(mean(({ bytes }) => bytes)),
    ms(mean(({ cpuMs }) => cpuMs)),
    megabytes(Math.max(...taken.map(({ bytes }) => bytes))),
    String(Math.max(...taken.map(({ handle }) => keyedFiles(handle).length))),
    await restored(whole.handle),
    await restored(last),
  ];
}

function slots(backend: KeyedStateBackend, { name, value }: Pick<SlicedTableDescriptor, "name" | "value">) {
  const table = backend.slicedTable({ name, key: record({ id: t.float64 }), value }).table(0);
  const found = new Int32Array(BATCH);
  let round = 0;
  return (ids: readonly number[]): void => {
    round++;
    const keys: Column = { kind: "float64", values: Float64Array.from(ids), nulls: null };
    const records = { keys: [keys], hashes: Int32Array.from(ids, keyHash), rows: Int32Array.from(ids.keys()) };
    table.slotsOf({ ...records, count: ids.length }, found);
    const texts = textsOf(ids, round);
    for (let at = 0; at < ids.length; at++) setValues(table, found[at] as number, { round, texts, at });
  };
}

function setValues(
  { values }: ColumnTable,
  slot: number,
  { round, texts, at }: { readonly round: number; readonly texts: Column; readonly at: number },
): void {
  const place = slot & (2 ** TABLE_PAGE_BITS - 1);
  for (const pages of values) {
    const page = pages[slot >> TABLE_PAGE_BITS];
    if (page instanceof Float64Array) page[place] = round;
    else if (texts.kind === "text") (page as TextValues).put(texts, at, place);
  }
}

function joined(backend: KeyedStateBackend): (ids: readonly number[]) => void {
  const row = record({ id: t.float64, price: t.float64, time: t.float64, text: t.string });
  const rows: RowTable = backend
    .slicedRows({ name: "rows", row, key: ["id"], identity: null, hasMarks: false })
    .table(0);
  const first = new Int32Array(BATCH);
  let round = 0;
  return (ids) => {
    round++;
    const keys: Column = { kind: "float64", values: Float64Array.from(ids), nulls: null };
    const hashes = Int32Array.from(ids, keyHash);
    const places = Int32Array.from(ids.keys());
    rows.find({ keys: [keys], hashes, rows: places, count: ids.length }, first);
    const seen = new Set<number>();
    for (let at = 0; at < ids.length; at++) {
      const slot = first[at] as number;
      if (slot >= 0 && !seen.has(slot)) rows.remove(slot);
      seen.add(slot);
    }
    const numbers: Column = { kind: "float64", values: new Float64Array(ids.length).fill(round), nulls: null };
    const columns = [keys, numbers, numbers, textsOf(ids, round)];
    rows.add({ columns, hashes, rows: places, count: ids.length }, null);
    rows.tidy();
  };
}

function textsOf(ids: readonly number[], round: number): Column {
  const builder = new ColumnBuilder(TEXT, ids.length);
  for (const id of ids) builder.appendRow({ text: `${id} in round ${round} `.padEnd(80, "x") }, 0);
  return builder.take().columns[0] as Column;
}

/** Files of the last checkpoints; `take`: the bytes that were written since. */
function memoryFiles() {
  const stored = new Map<string, readonly Uint8Array[]>();
  let written = 0;
  let count = 0;
  const files: SnapshotFiles = {
    create: async () => {
      const pieces: Uint8Array[] = [];
      return {
        write: async (piece) => void pieces.push(piece),
        close: async () => {
          const key = `data/${count++}`;
          const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
          written += length;
          stored.set(key, pieces);
          return { key, sha256: createHash("sha256").update(key).digest("hex"), length };
        },
        abort: async () => {},
      };
    },
  };
  return {
    files,
    read: async ({ key }: { readonly key: string }) => Buffer.concat(stored.get(key) ?? []),
    take: () => {
      const bytes = written;
      written = 0;
      return bytes;
    },
  };
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_none, at) => from + at);
const ms = (value: number): string => `${value.toFixed(0)} ms`;
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(2)} MB`;

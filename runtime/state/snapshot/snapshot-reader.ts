/**
 * Owns: reading keyed state files into tables, own key groups only, in turns.
 * Not here: the layout (keyed-file.ts), declared types (heap-backend.ts adopts the tables later).
 * Called by: createKeyedBackend, before any operator has declared anything: values are read with the types of the file.
 *
 * SR1 A key group comes from exactly one of the files.
 * SR2 Subtasks may have written one state with different versions of its type (only some had declared it again): the table
 *     then has a type that holds both, and values of each are brought to it.
 */
import { StreamError } from "../../../base/index.ts";
import type { KeyedStateFile, KeyedStateHandle } from "../../checkpoint/index.ts";
import { ByteReader, type Key, type KeyIdentity, keyHash, keyIdentity } from "../../record/index.ts";
import type { KeyedBackendOptions, KeyedRestore, Turn } from "../backend.ts";
import { incompatible, planEvolution, unionType } from "./evolution.ts";
import type { KeyContext } from "../heap/key-context.ts";
import { keyedFile, type KeyedFileIndex, parseIndex, type SectionPlace } from "./keyed-file.ts";
import { type DecodedChunk, decodeChunk } from "./section-codec.ts";
import { isTimers, metaId, type StateMeta } from "./state-meta.ts";
import { Entry, type Group, type MapSlot, Table } from "../heap/table.ts";
import { convertTable } from "../heap/table-conversion.ts";
import { TimerTable } from "../heap/timer-table.ts";
import { TurnBudget } from "./turn-budget.ts";

/** Restored tables by metaId. */
export type RestoredTables = Map<string, Table<unknown>>;

export async function readTables(
  options: KeyedBackendOptions,
  context: KeyContext,
  restore: KeyedRestore,
  turn: Turn,
): Promise<RestoredTables> {
  const tables: RestoredTables = new Map();
  const parts = restore.handles.flatMap(partsOf).filter((part) => overlaps(part, options));
  checkEachGroupOnce(options, parts);
  const budget = new TurnBudget(options.clock, turn);
  for (const { file } of parts) {
    const bytes = await restore.read(file);
    const reader = new ByteReader(bytes);
    const index = parseIndex(file.key, reader.buffer);
    checkMaxParallelism(options, index, file.key);
    const targets = index.states.map((meta) => targetOf(context, tables, meta));
    for (const place of index.sections) {
      const groupIndex = place.keyGroup - context.firstGroup;
      if (groupIndex < 0 || groupIndex >= context.groupCount) continue;
      await readSection(reader, place, targets[place.state] as Target, groupIndex, budget);
      if (reader.position !== place.offset + place.length)
        throw keyedFile.corrupt(file.key, `key group ${place.keyGroup} has another length`);
    }
  }
  return tables;
}

type Target = {
  readonly meta: StateMeta;
  readonly table: Table<unknown>;
  readonly convert: ((value: unknown) => unknown) | null;
};

async function readSection(
  reader: ByteReader,
  place: SectionPlace,
  target: Target,
  index: number,
  budget: TurnBudget,
): Promise<void> {
  reader.position = place.offset;
  for (let chunk = 0; chunk < place.chunks; chunk++) {
    const decoded = decodeChunk(target.meta, reader);
    const values = target.convert === null ? decoded.values : decoded.values.map(target.convert);
    insertChunk(target.table, index, { ...decoded, values });
    if (budget.isSpent()) await budget.giveWay();
  }
}

function targetOf(context: KeyContext, tables: RestoredTables, meta: StateMeta): Target {
  const table = tables.get(metaId(meta));
  if (table === undefined) {
    const created = isTimers(meta.kind) ? new TimerTable(context, meta) : new Table<unknown>(context, meta);
    tables.set(metaId(meta), created as Table<unknown>);
    return { meta, table: created as Table<unknown>, convert: null };
  }
  const type = unionType(table.meta.type, meta.type);
  if (type === null || table.meta.kind !== meta.kind) {
    throw incompatible(context.uid, table.meta, meta, "subtasks of the same checkpoint disagree");
  }
  const toUnion = planEvolution(table.meta.type, type);
  if (toUnion.kind === "convert") convertTable(table, toUnion.convert);
  table.meta = { ...table.meta, type };
  const plan = planEvolution(meta.type, type);
  return { meta, table, convert: plan.kind === "convert" ? plan.convert : null };
}

function insertChunk(table: Table<unknown>, index: number, chunk: DecodedChunk): void {
  const { keys, values } = chunk;
  if (table instanceof TimerTable) {
    const group = table.groupAt(index);
    for (let row = 0; row < keys.length; row++) table.restore(group, keys[row] as Key, values[row] as number);
  } else if (table.meta.kind === "list") {
    insertLists(table.groupAt(index) as Group<Entry>, chunk);
  } else if (table.meta.kind === "map") {
    insertCells(table.groupAt(index) as Group<MapSlot>, chunk);
  } else {
    const { entries } = table.groupAt(index) as Group<Entry>;
    for (let row = 0; row < keys.length; row++) {
      const key = keys[row] as Key;
      entries.set(identityOf(key), keyHash(key), new Entry(key, values[row], 0));
    }
    table.groupAt(index).rows = entries.size;
  }
}

function insertLists(group: Group<Entry>, { keys, counts, values }: DecodedChunk): void {
  let from = 0;
  for (let row = 0; row < keys.length; row++) {
    const key = keys[row] as Key;
    const part = values.slice(from, from + ((counts as readonly number[])[row] as number));
    from += part.length;
    const hash = keyHash(key);
    const entry = group.entries.get(identityOf(key), hash);
    if (entry === undefined) group.entries.set(identityOf(key), hash, new Entry(key, part, 0));
    else for (const value of part) (entry.value as unknown[]).push(value);
  }
  group.rows = group.entries.size;
}

function insertCells(group: Group<MapSlot>, { keys, counts, userKeys, values }: DecodedChunk): void {
  let cell = 0;
  for (let row = 0; row < keys.length; row++) {
    const key = keys[row] as Key;
    const hash = keyHash(key);
    let slot = group.entries.get(identityOf(key), hash);
    if (slot === undefined) {
      slot = { key, cells: new Map() };
      group.entries.set(identityOf(key), hash, slot);
    }
    const before = slot.cells.size;
    for (const end = cell + ((counts as readonly number[])[row] as number); cell < end; cell++) {
      const userKey = (userKeys as readonly Key[])[cell] as Key;
      slot.cells.set(identityOf(userKey), new Entry(userKey, values[cell], 0));
    }
    group.rows += slot.cells.size - before;
  }
}

function identityOf(key: Key): KeyIdentity {
  return typeof key === "string" ? key : keyIdentity(key);
}

/** A file with the key groups that are its own. */
type FilePart = Required<KeyedStateFile>;

function partsOf({ keyGroups, files }: KeyedStateHandle): FilePart[] {
  return files.map((part) => ({ file: part.file, keyGroups: part.keyGroups ?? keyGroups }));
}

function overlaps({ keyGroups }: FilePart, options: KeyedBackendOptions): boolean {
  return keyGroups.first <= options.keyGroups.last && keyGroups.last >= options.keyGroups.first;
}

function checkEachGroupOnce(options: KeyedBackendOptions, parts: readonly FilePart[]): void {
  const sorted = [...parts].sort((left, right) => left.keyGroups.first - right.keyGroups.first);
  for (let index = 1; index < sorted.length; index++) {
    const [before, after] = [sorted[index - 1] as FilePart, sorted[index] as FilePart];
    if (after.keyGroups.first <= before.keyGroups.last) {
      throw new StreamError(
        "CHECKPOINT_CORRUPT",
        `operator "${options.operatorUid}": key group ${after.keyGroups.first} is in ${before.file.key} and in ${after.file.key}; restore from another checkpoint`,
        { destiny: "terminal" },
      );
    }
  }
}

function checkMaxParallelism(options: KeyedBackendOptions, index: KeyedFileIndex, file: string): void {
  if (index.maxParallelism === options.maxParallelism) return;
  throw new StreamError(
    "STATE_INCOMPATIBLE",
    `the state of operator "${options.operatorUid}" in ${file} was written with max parallelism ${index.maxParallelism}, the job has ${options.maxParallelism}; set the operator's max parallelism to ${index.maxParallelism}: it is fixed for the life of the state (SP-8)`,
    { destiny: "terminal" },
  );
}

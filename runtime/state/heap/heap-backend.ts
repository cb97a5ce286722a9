/**
 * Owns: the heap back end of keyed state: what is declared, what was restored, the current key, snapshots and timers.
 * Not here: tables and states (table.ts, heap-*.ts), files (snapshot-writer.ts, snapshot-reader.ts).
 * Called by: the task (restore, keys, watermarks, snapshots) and operators (declarations).
 *
 * HB1 Restored state that no operator has declared yet is kept, with the type of its file, and written again: a state may be
 *     declared late, and an operator that forgets one for a version does not lose it.
 * HB2 A declaration that differs from what was restored is refused with STATE_INCOMPATIBLE, or converts the values (EV1).
 */
import { StreamError } from "../../../base/index.ts";
import type { StateDeclaration } from "../../checkpoint/index.ts";
import { type Key, keyHash, sameType } from "../../record/index.ts";
import type {
  KeyedBackendOptions,
  KeyedRestore,
  KeyedSnapshot,
  KeyedStateBackend,
  SnapshotRequest,
  Turn,
} from "../backend.ts";
import { planMetaEvolution } from "../snapshot/evolution.ts";
import { HeapListState } from "./heap-list.ts";
import { HeapMapState } from "./heap-map.ts";
import { HeapTimerService, TimerRegistry } from "./heap-timers.ts";
import { HeapAggregatingState, HeapReducingState, HeapValueState } from "./heap-value.ts";
import { KeyContext } from "./key-context.ts";
import { HeapKeyWalk } from "./key-walk.ts";
import { readTables } from "../snapshot/snapshot-reader.ts";
import { HeapKeyedSnapshot } from "../snapshot/snapshot-writer.ts";
import type {
  AggregatingState,
  AggregatingStateDescriptor,
  KeyWalk,
  ListState,
  MapState,
  MapStateDescriptor,
  ReducingState,
  ReducingStateDescriptor,
  RowTableDescriptor,
  SlicedRows,
  SlicedTable,
  SlicedTableDescriptor,
  StateDescriptor,
  TimerHandler,
  TimerService,
  ValueState,
} from "../../ports/index.ts";
import {
  ANY,
  declarationOf,
  describeMeta,
  isTimers,
  metaId,
  type StateKind,
  type StateMeta,
  TIMER_TYPE,
} from "../snapshot/state-meta.ts";
import { type Entry, type MapSlot, Table } from "./table.ts";
import { convertTable } from "./table-conversion.ts";
import { StatesSnapshot } from "../table/states-snapshot.ts";
import { TableStates } from "../table/table-states.ts";
import { TimerTable } from "./timer-table.ts";

/**
 * Makes the keyed state of one subtask of one operator, restored when `restore` is given. `turn` is awaited between the pieces
 * of a long restore. Errors: CHECKPOINT_CORRUPT, STATE_INCOMPATIBLE, and those of reading the files.
 */
export async function createKeyedBackend(
  options: KeyedBackendOptions,
  restore: KeyedRestore | null,
  turn: Turn,
): Promise<KeyedStateBackend> {
  const context = new KeyContext(options);
  const tables =
    restore === null ? new Map<string, Table<unknown>>() : await readTables(options, context, restore, turn);
  return new HeapKeyedBackend(options, context, tables, await TableStates.create(options, restore, turn));
}

class HeapKeyedBackend implements KeyedStateBackend {
  readonly #options: KeyedBackendOptions;
  readonly context: KeyContext;
  /** By metaId, in order of restore and declaration. */
  readonly #tables: Map<string, Table<unknown>>;
  readonly #states = new Map<string, unknown>();
  readonly #timerRegistry: TimerRegistry;
  readonly #columnTables: TableStates;

  constructor(
    options: KeyedBackendOptions,
    context: KeyContext,
    tables: Map<string, Table<unknown>>,
    columnTables: TableStates,
  ) {
    this.#options = options;
    this.#columnTables = columnTables;
    this.context = context;
    this.#tables = tables;
    this.#timerRegistry = new TimerRegistry(context);
  }

  setCurrentKey(key: Key, hash: number): void {
    this.context.set(key, hash);
  }

  releaseCurrentKey(): void {
    this.context.release();
  }

  prefetch(hashes: Int32Array, from: number, to: number): void {
    for (const table of this.#tables.values()) table.map.prefetch(hashes, from, to);
  }

  currentKey(): Key {
    const { key } = this.context;
    if (key === undefined) throw this.context.misuse("(current key)");
    return key;
  }

  forEachKey(stateName: string, apply: (key: Key) => void): void {
    const keys: Key[] = [];
    // Taken first: `apply` may remove keys, or add some.
    for (const group of this.#tableNamed(stateName)?.groups ?? [])
      for (const held of group?.entries.values() ?? []) keys.push(held.key);
    for (const key of keys) {
      this.context.set(key, keyHash(key));
      apply(key);
    }
    this.context.release();
  }

  walk(stateName: string): KeyWalk {
    return new HeapKeyWalk(this.context, () => this.#tableNamed(stateName));
  }

  #tableNamed(stateName: string): Table<{ readonly key: Key }> | undefined {
    const table = [...this.#tables.values()].find(({ meta }) => meta.name === stateName && !isTimers(meta.kind));
    return table as Table<{ readonly key: Key }> | undefined;
  }

  value<V>(descriptor: StateDescriptor<V>): ValueState<V> {
    return this.#stateOf(metaOf("value", descriptor), (table) => new HeapValueState<V>(table as Table<Entry>));
  }

  list<V>(descriptor: StateDescriptor<V>): ListState<V> {
    return this.#stateOf(metaOf("list", descriptor), (table) => new HeapListState<V>(table as Table<Entry>));
  }

  map<K extends Key, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V> {
    const meta = { ...metaOf("map", descriptor), keyType: descriptor.keyType ?? ANY };
    return this.#stateOf(meta, (table) => new HeapMapState<K, V>(table as Table<MapSlot>));
  }

  reducing<V>(descriptor: ReducingStateDescriptor<V>): ReducingState<V> {
    return this.#stateOf(
      metaOf("reducing", descriptor),
      (table) => new HeapReducingState<V>(table as Table<Entry>, descriptor.reduce),
    );
  }

  aggregating<I, A, O>(descriptor: AggregatingStateDescriptor<I, A, O>): AggregatingState<I, O> {
    return this.#stateOf(
      metaOf("aggregating", descriptor),
      (table) => new HeapAggregatingState<I, A, O>(table as Table<Entry>, descriptor.aggregate),
    );
  }

  timers(name: string, handler: TimerHandler): TimerService {
    this.#checkName(name, "a timer service");
    const existing = this.#timerRegistry.find(name);
    if (existing !== undefined) {
      if (existing.handler === handler) return existing;
      throw new StreamError(
        "OPTION_INVALID",
        `operator "${this.#options.operatorUid}" declares timer service "${name}" twice with different handlers; give each a name of its own`,
        { destiny: "terminal" },
      );
    }
    const tables = [this.#timerTable(name, "event-timers"), this.#timerTable(name, "processing-timers")] as const;
    const service = new HeapTimerService(name, handler, tables, this.#timerRegistry);
    this.#timerRegistry.add(service);
    return service;
  }

  slicedTable(descriptor: SlicedTableDescriptor): SlicedTable {
    this.#checkTableName(descriptor.name);
    return this.#columnTables.declare(descriptor);
  }

  takeUndeclaredTable(name: string): SlicedTable | null {
    return this.#columnTables.takeUndeclared(name);
  }

  slicedRows(descriptor: RowTableDescriptor): SlicedRows {
    this.#checkTableName(descriptor.name);
    return this.#columnTables.declareRows(descriptor);
  }

  advanceWatermark(timestamp: number, mayGoOn?: () => boolean): boolean {
    return this.#timerRegistry.fireEventTime(timestamp, mayGoOn);
  }

  fireProcessingTime(nowMs: number, mayGoOn?: () => boolean): number | null {
    return this.#timerRegistry.fireProcessingTime(nowMs, mayGoOn);
  }

  onEarliestProcessingTime(listener: (timestamp: number) => void): void {
    this.#timerRegistry.listen(listener);
  }

  /** What is declared, and what was restored and is kept (HB1). */
  declarations(): readonly StateDeclaration[] {
    const found = new Map<string, StateDeclaration>();
    for (const { meta } of this.#tables.values()) {
      const declaration = declarationOf(meta);
      found.set(`${declaration.kind === "timers"} ${declaration.name}`, declaration);
    }
    return [...found.values(), ...this.#columnTables.declarations()];
  }

  snapshot(request: SnapshotRequest | null = null): KeyedSnapshot {
    const states = new HeapKeyedSnapshot(this.#options, this.context, [...this.#tables.values()]);
    const columnTables = this.#columnTables.snapshot(request);
    return columnTables === null ? states : new StatesSnapshot(states, columnTables);
  }

  #timerTable(name: string, kind: "event-timers" | "processing-timers"): TimerTable {
    const meta: StateMeta = { name, kind, type: TIMER_TYPE, keyType: null };
    const restored = this.#tables.get(metaId(meta)) as TimerTable | undefined;
    const table = restored ?? new TimerTable(this.context, meta);
    this.#tables.set(metaId(meta), table as Table<unknown>);
    return table;
  }

  #stateOf<S>(meta: StateMeta, create: (table: Table<unknown>) => S): S {
    this.#checkName(meta.name, `${meta.kind} state`);
    if (this.#columnTables.has(meta.name)) throw this.#usedTwice(meta.name);
    const id = metaId(meta);
    const existing = this.#states.get(id);
    if (existing !== undefined) {
      this.#checkSame((this.#tables.get(id) as Table<unknown>).meta, meta);
      return existing as S;
    }
    const restored = this.#tables.get(id);
    const table = restored ?? new Table<unknown>(this.context, meta);
    if (restored !== undefined) this.#adopt(restored, meta);
    this.#tables.set(id, table);
    const state = create(table);
    this.#states.set(id, state);
    return state;
  }

  #adopt(table: Table<unknown>, meta: StateMeta): void {
    const plan = planMetaEvolution(this.#options.operatorUid, table.meta, meta);
    if (plan.kind === "convert") convertTable(table, plan.convert);
    table.meta = meta;
  }

  #checkSame(before: StateMeta, again: StateMeta): void {
    const isSame =
      before.kind === again.kind && sameType(before.type, again.type) && describeMeta(before) === describeMeta(again);
    if (isSame) return;
    throw new StreamError(
      "OPTION_INVALID",
      `operator "${this.#options.operatorUid}" declares state "${again.name}" twice: as ${before.kind} state of ${describeMeta(before)} and as ${again.kind} state of ${describeMeta(again)}; give each a name of its own (STA3)`,
      { destiny: "terminal" },
    );
  }

  #usedTwice(name: string): StreamError {
    return new StreamError(
      "OPTION_INVALID",
      `operator "${this.#options.operatorUid}" has a table and another state named "${name}"; give each a name of its own`,
      { destiny: "terminal" },
    );
  }

  #checkTableName(name: string): void {
    this.#checkName(name, "a table");
    if ([...this.#tables.values()].some(({ meta }) => meta.name === name && !isTimers(meta.kind)))
      throw this.#usedTwice(name);
  }

  #checkName(name: string, what: string): void {
    if (typeof name === "string" && name !== "") return;
    throw new StreamError(
      "OPTION_INVALID",
      `operator "${this.#options.operatorUid}" declares ${what} without a name; give it one, checkpoints find it by that`,
      { destiny: "terminal" },
    );
  }
}

function metaOf(kind: StateKind, { name, type }: StateDescriptor<never> | StateDescriptor<unknown>): StateMeta {
  return { name, kind, type: type ?? ANY, keyType: null };
}

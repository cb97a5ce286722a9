/**
 * Owns: the tables of one back end: restored, declared, fixed for a snapshot.
 * Called by: the heap back end, whose other states are beside them.
 */
import { StreamError } from "../../../base/index.ts";
import type { StateDeclaration } from "../../checkpoint/index.ts";
import type { RowTableDescriptor, SlicedRows, SlicedTable, SlicedTableDescriptor } from "../../ports/index.ts";
import { keyGroupOfHash } from "../../record/index.ts";
import type { KeyedBackendOptions, KeyedRestore, SnapshotRequest, Turn } from "../backend.ts";
import type { TableContext } from "./column-table.ts";
import { declarationOfRowTable, declaredRowLayout, isRowLayout, isSameRowTable } from "./row-meta.ts";
import { HeapSlicedRows } from "./sliced-rows.ts";
import { HeapSlicedTable } from "./sliced-table.ts";
import { SnapshotBases } from "./snapshot-bases.ts";
import { declarationOfTable, describeTable, isSameTable, layoutOfTable } from "./table-meta.ts";
import { readSlicedTables } from "./table-reader.ts";
import { TablesSnapshot } from "./table-snapshot.ts";

export class TableStates {
  readonly #options: KeyedBackendOptions;
  readonly #context: TableContext;
  readonly #bases: SnapshotBases;
  /** By name, in order of restore and declaration. */
  readonly #tables: Map<string, HeapSlicedTable | HeapSlicedRows>;

  private constructor(
    options: KeyedBackendOptions,
    { context, bases }: { readonly context: TableContext; readonly bases: SnapshotBases },
    tables: Map<string, HeapSlicedTable | HeapSlicedRows>,
  ) {
    this.#options = options;
    this.#context = context;
    this.#bases = bases;
    this.#tables = tables;
  }

  /** Errors: those of readSlicedTables. */
  static async create(options: KeyedBackendOptions, restore: KeyedRestore | null, turn: Turn): Promise<TableStates> {
    const bases = new SnapshotBases();
    const context: TableContext = {
      tables: 0,
      unwritten: 0,
      latest: 0,
      get bases() {
        return bases.numbers;
      },
      assertOwn: (hash: number) => assertOwn(options, hash),
    };
    const tables = restore === null ? new Map() : await readSlicedTables(options, context, restore, turn);
    return new TableStates(options, { context, bases }, tables);
  }

  has(name: string): boolean {
    return this.#tables.has(name);
  }

  /** Errors: OPTION_INVALID, STATE_INCOMPATIBLE. */
  declare(descriptor: SlicedTableDescriptor): SlicedTable {
    const { operatorUid } = this.#options;
    const layout = layoutOfTable(operatorUid, descriptor);
    const table = this.#tables.get(layout.name) ?? new HeapSlicedTable(layout, this.#context);
    if (table instanceof HeapSlicedRows) throw this.#otherKind(layout.name, "rows", "a table");
    if (table.isDeclared && !isSameTable(table.layout, layout))
      throw this.#declaredTwice(layout.name, describeTable(table.layout), describeTable(layout));
    if (!table.isDeclared) table.declare(operatorUid, layout);
    this.#tables.set(layout.name, table);
    return table;
  }

  /** Restored, not declared, and no longer here. Null: there is no such table. */
  takeUndeclared(name: string): SlicedTable | null {
    const table = this.#tables.get(name);
    if (!(table instanceof HeapSlicedTable) || table.isDeclared) return null;
    this.#tables.delete(name);
    return table;
  }

  /** Errors: OPTION_INVALID, STATE_INCOMPATIBLE. */
  declareRows(descriptor: RowTableDescriptor): SlicedRows {
    const layout = declaredRowLayout(descriptor);
    const { name } = layout;
    const rows = this.#tables.get(name) ?? new HeapSlicedRows(layout, this.#context);
    if (rows instanceof HeapSlicedTable) throw this.#otherKind(name, "a table", "rows");
    if (!rows.layout.isDeclared) rows.declare(this.#options.operatorUid, layout);
    else if (!isSameRowTable(rows.layout, layout))
      throw this.#declaredTwice(name, declarationOfRowTable(rows.layout).type, declarationOfRowTable(layout).type);
    this.#tables.set(name, rows);
    return rows;
  }

  declarations(): readonly StateDeclaration[] {
    return [...this.#tables.values()].map(({ layout }) =>
      isRowLayout(layout) ? declarationOfRowTable(layout) : declarationOfTable(layout),
    );
  }

  /** Null: there are no tables. */
  snapshot(request: SnapshotRequest | null): TablesSnapshot | null {
    if (this.#tables.size === 0) return null;
    const shared = { context: this.#context, bases: this.#bases };
    return new TablesSnapshot(this.#options, shared, request, () =>
      [...this.#tables.values()].map((table) => table.fix()),
    );
  }

  #declaredTwice(name: string, before: string, again: string): StreamError {
    return new StreamError(
      "OPTION_INVALID",
      `operator "${this.#options.operatorUid}" declares table "${name}" twice: as ${before} and as ${again}; give each a name of its own (STA3)`,
      { destiny: "terminal" },
    );
  }

  #otherKind(name: string, before: string, now: string): StreamError {
    return new StreamError(
      "STATE_INCOMPATIBLE",
      `"${name}" of operator "${this.#options.operatorUid}" was ${before} and is declared as ${now}; give it another name, or start without this savepoint`,
      { destiny: "terminal" },
    );
  }
}

function assertOwn({ keyGroups, maxParallelism, operatorUid }: KeyedBackendOptions, hash: number): void {
  const group = keyGroupOfHash(hash, maxParallelism);
  if (group >= keyGroups.first && group <= keyGroups.last) return;
  throw new StreamError(
    "PROTOCOL_VIOLATION",
    `operator "${operatorUid}" got a record of key group ${group}, but this subtask owns ${keyGroups.first} to ${keyGroups.last}; the sender has another parallelism or hash`,
  );
}

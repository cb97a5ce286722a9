/**
 * Owns: tables that are no state: in memory, of whoever makes them, until they are let go.
 */
import type { ColumnTable, RowTable, RowTableDescriptor, SlicedTableDescriptor } from "../../ports/index.ts";
import { HeapColumnTable, type TableContext } from "./column-table.ts";
import { declaredRowLayout } from "./row-meta.ts";
import { HeapRowTable } from "./row-table.ts";
import { layoutOfTable } from "./table-meta.ts";

/** In no snapshot, with keys of any key group. */
const looseContext = (): TableContext => ({
  tables: 0,
  bases: [],
  unwritten: 0,
  latest: 0,
  assertOwn: () => undefined,
});

/** `uid`: of the operator, for messages. Errors: OPTION_INVALID (TBM1). */
export function createLooseTable(uid: string, descriptor: SlicedTableDescriptor): ColumnTable {
  return new HeapColumnTable(layoutOfTable(uid, descriptor), looseContext());
}

/** Errors: JOB_GRAPH_INVALID (LYT1). */
export function createLooseRows(descriptor: RowTableDescriptor): RowTable {
  return new HeapRowTable(declaredRowLayout(descriptor), looseContext());
}

/**
 * Owns: column tables that are no state: in memory, of whoever makes them, until they are let go.
 */
import type { ColumnTable, SlicedTableDescriptor } from "../../ports/index.ts";
import { HeapColumnTable } from "./column-table.ts";
import { layoutOfTable } from "./table-meta.ts";

/** `uid`: of the operator, for messages. Keys may be of any key group. Errors: OPTION_INVALID (TBM1). */
export function createLooseTable(uid: string, descriptor: SlicedTableDescriptor): ColumnTable {
  const context = { tables: 0, bases: [], unwritten: 0, latest: 0, assertOwn: (): void => undefined };
  return new HeapColumnTable(layoutOfTable(uid, descriptor), context);
}

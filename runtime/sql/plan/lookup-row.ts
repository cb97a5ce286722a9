/**
 * Owns: what a lookup reads of its table.
 */
import type { LookupJoinNode, PlanColumn, PlanRow } from "./plan-tree.ts";

/** As the table has them: watermarks and clocks of a table that is asked mean nothing. */
export const lookupRow = ({ table, columns }: Pick<LookupJoinNode, "table" | "columns">): PlanRow =>
  columns.map((place): PlanColumn => {
    const column = table.schema.columns[place];
    if (column === undefined) throw new RangeError(`the table has no column ${place}`);
    return { name: column.name, type: column.type, time: null };
  });

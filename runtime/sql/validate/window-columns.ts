/**
 * Owns: which columns of a table say of which window its rows are, through views, queries and joins, whatever they are called there.
 */
import type { Grouping, TypedBody, TypedExpression, TypedTable } from "./typed-tree.ts";
import { isSame } from "./values.ts";

type WindowColumnName = "start" | "end" | "time";

const names: readonly WindowColumnName[] = ["start", "end", "time"];

/** Null: it is another column, or the rows are of no window. */
function windowColumnOf(table: TypedTable | TypedBody, index: number): WindowColumnName | null {
  switch (table.kind) {
    case "window":
      return names[index - table.input.schema.columns.length] ?? null;
    case "derived":
      return windowColumnOf(table.query.body, index);
    case "query":
      return windowColumnOf(table.body, index);
    case "select": {
      const item = table.items[index];
      return item?.kind === "column" && item.depth === 0 && table.from !== null
        ? windowColumnOf(table.from, item.index)
        : null;
    }
    case "join": {
      const width = table.left.schema.columns.length;
      return index < width ? windowColumnOf(table.left, index) : windowColumnOf(table.right, index - width);
    }
    default:
      return null;
  }
}

/** Whether a group's value is the time of its window: then windows of the groups may go by it. Without start and end among the keys the groups are of no window. */
export function isTimeOfGroup(value: TypedExpression, { keys }: Grouping, source: TypedTable | null): boolean {
  if (source === null || !keys.some((key) => isSame(key, value))) return false;
  const partOf = (each: TypedExpression): WindowColumnName | null =>
    each.kind === "column" && each.depth === 0 ? windowColumnOf(source, each.index) : null;
  const parts = keys.map(partOf);
  return partOf(value) === "time" && parts.includes("start") && parts.includes("end");
}

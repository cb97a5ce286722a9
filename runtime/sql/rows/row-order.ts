/**
 * Owns: the order of rows: of ORDER BY, ROW_NUMBER and OVER.
 *
 * SQRO1 Values of a column are ordered as `<` orders them (codegen/comparison.ts); NaN is greater than any number, and equal to itself.
 */
import { compareBytes, compareTexts } from "../codegen/values.ts";
import type { PlanRow, SortColumn } from "../plan/plan-tree.ts";
import type { SqlType } from "../types/sql-type.ts";

type RowObject = Readonly<Record<string, unknown>>;

/** Less than zero: `left` comes first. */
export function compareRows(order: readonly SortColumn[], row: PlanRow): (left: RowObject, right: RowObject) => number {
  const columns = order.map(({ column, direction, nulls }) => {
    const { name, type } = row[column] as PlanRow[number];
    return { name, compare: compareValues(type), sign: direction === "DESC" ? -1 : 1, ofNull: nulls === "FIRST" ? -1 : 1 };
  });
  return (left, right) => {
    for (const { name, compare, sign, ofNull } of columns) {
      const [a, b] = [left[name], right[name]];
      if (a === null || b === null) {
        if (a !== b) return a === null ? ofNull : -ofNull;
        continue;
      }
      const difference = compare(a as never, b as never);
      if (difference !== 0) return difference * sign;
    }
    return 0;
  };
}

/** Of values that are not NULL, as rows have them; less than zero: the first is the lesser. For types that have an order. */
export function compareValues(type: SqlType): (left: never, right: never) => number {
  switch (type.kind) {
    case "char":
    case "varchar":
      return compareTexts;
    case "binary":
    case "varbinary":
      return compareBytes;
    case "date":
      return (left: Date, right: Date) => left.getTime() - right.getTime();
    case "float":
    case "double":
      return compareNumbers;
    default:
      return (left: number | bigint | boolean, right: number | bigint | boolean) =>
        left < right ? -1 : left > right ? 1 : 0;
  }
}

function compareNumbers(left: number, right: number): number {
  if (Number.isNaN(left) || Number.isNaN(right)) return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
  return left < right ? -1 : left > right ? 1 : 0;
}

/**
 * Owns: rows as objects, by the names of their columns (SQPT1), and whether two of them are the same.
 *
 * SQJR1 Rows are the same when their values are: NaN is NaN, -0 is 0, dates, bytes, arrays, maps and rows by what is in them.
 * SQJR2 The text of a row is the same for the same rows, and for no others of its type: so it finds a row in a map.
 */
import { DateValue } from "../../record/index.ts";
import type { PlanRow } from "../plan/plan-tree.ts";

/** Values are as row-type.ts says. */
export type SqlRow = Readonly<Record<string, unknown>>;

export const namesOf = (row: PlanRow): readonly string[] => row.map(({ name }) => name);

/** SQJR2, of the columns with these names. */
export function rowText(row: SqlRow, names: readonly string[]): string {
  let text = "";
  for (let place = 0; place < names.length; place++) text += valueText(row[names[place] as string]);
  return text;
}

/** SQJR1, of the columns with these names. */
export function sameValues(left: SqlRow, right: SqlRow, names: readonly string[]): boolean {
  for (let place = 0; place < names.length; place++) {
    const name = names[place] as string;
    const [one, other] = [left[name], right[name]];
    if (one === other) continue;
    if (typeof one !== typeof other || typeof one === "string" || typeof one === "bigint") return false;
    if (valueText(one) !== valueText(other)) return false;
  }
  return true;
}

/** Each begins with what tells its kind, and says where it ends. */
function valueText(value: unknown): string {
  switch (typeof value) {
    case "string":
      return `s${value.length}:${value}`;
    case "number":
      return `${value === 0 ? 0 : value};`;
    case "bigint":
      return `${value}n`;
    case "boolean":
      return value ? "T" : "F";
    default:
      return value === null ? "N" : objectText(value as object);
  }
}

function objectText(value: object): string {
  if (value instanceof DateValue) return `d${value.getTime()};`;
  if (value instanceof Uint8Array) return `b${value.length}:${Buffer.from(value).toString("hex")}`;
  if (Array.isArray(value)) return `[${value.map(valueText).join("")}]`;
  if (value instanceof Map) return `{${mapEntries(value).join("")}}`;
  return `(${fieldsOf(value as SqlRow)
    .map(valueText)
    .join("")})`;
}

/** By their names: the order of an object's fields is that of who made it, and numbers come first in it. */
const fieldsOf = (row: SqlRow): readonly unknown[] =>
  Object.keys(row)
    .sort()
    .map((name) => row[name]);

/** The order of a map's entries says nothing. */
function mapEntries(map: ReadonlyMap<unknown, unknown>): readonly string[] {
  return [...map].map(([key, value]) => `${valueText(key)}${valueText(value)}`).sort();
}

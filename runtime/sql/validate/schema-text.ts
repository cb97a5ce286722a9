/** Owns: schemas as people read them. */
import { typeText } from "../types/sql-type.ts";
import { quoted } from "./names.ts";
import type { Schema } from "./typed-tree.ts";

/** `a INT, ts TIMESTAMP(3) *ROWTIME*, KEY (a)`, as Flink marks time attributes. */
export function schemaText({ columns, keys }: Schema): string {
  const shown = columns.map(
    ({ name, type, time }) => `${quoted(name)} ${typeText(type)}${time === null ? "" : ` *${time.toUpperCase()}*`}`,
  );
  const keyed = keys.map((key) =>
    key.length === 0 ? "ONE ROW" : `KEY (${key.map((index) => quoted(columns[index]?.name ?? "")).join(", ")})`,
  );
  return [...shown, ...keyed].join(", ");
}

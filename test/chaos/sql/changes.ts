/**
 * Owns: changes of a table as lines, and the table that they come to.
 *
 * XQC1 A line is JSON: the kind of the change, then the row's values. Numbers of any type are numbers, times and texts are texts: what DuckDB gives compares with it.
 */
import assert from "node:assert/strict";
import type { ValueType } from "../../../runtime/record/index.ts";
import type { ChangelogRecord } from "../../../runtime/table/index.ts";

type Plain = string | number | null;

/** `type`: of the row. */
export function lineOfChange({ kind, row }: ChangelogRecord, type: ValueType<unknown>): string {
  const values = (type.fields ?? []).map((field) => plainOf(row[field.name], field.type));
  return JSON.stringify([kind, ...values]);
}

function plainOf(value: unknown, { kind, scale = 0 }: ValueType<unknown>): Plain {
  if (value === null) return null;
  if (kind === "timestamp" || kind === "string") return String(value);
  return Number(value) / (kind === "decimal" ? 10 ** scale : 1);
}

/** What is there after all changes, in whatever order their files are read; `numberText`: as the oracle writes numbers. Errors: a row is taken back that never came. */
export function tableOfChanges(lines: readonly string[], numberText: (value: number) => string): readonly string[] {
  const counts = new Map<string, number>();
  for (const line of lines) {
    const [kind, ...values] = JSON.parse(line) as [string, ...Plain[]];
    const row = values
      .map((value) => (value === null ? "NULL" : typeof value === "number" ? numberText(value) : value))
      .join(" | ");
    counts.set(row, (counts.get(row) ?? 0) + (kind === "+I" || kind === "+U" ? 1 : -1));
  }
  const rows: string[] = [];
  for (const [row, count] of counts) {
    assert.ok(count >= 0, `the changes take ${row} back ${-count} times more than it came`);
    for (let time = 0; time < count; time++) rows.push(row);
  }
  return rows;
}

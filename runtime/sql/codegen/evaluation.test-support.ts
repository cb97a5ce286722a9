/**
 * Owns: expressions of a text, worked out over rows: over row objects and over batches of columns, which have to agree.
 */
import assert from "node:assert/strict";
import { type ColumnBatch, ColumnBuilder, isNull, NO_TIMESTAMP } from "../../record/index.ts";
import type { PlanRow } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import type { SqlSession } from "../session.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";
import { validateScript } from "../validate/validate-script.ts";
import { compileCalc } from "./calc.ts";
import { compileScalar } from "./scalar.ts";

export type Row = Readonly<Record<string, unknown>>;

export const session = (timeZone = "UTC"): SqlSession => ({
  timeZone,
  clock: { nowMs: () => 0 } as SqlSession["clock"],
});

export type Parsed = {
  readonly row: PlanRow;
  readonly values: readonly TypedExpression[];
  readonly condition: TypedExpression | null;
};

/** What stands behind SELECT (and FROM t WHERE …), over a table of these columns. */
export function parse(select: string, columns = "id INT NOT NULL"): Parsed {
  const script = `CREATE TABLE t (${columns}) WITH ('connector' = 'datagen');\nSELECT ${/ FROM t\b/.test(select) ? select : `${select} FROM t`};`;
  const { statements, problems } = validateScript(script);
  assert.deepEqual(problems, [], script);
  const meaning = statements[1]?.meaning;
  assert(meaning?.kind === "query" && meaning.query.body.kind === "select", `a query: ${JSON.stringify(meaning)}`);
  const { items, where, from } = meaning.query.body;
  assert(from !== null, "a table");
  return { row: from.schema.columns, values: items, condition: where };
}

export function outputRow(values: readonly TypedExpression[]): PlanRow {
  return values.map(({ type, time }, index) => {
    assert(type.kind !== "null", "a value with a type");
    return { name: `c${index}`, type, time };
  });
}

/** Several records, of which every other one counts; where there is no value, the arrays hold something (CLM1). */
export function batchOf(row: PlanRow, records: readonly Row[]): ColumnBatch {
  const builder = new ColumnBuilder(rowTypeOf(row), Math.max(1, records.length * 2));
  for (const record of records) {
    builder.appendRow(record, NO_TIMESTAMP);
    builder.appendRow(record, NO_TIMESTAMP);
  }
  const batch = builder.take();
  for (const { kind, values, nulls } of batch.columns.filter((column) => column.kind !== "text"))
    for (let place = 0; nulls !== null && place < batch.count; place++)
      if (isNull(nulls, place)) (values as unknown as (number | bigint)[])[place] = kind === "bigint" ? 1n : 1;
  return batch.select(
    Int32Array.from(records, (_record, index) => index * 2 + 1),
    records.length,
  );
}

/** The values of one expression, for each record. */
export function evaluateAll(
  expression: string,
  { columns, rows, timeZone }: { readonly columns: string; readonly rows: readonly Row[]; readonly timeZone?: string },
): readonly unknown[] {
  const { row, values } = parse(expression, columns);
  const [value] = values;
  assert(value !== undefined, "a value");
  const scalar = compileScalar(value, row, session(timeZone));
  const output = outputRow([value]);
  const calc = compileCalc(row, { condition: null, values: [value] }, output, session(timeZone));
  const byRow = rows.map((record) => scalar(record));
  const result = calc.apply(batchOf(row, rows), 0);
  const byColumn = result?.toRows().map(({ c0 }) => c0) ?? [];
  assert.deepEqual(byColumn, byRow, `${expression}: columns and rows agree`);
  return byRow;
}

/** Without columns. */
export function evaluate(expression: string, timeZone?: string): unknown {
  const [value] = evaluateAll(expression, {
    columns: "id INT NOT NULL",
    rows: [{ id: 1 }],
    ...(timeZone === undefined ? {} : { timeZone }),
  });
  return value;
}

/**
 * Owns: filtering and projecting batches of columns by generated loops.
 * Called by: operators/calc.ts, operators/watermark.ts.
 *
 * SQXQ1 The condition selects places; the values are worked out for those alone. A column that passes unchanged is shared, as are timestamps and row kinds. Hashes of keys
 *     do not pass: the key may be no column of the result.
 * SQXQ2 What `apply` gave is to be released before the next call: its memory is used again.
 */
import { ColumnBatch, type Column, type ColumnLayout, layoutOf, sameType } from "../../record/index.ts";
import type { PlanRow } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import type { SqlSession } from "../session.ts";
import { isSameType, isText } from "../types/type-families.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";
import { BatchSource, LOOP_HEAD } from "./batch-source.ts";
import { Code } from "./code.ts";
import { generatePart } from "./column-texts.ts";
import { converted } from "./conversion.ts";
import { contextOf } from "./expression.ts";
import { compileFilter, type Filter } from "./filter.ts";
import { ConstantColumn, OutputColumn } from "./output-columns.ts";
import { compileScalar } from "./scalar.ts";

export type Calc = { readonly condition: TypedExpression | null; readonly values: readonly TypedExpression[] };

export type CompiledCalc = {
  /** The records from the one numbered `from` on; null: the condition holds for none. */
  apply(batch: ColumnBatch, from: number): ColumnBatch | null;
};

type Project = (
  columns: readonly Column[],
  rows: Int32Array,
  ...[from, count, outputs]: [number, number, readonly unknown[]]
) => void;

/** For one subtask: batches of one layout come one after the other. */
export function compileCalc(input: PlanRow, calc: Calc, output: PlanRow, session: SqlSession): CompiledCalc {
  const [from, to] = [layoutOf(rowTypeOf(input)), layoutOf(rowTypeOf(output))];
  const filter = calc.condition === null ? null : compileFilter(input, from, calc.condition, session);
  const results = calc.values.map((value, place) => resultOf(value, { from, to, place, session }));
  const columns = results.filter((result): result is Computed => result.kind === "computed");
  const project = columns.length === 0 ? null : compileProject({ input, output, from, session }, columns);
  return new BatchCalc(to, { filter, project }, results);
}

type Computed = {
  readonly kind: "computed";
  readonly value: TypedExpression;
  readonly place: number;
  readonly column: OutputColumn;
};
type Result =
  | { readonly kind: "shared"; readonly index: number }
  | { readonly kind: "constant"; readonly column: ConstantColumn }
  | Computed;

function resultOf(
  value: TypedExpression,
  {
    from,
    to,
    place,
    session,
  }: { readonly from: ColumnLayout; readonly to: ColumnLayout; readonly place: number; readonly session: SqlSession },
): Result {
  const field = to.fields[place] as ColumnLayout["fields"][number];
  if (value.kind === "column") {
    const source = from.fields[value.index] as typeof field;
    const { nullable } = field.type;
    const isSame = sameType({ ...source.type, nullable }, field.type);
    if (isSame && (nullable || !source.type.nullable)) return { kind: "shared", index: value.index };
  }
  if (value.kind === "literal" && (value.type.kind !== "null" || field.type.nullable) && isOfField(value, field))
    return { kind: "constant", column: new ConstantColumn(field, compileScalar(value, [], session)({})) };
  return { kind: "computed", value, place, column: new OutputColumn(field) };
}

/** Whether the literal's own value is one of the column. */
function isOfField({ type }: TypedExpression, { type: wanted }: ColumnLayout["fields"][number]): boolean {
  if (type.kind === "null") return true;
  return sameType(
    { ...(layoutOf(rowTypeOf([{ name: "value", type }])).fields[0]?.type as typeof wanted), nullable: wanted.nullable },
    wanted,
  );
}

function compileProject(
  {
    input,
    output,
    from,
    session,
  }: { readonly input: PlanRow; readonly output: PlanRow; readonly from: ColumnLayout; readonly session: SqlSession },
  columns: readonly Computed[],
): Project {
  const code = new Code();
  const source = new BatchSource(input, from.fields);
  const context = contextOf(
    code,
    source,
    session,
    columns.map(({ value }) => value),
  );
  const heads = columns.map(({ value, column, place }, index) => {
    const { type } = output[place] as PlanRow[number];
    const part = isText(type) && isSameType(value.type, type) ? generatePart(context, value) : null;
    if (part !== null) column.writePart(code, `p${index}`, part);
    else {
      const from = context.generate(value);
      column.write(
        code,
        `p${index}`,
        converted(code, { from, to: type, zone: context.zone }, "fail"),
        isText(type) && repeats(value),
      );
    }
    return `const p${index} = outputs[${index}]; ${column.head(`p${index}`)}`;
  });
  return code.compile(
    ["columns", "rows", "from", "count", "outputs"],
    `${source.head}\n${heads.join("\n")}\n${LOOP_HEAD}\n${code.text}\n}`,
  ) as Project;
}

/** Whether it gives mostly the string of the record before, and not another one of the same characters. */
function repeats(value: TypedExpression): boolean {
  if (value.kind === "case") {
    const { branches, otherwise } = value;
    return branches.every(({ result }) => result.kind === "literal") && (otherwise?.kind ?? "literal") === "literal";
  }
  return value.kind === "call" && value.name === "DATE_FORMAT";
}

class BatchCalc implements CompiledCalc {
  readonly #layout: ColumnLayout;
  readonly #filter: Filter | null;
  readonly #project: Project | null;
  readonly #results: readonly Result[];
  readonly #computed: readonly OutputColumn[];
  #selected = new Int32Array(0);

  constructor(
    layout: ColumnLayout,
    { filter, project }: { readonly filter: Filter | null; readonly project: Project | null },
    results: readonly Result[],
  ) {
    this.#layout = layout;
    this.#filter = filter;
    this.#project = project;
    this.#results = results;
    this.#computed = results.flatMap((result) => (result.kind === "computed" ? [result.column] : []));
  }

  apply(batch: ColumnBatch, from: number): ColumnBatch | null {
    const { columns, size, marks } = batch;
    const { rows, count } = this.#select(batch, from);
    if (count === 0) return null;
    const outputs = this.#computed.map((column) => column.begin(size));
    this.#project?.(columns, rows, 0, count, outputs);
    const results = this.#results.map((result) => {
      if (result.kind === "shared") return columns[result.index] as Column;
      return result.kind === "constant" ? result.column.column(size) : result.column.column();
    });
    return new ColumnBatch(
      this.#layout,
      results,
      {
        count,
        selection: rows === batch.rows && batch.selection === null ? null : rows,
        marks: { ...marks, keyHashes: null },
      },
      (poisons) => {
        for (const column of this.#computed) column.release(poisons);
      },
    );
  }

  /** The places of the records that count. */
  #select(batch: ColumnBatch, from: number): { readonly rows: Int32Array; readonly count: number } {
    const { columns, rows, count } = batch;
    if (this.#filter === null)
      return from === 0 ? { rows, count } : { rows: rows.subarray(from, count), count: count - from };
    if (this.#selected.length < count) this.#selected = new Int32Array(count);
    return { rows: this.#selected, count: this.#filter(columns, rows, from, count, this.#selected) };
  }
}

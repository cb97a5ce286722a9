/**
 * Owns: from a table's definition to its schema: computed columns, watermark, time attributes, key.
 * Does not own: what check/table-check.ts has checked: names twice, key, options.
 *
 * SQVD1 A computed column sees the stored columns, in any order, not other computed ones, as in Flink.
 * SQVD2 The watermark's column is the rowtime attribute; a computed PROCTIME() is the proctime attribute.
 * SQVD3 A rowtime attribute has at most three digits of a second.
 */
import { fail } from "../syntax/problem.ts";
import type { Span } from "../syntax/span.ts";
import { nameText } from "../syntax/expression-text.ts";
import type { CatalogTable, DefinedColumn, TableDefinition } from "./catalog.ts";
import { type QueryContext, plainContext } from "./context.ts";
import { typedExpression } from "./expression.ts";
import { nameRemedy, quoted } from "./names.ts";
import { Scope } from "./scope.ts";
import { isTimestamp, shownType, withNullability } from "../types/type-families.ts";
import type { Column, TypedExpression } from "./typed-tree.ts";
import { sqlTypeOf, withColumns } from "./values.ts";

/** Digits of a second that a time attribute may have. */
const ROWTIME_PRECISION_MAX = 3;

/** Errors: SqlFailure. */
export function tableOf(definition: TableDefinition, context: QueryContext): CatalogTable {
  const stored = definition.columns.flatMap((column) =>
    column.kind === "computed" ? [] : [storedColumn(column, definition)],
  );
  const storedScope = new Scope([{ path: [], originalName: null, columns: stored, offset: 0 }], [], null);
  const isComputed = new Set(definition.columns.flatMap(({ kind, name }) => (kind === "computed" ? [name.name] : [])));
  const plain = plainContext(context, storedScope, "in a computed column");
  const computed = {
    ...plain,
    hint: (name: string) =>
      isComputed.has(name)
        ? `${quoted(name)} is computed, too: repeat its expression here, or compute this one in a view.`
        : null,
  };
  const values = definition.columns.map((column) =>
    column.kind === "computed" ? typedExpression(column.value, computed) : null,
  );
  const columns = definition.columns.map((column, index): Column => {
    const value = values[index];
    if (column.kind !== "computed" || value === null || value === undefined)
      return storedColumn(column as StoredColumn, definition);
    return { name: column.name.name, type: sqlTypeOf(value), time: value.time };
  });
  const watermark = watermarkOf(columns, definition, context);
  const timed = columns.map((each, index) =>
    index === watermark?.column ? { ...each, time: "rowtime" as const } : each,
  );
  const keys = definition.primaryKey === null ? [] : [keyPlaces(definition, columns)];
  const writable = definition.columns.flatMap((column, index) => {
    const isWritten = column.kind === "physical" || (column.kind === "metadata" && !column.isVirtual);
    const made = timed[index];
    return isWritten && made !== undefined ? [made] : [];
  });
  return {
    kind: "table",
    definition,
    schema: { columns: timed, keys },
    writable,
    computed: values.map((value) => (value === null ? null : inWholeRow(value, definition))),
    watermark,
    given: null,
  };
}

type StoredColumn = DefinedColumn & { readonly kind: "physical" | "metadata" };

/** A computed column sees the stored ones only (SQVD1); from their places to those in the whole row. */
function inWholeRow(value: TypedExpression, { columns }: TableDefinition): TypedExpression {
  const places = columns.flatMap(({ kind }, index) => (kind === "computed" ? [] : [index]));
  return withColumns(value, (column) => ({ ...column, index: places[column.index] ?? column.index }));
}

function storedColumn(column: StoredColumn, { primaryKey }: TableDefinition): Column {
  const { name } = column.name;
  const isKey = primaryKey?.columns.some((key) => key.name === name) === true;
  return { name, type: isKey ? withNullability(column.type, false) : column.type, time: null };
}

function keyPlaces({ primaryKey }: TableDefinition, columns: readonly Column[]): readonly number[] {
  const names = columns.map(({ name }) => name);
  return (primaryKey?.columns ?? []).map((key) => {
    const place = names.indexOf(key.name);
    return place >= 0
      ? place
      : fail(key.at, `the table has no column ${nameText(key)}`, nameRemedy(key.name, names, "Its columns"));
  });
}

/** SQVD2. The strategy sees all columns, computed ones too. */
function watermarkOf(
  columns: readonly Column[],
  { watermark }: TableDefinition,
  context: QueryContext,
): CatalogTable["watermark"] {
  const [name, ...fields] = watermark?.column.parts ?? [];
  if (watermark === null || name === undefined) return null;
  const names = columns.map((each) => each.name);
  const place = names.indexOf(name.name);
  if (place < 0)
    return fail(name.at, `the table has no column ${nameText(name)}`, nameRemedy(name.name, names, "Its columns"));
  const scope = new Scope([{ path: [], originalName: null, columns, offset: 0 }], [], null);
  checkRowtime(
    scope.resolve([name, ...fields], () => null),
    watermark.column.at,
  );
  const strategy = typedExpression(watermark.strategy, plainContext(context, scope, "in WATERMARK FOR"));
  if (!isTimestamp(strategy.type))
    fail(
      strategy.at,
      `a watermark is a TIMESTAMP or TIMESTAMP_LTZ, and this is ${shownType(strategy.type)}`,
      "Subtract the longest delay from the column: ts - INTERVAL '5' SECOND.",
    );
  // A field of a row is no column of the table, and so no time attribute.
  return fields.length > 0 ? null : { column: place, strategy };
}

/** SQVD3. */
function checkRowtime({ type }: TypedExpression, at: Span): void {
  const digits = isTimestamp(type) ? type.precision : null;
  if (digits !== null && digits <= ROWTIME_PRECISION_MAX) return;
  const remedy =
    digits !== null
      ? `Declare it as ${type.kind.toUpperCase()}(${ROWTIME_PRECISION_MAX}), or less.`
      : "Declare a column of that type, or compute one: ts AS TO_TIMESTAMP_LTZ(milliseconds, 3).";
  fail(at, `a watermark needs a TIMESTAMP(3) or TIMESTAMP_LTZ(3), and this is ${shownType(type)}`, remedy);
}

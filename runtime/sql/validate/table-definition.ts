/**
 * Owns: from a table's definition to its schema: computed columns, watermark, time attributes, key.
 * Does not own: what check/table-check.ts has checked: names twice, key, options, the type of the watermark's column.
 *
 * SQVD1 A computed column sees the stored columns, not other computed ones, as in Flink.
 * SQVD2 The watermark's column is the rowtime attribute; a computed PROCTIME() is the proctime attribute.
 */
import { fail } from "../syntax/problem.ts";
import { nameText } from "../syntax/expression-text.ts";
import type { CatalogTable, DefinedColumn, TableDefinition } from "./catalog.ts";
import { type QueryContext, plainContext } from "./context.ts";
import { typedExpression } from "./expression.ts";
import { nameRemedy, quoted } from "./names.ts";
import { Scope } from "./scope.ts";
import { shownType, withNullability } from "../types/type-families.ts";
import type { Column } from "./typed-tree.ts";
import { sqlTypeOf } from "./values.ts";

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
      isComputed.has(name) ? `${quoted(name)} is computed, too: repeat its expression here.` : null,
  };
  const columns = definition.columns.map((column): Column => {
    if (column.kind !== "computed") return storedColumn(column, definition);
    const value = typedExpression(column.value, computed);
    return { name: column.name.name, type: sqlTypeOf(value), time: value.time };
  });
  const timed = withRowtime(columns, definition, context);
  const keys = definition.primaryKey === null ? [] : [keyPlaces(definition, columns)];
  const writable = definition.columns.flatMap((column, index) => {
    const isWritten = column.kind === "physical" || (column.kind === "metadata" && !column.isVirtual);
    const made = timed[index];
    return isWritten && made !== undefined ? [made] : [];
  });
  return { kind: "table", definition, schema: { columns: timed, keys }, writable };
}

function storedColumn(
  column: DefinedColumn & { readonly kind: "physical" | "metadata" },
  { primaryKey }: TableDefinition,
): Column {
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

function withRowtime(
  columns: readonly Column[],
  { watermark }: TableDefinition,
  context: QueryContext,
): readonly Column[] {
  const [name, field] = watermark?.column.parts ?? [];
  if (watermark === null || name === undefined) return columns;
  const column = columns.find((each) => each.name === name.name);
  const names = columns.map((each) => each.name);
  if (column === undefined)
    return fail(name.at, `the table has no column ${nameText(name)}`, nameRemedy(name.name, names, "Its columns"));
  const scope = new Scope([{ path: [], originalName: null, columns, offset: 0 }], [], null);
  const strategy = typedExpression(watermark.strategy, plainContext(context, scope, "in WATERMARK FOR"));
  const type = sqlTypeOf(strategy);
  if (type.kind !== "timestamp" && type.kind !== "timestamp_ltz")
    fail(
      strategy.at,
      `a watermark is a time, and this is ${shownType(type)}`,
      `Write ${nameText(name)} - INTERVAL '5' SECOND.`,
    );
  if (field !== undefined) return columns;
  const { kind } = column.type;
  if (kind !== "timestamp" && kind !== "timestamp_ltz")
    fail(
      name.at,
      `a watermark needs a TIMESTAMP(3) or TIMESTAMP_LTZ(3), and this is ${shownType(column.type)}`,
      "Declare a column of that type, or compute one: ts AS TO_TIMESTAMP_LTZ(milliseconds, 3).",
    );
  return columns.map((each) => (each === column ? { ...each, time: "rowtime" as const } : each));
}

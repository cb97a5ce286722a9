/**
 * Owns: FROM: which tables it names, what their columns are called, what joins do to them.
 *
 * SQVF1 A table function, UNNEST and LATERAL see the tables to their left; nothing else in FROM does.
 * SQVF2 The side that an outer join may lack is nullable, and its time attributes are none any more.
 * SQVF3 USING and NATURAL make one column of two: it comes first in `*`, and is ambiguous with neither.
 */
import { shownType } from "../types/type-families.ts";
import { unreachable } from "../../../base/index.ts";
import { nameText, qualifiedText } from "../syntax/expression-text.ts";
import { fail } from "../syntax/problem.ts";
import type { TableAlias, TableExpression } from "../syntax/query-tree.ts";
import type { SqlType } from "../types/sql-type.ts";
import { type QueryContext, plainContext } from "./context.ts";
import { typedExpression } from "./expression.ts";
import { requireTimeAttribute } from "./group-window.ts";
import { typedJoin } from "./join.ts";
import { renamedColumns } from "./renamed-columns.ts";
import { type MergedColumn, Scope, type ScopeTable } from "./scope.ts";
import { withHintedOptions } from "./hinted-options.ts";
import { sourceOfName, tableFunction } from "./window-table.ts";
import type { Column, TypedTable } from "./typed-tree.ts";
import { sqlTypeOf } from "./values.ts";

/** A part of FROM: the table, and the names that it brings. */
export type Source = {
  readonly table: TypedTable;
  readonly tables: readonly ScopeTable[];
  readonly merged: readonly MergedColumn[];
};

/** Errors: SqlFailure, Undetermined. `left`: what is to the left of it (SQVF1). */
export function sourceOf(expression: TableExpression, context: QueryContext, left: Scope | null): Source {
  const lateral = left ?? new Scope([], [], context.outer);
  switch (expression.kind) {
    case "table": {
      const found = sourceOfName(expression.name, context);
      const named =
        found.kind === "scan" ? { ...found, table: withHintedOptions(found.table, expression.hints) } : found;
      const { parts } = expression.name;
      const table = expression.systemTime === null ? named : temporal(expression, named, context, lateral);
      return single(
        table,
        expression.alias,
        parts.map(({ name }) => name),
      );
    }
    case "derivedTable": {
      const outer = expression.isLateral ? lateral : context.outer;
      const query = context.queryOf(expression.query, { ...context, outer, expected: [] });
      const table: TypedTable = { kind: "derived", schema: query.schema, query, isLateral: expression.isLateral };
      return single(table, expression.alias, []);
    }
    case "tableFunction":
      return single(tableFunction(expression.call, context, lateral), expression.alias, []);
    case "unnest":
      return single(unnest(expression, context, lateral), expression.alias, []);
    case "join": {
      const first = sourceOf(expression.left, context, left);
      const second = sourceOf(expression.right, context, new Scope(first.tables, first.merged, context.outer));
      return typedJoin(expression, first, second, context);
    }
    default:
      return unreachable(expression);
  }
}

function single(table: TypedTable, alias: TableAlias | null, name: readonly string[]): Source {
  const { columns } = table.schema;
  if (alias === null) return { table, tables: [{ path: name, originalName: null, columns, offset: 0 }], merged: [] };
  const renamed = alias.columns.length === 0 ? columns : renamedColumns(columns, alias.columns, nameText(alias.name));
  const scopeTable = { path: [alias.name.name], originalName: name.at(-1) ?? null, columns: renamed, offset: 0 };
  return { table, tables: [scopeTable], merged: [] };
}

type TableOfKind<K extends TableExpression["kind"]> = TableExpression & { readonly kind: K };

function temporal(
  { systemTime, name }: TableOfKind<"table">,
  table: TypedTable,
  context: QueryContext,
  left: Scope,
): TypedTable {
  if (systemTime === null) return table;
  const time = typedExpression(systemTime, plainContext(context, left, "in FOR SYSTEM_TIME AS OF"));
  requireTimeAttribute(time, `FOR SYSTEM_TIME AS OF, for ${qualifiedText(name)},`);
  return { kind: "temporal", schema: table.schema, table, time, lookup: null };
}

const plain = (name: string, type: SqlType): Column => ({ name, type, time: null });

function unnest({ items, withOrdinality }: TableOfKind<"unnest">, context: QueryContext, left: Scope): TypedTable {
  const values = items.map((item) => typedExpression(item, plainContext(context, left, "in UNNEST")));
  const columns = values.flatMap((value): readonly Column[] => {
    const type = sqlTypeOf(value);
    if (type.kind === "map") return [plain("KEY", type.key), plain("VALUE", type.value)];
    if (type.kind !== "array" && type.kind !== "multiset")
      return fail(
        value.at,
        `UNNEST takes an array, a map or a multiset, and this is ${shownType(type)}`,
        "Name a column that is one.",
      );
    const { element } = type;
    if (element.kind !== "row") return [plain("EXPR$0", element)];
    return element.fields.map(({ name, type: field }) =>
      plain(name, { ...field, isNullable: field.isNullable || element.isNullable }),
    );
  });
  const ordinality = withOrdinality ? [plain("ORDINALITY", { kind: "int", isNullable: false })] : [];
  return { kind: "unnest", schema: { columns: [...columns, ...ordinality], keys: [] }, items: values, withOrdinality };
}

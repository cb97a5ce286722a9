/**
 * Owns: SELECT: the star, the names of its columns, aggregates and HAVING, DISTINCT, and what ORDER BY may sort by.
 *
 * SQVX1 A column is called by its alias, or by the last part of its name, or else EXPR$ and its place, as in Flink.
 * SQVX2 A select with GROUP BY, HAVING or an aggregate function has one row a group (SQVG1).
 * SQVX3 ORDER BY sees the columns of the result first, by name or number, then those of FROM; behind DISTINCT only the former.
 * SQVX4 What is grouped has no time attribute any more, but for the time of a window in groups by its start and end, and the ROWTIME of a window.
 */
import type { Expression } from "../syntax/expression-tree.ts";
import { fail } from "../syntax/problem.ts";
import { nameText } from "../syntax/expression-text.ts";
import type { OrderItem, Select, SelectItem } from "../syntax/query-tree.ts";
import { type ExpressionContext, type QueryContext, plainContext } from "./context.ts";
import { typedExpression } from "./expression.ts";
import { sourceOf } from "./from.ts";
import { aliasHint, requireGrouped, requireGroupedUse, typedGrouping } from "./grouping.ts";
import { nameRemedy } from "./names.ts";
import { Scope } from "./scope.ts";
import { withLookupHints } from "./lookup-hint.ts";
import { ttlsOfHints } from "./state-ttl-hint.ts";
import { withNullability } from "../types/type-families.ts";
import type { Column, Grouping, Schema, TypedExpression, TypedOrder, TypedSelect, TypedTable } from "./typed-tree.ts";
import { hasPart, isSame, requireCondition, sqlTypeOf, withType } from "./values.ts";
import { isTimeOfGroup } from "./window-columns.ts";

type Item = { readonly name: string; readonly value: TypedExpression };

/** Errors: SqlFailure, Undetermined. */
export function typedSelect(
  select: Select,
  context: QueryContext,
  orderBy: readonly OrderItem[],
): { readonly body: TypedSelect; readonly orderBy: readonly TypedOrder[] } {
  const source = select.from === null ? null : sourceOf(select.from, context, null);
  const scope = new Scope(source?.tables ?? [], source?.merged ?? [], context.outer);
  const early = (where: string, clause: string): ExpressionContext => ({
    ...plainContext(context, scope, where),
    hint: aliasHint(select, clause),
  });
  const where =
    select.where === null ? null : requireCondition(typedExpression(select.where, early("in WHERE", "WHERE")), "WHERE");
  const written = select.groupBy === null ? null : typedGrouping(select.groupBy, early("in GROUP BY", "GROUP BY"));
  const late: ExpressionContext = {
    query: context,
    scope,
    noAggregates: null,
    noOver: null,
    hasGroupKeys: written !== null && written.sets.every((set) => set.length > 0),
    windows: new Map(select.windows.map(({ name, window }) => [name.name, window])),
    hint: () => null,
  };
  const used = scope.usesFromInside.length;
  const items = itemsOf(select, late);
  const having =
    select.having === null
      ? null
      : requireCondition(
          typedExpression(select.having, { ...late, noOver: "in HAVING", hint: aliasHint(select, "HAVING") }),
          "HAVING",
        );
  const qualify = select.qualify === null ? null : requireCondition(typedExpression(select.qualify, late), "QUALIFY");
  const order = orderOf(orderBy, items, { select, context: late });
  const values = [...items.map(({ value }) => value), ...order.hidden];
  const grouping = groupingOf(written, [...values, ...(having === null ? [] : [having])], select);
  if (grouping !== null) {
    for (const value of [...values, ...(having === null ? [] : [having]), ...(qualify === null ? [] : [qualify])])
      requireGrouped(value, grouping, select);
    for (const use of scope.usesFromInside.slice(used)) requireGroupedUse(use, grouping, select);
  }
  const schema = schemaOf(items, { grouping, isDistinct: select.isDistinct, source: source?.table ?? null });
  const typed = items.map(({ value }, index) => withType(value, schema.columns[index]?.type ?? null));
  const body: TypedSelect = {
    kind: "select",
    schema,
    isDistinct: select.isDistinct,
    from: source === null ? null : withLookupHints(source.table, source.tables, select.hints),
    ttls: ttlsOfHints(select.hints, source?.table ?? null, source?.tables ?? []),
    where,
    grouping,
    having,
    items: typed,
    hidden: order.hidden,
    qualify,
  };
  return { body, orderBy: order.items };
}

/** SQVX2. */
function groupingOf(written: Grouping | null, values: readonly TypedExpression[], { having }: Select): Grouping | null {
  const isAggregated = having !== null || values.some((value) => hasPart(value, ({ kind }) => kind === "aggregate"));
  return written ?? (isAggregated ? { keys: [], sets: [[]] } : null);
}

function itemsOf(select: Select, context: ExpressionContext): readonly Item[] {
  return select.items.flatMap((item, index): readonly Item[] => {
    if (item.kind === "wildcard") return starOf(item, context.scope);
    const value = typedExpression(item.value, context);
    const expected = context.query.expected[index];
    const name = item.alias?.name ?? nameOf(item.value) ?? `EXPR$${index}`;
    return [{ name, value: expected === undefined ? value : withType(value, expected) }];
  });
}

function nameOf(written: Expression): string | undefined {
  if (written.kind === "field") return written.field.name;
  return written.kind === "column" ? written.path.at(-1)?.name : undefined;
}

function starOf({ table, at }: SelectItem & { readonly kind: "wildcard" }, scope: Scope): readonly Item[] {
  if (table.length === 0 && scope.tables.length === 0)
    fail(at, "a star without FROM", "Name a table: SELECT * FROM t.");
  const isAll = table.length === 0;
  const tables = isAll ? scope.tables : [scope.tableOf(table)];
  const hidden = new Set(isAll ? scope.merged.flatMap(({ hides }) => hides) : []);
  const merged = isAll ? scope.merged.map(({ name, value }) => ({ name, value: { ...value, at } })) : [];
  const plain = tables.flatMap(({ columns, offset }) =>
    columns.flatMap(({ name, type, time }, place): readonly Item[] => {
      const index = offset + place;
      return hidden.has(index) ? [] : [{ name, value: { kind: "column", at, name, type, time, depth: 0, index } }];
    }),
  );
  return [...merged, ...plain];
}

type Origin = {
  readonly grouping: Grouping | null;
  readonly isDistinct: boolean;
  readonly source: TypedTable | null;
};

function schemaOf(items: readonly Item[], origin: Origin): Schema {
  const columns = items.map(({ name, value }): Column => {
    const { grouping, source } = origin;
    const keepsTime = grouping === null || value.kind !== "column" || isTimeOfGroup(value, grouping, source);
    const type = sqlTypeOf(value);
    return {
      name,
      type: isLeftOut(value, origin.grouping) ? withNullability(type, true) : type,
      time: keepsTime ? value.time : null,
    };
  });
  return { columns, keys: keysOf(items, origin) };
}

/** Whether one of the GROUPING SETS is without it: then it is NULL there. */
function isLeftOut(value: TypedExpression, grouping: Grouping | null): boolean {
  const place = grouping?.keys.findIndex((key) => isSame(key, value)) ?? -1;
  return place >= 0 && grouping?.sets.some((set) => !set.includes(place)) === true;
}

/** Keys of the result: those of its groups, or those of its table that are still there; DISTINCT makes one of all columns. */
function keysOf(items: readonly Item[], { grouping, isDistinct, source }: Origin): Schema["keys"] {
  const all = isDistinct ? [items.map((_, index) => index)] : [];
  if (grouping !== null) {
    if (grouping.sets.length > 1) return all;
    const places = grouping.keys.map((key) => items.findIndex(({ value }) => isSame(key, value)));
    return places.includes(-1) ? all : [places, ...all];
  }
  const kept = (source?.schema.keys ?? []).flatMap((key) => {
    const places = key.map((index) =>
      items.findIndex(({ value }) => value.kind === "column" && value.depth === 0 && value.index === index),
    );
    return places.includes(-1) ? [] : [places];
  });
  return [...kept, ...all];
}

type OrderContext = { readonly select: Select; readonly context: ExpressionContext };

function orderOf(
  orderBy: readonly OrderItem[],
  items: readonly Item[],
  { select, context }: OrderContext,
): { readonly items: readonly TypedOrder[]; readonly hidden: readonly TypedExpression[] } {
  const hidden: TypedExpression[] = [];
  const typed = orderBy.map(({ value: written, direction, nulls }): TypedOrder => {
    const known = placeInResult(written, items);
    if (known !== null) return { value: outputColumn(items, known, written.at), direction, nulls };
    const value = typedExpression(written, context);
    const same = items.findIndex((item) => isSame(item.value, value));
    if (same >= 0) return { value: outputColumn(items, same, written.at), direction, nulls };
    if (select.isDistinct)
      fail(
        written.at,
        "ORDER BY behind SELECT DISTINCT sorts by what is not selected",
        "Add it to the SELECT list: of equal rows only one is left, and it has no such value.",
      );
    hidden.push(value);
    const index = items.length + hidden.length - 1;
    const { type, time } = value;
    return {
      value: { kind: "column", at: written.at, name: `ORDER$${index}`, type, time, depth: 0, index },
      direction,
      nulls,
    };
  });
  return { items: typed, hidden };
}

/** Of a number or a name of ORDER BY; null: it is neither. Errors: SqlFailure, for a number that is no column. */
function placeInResult(written: OrderItem["value"], items: readonly { readonly name: string }[]): number | null {
  if (written.kind === "number" && /^\d+$/.test(written.text)) {
    const place = Number(written.text);
    if (place < 1 || place > items.length)
      fail(written.at, `there is no column ${place} to sort by`, `The SELECT list has ${items.length}.`);
    return place - 1;
  }
  const [only, second] = written.kind === "column" ? written.path : [];
  if (only === undefined || second !== undefined) return null;
  const places = items.flatMap(({ name }, index) => (name === only.name ? [index] : []));
  return places.length === 1 ? (places[0] ?? null) : null;
}

function outputColumn(items: readonly Item[], index: number, at: TypedExpression["at"]): TypedExpression {
  const item = items[index];
  if (item === undefined) throw new RangeError(`the SELECT list has no item ${index}`);
  const { name, value } = item;
  return { kind: "column", at, name, type: value.type, time: value.time, depth: 0, index };
}

/** ORDER BY of a set operation, VALUES or a query in parentheses: by name or number only. Errors: SqlFailure. */
export function typedResultOrder(orderBy: readonly OrderItem[], { columns }: Schema): readonly TypedOrder[] {
  return orderBy.map(({ value, direction, nulls }) => {
    const index = placeInResult(value, columns);
    const column = columns[index ?? -1];
    if (index === null || column === undefined) {
      const known = columns.map(({ name }) => name);
      const [only] = value.kind === "column" && value.path.length === 1 ? value.path : [];
      return only === undefined
        ? fail(
            value.at,
            "this is no column of the result",
            "Behind a set operation, sort by a name or a number of the result.",
          )
        : fail(only.at, `the result has no column ${nameText(only)}`, nameRemedy(only.name, known, "Its columns"));
    }
    return { value: { kind: "column", at: value.at, ...column, depth: 0, index }, direction, nulls };
  });
}

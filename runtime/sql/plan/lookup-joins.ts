/**
 * Owns: the join of rows with a table outside that is asked for each of them, `FOR SYSTEM_TIME AS OF o.proc_time`: by which columns it is asked.
 * Does not own: whether its connector can be asked (runtime/table/table-checks.ts), versions by the time of rows (temporal-joins.ts).
 *
 * SQLJ1 A table is asked by its stored columns that an equality has, with a value of the row or a constant, of the column's own type. All other conditions are tested on what it answers.
 * SQLJ2 The columns that it is asked by are read, too, so that each answer is compared with what was asked: databases call texts equal that are not.
 * SQLJ3 Of rows that change nothing is asked: a second answer may differ from the first, and what was emitted could not be taken back.
 */
import { fail } from "../syntax/problem.ts";
import type { SqlType } from "../types/sql-type.ts";
import { isBytes, isSameType, isText, isTimestamp, withNullability } from "../types/type-families.ts";
import { quoted } from "../validate/names.ts";
import type { TypedExpression, TypedTable } from "../validate/typed-tree.ts";
import { booleanType, callOf } from "../validate/values.ts";
import { withKeys } from "./joins.ts";
import { lookupRow } from "./lookup-row.ts";
import { namesOf } from "./node-builder.ts";
import type { PlanContext } from "./plan-context.ts";
import {
  allOf,
  castTo,
  columnOf,
  columnsOfRow,
  integer,
  isAnew,
  moved,
  nowhere,
  placesOf,
  substituted,
  typeOfValue,
} from "./plan-expressions.ts";
import type { PlanNode } from "./plan-tree.ts";
import { filtered } from "./push-down.ts";
import type { TemporalSpec } from "./temporal-joins.ts";

type Scan = TypedTable & { readonly kind: "scan" };

/** Row: that of the left side, then the columns of the table. Errors: SqlFailure. */
export function planLookupJoin({ left, right, join, conjuncts }: TemporalSpec, context: PlanContext): PlanNode {
  const { builder } = context;
  const { at } = right.time;
  const scan = scanOf(right.table, at);
  const { table, name, schema } = scan;
  if (left.changes !== "append")
    fail(
      at,
      "a lookup for rows that change later: another answer may come for the row that is taken back",
      "Put the lookup ahead of GROUP BY, ranks and outer joins: it takes rows that stay.",
    );
  const width = left.row.length;
  const ofLeft = join === "INNER" ? conjuncts.filter((part) => isOfLeft(part, width)) : [];
  const others = conjuncts.filter((part) => !ofLeft.includes(part));
  const stored = schema.columns.flatMap((_, index) => (table.computed[index] === null ? [index] : []));
  const keys = new Map<TypedExpression, LookupKey>();
  for (const part of others) {
    const key = keyOf(part, scan, width);
    if (key !== null && ![...keys.values()].some(({ column }) => column === key.column)) keys.set(part, key);
  }
  if (keys.size === 0) failWithoutKey(scan, at);
  const asked = [...keys.values()];
  const input = filtered(left, ofLeft, builder);
  const [wide, places] = withKeys(
    input,
    asked.map(({ value }) => value),
    builder,
  );
  const first = wide.row.length;
  const found = lookupRow({ table, columns: stored });
  const inFound = (index: number): TypedExpression =>
    stored.includes(index) ? moved(columnOf(found, stored.indexOf(index)), first) : integer(0);
  const stands = schema.columns.map((_, index) => inFound(index));
  const values = schema.columns.map((_, index) => {
    const computed = table.computed[index] ?? null;
    return computed === null ? inFound(index) : substituted(computed, stands);
  });
  const whole = [...columnsOfRow(wide.row).slice(0, width), ...values];
  const condition = allOf(others.filter((part) => !keys.has(part)).map((part) => substituted(part, whole)));
  const node = builder.lookupJoin({
    input: wide,
    name,
    table,
    columns: stored,
    asks: asked.map(({ column }, index) => ({ column, place: places[index] ?? -1 })),
    join,
    condition,
    at,
  });
  const marker = columnOf(node.row, first + stored.indexOf(asked[0]?.column ?? -1));
  const shown = values.map((value, index) => {
    const isComputed = !stored.includes(index);
    return isComputed && join === "LEFT" ? unlessMissing(value, marker) : value;
  });
  return builder.calc({ input: node, condition: null, values: [...columnsOfRow(node.row).slice(0, width), ...shown] }, [
    ...namesOf(left.row),
    ...schema.columns.map((column) => column.name),
  ]);
}

type LookupKey = { readonly column: number; readonly value: TypedExpression };

const isOfLeft = (part: TypedExpression, width: number): boolean => {
  const places = [...placesOf(part)];
  return places.length > 0 && places.every((place) => place < width) && !isAnew(part);
};

function scanOf(table: TypedTable, at: TypedExpression["at"]): Scan {
  if (table.kind !== "scan")
    return fail(
      at,
      "a lookup in a query: only a table outside can be asked",
      "Name the table itself, and write the view's conditions into ON.",
    );
  if (table.table.given !== null)
    fail(
      at,
      `a lookup in ${table.name}, which is a stream of the job`,
      "Go by the time of the rows: FOR SYSTEM_TIME AS OF a rowtime, of a table with a PRIMARY KEY and a watermark.",
    );
  return table;
}

/** SQLJ1. Null: the part is no key. */
function keyOf(part: TypedExpression, { table }: Scan, width: number): LookupKey | null {
  if (part.kind !== "call" || part.name !== "=") return null;
  const [first, second] = part.arguments;
  if (first === undefined || second === undefined) return null;
  for (const [column, value] of [
    [first, second],
    [second, first],
  ] as const) {
    if (column.kind !== "column" || column.depth !== 0 || column.index < width) continue;
    const index = column.index - width;
    if (table.computed[index] !== null || [...placesOf(value)].some((place) => place >= width) || isAnew(value))
      continue;
    const type = typeOfValue(column);
    const known = value.type;
    if (known.kind === "null" || !isWithin(known, type)) continue;
    const isSame = isSameType(known, type) || (isText(known) && isText(type)) || (isBytes(known) && isBytes(type));
    return { column: index, value: isSame ? value : castTo(value, withNullability(type, known.isNullable)) };
  }
  return null;
}

/** How many digits whole numbers have, at most. */
const DIGITS: Readonly<Record<string, number>> = { tinyint: 3, smallint: 5, int: 10, bigint: 19 };

/** Whether a value of the one type is always one of the other. */
function isWithin(from: SqlType, to: SqlType): boolean {
  if (isSameType(from, to) || (isText(from) && isText(to)) || (isBytes(from) && isBytes(to))) return true;
  const [narrow, wide] = [DIGITS[from.kind], DIGITS[to.kind]];
  if (narrow !== undefined && wide !== undefined) return narrow < wide;
  if (to.kind === "decimal") {
    if (narrow !== undefined) return narrow <= to.precision - to.scale;
    return from.kind === "decimal" && from.scale <= to.scale && from.precision - from.scale <= to.precision - to.scale;
  }
  return isTimestamp(from) && isTimestamp(to) && from.kind === to.kind && from.precision <= to.precision;
}

function failWithoutKey({ name, schema, table }: Scan, at: TypedExpression["at"]): never {
  const columns = schema.columns.flatMap((column, index) =>
    table.computed[index] === null ? [quoted(column.name)] : [],
  );
  return fail(
    at,
    `the lookup has nothing to ask ${name} by: ON has no equality of one of its stored columns with a value of the row`,
    `Compare one of ${columns.join(", ")} in ON, as it is: a cast belongs on the other side, and makes a value of the column's type of it.`,
  );
}

/** Of LEFT: what is computed of a row that is not there is NULL. */
function unlessMissing(value: TypedExpression, marker: TypedExpression): TypedExpression {
  const isThere = callOf("IS NOT NULL", [marker], { at: nowhere, type: booleanType(false) });
  const type = withNullability(typeOfValue(value), true);
  const branches = [{ when: isThere, result: value }];
  return { kind: "case", at: nowhere, type, time: null, operand: null, branches, otherwise: null };
}

/**
 * Owns: what a join makes of the names and columns of its sides. Rules: from.ts.
 */
import type { Identifier } from "../syntax/expression-tree.ts";
import { nameText } from "../syntax/expression-text.ts";
import { fail } from "../syntax/problem.ts";
import type { JoinKind, TableExpression } from "../syntax/query-tree.ts";
import type { Span } from "../syntax/span.ts";
import { type QueryContext, plainContext } from "./context.ts";
import { typedExpression } from "./expression.ts";
import type { Source } from "./from.ts";
import { nameRemedy } from "./names.ts";
import { comparison } from "./operators.ts";
import { type MergedColumn, Scope, type ScopeTable } from "./scope.ts";
import { withNullability } from "../types/type-families.ts";
import type { Column, TypedExpression } from "./typed-tree.ts";
import { booleanType, callOf, commonTypeOf, requireColumnCount, requireCondition } from "./values.ts";

type Join = TableExpression & { readonly kind: "join" };

/** Errors: SqlFailure. */
export function typedJoin(join: Join, left: Source, right: Source, context: QueryContext): Source {
  const width = left.table.schema.columns.length;
  const [isLeftOptional, isRightOptional] = optionalSides(join.join);
  const moved = {
    tables: right.tables.map((table) => ({ ...table, offset: table.offset + width })),
    merged: right.merged.map((column) => movedColumn(column, width)),
  };
  const tables = [...left.tables, ...moved.tables];
  refuseSameNames(tables, join.right.at);
  requireColumnCount(width + right.table.schema.columns.length, join.at);
  const names = join.isNatural ? sharedNames(left, right, join) : join.using;
  const pairs = names.map((name) => pairOf(name, left, moved, context));
  const condition =
    join.on === null
      ? conditionOf(pairs, join.at)
      : requireCondition(
          typedExpression(
            join.on,
            plainContext(context, new Scope(tables, [...left.merged, ...moved.merged], context.outer), "in ON"),
          ),
          "ON",
        );
  const optionalTables = [
    ...left.tables.map((table) => (isLeftOptional ? optionalTable(table) : table)),
    ...moved.tables.map((table) => (isRightOptional ? optionalTable(table) : table)),
  ];
  const columns = [
    ...left.table.schema.columns.map((column) => (isLeftOptional ? optional(column) : column)),
    ...right.table.schema.columns.map((column) => (isRightOptional ? optional(column) : column)),
  ];
  const merged = pairs.map((pair) => mergedOf(pair, join.join));
  return {
    table: {
      kind: "join",
      schema: { columns, keys: [] },
      join: join.join,
      left: left.table,
      right: right.table,
      condition,
    },
    tables: optionalTables,
    merged: [
      ...merged,
      ...left.merged.filter(({ name }) => !names.some((each) => each.name === name)),
      ...moved.merged,
    ],
  };
}

const optionalSides = (join: JoinKind): readonly [boolean, boolean] => [
  join === "RIGHT" || join === "FULL",
  join === "LEFT" || join === "FULL",
];

/** SQVF2. */
const optional = ({ name, type }: Column): Column => ({ name, type: withNullability(type, true), time: null });
const optionalTable = (table: ScopeTable): ScopeTable => ({ ...table, columns: table.columns.map(optional) });

function refuseSameNames(tables: readonly ScopeTable[], at: Span): void {
  const seen = new Set<string>();
  for (const { path } of tables) {
    const name = path.join(".");
    if (name !== "" && seen.has(name))
      fail(at, `two tables are called ${name} in this FROM`, "Give one of them an alias of its own.");
    seen.add(name);
  }
}

type Pair = { readonly name: Identifier; readonly left: TypedExpression; readonly right: TypedExpression };

function pairOf(name: Identifier, left: Source, right: Omit<Source, "table">, context: QueryContext): Pair {
  const side = ({ tables, merged }: Omit<Source, "table">, word: string): TypedExpression => {
    const known = tables.flatMap(({ columns }) => columns.map((column) => column.name));
    if (!known.includes(name.name))
      fail(
        name.at,
        `the table on the ${word} has no column ${nameText(name)}`,
        nameRemedy(name.name, known, "Its columns"),
      );
    return new Scope(tables, merged, context.outer).resolve([name], () => null);
  };
  return { name, left: side(left, "left"), right: side(right, "right") };
}

function sharedNames(left: Source, right: Source, { at }: Join): readonly Identifier[] {
  const others = new Set(right.table.schema.columns.map(({ name }) => name));
  const shared = left.table.schema.columns.filter(({ name }) => others.has(name));
  if (shared.length === 0)
    fail(at, "a NATURAL JOIN of tables that have no column in common", "Write JOIN … ON …, or CROSS JOIN.");
  return shared.map(({ name }) => ({ kind: "identifier", at, name }));
}

function conditionOf(pairs: readonly Pair[], at: Span): TypedExpression | null {
  const tests = pairs.map(({ name, left, right }) => comparison("=", left, right, name.at));
  const [first, ...rest] = tests;
  if (first === undefined) return null;
  return rest.reduce((all, test) => callOf("AND", [all, test], { at, type: booleanType(true) }), first);
}

/** SQVF3: the side that is always there, or the first that is not NULL. */
function mergedOf({ name, left, right }: Pair, join: JoinKind): MergedColumn {
  const hides = [left, right].flatMap((value) => (value.kind === "column" ? [value.index] : []));
  if (join === "RIGHT") return { name: name.name, value: right, hides };
  if (join !== "FULL") return { name: name.name, value: left, hides };
  const type = commonTypeOf([left, right]);
  const shared = type === null ? left.type : withNullability(type, true);
  return { name: name.name, value: callOf("COALESCE", [left, right], { at: name.at, type: shared }), hides };
}

function movedColumn({ name, value, hides }: MergedColumn, by: number): MergedColumn {
  return { name, value: movedValue(value, by), hides: hides.map((index) => index + by) };
}

function movedValue(value: TypedExpression, by: number): TypedExpression {
  if (value.kind === "column") return { ...value, index: value.index + by };
  return value.kind === "call" ? { ...value, arguments: value.arguments.map((each) => movedValue(each, by)) } : value;
}

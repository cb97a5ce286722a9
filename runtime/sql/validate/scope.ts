/**
 * Owns: which column a name means, at the place where it stands.
 *
 * SQVR1 A name is looked for in the tables of its own query first, then in those of the query around it, and so on outwards. Found in two tables of one
 *     query, it is ambiguous, unless USING or NATURAL has made them one.
 * SQVR2 `a.b` is column b of table a; where no table is called a, it is field b of column a.
 * SQVR3 A table with an alias is known by the alias alone.
 */
import { shownType } from "../types/type-families.ts";
import type { Identifier } from "../syntax/expression-tree.ts";
import { nameText } from "../syntax/expression-text.ts";
import { fail } from "../syntax/problem.ts";
import type { Span } from "../syntax/span.ts";
import { nameRemedy, quoted } from "./names.ts";
import type { Column, TypedExpression } from "./typed-tree.ts";

export type ScopeTable = {
  /** The alias, or the parts of the table's name; empty: it cannot be named. */
  readonly path: readonly string[];
  /** What the table is called where it has an alias; for messages. */
  readonly originalName: string | null;
  readonly columns: readonly Column[];
  /** Place of its first column in the row. */
  readonly offset: number;
};

/** A column that USING or NATURAL made of two. */
export type MergedColumn = {
  readonly name: string;
  readonly value: TypedExpression;
  readonly hides: readonly number[];
};

type Found = { readonly value: TypedExpression; readonly fields: readonly Identifier[] };

export class Scope {
  readonly tables: readonly ScopeTable[];
  readonly merged: readonly MergedColumn[];
  readonly #outer: Scope | null;
  /** Columns of this scope that queries inside it have used. */
  readonly usesFromInside: { readonly index: number; readonly name: string; readonly at: Span }[] = [];

  constructor(tables: readonly ScopeTable[], merged: readonly MergedColumn[], outer: Scope | null) {
    this.tables = tables;
    this.merged = merged;
    this.#outer = outer;
  }

  /** What the name means. `hint` has the last word on a name that is nowhere. Errors: SqlFailure. */
  resolve(path: readonly Identifier[], hint: (name: string) => string | null): TypedExpression {
    const at = spanOf(path);
    for (const [depth, scope] of this.#outwards().entries()) {
      const found = scope.#find(path);
      if (found === null) continue;
      if (depth > 0 && found.value.kind === "column")
        scope.usesFromInside.push({ index: found.value.index, name: found.value.name, at });
      return withFields({ ...found.value, at }, depth, found.fields);
    }
    return this.#failUnknown(path, hint);
  }

  /** Of `t.*`. Errors: SqlFailure. */
  tableOf(path: readonly Identifier[]): ScopeTable {
    const names = path.map(({ name }) => name);
    const table = this.tables.find((candidate) => isCalled(candidate, names));
    if (table !== undefined) return table;
    const known = this.tables.map((candidate) => candidate.path.at(-1) ?? "").filter((name) => name !== "");
    return fail(
      spanOf(path),
      `there is no table ${path.map(nameText).join(".")} in this FROM`,
      nameRemedy(names.join("."), known, "The tables here"),
    );
  }

  /** Of `t.address.*`: the row that the path leads to; null: it names a table, or leads to no row. Errors: SqlFailure, for a table that has no such column. */
  rowOf(path: readonly Identifier[]): TypedExpression | null {
    const names = path.map(({ name }) => name);
    if (this.tables.some((table) => isCalled(table, names))) return null;
    const found = this.#find(path);
    const value = found === null ? null : withFields({ ...found.value, at: spanOf(path) }, 0, found.fields);
    return value?.type.kind === "row" ? value : null;
  }

  /** This one first. */
  #outwards(): readonly Scope[] {
    return this.#outer === null ? [this] : [this, ...this.#outer.#outwards()];
  }

  #find(path: readonly Identifier[]): Found | null {
    return this.#findQualified(path) ?? this.#findColumn(path);
  }

  #findQualified(path: readonly Identifier[]): Found | null {
    for (let taken = Math.min(3, path.length - 1); taken > 0; taken--) {
      const names = path.slice(0, taken).map(({ name }) => name);
      const tables = this.tables.filter((table) => isCalled(table, names));
      const [table, second] = tables;
      const column = path[taken];
      if (table === undefined || column === undefined) continue;
      if (second !== undefined)
        fail(
          spanOf(path.slice(0, taken)),
          `two tables are called ${names.join(".")}`,
          "Give each an alias of its own.",
        );
      const index = onlyIndex(table, column);
      if (index >= 0) return { value: columnAt(table, index, column.at), fields: path.slice(taken + 1) };
      if (this.#findColumn(path) === null) failUnknownIn(table, names, column);
    }
    return null;
  }

  #findColumn([column, ...fields]: readonly Identifier[]): Found | null {
    if (column === undefined) return null;
    const hidden = new Set(this.merged.flatMap(({ hides }) => hides));
    const merged = this.merged.filter(({ name }) => name === column.name);
    const plain = this.tables.flatMap((table) => {
      const index = onlyIndex(table, column, hidden);
      return index < 0 ? [] : [{ table, index }];
    });
    if (merged.length + plain.length > 1) {
      const tables = plain.map(({ table }) => table.path.map(quoted).join(".") || "a query without a name");
      const choices = plain
        .filter(({ table }) => table.path.length > 0)
        .map(({ table }) => `${quoted(table.path.at(-1) ?? "")}.${nameText(column)}`);
      const where = merged.length > 0 ? ["what USING made", ...tables] : tables;
      fail(
        column.at,
        `the column ${nameText(column)} is ambiguous: it is in ${where.join(" and in ")}`,
        choices.length > 0 ? `Write ${choices.join(" or ")}.` : "Give each query in FROM an alias.",
      );
    }
    const [value] = merged.map((entry) => entry.value);
    if (value !== undefined) return { value, fields };
    const [only] = plain;
    return only === undefined ? null : { value: columnAt(only.table, only.index, column.at), fields };
  }

  #failUnknown(path: readonly Identifier[], hint: (name: string) => string | null): never {
    const [first, second] = path;
    const column = first ?? { kind: "identifier", name: "", at: { start: 0, end: 0 } };
    if (second !== undefined) {
      const renamed = this.tables.find(({ originalName }) => originalName === column.name);
      const alias = renamed?.path.at(-1);
      const known = this.tables.flatMap((table) => table.path.at(-1) ?? []);
      const remedy =
        alias === undefined
          ? nameRemedy(column.name, [...known, ...this.#names()], "The tables and columns here")
          : `${nameText(column)} has an alias here: write ${quoted(alias)}.${nameText(second)}.`;
      fail(column.at, `there is no table and no column ${nameText(column)} here`, remedy);
    }
    const remedy = hint(column.name) ?? nameRemedy(column.name, this.#names(), "The columns here");
    return fail(column.at, `there is no column ${nameText(column)}`, remedy);
  }

  #names(): readonly string[] {
    return this.#outwards().flatMap(({ tables }) => tables.flatMap(({ columns }) => columns.map(({ name }) => name)));
  }
}

const spanOf = (path: readonly Identifier[]): Span => ({
  start: path[0]?.at.start ?? 0,
  end: path.at(-1)?.at.end ?? 0,
});

/** `db.t` is also called `t`. */
const isCalled = ({ path }: ScopeTable, names: readonly string[]): boolean =>
  names.length <= path.length && names.every((name, index) => path[path.length - names.length + index] === name);

/** -1: none. Errors: SqlFailure, when the table has two of that name. */
function onlyIndex({ columns, offset }: ScopeTable, column: Identifier, hidden?: ReadonlySet<number>): number {
  const places = columns.flatMap(({ name }, index) =>
    name === column.name && hidden?.has(offset + index) !== true ? [index] : [],
  );
  if (places.length > 1)
    fail(
      column.at,
      `the column ${nameText(column)} is ambiguous: the query in FROM has ${places.length} of that name`,
      "Give them names of their own there, with AS.",
    );
  return places[0] ?? -1;
}

function columnAt(table: ScopeTable, index: number, at: Span): TypedExpression {
  const column = table.columns[index];
  if (column === undefined) throw new RangeError(`the table has no column ${index}`);
  const { name, type, time } = column;
  return { kind: "column", at, name, type, time, depth: 0, index: table.offset + index };
}

function failUnknownIn({ columns }: ScopeTable, names: readonly string[], column: Identifier): never {
  const table = names.map(quoted).join(".");
  const known = columns.map(({ name }) => name);
  return fail(
    column.at,
    `${table} has no column ${nameText(column)}`,
    nameRemedy(column.name, known, `The columns of ${table}`),
  );
}

function withFields(value: TypedExpression, depth: number, fields: readonly Identifier[]): TypedExpression {
  let result = outwards(value, depth);
  for (const field of fields) result = fieldOf(result, field);
  return result;
}

/** The same, seen from further inside. */
function outwards(value: TypedExpression, depth: number): TypedExpression {
  if (depth === 0) return value;
  if (value.kind === "column") return { ...value, depth: value.depth + depth };
  if (value.kind === "call") return { ...value, arguments: value.arguments.map((each) => outwards(each, depth)) };
  return value;
}

/** Errors: SqlFailure. */
export function fieldOf(operand: TypedExpression, field: Identifier): TypedExpression {
  const { type } = operand;
  const at = { start: operand.at.start, end: field.at.end };
  if (type.kind !== "row")
    return fail(
      field.at,
      `${type.kind === "null" ? "NULL" : shownType(type)} has no fields, and so no ${nameText(field)}`,
      "Only a ROW has fields; of a MAP write map['key'].",
    );
  const found = type.fields.find(({ name }) => name === field.name);
  if (found === undefined)
    return fail(
      field.at,
      `${shownType(type)} has no field ${nameText(field)}`,
      nameRemedy(
        field.name,
        type.fields.map(({ name }) => name),
        "Its fields",
      ),
    );
  const fieldType = { ...found.type, isNullable: found.type.isNullable || type.isNullable };
  return { kind: "field", at, operand, name: field.name, type: fieldType, time: null };
}

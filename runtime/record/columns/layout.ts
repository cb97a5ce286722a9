/**
 * Owns: which columns the records of a type have, and how the values of each are kept.
 *
 * LYT1 Only records that are not nullable and have no optional fields have columns; every other type is refused by name.
 */
import { StreamError } from "../../../base/index.ts";
import { describeType, type TypeKind, type ValueType } from "../value-type.ts";

/**
 * float64: also safe integers, timestamps and dates · text: strings as UTF-8, and bytes · objects: values by reference, of every type that has
 * no column of its own.
 */
export type ColumnKind = "float64" | "bigint" | "int32" | "boolean" | "text" | "objects";

export type ColumnField = { readonly name: string; readonly type: ValueType<unknown>; readonly kind: ColumnKind };

export type ColumnLayout = { readonly type: ValueType<unknown>; readonly fields: readonly ColumnField[] };

/** A page of a column table has 2^TABLE_PAGE_BITS slots. */
export const TABLE_PAGE_BITS = 10;

const KINDS: { readonly [kind in TypeKind]: ColumnKind } = {
  string: "text",
  int32: "int32",
  int64: "float64",
  bigint: "bigint",
  float64: "float64",
  boolean: "boolean",
  timestamp: "float64",
  bytes: "text",
  any: "objects",
  record: "objects",
  list: "objects",
  map: "objects",
  literal: "objects",
  decimal: "objects",
  date: "float64",
};

const layouts = new WeakMap<ValueType<unknown>, ColumnLayout>();

/** Whether records of the type have columns (LYT1). */
export function hasColumns({ fields, nullable }: ValueType<unknown>): boolean {
  return fields !== undefined && !nullable && !fields.some(({ optional }) => optional === true);
}

/** Errors: JOB_GRAPH_INVALID (LYT1). */
export function layoutOf(type: ValueType<unknown>): ColumnLayout {
  let layout = layouts.get(type);
  if (layout === undefined) {
    layout = build(type);
    layouts.set(type, layout);
  }
  return layout;
}

function build(type: ValueType<unknown>): ColumnLayout {
  const { fields } = type;
  if (fields === undefined || !hasColumns(type)) {
    throw new StreamError(
      "JOB_GRAPH_INVALID",
      `records of type ${describeType(type)} have no columns: declare a t.record(…) whose fields are all there, t.nullable(…) where one may have no value`,
      { destiny: "terminal" },
    );
  }
  return {
    type,
    fields: fields.map((field) => ({ name: field.name, type: field.type, kind: KINDS[field.type.kind] })),
  };
}

/**
 * Owns: which columns a row table has, and whether a restored one fits what is declared (RTP3).
 *
 * RWM1 The fields of the key are the restored ones. Those of rows are matched by name, as the fields of a record are (EV1).
 */
import { assert, StreamError } from "../../../base/index.ts";
import type { StateDeclaration } from "../../checkpoint/index.ts";
import { declarationOfRows, rowMark, type RowTableDescriptor, rowTableTypes } from "../../ports/index.ts";
import {
  type Column,
  type ColumnField,
  type ColumnLayout,
  layoutOf,
  sameType,
  storeOf,
  t,
  type ValueType,
} from "../../record/index.ts";
import { planEvolution } from "../snapshot/evolution.ts";

export const markLayout: ColumnLayout = layoutOf(t.record({ [rowMark.name]: rowMark.type }) as ValueType<unknown>);

export type RowLayout = {
  readonly name: string;
  readonly row: ColumnLayout;
  readonly key: readonly string[];
  readonly keyPlaces: readonly number[];
  /** Empty: no row is looked for. */
  readonly identityPlaces: readonly number[];
  readonly hasMarks: boolean;
  /** By an operator; else it is that of a file. */
  readonly isDeclared: boolean;
};

export function isRowLayout(layout: object): layout is RowLayout {
  return "row" in layout;
}

/** Errors: JOB_GRAPH_INVALID (LYT1). */
export function declaredRowLayout({ name, row, key, identity, hasMarks }: RowTableDescriptor): RowLayout {
  const layout = layoutOf(row);
  return {
    name,
    row: layout,
    key,
    keyPlaces: placesIn(layout, key),
    identityPlaces: placesIn(layout, identity ?? []),
    hasMarks,
    isDeclared: true,
  };
}

export function writtenRowLayout({ name, row, key, hasMarks }: Omit<RowTableDescriptor, "identity">): RowLayout {
  return { ...declaredRowLayout({ name, row, key, identity: null, hasMarks }), isDeclared: false };
}

function placesIn({ fields }: ColumnLayout, names: readonly string[]): readonly number[] {
  return names.map((name) => {
    const place = fields.findIndex((field) => field.name === name);
    assert(place >= 0, "a row table is by fields of its rows");
    return place;
  });
}

export const declarationOfRowTable = (layout: RowLayout): StateDeclaration =>
  declarationOfRows({ ...layout, row: layout.row.type });

const typesOf = (layout: RowLayout): ReturnType<typeof rowTableTypes> =>
  rowTableTypes({ ...layout, row: layout.row.type });

export function isSameRowTable(left: RowLayout, right: RowLayout): boolean {
  const [one, other] = [typesOf(left), typesOf(right)];
  return sameType(one.key, other.key) && sameType(one.value, other.value);
}

/** Errors: STATE_INCOMPATIBLE (RWM1). */
export function assertRowsFit(uid: string, restored: RowLayout, declared: RowLayout): void {
  const [from, to] = [typesOf(restored), typesOf(declared)];
  if (!sameType(from.key, to.key)) throw incompatibleRows(uid, restored, declared, "its key changed");
  const plan = planEvolution(from.value, to.value);
  if (plan.kind === "refused") throw incompatibleRows(uid, restored, declared, plan.reason);
}

export function incompatibleRows(uid: string, from: RowLayout, to: RowLayout, reason: string): StreamError {
  return new StreamError(
    "STATE_INCOMPATIBLE",
    `rows "${to.name}" of operator "${uid}" were written as ${declarationOfRowTable(from).type}, but are declared as ${declarationOfRowTable(to).type}: ${reason}; declare the old types (only nullable fields may be added, fields may be removed), give the new rows another name, or start without this savepoint`,
    { destiny: "terminal" },
  );
}

/** Columns of rows of the one layout as those of the other, which fits; `places`: of each. */
export function rowsConverted(
  columns: readonly Column[],
  { from, to, places }: { readonly from: ColumnLayout; readonly to: ColumnLayout; readonly places: number },
): readonly Column[] {
  return to.fields.map((field) => {
    const place = from.fields.findIndex(({ name }) => name === field.name);
    const column = columns[place];
    return column === undefined ? nulls(field, places) : convertedColumn(column, from.fields[place], field);
  });
}

function convertedColumn(column: Column, from: ColumnField | undefined, to: ColumnField): Column {
  if (column.kind !== "objects" || from === undefined) return column;
  const plan = planEvolution(from.type, to.type);
  return plan.kind === "convert" ? { ...column, values: column.values.map(plan.convert) } : column;
}

function nulls(field: ColumnField, places: number): Column {
  const store = storeOf(field, places);
  for (let place = 0; place < places; place++) store.put(null, place);
  return store.column();
}

/**
 * Owns: what a sliced table is declared as, which columns that makes, and whether a restored one fits it.
 *
 * TBM1 Keys and values are columns of any kind but objects, so that a page of them is a few arrays.
 * TBM2 A declared key is the restored one. Values are matched by name, as the fields of a record are (EV1).
 */
import { StreamError } from "../../../base/index.ts";
import type { StateDeclaration } from "../../checkpoint/index.ts";
import type { SlicedTableDescriptor } from "../../ports/index.ts";
import { type ColumnLayout, describeType, layoutOf, sameType } from "../../record/index.ts";
import { planEvolution } from "../snapshot/evolution.ts";

export const TABLE_KIND = "sliced-table";

export type TableLayout = { readonly name: string; readonly key: ColumnLayout; readonly value: ColumnLayout };

/** Errors: OPTION_INVALID (TBM1), JOB_GRAPH_INVALID (LYT1). */
export function layoutOfTable(uid: string, { name, key, value }: SlicedTableDescriptor): TableLayout {
  const layout = { name, key: layoutOf(key), value: layoutOf(value) };
  const about = `table "${name}" of operator "${uid}"`;
  refuseKinds(about, layout.key, {
    part: "key",
    allowed: "keys are texts, numbers and booleans",
  });
  refuseKinds(about, layout.value, {
    part: "value",
    allowed: "values are texts, numbers and booleans",
  });
  return layout;
}

export function describeTable({ key, value }: TableLayout): string {
  return `map<${describeType(key.type)}, ${describeType(value.type)}>`;
}

export function declarationOfTable(layout: TableLayout): StateDeclaration {
  return { name: layout.name, kind: TABLE_KIND, type: describeTable(layout) };
}

export function isSameTable(left: TableLayout, right: TableLayout): boolean {
  return sameType(left.key.type, right.key.type) && sameType(left.value.type, right.value.type);
}

/** Errors: STATE_INCOMPATIBLE (TBM2). */
export function assertTableFits(uid: string, restored: TableLayout, declared: TableLayout): void {
  if (!sameType(restored.key.type, declared.key.type))
    throw incompatibleTable(uid, restored, declared, "its key changed");
  const plan = planEvolution(restored.value.type, declared.value.type);
  if (plan.kind === "refused") throw incompatibleTable(uid, restored, declared, plan.reason);
}

export function incompatibleTable(uid: string, from: TableLayout, to: TableLayout, reason: string): StreamError {
  return new StreamError(
    "STATE_INCOMPATIBLE",
    `table "${to.name}" of operator "${uid}" was written as ${describeTable(from)}, but is declared as ${describeTable(to)}: ${reason}; declare the old types (only nullable values may be added, values may be removed), give the new table another name, or start without this savepoint`,
    { destiny: "terminal" },
  );
}

type Refused = {
  readonly part: "key" | "value";
  readonly allowed: string;
};

/** Errors: OPTION_INVALID (TBM1). */
function refuseKinds(about: string, { fields }: ColumnLayout, { part, allowed }: Refused): void {
  const odd = fields.find(({ kind }) => kind === "objects");
  if (odd === undefined) return;
  throw new StreamError(
    "OPTION_INVALID",
    `${about}: the ${part}'s field "${odd.name}" is ${describeType(odd.type)}, but ${allowed}; declare another type`,
    { destiny: "terminal" },
  );
}

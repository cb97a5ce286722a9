/**
 * Owns: what the state of a plan's nodes holds, by name and type, as far as a changed query may find it changed.
 * Called by: explain.ts, for comparisons of plans.
 *
 * SQND1 A uid says which state is whose (SQPU1 … 3), but not of which types its columns are: those stand here, in the order of the state, or by name where it keeps rows.
 */
import { typeText } from "../types/sql-type.ts";
import type { PlanNode, PlanRow } from "./plan-tree.ts";
import { inputsOf } from "./rebuilt.ts";
import { keepsRows, keepsState } from "./uids.ts";
import { isReadWhole } from "../validate/whole-lookups.ts";

/** By a name that stays when the query changes elsewhere, the type: `amount` and `INT NOT NULL`, or `call 1`. */
export type NodeState = Readonly<Record<string, string>>;

export function stateOfNode(node: PlanNode): NodeState | null {
  switch (node.kind) {
    case "scan":
      // How far it has read.
      return {};
    case "aggregate":
    case "windowAggregate": {
      const { groupBy, calls, row } = node;
      const named = [...groupBy.map((_, index) => `key ${index + 1}`), ...calls.map((_, index) => `call ${index + 1}`)];
      return Object.fromEntries(named.map((name, index) => [name, typeAt(row, index)]));
    }
    case "lookupJoin":
      // SQPU5: the rows that wait for answers.
      return isReadWhole(node.table) ? null : rowsState(node);
    default:
      return keepsRows(node) && keepsState(node) ? rowsState(node) : null;
  }
}

/** Of what keeps whole rows of one input. */
export const stateOfRow = (row: PlanRow): NodeState => sorted(columnsOf(row, ""));

function rowsState(node: PlanNode): NodeState {
  const inputs = inputsOf(node);
  const sides = inputs.length === 2 ? ["left.", "right."] : [""];
  const columns = inputs.flatMap(({ row }, side) => columnsOf(row, sides[side] ?? ""));
  return sorted(columns);
}

type Columns = readonly (readonly [name: string, type: string])[];

const columnsOf = (row: PlanRow, side: string): Columns =>
  row.map(({ name }, index) => [`${side}${name}`, typeAt(row, index)]);

const sorted = (columns: Columns): NodeState =>
  Object.fromEntries(columns.toSorted(([left], [right]) => (left < right ? -1 : 1)));

function typeAt(row: PlanRow, index: number): string {
  const column = row[index];
  if (column === undefined) throw new RangeError(`a row of ${row.length} columns has no column ${index}`);
  return typeText(column.type);
}

/**
 * Owns: the functions that need OVER: what they answer for a row, from its place in its partition.
 * Not here: aggregates with OVER (aggregation.ts), which rows come when (over.ts, sorted-over.ts).
 *
 * SQOP1 Ranks count from the partition's beginning whatever the frame; so do LAG and LEAD.
 */
import { StreamError } from "../../../base/index.ts";
import type { AggregateCall, PlanNode, PlanRow } from "../plan/plan-tree.ts";
import type { SqlRow } from "../rows/sql-row.ts";

/** A row's place: numbers count from 0, `peers` are rows that are equal in the order. */
export type Place = {
  /** The row's number in its partition. */
  readonly number: number;
  /** Of the first of its peers. */
  readonly firstPeer: number;
  /** Different values of the order before it. */
  readonly groups: number;
  /** Behind its last peer; and rows of the partition: known when all rows are there. */
  readonly endOfPeers: number;
  readonly size: number;
  /** Of the first row of its frame. */
  readonly frameStart: number;
  /** Behind the last row of its frame. */
  readonly frameEnd: number;
  /** The row with that number, where it is kept; undefined: there is none. */
  readonly rowAt: (number: number) => SqlRow | undefined;
};

export type OverCall = (row: SqlRow, place: Place) => unknown;

/** They answer the value of a row by its number, whatever the value is. */
const PLACED: ReadonlySet<string> = new Set(["LAG", "LEAD", "NTH_VALUE"]);

const offsetOf = (value: unknown, otherwise: number): number => (value === undefined ? otherwise : Number(value));

/** Null: it is an aggregate. `row`: of the input. Errors: JOB_GRAPH_INVALID. */
export function overCallOf(call: AggregateCall, row: PlanRow): OverCall | null {
  const names = call.arguments.map((place) => (row[place] as PlanRow[number]).name);
  const [value = "", second = "", third = ""] = names;
  if (call.ignoresNulls && PLACED.has(call.name))
    throw new StreamError(
      "JOB_GRAPH_INVALID",
      `${call.name} with IGNORE NULLS is not supported; leave rows without a value out in a query around the table, WHERE … IS NOT NULL`,
      { destiny: "terminal" },
    );
  switch (call.name) {
    case "ROW_NUMBER":
      return (_row, { number }) => BigInt(number + 1);
    case "RANK":
      return (_row, { firstPeer }) => BigInt(firstPeer + 1);
    case "DENSE_RANK":
      return (_row, { groups }) => BigInt(groups + 1);
    case "PERCENT_RANK":
      return (_row, { firstPeer, size }) => (size <= 1 ? 0 : firstPeer / (size - 1));
    case "CUME_DIST":
      return (_row, { endOfPeers, size }) => endOfPeers / size;
    case "NTILE":
      return (each, { number, size }) => tileOf(number, size, Number(each[value]));
    case "LAG":
    case "LEAD": {
      const sign = call.name === "LAG" ? -1 : 1;
      return (each, { number, rowAt }) => {
        const other = rowAt(number + sign * offsetOf(each[second], 1));
        return other === undefined ? (each[third] ?? null) : other[value];
      };
    }
    case "NTH_VALUE":
      return (each, { frameStart, frameEnd, rowAt }) => {
        const number = frameStart + Number(each[second]) - 1;
        return number < frameStart || number >= frameEnd ? null : (rowAt(number)?.[value] ?? null);
      };
    default:
      return null;
  }
}

/** As many rows in each bucket, the first ones with one more. */
function tileOf(number: number, size: number, buckets: number): bigint {
  if (!(buckets >= 1))
    throw new StreamError("SQL_EXPRESSION_FAILED", `NTILE(${buckets}): write a number of buckets above zero`, {
      destiny: "terminal",
    });
  const rows = Math.floor(size / buckets);
  const larger = size - rows * buckets;
  const inLarger = larger * (rows + 1);
  const tile = number < inLarger ? Math.floor(number / (rows + 1)) : larger + Math.floor((number - inLarger) / rows);
  return BigInt(tile + 1);
}

/** What a call looks back to, behind its frame: so many rows ahead of the current one; null: all. */
export function lookBack(call: AggregateCall, row: SqlRow, input: PlanRow): number | null {
  if (call.name === "LAG") return Math.max(0, offsetIn(call, row, input));
  return call.name === "NTH_VALUE" ? null : 0;
}

/** What a call looks ahead to: so many rows behind the current one. */
export function lookAhead(call: AggregateCall, row: SqlRow, input: PlanRow): number {
  if (call.name === "LAG") return Math.max(0, -offsetIn(call, row, input));
  return call.name === "LEAD" ? Math.max(0, offsetIn(call, row, input)) : 0;
}

function offsetIn({ arguments: [, second] }: AggregateCall, row: SqlRow, input: PlanRow): number {
  return offsetOf(second === undefined ? undefined : row[(input[second] as PlanRow[number]).name], 1);
}

/** As `lookBack`, of any row of the node's: null also where rows differ in it. */
export function lookBackOfAll(call: AggregateCall, input: PlanNode): number | null {
  if (call.name !== "LAG" && call.name !== "LEAD") return call.name === "NTH_VALUE" ? null : 0;
  const second = call.arguments[1];
  if (second === undefined) return call.name === "LAG" ? 1 : 0;
  const value = input.kind === "calc" ? input.values[second] : undefined;
  if (value?.kind !== "literal" || value.literal.kind !== "number") return null;
  return call.name === "LAG" ? Math.max(0, Number(value.literal.text)) : 0;
}

/** They depend on how many rows the partition has. */
const SIZED: ReadonlySet<string> = new Set(["NTILE", "PERCENT_RANK", "CUME_DIST"]);
export const asksForSize = ({ name }: AggregateCall): boolean => SIZED.has(name);

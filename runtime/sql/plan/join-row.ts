/**
 * Owns: the row of a join, and its keys.
 */
import { withNullability } from "../types/type-families.ts";
import { uniqueNames } from "./plan-expressions.ts";
import type { JoinNode, PlanColumn, PlanNode, PlanRow } from "./plan-tree.ts";

type Sides = Pick<JoinNode, "left" | "right" | "join" | "leftKeys" | "rightKeys">;

const optional = (column: PlanColumn): PlanColumn => ({
  ...column,
  type: withNullability(column.type, true),
  time: null,
});

export function joinedRow({ left, right, join }: Sides): PlanRow {
  if (join === "SEMI" || join === "ANTI") return left.row;
  const isLeftOptional = join === "RIGHT" || join === "FULL";
  const isRightOptional = join === "LEFT" || join === "FULL";
  const columns = [
    ...left.row.map((column) => (isLeftOptional ? optional(column) : column)),
    ...right.row.map((column) => (isRightOptional ? optional(column) : column)),
  ];
  const names = uniqueNames(columns.map(({ name }) => name));
  return columns.map((column, index) => ({ ...column, name: names[index] ?? column.name }));
}

/** A row of one side meets at most one of the other when the other's join keys hold one of its keys. */
export function keysOfJoin({ left, right, join, leftKeys, rightKeys }: Sides): PlanNode["keys"] {
  if (join === "SEMI" || join === "ANTI") return left.keys;
  if (join === "FULL") return [];
  const moved = right.keys.map((key) => key.map((place) => place + left.row.length));
  const meetsOneRight = right.keys.some((key) => key.every((place) => rightKeys.includes(place)));
  const meetsOneLeft = left.keys.some((key) => key.every((place) => leftKeys.includes(place)));
  const ofLeft = meetsOneRight && join !== "RIGHT" ? left.keys : [];
  const ofRight = meetsOneLeft && join !== "LEFT" ? moved : [];
  if (ofLeft.length > 0 || ofRight.length > 0) return [...ofLeft, ...ofRight];
  return left.keys.flatMap((key) => moved.map((other) => [...key, ...other]));
}

/**
 * Owns: which join a condition is: by which keys, within which time, of which windows.
 * Does not own: which parts of the condition one side could have tested alone (push-down.ts).
 *
 * SQPJ1 Keys are the equalities between a value of the left row and one of the right; both are cast to their common type, and computed ahead of the join.
 * SQPJ2 A join with bounds on the difference of two time attributes, both ways, is an interval join; one of rows of equal windows is a window join. Both
 *     keep no row for longer than they need it. Every other join keeps all rows.
 */
import { commonType } from "../types/common-type.ts";
import type { SqlType } from "../types/sql-type.ts";
import { isSameType, isText } from "../types/type-families.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";
import { type NodeBuilder, namesOf } from "./node-builder.ts";
import { allOf, castTo, columnsOfRow, moved, placesOf, withPlaces } from "./plan-expressions.ts";
import type { JoinType, PlanNode } from "./plan-tree.ts";
import { constantMilliseconds, isSameWindow, windowPlacesOf } from "./windows.ts";

export type JoinSpec = {
  readonly left: PlanNode;
  readonly right: PlanNode;
  readonly join: JoinType;
  /** Over the left row followed by the right one. */
  readonly conjuncts: readonly TypedExpression[];
};

type Key = { readonly left: TypedExpression; readonly right: TypedExpression };

/** Row: that of the left side, followed, but for SEMI and ANTI, by that of the right. */
export function joinOf({ left, right, join, conjuncts }: JoinSpec, builder: NodeBuilder): PlanNode {
  const width = left.row.length;
  const keys: Key[] = [];
  const rest: TypedExpression[] = [];
  const bounds = builder.mode === "streaming" ? timeBounds({ left, right, join, conjuncts }) : null;
  for (const conjunct of conjuncts) {
    if (bounds?.used.has(conjunct) === true) continue;
    const key = keyOf(conjunct, width);
    if (key === null) rest.push(conjunct);
    else keys.push(key);
  }
  const [wideLeft, leftKeys] = withKeys(
    left,
    keys.map((key) => key.left),
    builder,
  );
  const [wideRight, rightKeys] = withKeys(
    right,
    keys.map((key) => key.right),
    builder,
  );
  const added = wideLeft.row.length - width;
  const condition = allOf(rest.map((part) => withPlaces(part, (place) => (place < width ? place : place + added))));
  const parts = { left: wideLeft, right: wideRight, join, leftKeys, rightKeys, condition };
  const windows = builder.mode === "streaming" ? windowEnds(parts) : null;
  const node =
    bounds !== null
      ? builder.intervalJoin({ ...parts, ...bounds.interval })
      : windows !== null
        ? builder.windowJoin({ ...parts, ...windows })
        : builder.join(parts);
  if (wideLeft === left && wideRight === right) return node;
  const rightPlaces =
    join === "SEMI" || join === "ANTI" ? [] : right.row.map((_, index) => index + wideLeft.row.length);
  const kept = [...left.row.map((_, index) => index), ...rightPlaces];
  return builder.project(node, kept);
}

/** SQPJ1. Null: the part is no key. */
function keyOf(conjunct: TypedExpression, width: number): Key | null {
  if (conjunct.kind !== "call" || conjunct.name !== "=") return null;
  const [first, second] = conjunct.arguments;
  if (first === undefined || second === undefined) return null;
  const [a, b] = [sideOf(first, width), sideOf(second, width)];
  if (a === null || b === null || a === b) return null;
  const [left, right] = a === "left" ? [first, second] : [second, first];
  const type = keyType(left.type, right.type);
  if (type === null) return null;
  return { left: castTo(left, type), right: castTo(moved(right, -width), type) };
}

/** Null: they are compared, not hashed: their values have no common form. */
function keyType(left: TypedExpression["type"], right: TypedExpression["type"]): SqlType | null {
  if (left.kind === "null" || right.kind === "null") return null;
  if (isSameType(left, right) || (isText(left) && isText(right))) return left;
  const type = commonType([left, right]);
  return type.kind === "refused" ? null : type;
}

function sideOf(value: TypedExpression, width: number): "left" | "right" | null {
  const places = [...placesOf(value)];
  if (places.length === 0) return null;
  if (places.every((place) => place < width)) return "left";
  return places.every((place) => place >= width) ? "right" : null;
}

/** The row, followed by those keys that are no columns of it; and the places of all keys. */
function withKeys(
  node: PlanNode,
  keys: readonly TypedExpression[],
  builder: NodeBuilder,
): readonly [PlanNode, readonly number[]] {
  const values: TypedExpression[] = [...columnsOfRow(node.row)];
  const names = [...namesOf(node.row)];
  const places = keys.map((key) => {
    if (key.kind === "column") return key.index;
    names.push("$key");
    return values.push(key) - 1;
  });
  if (values.length === node.row.length) return [node, places];
  return [builder.calc({ input: node, condition: null, values }, names), places];
}

type Moment = { readonly place: number; readonly offset: number };

/** `ts`, `ts + INTERVAL '1' HOUR`. */
function momentOf(value: TypedExpression): Moment | null {
  if (value.kind === "column") return { place: value.index, offset: 0 };
  if (value.kind !== "call" || (value.name !== "+" && value.name !== "-")) return null;
  const [first, second] = value.arguments;
  if (first === undefined || second === undefined) return null;
  const [length, base] = [constantMilliseconds(second), momentOf(first)];
  if (length !== null && base !== null)
    return { place: base.place, offset: base.offset + (value.name === "+" ? length : -length) };
  const [swapped, other] = [constantMilliseconds(first), momentOf(second)];
  if (value.name === "-" || swapped === null || other === null) return null;
  return { place: other.place, offset: other.offset + swapped };
}

type TimeBounds = {
  readonly used: ReadonlySet<TypedExpression>;
  readonly interval: {
    readonly leftTime: number;
    readonly rightTime: number;
    readonly lower: number;
    readonly upper: number;
    readonly isProctime: boolean;
  };
};

const flipped: Readonly<Record<string, string>> = { "<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=" };

/** SQPJ2. Null: no bounds, or one only. */
function timeBounds({ left, right, join, conjuncts }: JoinSpec): TimeBounds | null {
  if (left.changes !== "append" || right.changes !== "append" || join === "SEMI" || join === "ANTI") return null;
  const width = left.row.length;
  const used = new Set<TypedExpression>();
  let [lower, upper] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  let times: { readonly leftTime: number; readonly rightTime: number; readonly isProctime: boolean } | null = null;
  for (const conjunct of conjuncts) {
    const [first, second] = conjunct.kind === "call" ? conjunct.arguments : [];
    if (conjunct.kind !== "call" || first === undefined || second === undefined || !(conjunct.name in flipped))
      continue;
    const [a, b] = [momentOf(first), momentOf(second)];
    if (a === null || b === null || a.place < width === b.place < width) continue;
    const isLeftFirst = a.place < width;
    const [mine, other] = isLeftFirst ? [a, b] : [b, a];
    const [leftColumn, rightColumn] = [left.row[mine.place], right.row[other.place - width]];
    const time = leftColumn?.time;
    if (time === null || time === undefined || time !== rightColumn?.time) continue;
    if (leftColumn?.type.kind !== rightColumn.type.kind) continue;
    const found = { leftTime: mine.place, rightTime: other.place - width, isProctime: time === "proctime" };
    if (times !== null && (times.leftTime !== found.leftTime || times.rightTime !== found.rightTime)) continue;
    times = found;
    used.add(conjunct);
    const operator = isLeftFirst ? conjunct.name : (flipped[conjunct.name] ?? conjunct.name);
    const difference = other.offset - mine.offset;
    if (operator === "=" || operator.startsWith(">")) lower = Math.max(lower, difference + (operator === ">" ? 1 : 0));
    if (operator === "=" || operator.startsWith("<")) upper = Math.min(upper, difference - (operator === "<" ? 1 : 0));
  }
  if (times === null || !Number.isFinite(lower) || !Number.isFinite(upper)) return null;
  return { used, interval: { ...times, lower, upper } };
}

type Keyed = {
  readonly left: PlanNode;
  readonly right: PlanNode;
  readonly leftKeys: readonly number[];
  readonly rightKeys: readonly number[];
};

/** SQPJ2. */
function windowEnds({
  left,
  right,
  leftKeys,
  rightKeys,
}: Keyed): { readonly leftEnd: number; readonly rightEnd: number } | null {
  if (left.changes !== "append" || right.changes !== "append") return null;
  const [a, b] = [windowPlacesOf(left), windowPlacesOf(right)];
  if (a === null || b === null || a.window.isProctime || !isSameWindow(a.window, b.window)) return null;
  const areKeys = (mine: number | null, others: number | null): boolean =>
    leftKeys.some((place, index) => place === mine && rightKeys[index] === others);
  if (a.end === null || b.end === null || !areKeys(a.end, b.end) || !areKeys(a.start, b.start)) return null;
  return { leftEnd: a.end, rightEnd: b.end };
}

/**
 * Owns: which join a condition is: by which keys, within which time, of which windows.
 * Does not own: which parts of the condition one side could have tested alone (push-down.ts).
 *
 * SQPJ1 Keys are the equalities between a value of the left row and one of the right; both are cast to their common type, and computed ahead of the join.
 * SQPJ2 A join with bounds on the difference of two time attributes, both ways, is an interval join; one of rows of equal windows is a window join. Both
 *     keep no row for longer than they need it. Every other join keeps all rows. Ours: the end of a window counts as a time attribute here, where Flink
 *     keeps all rows forever.
 */
import { commonType } from "../types/common-type.ts";
import type { SqlType } from "../types/sql-type.ts";
import { isSameType, isText } from "../types/type-families.ts";
import type { TimeAttribute, TypedExpression } from "../validate/typed-tree.ts";
import { type NodeBuilder, namesOf } from "./node-builder.ts";
import { allOf, castTo, columnsOfRow, moved, placesOf, withPlaces } from "./plan-expressions.ts";
import type { JoinNode, JoinType, PlanNode, SideTtls } from "./plan-tree.ts";
import { constantMilliseconds, isSameWindow, windowPlacesOf } from "./windows.ts";

export type JoinSpec = {
  readonly left: PlanNode;
  readonly right: PlanNode;
  readonly join: JoinType;
  /** Over the left row followed by the right one. */
  readonly conjuncts: readonly TypedExpression[];
  /** Of a join that keeps all rows. */
  readonly ttl?: SideTtls;
};

type JoinParts = Pick<JoinNode, "left" | "right" | "join" | "leftKeys" | "rightKeys" | "condition">;

export type Key = { readonly left: TypedExpression; readonly right: TypedExpression };

/** Row: that of the left side, followed, but for SEMI and ANTI, by that of the right. */
export function joinOf(spec: JoinSpec, builder: NodeBuilder): PlanNode {
  const kept = spec.ttl === undefined ? {} : { ttl: spec.ttl };
  if (builder.mode === "batch")
    return plainJoin(spec, spec.conjuncts, builder, (parts) => builder.join({ ...parts, ...kept }));
  const windowed = plainJoin(spec, spec.conjuncts, builder, (parts) => {
    const ends = windowEnds(parts);
    return ends === null ? null : builder.windowJoin({ ...parts, ...ends });
  });
  if (windowed !== null) return windowed;
  const bounds = timeBounds(spec);
  const rest = spec.conjuncts.filter((part) => bounds?.used.has(part) !== true);
  return plainJoin(spec, rest, builder, (parts) =>
    bounds === null ? builder.join({ ...parts, ...kept }) : builder.intervalJoin({ ...parts, ...bounds.interval }),
  );
}

/** Keys computed ahead (SQPJ1), the join that `make` makes, and the row as it is asked for; null where `make` gives none. */
function plainJoin<T extends PlanNode | null>(
  { left, right, join }: JoinSpec,
  conjuncts: readonly TypedExpression[],
  builder: NodeBuilder,
  make: (parts: JoinParts) => T,
): PlanNode | (T & null) {
  const width = left.row.length;
  const pairs = conjuncts.map((conjunct) => keyOf(conjunct, width));
  const keys = pairs.filter((pair) => pair !== null);
  const rest = conjuncts.filter((_, index) => pairs[index] === null);
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
  const node = make({ left: wideLeft, right: wideRight, join, leftKeys, rightKeys, condition });
  if (node === null || (wideLeft === left && wideRight === right)) return node as PlanNode | (T & null);
  const isHalf = join === "SEMI" || join === "ANTI";
  const rightPlaces = isHalf ? [] : right.row.map((_, index) => index + wideLeft.row.length);
  return builder.project(node, [...left.row.map((_, index) => index), ...rightPlaces]);
}

/** SQPJ1. Null: the part is no key. */
export function keyOf(conjunct: TypedExpression, width: number): Key | null {
  if (conjunct.kind !== "call" || conjunct.name !== "=") return null;
  const [first, second] = conjunct.arguments;
  if (first === undefined || second === undefined) return null;
  const [a, b] = [sideOf(first, width), sideOf(second, width)];
  if (a === null || b === null || a === b) return null;
  const [left, right] = a === "left" ? [first, second] : [second, first];
  // Texts are compared as they are: a cast to the shorter type would cut one.
  if (isText(left.type) && isText(right.type)) return { left, right: moved(right, -width) };
  const type = keyType(left.type, right.type);
  if (type === null) return null;
  return { left: castTo(left, type), right: castTo(moved(right, -width), type) };
}

/** Null: they are compared, not hashed: their values have no common form. */
function keyType(left: TypedExpression["type"], right: TypedExpression["type"]): SqlType | null {
  if (left.kind === "null" || right.kind === "null") return null;
  if (isSameType(left, right)) return left;
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
export function withKeys(
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

/**
 * The end of a window is a rowtime, too: when the watermark has passed it, no window that ends then comes any more. That of a window of instants is a local time,
 * which watermarks are not.
 */
function timeOf(node: PlanNode, place: number): TimeAttribute | null {
  const windows = windowPlacesOf(node);
  const isTime = windows?.end === place && !windows.window.isProctime && windows.timeType.kind === "timestamp";
  if (isTime) return "rowtime";
  return node.row[place]?.time ?? null;
}

/** SQPJ2. Null: no bounds, or one only. */
function timeBounds({ left, right, conjuncts }: JoinSpec): TimeBounds | null {
  if (left.changes !== "append" || right.changes !== "append") return null;
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
    const time = timeOf(left, mine.place);
    if (time === null || time !== timeOf(right, other.place - width)) continue;
    if (left.row[mine.place]?.type.kind !== right.row[other.place - width]?.type.kind) continue;
    const found = { leftTime: mine.place, rightTime: other.place - width, isProctime: time === "proctime" };
    if (times !== null && (times.leftTime !== found.leftTime || times.rightTime !== found.rightTime)) continue;
    times = found;
    // An equality is a key as well, so that rows of different times need not meet.
    if (conjunct.name !== "=") used.add(conjunct);
    const operator = isLeftFirst ? conjunct.name : (flipped[conjunct.name] ?? conjunct.name);
    const difference = other.offset - mine.offset;
    if (operator === "=" || operator.startsWith(">")) lower = Math.max(lower, difference + (operator === ">" ? 1 : 0));
    if (operator === "=" || operator.startsWith("<")) upper = Math.min(upper, difference - (operator === "<" ? 1 : 0));
  }
  if (times === null || !Number.isFinite(lower) || !Number.isFinite(upper)) return null;
  return { used, interval: { ...times, lower, upper } };
}

/** SQPJ2. */
function windowEnds({
  left,
  right,
  leftKeys,
  rightKeys,
}: JoinParts): { readonly leftEnd: number; readonly rightEnd: number } | null {
  if (left.changes !== "append" || right.changes !== "append") return null;
  const [a, b] = [windowPlacesOf(left), windowPlacesOf(right)];
  if (a === null || b === null || a.window.isProctime || !isSameWindow(a.window, b.window)) return null;
  const areKeys = (mine: number | null, others: number | null): boolean =>
    leftKeys.some((place, index) => place === mine && rightKeys[index] === others);
  if (a.end === null || b.end === null || !areKeys(a.end, b.end) || !areKeys(a.start, b.start)) return null;
  return { leftEnd: a.end, rightEnd: b.end };
}

/**
 * Owns: which values may be compared, and as what.
 *
 * SQCO1 Types of one family are compared as their common type; exact numbers by their value, whatever their digits.
 * SQCO2 A text beside a DATE, TIME or TIMESTAMP is read as one. Beside everything else it has to be cast, as in Flink.
 * SQCO3 ARRAY, MAP, MULTISET and ROW are equal or not; they have no order.
 */
import { commonType } from "./common-type.ts";
import type { SqlType } from "./sql-type.ts";
import {
  isDatetime,
  isExact,
  isNumeric,
  isText,
  type OperandType,
  refuse,
  shownType,
  type TypeRefusal,
} from "./type-families.ts";

export type Comparison = {
  readonly kind: "comparable";
  /** What both sides become first; null: exact numbers, which stay as they are. */
  readonly as: SqlType | null;
  /** Whether `<` may stand between them, too. */
  readonly isOrdered: boolean;
};

/** Of `=`, `<`, BETWEEN, IN and IS DISTINCT FROM. */
export function comparableTypes(left: OperandType, right: OperandType): Comparison | TypeRefusal {
  const isOrdered = ![left, right].some(({ kind }) => unordered.has(kind));
  if (isExact(left) && isExact(right)) return { kind: "comparable", as: null, isOrdered };
  if (isText(left) && isDatetime(right)) return { kind: "comparable", as: right, isOrdered };
  if (isDatetime(left) && isText(right)) return { kind: "comparable", as: left, isOrdered };
  const common = commonType([left, right]);
  if (common.kind !== "refused") return { kind: "comparable", as: common, isOrdered };
  // NULL = NULL is a mistake, but one that commonType explains.
  if (left.kind === "null" && right.kind === "null") return common;
  return refuse(`${shownType(left)} and ${shownType(right)} cannot be compared`, remedyFor(left, right, common));
}

const unordered: ReadonlySet<OperandType["kind"]> = new Set<OperandType["kind"]>(["array", "map", "multiset", "row"]);

/** `'1' = 1` may mean the number, or the text. */
function remedyFor(left: OperandType, right: OperandType, { remedy }: TypeRefusal): string {
  const other = isText(left) ? right : isText(right) ? left : null;
  if (other?.kind === "boolean") return "Cast the text: CAST(… AS BOOLEAN), or TRY_CAST where it may be none.";
  if (other === null || !isNumeric(other)) return remedy;
  return `Write both as numbers, or both as texts in quotes: CAST(… AS ${shownType(other)}) makes a number of a text.`;
}

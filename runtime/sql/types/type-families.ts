/**
 * Owns: the families that the rules of types speak of, what an untyped NULL is to them, and the form in which they refuse.
 *
 * SQTF1 A rule gives a type, or a refusal with a reason and a remedy. Who asks knows the place, and makes a problem of it (SQLE1).
 * SQTF2 NULL alone has no type: the type comes from what stands beside it.
 */
import { type SqlType, typeText } from "./sql-type.ts";

/** NULL as it is written. */
export type NullType = { readonly kind: "null"; readonly isNullable: true };

/** What may stand beside an operator. */
export type OperandType = SqlType | NullType;

export type TypeRefusal = {
  readonly kind: "refused";
  /** What does not go together; no full stop. */
  readonly reason: string;
  /** What to write instead; a sentence. */
  readonly remedy: string;
};

export type KindOf<K extends SqlType["kind"]> = SqlType & { readonly kind: K };
type Text = KindOf<"char" | "varchar">;
type Bytes = KindOf<"binary" | "varbinary">;
type Instant = KindOf<"timestamp" | "timestamp_ltz">;

/** Digits of the whole numbers, from the narrowest to the widest. */
const integerDigits = { tinyint: 3, smallint: 5, int: 10, bigint: 19 } as const;
type Integer = KindOf<keyof typeof integerDigits>;
type Approximate = KindOf<"float" | "double">;

export const refuse = (reason: string, remedy: string): TypeRefusal => ({ kind: "refused", reason, remedy });

export const isText = (type: OperandType): type is Text => type.kind === "char" || type.kind === "varchar";
export const isBytes = (type: OperandType): type is Bytes => type.kind === "binary" || type.kind === "varbinary";
export const isInteger = (type: OperandType): type is Integer => type.kind in integerDigits;
export const isExact = (type: OperandType): type is Integer | KindOf<"decimal"> =>
  isInteger(type) || type.kind === "decimal";
export const isApproximate = (type: OperandType): type is Approximate =>
  type.kind === "float" || type.kind === "double";
export const isNumeric = (type: OperandType): boolean => isExact(type) || isApproximate(type);
export const isTimestamp = (type: OperandType): type is Instant =>
  type.kind === "timestamp" || type.kind === "timestamp_ltz";
export const isDatetime = (type: OperandType): type is Instant | KindOf<"date" | "time"> =>
  isTimestamp(type) || type.kind === "date" || type.kind === "time";

/** Digits in all, and behind the point; a whole number has none behind it. */
export function digitsOf(type: Integer | KindOf<"decimal">): { readonly precision: number; readonly scale: number } {
  return type.kind === "decimal" ? type : { precision: integerDigits[type.kind], scale: 0 };
}

export const withNullability = <T extends SqlType>(type: T, isNullable: boolean): T => ({ ...type, isNullable });

/** For messages: without NOT NULL, which is not what they are about. */
export function shownType(type: OperandType): string {
  return type.kind === "null" ? "NULL" : typeText(withNullability(type, true));
}

/** Whether two types are the same but for NOT NULL of the whole. */
export const isSameType = (left: OperandType, right: OperandType): boolean => shownType(left) === shownType(right);

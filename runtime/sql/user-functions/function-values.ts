/**
 * Owns: the values of functions of the user: which type of SQL a declared type is, and values on their way in and out.
 *
 * SQZB1 Types are those of streams (types/value-types.ts), but for two: `t.date` is a DATE, and `t.int64`, a number, is a BIGINT.
 * SQZB2 What a function gives is looked at, all of it: a value that does not fit its declared type never comes into a row.
 */
import { DateValue, findMisfit, itemOf, keyOf, type ValueType } from "../../record/index.ts";
import type { SqlType } from "../types/sql-type.ts";
import { refuse, type TypeRefusal, withNullability } from "../types/type-families.ts";
import { sqlTypeOf } from "../types/value-types.ts";

type Type = ValueType<unknown>;
export type Convert = (value: unknown) => unknown;

const DAY_MS = 86_400_000;

/** SQZB1. */
export function functionType(type: Type): SqlType | TypeRefusal {
  const bare = bareType(type);
  return bare.kind === "refused" ? bare : withNullability(bare, type.nullable);
}

function bareType(type: Type): SqlType | TypeRefusal {
  const isNullable = false;
  switch (type.kind) {
    case "date":
      return { kind: "date", isNullable };
    case "list": {
      const element = functionType(itemOf(type));
      return element.kind === "refused" ? element : { kind: "array", isNullable, element };
    }
    case "map": {
      const [key, value] = [functionType(keyOf(type)), functionType(itemOf(type))];
      if (key.kind === "refused") return key;
      return value.kind === "refused" ? value : { kind: "map", isNullable, key, value };
    }
    case "record": {
      const fields: { readonly name: string; readonly type: SqlType }[] = [];
      for (const { name, type: field, optional } of type.fields ?? []) {
        if (optional === true)
          return refuse(`the field ${name} may be missing`, "A column is always there: use t.nullable(…), and null.");
        const made = functionType(field);
        if (made.kind === "refused") return made;
        fields.push({ name, type: made });
      }
      return { kind: "row", isNullable, fields };
    }
    default:
      return sqlTypeOf({ ...type, nullable: false });
  }
}

/** From rows to the function; null: values stay as they are. NULL is null. */
export const valueReader = (type: Type): Convert | null => orNull(converter(type, toFunction));

/** From the function to rows; `isWhole`: of a column, and not of a part of one, where a DATE is a Date. NULL is null. */
export const valueWriter = (type: Type, isWhole: boolean): Convert | null =>
  orNull(isWhole && type.kind === "date" ? (value) => midnightOf(value).getTime() : converter(type, toRow));

const orNull = (convert: Convert | null): Convert | null =>
  convert === null ? null : (value) => (value === null ? null : convert(value));

function numberOfBigint(value: unknown): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new RangeError(`${String(value)} is no safe integer; declare the argument as t.bigint`);
}

const midnightOf = (value: unknown): Date =>
  new DateValue(Math.floor((value as Date).getTime() / DAY_MS) * DAY_MS) as Date;

type Direction = {
  readonly int64: Convert;
  /** null: dates stay as they are. */
  readonly date: Convert | null;
  /** Whether a record's fields may be in another order than its type's, in which rows have them. */
  readonly isOrderOpen: boolean;
};
const toFunction: Direction = { int64: numberOfBigint, date: null, isOrderOpen: false };
const toRow: Direction = { int64: (value) => BigInt(value as number), date: midnightOf, isOrderOpen: true };

/** Of values that are not null. */
function converter(type: Type, direction: Direction): Convert | null {
  const { int64, date, isOrderOpen } = direction;
  const part = (inner: Type): Convert | null => orNull(converter(inner, direction));
  switch (type.kind) {
    case "int64":
      return int64;
    case "date":
      return date;
    case "list": {
      const item = part(itemOf(type));
      return item === null ? null : (value) => (value as readonly unknown[]).map((each) => item(each));
    }
    case "map": {
      const [key, item] = [part(keyOf(type)) ?? same, part(itemOf(type)) ?? same];
      if (key === same && item === same) return null;
      return (value) =>
        new Map(Array.from(value as ReadonlyMap<unknown, unknown>, ([name, each]) => [key(name), item(each)]));
    }
    case "record": {
      const fields = (type.fields ?? []).map(({ name, type: field }) => [name, part(field)] as const);
      if (!isOrderOpen && fields.every(([, convert]) => convert === null)) return null;
      return (value) =>
        Object.fromEntries(
          fields.map(([name, convert]) => {
            const each = (value as Readonly<Record<string, unknown>>)[name];
            return [name, convert === null ? each : convert(each)];
          }),
        );
    }
    default:
      return null;
  }
}

const same: Convert = (value) => value;

/** SQZB2. */
export function fitsFinder(type: Type): (value: unknown) => boolean {
  const fits = quickTest(type);
  if (fits === null) return (value) => findMisfit(type, value) === null;
  return type.nullable ? (value) => value === null || fits(value) : fits;
}

/** Of values that are not null, as findMisfit says; null: it is for that to say. */
function quickTest({ kind }: Type): ((value: unknown) => boolean) | null {
  switch (kind) {
    case "string":
      return (value) => typeof value === "string";
    case "boolean":
      return (value) => typeof value === "boolean";
    case "float64":
      return (value) => typeof value === "number";
    case "int32":
      return (value) => typeof value === "number" && (value | 0) === value && !Object.is(value, -0);
    case "int64":
    case "timestamp":
      return Number.isSafeInteger;
    default:
      return null;
  }
}

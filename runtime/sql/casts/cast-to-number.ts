/**
 * Owns: casts to numbers (SQXC1, SQXC2).
 */
import { powerOfTen } from "../functions/decimals.ts";
import type { SqlType } from "../types/sql-type.ts";
import { isText, type KindOf } from "../types/type-families.ts";
import type { CastValue } from "./cast-of-parts.ts";
import { decimalOfNumber, decimalOfText, fitted, numberOfDecimal, rescaled } from "./decimals.ts";
import { doubleOfText, integerOfText, intOfDouble, longOfDouble, narrowed } from "./number-texts.ts";

export function castToNumber(from: SqlType, to: SqlType): CastValue {
  switch (to.kind) {
    case "tinyint":
    case "smallint":
    case "int":
      return toInteger(from, to.kind);
    case "bigint":
      return toBigint(from);
    case "float":
    case "double":
      return toDouble(from, to.kind);
    case "decimal":
      return toDecimal(from, to);
    default:
      throw new TypeError(`${to.kind} is no type of numbers`);
  }
}

function toInteger(from: SqlType, kind: "tinyint" | "smallint" | "int"): CastValue {
  if (isText(from)) return (value) => integerOfText(value as string, kind);
  switch (from.kind) {
    case "boolean":
      return (value) => (value === true ? 1 : 0);
    case "bigint":
      return (value) => narrowed(Number(BigInt.asIntN(32, value as bigint)), kind);
    case "decimal":
      return (value) => narrowed(Number(BigInt.asIntN(32, wholeOf(value as bigint, from.scale))), kind);
    default:
      return (value) => narrowed(intOfDouble(value as number), kind);
  }
}

/** Without what is behind the point. */
const wholeOf = (unscaled: bigint, scale: number): bigint => unscaled / powerOfTen(scale);

function toBigint(from: SqlType): CastValue {
  if (isText(from)) return (value) => integerOfText(value as string, "bigint");
  switch (from.kind) {
    case "bigint":
      return (value) => value;
    case "boolean":
      return (value) => (value === true ? 1n : 0n);
    case "decimal":
      return (value) => BigInt.asIntN(64, wholeOf(value as bigint, from.scale));
    default:
      return (value) => longOfDouble(value as number);
  }
}

function toDouble(from: SqlType, kind: "float" | "double"): CastValue {
  const double = asDouble(from);
  if (kind === "double") return double;
  return (value) => {
    const number = double(value);
    return number === undefined ? undefined : Math.fround(number);
  };
}

function asDouble(from: SqlType): (value: unknown) => number | undefined {
  if (isText(from)) return (value) => doubleOfText(value as string);
  if (from.kind === "decimal") return (value) => numberOfDecimal(value as bigint, from.scale);
  return Number;
}

function toDecimal(from: SqlType, to: KindOf<"decimal">): CastValue {
  const { precision, scale } = to;
  if (isText(from)) return (value) => decimalOfText((value as string).trim(), to);
  switch (from.kind) {
    case "decimal":
      return (value) => fitted(rescaled(value as bigint, from.scale, scale), precision);
    case "float":
    case "double":
      return (value) => decimalOfNumber(value as number, to);
    default:
      return (value) => fitted(BigInt(value as number | bigint | boolean) * powerOfTen(scale), precision);
  }
}

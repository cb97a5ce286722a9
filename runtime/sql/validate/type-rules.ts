/**
 * Owns: the rules of types that the validator needs: common type, arithmetic, comparison, casts. Flink's (LogicalTypeMerging, LogicalTypeCasts).
 */
import type { SqlType } from "../types/sql-type.ts";

type Kind = SqlType["kind"];
type Of<K extends Kind> = SqlType & { readonly kind: K };

const DECIMAL_PRECISION_MAX = 38;
/** Digits behind the point that a division has at least, and that are kept when a result has too many digits. */
const DIVISION_SCALE_MIN = 6;

const integers: readonly Kind[] = ["tinyint", "smallint", "int", "bigint"];
const integerDigits: Readonly<Partial<Record<Kind, number>>> = { tinyint: 3, smallint: 5, int: 10, bigint: 19 };
const texts: ReadonlySet<Kind> = new Set<Kind>(["char", "varchar"]);
const temporals: ReadonlySet<Kind> = new Set<Kind>(["date", "time", "timestamp", "timestamp_ltz"]);

const isInteger = ({ kind }: SqlType): boolean => integers.includes(kind);
const isApproximate = ({ kind }: SqlType): boolean => kind === "float" || kind === "double";
export const isNumeric = (type: SqlType): boolean => isInteger(type) || type.kind === "decimal" || isApproximate(type);
export const isText = ({ kind }: SqlType): boolean => texts.has(kind);
export const isTemporal = ({ kind }: SqlType): boolean => temporals.has(kind);

export const nullable = (type: SqlType, isNullable: boolean): SqlType => ({ ...type, isNullable });

/** The type that all of them fit into; null: there is none. Nullable when one is. */
export function commonType(types: readonly SqlType[]): SqlType | null {
  const [first, ...rest] = types;
  let common: SqlType | null = first ?? null;
  for (const type of rest) common = common === null ? null : commonOfTwo(common, type);
  return common;
}

function commonOfTwo(left: SqlType, right: SqlType): SqlType | null {
  const isNullable = left.isNullable || right.isNullable;
  if (isNumeric(left) && isNumeric(right)) return nullable(commonNumber(left, right), isNullable);
  if ((left.kind === "char" || left.kind === "varchar") && (right.kind === "char" || right.kind === "varchar")) {
    const isFixed = left.kind === "char" && right.kind === "char" && left.length === right.length;
    return { kind: isFixed ? "char" : "varchar", isNullable, length: Math.max(left.length, right.length) };
  }
  if (
    (left.kind === "binary" || left.kind === "varbinary") &&
    (right.kind === "binary" || right.kind === "varbinary")
  ) {
    const isFixed = left.kind === "binary" && right.kind === "binary" && left.length === right.length;
    return { kind: isFixed ? "binary" : "varbinary", isNullable, length: Math.max(left.length, right.length) };
  }
  if (left.kind === "date" && right.kind === "timestamp") return nullable(right, isNullable);
  if (left.kind === "timestamp" && right.kind === "date") return nullable(left, isNullable);
  return left.kind === right.kind ? commonOfKind(left, right, isNullable) : null;
}

function commonOfKind(left: SqlType, right: SqlType, isNullable: boolean): SqlType | null {
  switch (left.kind) {
    case "time":
    case "timestamp":
    case "timestamp_ltz":
      return { ...left, isNullable, precision: Math.max(left.precision, (right as typeof left).precision) };
    case "interval":
      return left.unit === (right as typeof left).unit ? nullable(left, isNullable) : null;
    case "array":
    case "multiset": {
      const element = commonOfTwo(left.element, (right as typeof left).element);
      return element === null ? null : { kind: left.kind, isNullable, element };
    }
    case "map": {
      const other = right as typeof left;
      const [key, value] = [commonOfTwo(left.key, other.key), commonOfTwo(left.value, other.value)];
      return key === null || value === null ? null : { kind: "map", isNullable, key, value };
    }
    case "row": {
      const other = right as typeof left;
      if (left.fields.length !== other.fields.length) return null;
      const fields = left.fields.map(({ name, type }, index) => {
        const otherType = other.fields[index]?.type;
        return { name, type: otherType === undefined ? null : commonOfTwo(type, otherType) };
      });
      return fields.every((field): field is { name: string; type: SqlType } => field.type !== null)
        ? { kind: "row", isNullable, fields }
        : null;
    }
    default:
      return nullable(left, isNullable);
  }
}

function commonNumber(left: SqlType, right: SqlType): SqlType {
  if (isApproximate(left) || isApproximate(right)) {
    const isDouble = [left, right].some(({ kind }) => kind === "double" || kind === "decimal");
    return { kind: isDouble ? "double" : "float", isNullable: false };
  }
  if (isInteger(left) && isInteger(right))
    return integers.indexOf(left.kind) >= integers.indexOf(right.kind) ? left : right;
  const [a, b] = [asDecimal(left), asDecimal(right)];
  const scale = Math.max(a.scale, b.scale);
  return fittedDecimal(Math.max(a.precision - a.scale, b.precision - b.scale) + scale, scale);
}

function asDecimal(type: SqlType): { readonly precision: number; readonly scale: number } {
  return type.kind === "decimal" ? type : { precision: integerDigits[type.kind] ?? DECIMAL_PRECISION_MAX, scale: 0 };
}

/** Too many digits cost those behind the point, but for the first six. */
function fittedDecimal(precision: number, scale: number): Of<"decimal"> {
  if (precision <= DECIMAL_PRECISION_MAX) return { kind: "decimal", isNullable: false, precision, scale };
  const kept = Math.max(DECIMAL_PRECISION_MAX - (precision - scale), Math.min(scale, DIVISION_SCALE_MIN));
  return { kind: "decimal", isNullable: false, precision: DECIMAL_PRECISION_MAX, scale: kept };
}

export type ArithmeticOperator = "+" | "-" | "*" | "/" | "%";

/** What `left operator right` gives; null: it makes no sense. */
export function arithmeticType(operator: ArithmeticOperator, left: SqlType, right: SqlType): SqlType | null {
  const isNullable = left.isNullable || right.isNullable;
  if (isNumeric(left) && isNumeric(right)) return nullable(numberOf(operator, left, right), isNullable);
  if (operator === "+" || operator === "-") {
    if (left.kind === "interval" && right.kind === "interval" && left.unit === right.unit)
      return nullable(left, isNullable);
    if (isTemporal(left) && right.kind === "interval") return nullable(left, isNullable);
    if (operator === "+" && left.kind === "interval" && isTemporal(right)) return nullable(right, isNullable);
  }
  if (operator === "*" || operator === "/") {
    if (left.kind === "interval" && isNumeric(right)) return nullable(left, isNullable);
    if (operator === "*" && isNumeric(left) && right.kind === "interval") return nullable(right, isNullable);
  }
  return null;
}

function numberOf(operator: ArithmeticOperator, left: SqlType, right: SqlType): SqlType {
  if (isApproximate(left) || isApproximate(right)) return commonNumber(left, right);
  if (left.kind !== "decimal" && right.kind !== "decimal") return operator === "%" ? right : commonNumber(left, right);
  const [a, b] = [asDecimal(left), asDecimal(right)];
  switch (operator) {
    case "+":
    case "-": {
      const scale = Math.max(a.scale, b.scale);
      return fittedDecimal(Math.max(a.precision - a.scale, b.precision - b.scale) + scale + 1, scale);
    }
    case "*":
      return fittedDecimal(a.precision + b.precision + 1, a.scale + b.scale);
    case "/": {
      const scale = Math.max(DIVISION_SCALE_MIN, a.scale + b.precision + 1);
      return fittedDecimal(a.precision - a.scale + b.scale + scale, scale);
    }
    default: {
      const scale = Math.max(a.scale, b.scale);
      return fittedDecimal(Math.min(a.precision - a.scale, b.precision - b.scale) + scale, scale);
    }
  }
}

/** Whether `=` and `<` may stand between them. A text beside a time is read as one. */
export function comparableTypes(left: SqlType, right: SqlType): boolean {
  if ((isText(left) && isTemporal(right)) || (isTemporal(left) && isText(right))) return true;
  const kinds = new Set([left.kind, right.kind]);
  if (kinds.has("timestamp") && kinds.has("timestamp_ltz")) return true;
  return commonType([left, right]) !== null;
}

/** `implicit`: nobody needs to write it, and nothing is lost. */
export type CastRule = "implicit" | "explicit" | "none";

const numbers: readonly Kind[] = [...integers, "decimal", "float", "double"];
const implicitSources: Readonly<Partial<Record<Kind, readonly Kind[]>>> = {
  smallint: ["tinyint"],
  int: ["tinyint", "smallint"],
  bigint: ["tinyint", "smallint", "int"],
  decimal: numbers,
  float: [...integers, "decimal"],
  double: numbers,
  varchar: ["char"],
  varbinary: ["binary"],
  date: ["timestamp"],
  time: ["timestamp"],
  timestamp: ["timestamp_ltz"],
  timestamp_ltz: ["timestamp"],
};

export function castOf(from: SqlType, to: SqlType): CastRule {
  if (from.kind === to.kind) return castWithin(from, to);
  if (implicitSources[to.kind]?.includes(from.kind) === true) return "implicit";
  if (isText(to)) return "explicit";
  if (isText(from)) return to.kind === "interval" || isNested(to) ? "none" : "explicit";
  if (isNumeric(from) && (isNumeric(to) || to.kind === "boolean" || to.kind === "interval"))
    return to.kind === "interval" && !isInteger(from) ? "none" : "explicit";
  if (from.kind === "boolean") return isNumeric(to) ? "explicit" : "none";
  if (from.kind === "interval") return isInteger(to) ? "explicit" : "none";
  if (isTemporal(from) && isTemporal(to)) {
    const isDateAndTime = new Set([from.kind, to.kind]).has("date") && new Set([from.kind, to.kind]).has("time");
    return isDateAndTime ? "none" : "explicit";
  }
  return from.kind === "varbinary" && to.kind === "binary" ? "explicit" : "none";
}

const isNested = ({ kind }: SqlType): boolean =>
  kind === "array" || kind === "map" || kind === "multiset" || kind === "row";

function castWithin(from: SqlType, to: SqlType): CastRule {
  if ((from.kind === "array" || from.kind === "multiset") && to.kind === from.kind)
    return castOf(from.element, to.element);
  if (from.kind === "map" && to.kind === "map")
    return weakest([castOf(from.key, to.key), castOf(from.value, to.value)]);
  if (from.kind === "row" && to.kind === "row") {
    if (from.fields.length !== to.fields.length) return "none";
    return weakest(to.fields.map(({ type }, index) => castOf(from.fields[index]?.type ?? type, type)));
  }
  if (from.kind === "interval" && to.kind === "interval") return from.unit === to.unit ? "implicit" : "none";
  return "implicit";
}

function weakest(rules: readonly CastRule[]): CastRule {
  if (rules.includes("none")) return "none";
  return rules.includes("explicit") ? "explicit" : "implicit";
}

/**
 * Owns: the types of SQL as values: what a written type means, its bounds and its text.
 * Does not own: how types are written (syntax/type-grammar.ts).
 *
 * SQLY1 A type has one form: synonyms, defaults of precision and nullability are resolved. Two types are the same when their texts are.
 * SQLY2 Precisions, scales and lengths have Flink's bounds; what is outside is refused where it is written.
 */
import { unreachable } from "../../../base/index.ts";
import type { IntervalQualifier, SimpleTypeName, TimeUnit, TypeName } from "../syntax/expression-tree.ts";
import { nameText, qualifiedText } from "../syntax/expression-text.ts";
import { fail } from "../syntax/problem.ts";

export type SqlType = { readonly isNullable: boolean } & (
  | { readonly kind: "boolean" | "tinyint" | "smallint" | "int" | "bigint" | "float" | "double" | "date" }
  /** Digits in all, and behind the point. */
  | { readonly kind: "decimal"; readonly precision: number; readonly scale: number }
  /** Characters; a STRING is a varchar of the greatest length. */
  | { readonly kind: "char" | "varchar"; readonly length: number }
  /** Bytes; BYTES is a varbinary of the greatest length. */
  | { readonly kind: "binary" | "varbinary"; readonly length: number }
  /** Digits of a second; a `timestamp_ltz` is an instant, a `timestamp` a date and time without a zone. */
  | { readonly kind: "time" | "timestamp" | "timestamp_ltz"; readonly precision: number }
  /** Months, or milliseconds: these two do not mix. */
  | { readonly kind: "interval"; readonly unit: "month" | "millisecond" }
  | { readonly kind: "array" | "multiset"; readonly element: SqlType }
  | { readonly kind: "map"; readonly key: SqlType; readonly value: SqlType }
  | { readonly kind: "row"; readonly fields: readonly { readonly name: string; readonly type: SqlType }[] }
);

/** Of CHAR, VARCHAR, BINARY and VARBINARY. */
const LENGTH_MAX = 2_147_483_647;
/** Of STRING and BYTES. */
export const STRING_LENGTH = LENGTH_MAX;
export const DECIMAL_PRECISION_MAX = 38;
const DECIMAL_PRECISION_DEFAULT = 10;
const SECOND_PRECISION_MAX = 9;
const TIMESTAMP_PRECISION_DEFAULT = 6;

type Parameters = readonly {
  readonly what: string;
  readonly least: number;
  readonly most: number;
  readonly otherwise: number;
}[];

const secondDigits = (otherwise: number): Parameters => [
  { what: "precision", least: 0, most: SECOND_PRECISION_MAX, otherwise },
];
const length = (otherwise: number): Parameters => [{ what: "length", least: 1, most: LENGTH_MAX, otherwise }];

/** What stands in the parentheses of each type; what stands in none takes no parameters. */
const parametersOf: Readonly<Partial<Record<SimpleTypeName, Parameters>>> = {
  DECIMAL: [
    { what: "precision", least: 1, most: DECIMAL_PRECISION_MAX, otherwise: DECIMAL_PRECISION_DEFAULT },
    { what: "scale", least: 0, most: DECIMAL_PRECISION_MAX, otherwise: 0 },
  ],
  CHAR: length(1),
  VARCHAR: length(1),
  BINARY: length(1),
  VARBINARY: length(1),
  TIME: secondDigits(0),
  TIMESTAMP: secondDigits(TIMESTAMP_PRECISION_DEFAULT),
  TIMESTAMP_LTZ: secondDigits(TIMESTAMP_PRECISION_DEFAULT),
};

/** What a written type means. Errors: SqlFailure (SQLY2). */
export function typeOf(written: TypeName): SqlType {
  const { isNullable } = written;
  switch (written.kind) {
    case "simple":
      return simpleType(written);
    case "intervalType":
      return { kind: "interval", isNullable, unit: intervalUnit(written.qualifier, written) };
    case "arrayType":
      return { kind: "array", isNullable, element: typeOf(written.element) };
    case "multisetType":
      return { kind: "multiset", isNullable, element: typeOf(written.element) };
    case "mapType":
      return { kind: "map", isNullable, key: typeOf(written.key), value: typeOf(written.value) };
    case "rowType": {
      const names = new Set<string>();
      const fields = written.fields.map((field) => {
        const { name, at } = field.name;
        if (names.has(name))
          fail(at, `a second field ${nameText(field.name)}`, "Give each field of a ROW its own name.");
        names.add(name);
        return { name, type: typeOf(field.type) };
      });
      return { kind: "row", isNullable, fields };
    }
    case "rawType":
      return fail(written.at, "RAW is not supported", "It holds serialized Java objects; use BYTES or a ROW.");
    case "userType":
      return fail(
        written.at,
        `there is no type ${qualifiedText(written.name)}`,
        "Write a type such as INT, STRING, DECIMAL(10, 2), TIMESTAMP(3) or ROW<…>.",
      );
    default:
      return unreachable(written);
  }
}

function simpleType(written: TypeName & { readonly kind: "simple" }): SqlType {
  const { name, isNullable } = written;
  const [first, second] = checkedParameters(written);
  switch (name) {
    case "DECIMAL": {
      const [precision = DECIMAL_PRECISION_DEFAULT, scale = 0] = [first, second];
      if (scale > precision)
        fail(
          written.at,
          `the scale ${scale} is greater than the precision ${precision}`,
          "Write DECIMAL(precision, scale): digits in all, then digits behind the point.",
        );
      return { kind: "decimal", isNullable, precision, scale };
    }
    case "STRING":
      return { kind: "varchar", isNullable, length: LENGTH_MAX };
    case "BYTES":
      return { kind: "varbinary", isNullable, length: LENGTH_MAX };
    case "CHAR":
    case "VARCHAR":
      return { kind: name === "CHAR" ? "char" : "varchar", isNullable, length: first ?? 1 };
    case "BINARY":
    case "VARBINARY":
      return { kind: name === "BINARY" ? "binary" : "varbinary", isNullable, length: first ?? 1 };
    case "TIME":
      return { kind: "time", isNullable, precision: first ?? 0 };
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ": {
      const precision = first ?? TIMESTAMP_PRECISION_DEFAULT;
      return { kind: name === "TIMESTAMP" ? "timestamp" : "timestamp_ltz", isNullable, precision };
    }
    case "BOOLEAN":
      return { kind: "boolean", isNullable };
    case "TINYINT":
      return { kind: "tinyint", isNullable };
    case "SMALLINT":
      return { kind: "smallint", isNullable };
    case "INT":
      return { kind: "int", isNullable };
    case "BIGINT":
      return { kind: "bigint", isNullable };
    case "FLOAT":
      return { kind: "float", isNullable };
    case "DOUBLE":
      return { kind: "double", isNullable };
    case "DATE":
      return { kind: "date", isNullable };
    default:
      return unreachable(name);
  }
}

/** What is written, or else the defaults. */
function checkedParameters({ at, name, parameters }: TypeName & { readonly kind: "simple" }): readonly number[] {
  const allowed = parametersOf[name] ?? [];
  if (parameters.length > allowed.length) {
    const remedy =
      allowed.length === 0 ? `Write ${name}.` : `Write ${name}(${allowed.map(({ what }) => what).join(", ")}).`;
    fail(at, `${name} takes ${allowed.length === 0 ? "no parameters" : `at most ${allowed.length}`}`, remedy);
  }
  return allowed.map(({ what, least, most, otherwise }, index) => {
    const value = parameters[index] ?? otherwise;
    if (value < least || value > most)
      fail(at, `the ${what} ${value} of ${name} is out of range`, `It must be from ${least} to ${most}.`);
    return value;
  });
}

const monthUnits: ReadonlySet<TimeUnit> = new Set<TimeUnit>(["YEAR", "QUARTER", "MONTH"]);

function intervalUnit({ from, to }: IntervalQualifier, { at }: TypeName): "month" | "millisecond" {
  const isMonths = monthUnits.has(from);
  if (to !== null && monthUnits.has(to) !== isMonths)
    fail(
      at,
      `an interval from ${from} to ${to}`,
      "Use YEAR TO MONTH, or units from DAY to SECOND: a month has no fixed number of days.",
    );
  return isMonths ? "month" : "millisecond";
}

/** In SQL, with its precision: `DECIMAL(10, 2) NOT NULL`. */
export function typeText(type: SqlType): string {
  return `${bareText(type)}${type.isNullable ? "" : " NOT NULL"}`;
}

function bareText(type: SqlType): string {
  switch (type.kind) {
    case "decimal":
      return `DECIMAL(${type.precision}, ${type.scale})`;
    case "varchar":
      return type.length === LENGTH_MAX ? "STRING" : `VARCHAR(${type.length})`;
    case "varbinary":
      return type.length === LENGTH_MAX ? "BYTES" : `VARBINARY(${type.length})`;
    case "char":
    case "binary":
      return `${type.kind.toUpperCase()}(${type.length})`;
    case "time":
    case "timestamp":
    case "timestamp_ltz":
      return `${type.kind.toUpperCase()}(${type.precision})`;
    case "interval":
      return type.unit === "month" ? "INTERVAL YEAR TO MONTH" : "INTERVAL DAY TO SECOND(3)";
    case "array":
    case "multiset":
      return `${type.kind.toUpperCase()}<${typeText(type.element)}>`;
    case "map":
      return `MAP<${typeText(type.key)}, ${typeText(type.value)}>`;
    case "row": {
      const fields = type.fields.map(({ name, type: field }) => {
        const shown = nameText({ kind: "identifier", at: { start: 0, end: 0 }, name });
        return `${shown} ${typeText(field)}`;
      });
      return `ROW<${fields.join(", ")}>`;
    }
    default:
      return type.kind.toUpperCase();
  }
}

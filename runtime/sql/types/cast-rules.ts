/**
 * Owns: which values can be cast to which type, whether somebody has to write CAST, and whether a value may turn out to have none there.
 * Does not own: how values are cast.
 *
 * SQCA1 The table below is Flink's: the matrix of its documentation says which casts exist and which may fail, its implicit casts say which
 *       of them nobody has to write. cast-matrix.txt shows the whole.
 * SQCA2 ARRAY, MAP, MULTISET and ROW are cast part by part, and only to their own kind, or to a text.
 * SQCA3 What may be NULL becomes NOT NULL only explicitly, and then a NULL is an error.
 * SQCA4 A number that has too many digits for a DECIMAL is NULL there, also of an operand that never is: so the cast may be NULL wherever the type has not
 *       room for all values of the operand's.
 */
import type { SqlType } from "./sql-type.ts";
import {
  digitsOf,
  isBytes,
  isDatetime,
  isInteger,
  isNumeric,
  isSameType,
  isTimestamp,
  type KindOf,
  type OperandType,
  refuse,
  shownType,
  type TypeRefusal,
  withNullability,
} from "./type-families.ts";

export type Cast = {
  /** `implicit`: done without being asked for, where a value is stored in a column of that type. */
  readonly kind: "implicit" | "explicit";
  /** Of values that the type does not have: CAST fails the job, TRY_CAST gives NULL. */
  readonly mayFail: boolean;
};

type Nested = KindOf<"array" | "multiset" | "map" | "row">;
/** The two intervals are two types here. */
type FlatKind = Exclude<SqlType["kind"], Nested["kind"] | "interval"> | "month" | "millisecond";

/** The targets, in the order of the letters below. */
const targets =
  "char varchar binary varbinary boolean decimal tinyint smallint int bigint float double date time timestamp timestamp_ltz month millisecond".split(
    " ",
  );

/** i: implicit · y: has to be written, never fails · f: has to be written, may fail · a point: there is none. */
const table: Readonly<Record<FlatKind, string>> = {
  char: "ii ff f fffffff ffff ..",
  varchar: "yi ff f fffffff ffff ..",
  // Bytes are read as UTF-8, and may be none (SQ-6).
  binary: "ff ii . ....... .... ..",
  varbinary: "ff yi . ....... .... ..",
  boolean: "yy .. i yyyyyyy .... ..",
  decimal: "yy .. y iyyyyii .... ..",
  tinyint: "yy .. y iiiiiii .... ..",
  smallint: "yy .. y iyiiiii .... ..",
  int: "yy .. y iyyiiii .... y.",
  bigint: "yy .. y iyyyiii .... .y",
  float: "yy .. y iyyyyii .... ..",
  double: "yy .. y iyyyyyi .... ..",
  date: "yy .. . ....... i.yy ..",
  time: "yy .. . ....... .iyy ..",
  timestamp: "yy .. . ....... iiii ..",
  timestamp_ltz: "yy .. . ....... yyii ..",
  month: "yy .. . ...y... .... i.",
  millisecond: "yy .. . ....y.. .... .i",
};

const implicit: Cast = { kind: "implicit", mayFail: false };
const letters: Readonly<Record<string, Cast>> = {
  i: implicit,
  y: { kind: "explicit", mayFail: false },
  f: { kind: "explicit", mayFail: true },
};

/** The cast between two types, or why there is none. */
export function castOf(from: OperandType, to: SqlType): Cast | TypeRefusal {
  const cast = from.kind === "null" || isSameType(from, to) ? implicit : castOfValue(from, to);
  if (cast.kind === "refused" || !from.isNullable || to.isNullable) return cast;
  return { kind: "explicit", mayFail: true };
}

/** What CAST and TRY_CAST give: the written type, with NULL where the operand has it, a failure becomes it, or a number has too many digits. */
export function castType(from: OperandType, to: SqlType, isTry: boolean): SqlType {
  return withNullability(to, from.isNullable || isTry || mayOverflow(from, to));
}

/** SQCA4 */
function mayOverflow(from: OperandType, to: SqlType): boolean {
  if (to.kind !== "decimal" || from.kind === "boolean") return false;
  if (from.kind !== "decimal" && !isInteger(from)) return true;
  const { precision, scale } = digitsOf(from);
  // What is cut off may round up to one digit more.
  return precision - scale + (scale > to.scale ? 1 : 0) > to.precision - to.scale;
}

function castOfValue(from: SqlType, to: SqlType): Cast | TypeRefusal {
  if (isNested(from)) {
    if (to.kind === "char" || to.kind === "varchar") return { kind: "explicit", mayFail: false };
    return from.kind === to.kind ? castOfParts(from, to as Nested) : noCast(from, to);
  }
  if (isNested(to)) return noCast(from, to);
  const letter = table[flatKind(from)].replaceAll(" ", "")[targets.indexOf(flatKind(to))] ?? ".";
  return letters[letter] ?? noCast(from, to);
}

/** SQCA2: as the part that is hardest to cast. */
function castOfParts(from: Nested, to: Nested): Cast | TypeRefusal {
  const [fromParts, toParts] = [partsOf(from), partsOf(to)];
  if (fromParts.length !== toParts.length)
    return refuse(
      `${shownType(from)} has ${fromParts.length} fields, and ${shownType(to)} has ${toParts.length}`,
      "Fields are cast one by one, in their order: give both rows the same number of them.",
    );
  let whole = implicit;
  for (const [index, part] of fromParts.entries()) {
    const cast = castOf(part, toParts[index] ?? part);
    if (cast.kind === "refused") return cast;
    const isImplicit = whole.kind === "implicit" && cast.kind === "implicit";
    whole = { kind: isImplicit ? "implicit" : "explicit", mayFail: whole.mayFail || cast.mayFail };
  }
  return whole;
}

function partsOf(type: Nested): readonly SqlType[] {
  if (type.kind === "row") return type.fields.map((field) => field.type);
  return type.kind === "map" ? [type.key, type.value] : [type.element];
}

const isNested = (type: SqlType): type is Nested =>
  type.kind === "array" || type.kind === "multiset" || type.kind === "map" || type.kind === "row";

const flatKind = (type: Exclude<SqlType, Nested>): FlatKind => (type.kind === "interval" ? type.unit : type.kind);

function noCast(from: SqlType, to: SqlType): TypeRefusal {
  return refuse(`there is no cast from ${shownType(from)} to ${shownType(to)}`, remedyFor(from, to));
}

function remedyFor(from: SqlType, to: SqlType): string {
  if (isNumeric(from) && isTimestamp(to))
    return "Use TO_TIMESTAMP_LTZ(milliseconds, 3), or TO_TIMESTAMP_LTZ(seconds, 0).";
  if (isTimestamp(from) && isNumeric(to)) return "Use UNIX_TIMESTAMP(CAST(… AS STRING)): seconds since 1970-01-01.";
  if (isDatetime(from) && isNumeric(to)) return "Use EXTRACT(… FROM …) for a part of it, or TIMESTAMPDIFF(…).";
  if (isDatetime(from) && isDatetime(to)) return "One has no part of the other: cast a TIMESTAMP instead.";
  if (to.kind === "interval" && isNumeric(from))
    return to.unit === "month"
      ? "Only an INT, of months, becomes this interval: cast to INT first."
      : "Only a BIGINT, of milliseconds, becomes this interval: cast to BIGINT first.";
  if (from.kind === "interval" && isNumeric(to))
    return from.unit === "month"
      ? "This interval becomes an INT, of months: cast to INT first."
      : "This interval becomes a BIGINT, of milliseconds: cast to BIGINT first.";
  if (to.kind === "interval") return "Multiply an interval: n * INTERVAL '1' SECOND.";
  if (isBytes(from) || isBytes(to)) return "Bytes are cast from and to texts only: cast to STRING first.";
  return isNested(from) ? "Cast its parts, or the whole to STRING." : "Build the value from its parts instead.";
}

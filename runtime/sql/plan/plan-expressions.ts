/**
 * Owns: small pieces of expressions over rows: making them, moving them, taking conditions apart.
 *
 * SQPE1 What is computed anew at each evaluation (RAND, UUID, the clock) is never doubled, and no condition on it moves.
 */
import type { Literal } from "../syntax/expression-tree.ts";
import { NAME_LENGTH_MAX } from "../syntax/name-grammar.ts";
import type { Span } from "../syntax/span.ts";
import type { SqlType } from "../types/sql-type.ts";
import { isApproximate, isBytes, isSameType, isText, isTimestamp, withNullability } from "../types/type-families.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";
import { booleanType, callOf, hasPart, isSame, partsOf, withColumns } from "../validate/values.ts";
import type { PlanColumn, PlanRow } from "./plan-tree.ts";

type ColumnReference = TypedExpression & { readonly kind: "column" };

export const nowhere: Span = { start: 0, end: 0 };

/** Of a row, as a value. */
export function columnOf(row: PlanRow, index: number): ColumnReference {
  const column = row[index];
  if (column === undefined) throw new RangeError(`a row of ${row.length} columns has no column ${index}`);
  const { name, type, time } = column;
  return { kind: "column", at: nowhere, name, type, time, depth: 0, index };
}

export const columnsOfRow = (row: PlanRow): readonly ColumnReference[] => row.map((_, index) => columnOf(row, index));

/** `a, a` becomes `a, a0`, as in Flink; a name that is as long as a field's may be gives its end for the number. */
export function uniqueNames(names: readonly string[]): readonly string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let free = name;
    for (let number = 0; taken.has(free); number++) free = numberedName(name, number);
    taken.add(free);
    return free;
  });
}

const numberedName = (name: string, number: number): string =>
  `${name.slice(0, NAME_LENGTH_MAX - String(number).length).toWellFormed()}${number}`;

export const typeOfValue = ({ type }: TypedExpression): SqlType => {
  if (type.kind === "null") throw new RangeError("a value without a type came into a plan");
  return type;
};

export const planColumn = (name: string, value: TypedExpression): PlanColumn => ({
  name,
  type: typeOfValue(value),
  time: value.time,
});

function literalOf(literal: Literal, type: SqlType): TypedExpression {
  return { kind: "literal", at: nowhere, literal, type, time: null };
}

export const truth = (value: boolean): TypedExpression =>
  literalOf({ kind: "boolean", at: nowhere, value }, booleanType(false));

export const nullOf = (type: SqlType): TypedExpression =>
  literalOf({ kind: "null", at: nowhere }, withNullability(type, true));

const intType = { kind: "int", isNullable: false } as const;
export const bigintType = { kind: "bigint", isNullable: false } as const;

export const integer = (value: number, type: SqlType = intType): TypedExpression =>
  literalOf({ kind: "number", at: nowhere, text: String(value) }, type);

/** Whether each value of the one type is, as it stands in a row, a value of the other (rows/row-type.ts). */
function isWithin(from: SqlType, to: SqlType): boolean {
  if (isSameType(from, to)) return true;
  if (isText(from) && to.kind === "varchar") return from.length <= to.length;
  if (isBytes(from) && to.kind === "varbinary") return from.length <= to.length;
  if (from.kind === "decimal" && to.kind === "decimal")
    return from.scale === to.scale && from.precision <= to.precision;
  if (isTimestamp(from) && from.kind === to.kind)
    return from.precision <= to.precision && from.precision <= 3 === to.precision <= 3;
  const [narrow, wide] = [from.kind, to.kind];
  if (wide === "int") return narrow === "tinyint" || narrow === "smallint";
  return (wide === "smallint" && narrow === "tinyint") || (wide === "double" && narrow === "float");
}

/** NOT NULL of the whole does not matter: values are the same. */
export const castTo = (value: TypedExpression, type: SqlType): TypedExpression => {
  if (value.type.kind === "null") return { ...value, type: withNullability(type, true) };
  if (isWithin(value.type, type)) return value;
  return {
    kind: "cast",
    at: value.at,
    operand: value,
    isTry: false,
    type: withNullability(type, value.type.isNullable),
    time: null,
  };
};

const negated: Readonly<Record<string, string>> = {
  "=": "<>",
  "<>": "=",
  "<": ">=",
  ">=": "<",
  ">": "<=",
  "<=": ">",
};

/** The parts that AND joins. */
export function conjunctsOf(condition: TypedExpression | null): readonly TypedExpression[] {
  if (condition === null) return [];
  if (condition.kind === "call" && condition.name === "AND") return condition.arguments.flatMap(conjunctsOf);
  // NOT goes inwards where it frees an AND.
  if (condition.kind === "call" && condition.name === "NOT") {
    const [operand] = condition.arguments;
    if (operand?.kind === "call" && operand.name === "OR")
      return operand.arguments.map(notOf).flatMap((part) => conjunctsOf(part));
  }
  if (condition.kind === "call" && condition.name === "BETWEEN") {
    const [operand, low, high] = condition.arguments;
    if (operand !== undefined && low !== undefined && high !== undefined && isPlain(operand))
      return [callOf(">=", [operand, low], condition), callOf("<=", [operand, high], condition)];
  }
  return isTruth(condition, true) ? [] : [condition];
}

export function notOf(value: TypedExpression): TypedExpression {
  if (value.kind === "call" && value.name === "NOT" && value.arguments[0] !== undefined) return value.arguments[0];
  if (isTruth(value, true)) return truth(false);
  if (isTruth(value, false)) return truth(true);
  // Not of DOUBLEs: NaN is neither less than a number nor not less.
  if (value.kind === "call" && value.name in negated && !value.arguments.some(({ type }) => isApproximate(type)))
    return { ...value, name: negated[value.name] ?? value.name };
  return callOf("NOT", [value], { at: value.at, type: value.type });
}

/** None: null. Each once. */
export function allOf(conjuncts: readonly TypedExpression[]): TypedExpression | null {
  const different = conjuncts.filter((each, index) => conjuncts.findIndex((other) => isSame(each, other)) === index);
  const [first, ...rest] = different;
  if (first === undefined) return null;
  return rest.reduce(
    (all, each) =>
      callOf("AND", [all, each], {
        at: all.at,
        type: booleanType(all.type.isNullable || each.type.isNullable),
      }),
    first,
  );
}

export const isTruth = (value: TypedExpression, truthValue: boolean): boolean =>
  value.kind === "literal" && value.literal.kind === "boolean" && value.literal.value === truthValue;

/** Places of the row that it reads, each as often as it does. */
export const usesOf = (value: TypedExpression): readonly number[] =>
  value.kind === "column" && value.depth === 0 ? [value.index] : partsOf(value).flatMap(usesOf);

export const placesOf = (value: TypedExpression): ReadonlySet<number> => new Set(usesOf(value));

/** Whether they are the same value of one row: its columns are the same by their places, whatever they are called. */
export const isSameOfRow = (left: TypedExpression, right: TypedExpression): boolean =>
  isSame(withColumns(left, bare), withColumns(right, bare));

const bare = (column: ColumnReference): TypedExpression => ({
  ...column,
  name: "",
  time: null,
  type: { kind: "boolean", isNullable: true },
});

/** With each column of the row replaced by what is at its place. */
export const substituted = (value: TypedExpression, values: readonly TypedExpression[]): TypedExpression =>
  withColumns(value, (column) => {
    const other = column.depth === 0 ? values[column.index] : undefined;
    return other ?? column;
  });

/** With each column of the row at another place. */
export const withPlaces = (value: TypedExpression, placeOf: (place: number) => number): TypedExpression =>
  withColumns(value, (column) => (column.depth === 0 ? { ...column, index: placeOf(column.index) } : column));

export const moved = (value: TypedExpression, by: number): TypedExpression =>
  by === 0 ? value : withPlaces(value, (place) => place + by);

/** The greatest depth of a column in it; queries inside are not looked into. */
export const depthOf = (value: TypedExpression): number =>
  Math.max(value.kind === "column" ? value.depth : 0, ...partsOf(value).map(depthOf));

export const hasSubquery = (value: TypedExpression): boolean =>
  hasPart(value, ({ kind }) => kind === "subquery" || kind === "quantified");

const anew: ReadonlySet<string> = new Set([
  "RAND",
  "RAND_INTEGER",
  "UUID",
  "PROCTIME",
  "CURRENT_ROW_TIMESTAMP",
  "CURRENT_WATERMARK",
]);

/** A call of a function of the user that may give something else for the same values. */
export const isUncertain = (part: TypedExpression): boolean =>
  part.kind === "userCall" && !part.function.definition.isDeterministic;

/** SQPE1. */
export const isAnew = (value: TypedExpression): boolean =>
  hasPart(value, (part) => (part.kind === "call" && anew.has(part.name)) || isUncertain(part));

/** Whether copying it costs nothing. */
export const isPlain = ({ kind }: TypedExpression): boolean => kind === "column" || kind === "literal";

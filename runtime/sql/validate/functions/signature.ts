/**
 * Owns: how signatures of functions are written, and which arguments they take.
 *
 * A signature is a line: `text, integer? -> STRING`. Behind a parameter: `?` it may be missing, `*` any number of them, also none.
 * Results: a type, `$2` (that of the second argument), `T` (the common type of the arguments at `T`), or a rule of `derivedResults`.
 * Behind a result: nothing: nullable when an argument is; `?` always; `!` never; `&` when all arguments are.
 *
 * SQVU1 What is written in a signature is all that the validator knows of a function, and all that its documentation says.
 */
import { assert } from "../../../../base/index.ts";
import type { SqlType } from "../../types/sql-type.ts";
import { arithmeticType } from "../../types/arithmetic-type.ts";
import { commonType } from "../../types/common-type.ts";
import { isDatetime, isNumeric, isText, type TypeRefusal, withNullability } from "../../types/type-families.ts";

const isKind =
  (...kinds: readonly SqlType["kind"][]) =>
  (type: SqlType): boolean =>
    kinds.includes(type.kind);

/** What a parameter takes, by its name; with the words for it. */
const parameterKinds = {
  any: { words: "any value", accepts: () => true },
  T: { words: "a value like the others", accepts: () => true },
  text: { words: "a text", accepts: isText },
  boolean: { words: "a condition", accepts: isKind("boolean") },
  integer: { words: "a whole number", accepts: isKind("tinyint", "smallint", "int", "bigint") },
  numeric: { words: "a number", accepts: isNumeric },
  temporal: { words: "a date or time", accepts: isDatetime },
  moment: { words: "a date or timestamp", accepts: isKind("date", "timestamp", "timestamp_ltz") },
  interval: { words: "an interval", accepts: isKind("interval") },
  bytes: { words: "bytes", accepts: isKind("binary", "varbinary") },
  array: { words: "an array", accepts: isKind("array") },
  map: { words: "a map", accepts: isKind("map") },
  collection: { words: "an array, a map or a multiset", accepts: isKind("array", "map", "multiset") },
  /** DAY, BOTH: a word of the syntax, without a type. */
  word: { words: "a word", accepts: () => false },
} as const satisfies Readonly<Record<string, { words: string; accepts: (type: SqlType) => boolean }>>;

type ParameterName = keyof typeof parameterKinds;

const STRING: SqlType = { kind: "varchar", isNullable: false, length: 2_147_483_647 };

/** Types that a result can be, by their text. */
const resultTypes: Readonly<Record<string, SqlType>> = {
  STRING,
  BOOLEAN: { kind: "boolean", isNullable: false },
  INT: { kind: "int", isNullable: false },
  BIGINT: { kind: "bigint", isNullable: false },
  DOUBLE: { kind: "double", isNullable: false },
  DATE: { kind: "date", isNullable: false },
  TIME: { kind: "time", isNullable: false, precision: 0 },
  TIMESTAMP: { kind: "timestamp", isNullable: false, precision: 3 },
  TIMESTAMP_LTZ: { kind: "timestamp_ltz", isNullable: false, precision: 3 },
  BYTES: { kind: "varbinary", isNullable: false, length: 2_147_483_647 },
  STRING_MAP: { kind: "map", isNullable: false, key: STRING, value: withNullability(STRING, true) },
  STRINGS: { kind: "array", isNullable: false, element: withNullability(STRING, true) },
};

/** Results that are worked out from the types of the arguments. */
const derivedResults: Readonly<Record<string, (types: readonly SqlType[]) => SqlType | undefined>> = {
  /** Of a decimal: as many digits as there are, the same behind the point. */
  sum: ([type]) => (type?.kind === "decimal" ? { ...type, precision: 38 } : type),
  avg: ([type]) => (type?.kind === "decimal" ? { ...type, precision: 38, scale: Math.max(6, type.scale) } : type),
  whole: ([type]) => (type?.kind === "decimal" ? { ...type, scale: 0 } : type),
  remainder: ([left, right]) =>
    left === undefined || right === undefined ? undefined : accepted(arithmeticType("%", left, right)),
  element: ([type]) => (type?.kind === "array" || type?.kind === "multiset" ? type.element : undefined),
  keys: ([type]) => (type?.kind === "map" ? { kind: "array", isNullable: false, element: type.key } : undefined),
  values: ([type]) => (type?.kind === "map" ? { kind: "array", isNullable: false, element: type.value } : undefined),
  entries: ([type]) => (type?.kind === "map" ? entriesOf(type) : undefined),
  /** An array, and an element that is put to it. */
  longer: ([array, value]) =>
    array?.kind === "array" ? arrayOf(array.element, value ?? withNullability(array.element, true)) : undefined,
  both: ([left, right]) =>
    left === undefined || right === undefined ? undefined : accepted(commonType([left, right])),
  mapped: ([keys, items]) =>
    keys?.kind === "array" && items?.kind === "array"
      ? { kind: "map", isNullable: false, key: keys.element, value: items.element }
      : undefined,
  multiset: ([type]) => (type === undefined ? undefined : { kind: "multiset", isNullable: false, element: type }),
  array: ([type]) => (type === undefined ? undefined : { kind: "array", isNullable: false, element: type }),
};

/** Of a map without an order of its own. */
const entriesOf = ({ key, value }: SqlType & { kind: "map" }): SqlType => {
  const fields = [
    { name: "key", type: key },
    { name: "value", type: value },
  ];
  return { kind: "array", isNullable: false, element: { kind: "row", isNullable: false, fields } };
};

/** Of elements of two types. */
function arrayOf(left: SqlType, right: SqlType): SqlType | undefined {
  const element = accepted(commonType([left, right]));
  return element === undefined ? undefined : { kind: "array", isNullable: false, element };
}

const accepted = (type: SqlType | TypeRefusal): SqlType | undefined => (type.kind === "refused" ? undefined : type);

type Parameter = { readonly name: ParameterName; readonly isOptional: boolean; readonly isRepeated: boolean };

export type Signature = {
  readonly text: string;
  readonly parameters: readonly Parameter[];
  readonly result: string;
  readonly nulls: "any" | "always" | "never" | "all";
};

const nullRules = { "": "any", "?": "always", "!": "never", "&": "all" } as const;

export function readSignature(text: string): Signature {
  const match = /^(?<parameters>.*?)\s*-> (?<result>[$\w]+)(?<nulls>[?!&]?)$/.exec(text);
  assert(match?.groups, `a signature is written like text, integer? -> STRING: ${text}`);
  const { parameters = "", result = "", nulls = "" } = match.groups;
  const read = parameters === "" ? [] : parameters.split(", ").map(readParameter);
  assert(result in resultTypes || result in derivedResults || /^(T|\$\d)$/.test(result), `a result in ${text}`);
  assert(nulls in nullRules, `what follows the result in ${text}`);
  return { text, parameters: read, result, nulls: nullRules[nulls as keyof typeof nullRules] };
}

function readParameter(text: string): Parameter {
  const name = text.replace(/[?*]$/, "");
  assert(name in parameterKinds, `a parameter ${text}`);
  return { name: name as ParameterName, isOptional: /[?*]$/.test(text), isRepeated: text.endsWith("*") };
}

/** A type for an argument; null for NULL; a word of the syntax. */
export type ArgumentType = SqlType | "null" | "word";

export type Match =
  | { readonly kind: "match"; readonly type: SqlType; readonly common: SqlType | null }
  | { readonly kind: "count" }
  /** Place of the argument that does not fit, from zero, and what it should be. */
  | { readonly kind: "type"; readonly index: number; readonly wanted: string };

export function matchSignature(signature: Signature, given: readonly ArgumentType[]): Match {
  const { parameters } = signature;
  const least = parameters.filter(({ isOptional }) => !isOptional).length;
  const isOpen = parameters.at(-1)?.isRepeated === true;
  if (given.length < least || (given.length > parameters.length && !isOpen)) return { kind: "count" };
  for (const [index, type] of given.entries()) {
    const { name } = parameters[Math.min(index, parameters.length - 1)] ?? { name: "any" };
    const { words, accepts } = parameterKinds[name];
    const fits = type === "word" ? name === "word" : type === "null" ? name !== "word" : accepts(type);
    if (!fits) return { kind: "type", index, wanted: words };
  }
  return resultOf(signature, given);
}

function resultOf(signature: Signature, given: readonly ArgumentType[]): Match {
  const typed = given.map((type) => (type === "null" || type === "word" ? undefined : type));
  let common: SqlType | null = null;
  for (const [index, type] of typed.entries()) {
    if (type === undefined || parameterAt(signature, index) !== "T") continue;
    const next: SqlType | TypeRefusal = commonType(common === null ? [type] : [common, type]);
    if (next.kind === "refused") return { kind: "type", index, wanted: "a value of the same kind as those before it" };
    common = next;
  }
  const bare = bareResult(signature.result, typed, common);
  if (bare === undefined) {
    // The argument that the result goes by is NULL, and has no type to give; or it is a FLOAT or DOUBLE, which has no remainder.
    const index = given.indexOf("null");
    return { kind: "type", index: Math.max(0, index), wanted: index < 0 ? "an exact number" : "a value with a type" };
  }
  const isNull = given.filter((type) => type !== "word").map((type) => type === "null" || (type as SqlType).isNullable);
  const isNullable = {
    any: isNull.includes(true),
    always: true,
    never: false,
    all: isNull.every(Boolean),
  }[signature.nulls];
  return { kind: "match", type: withNullability(bare, isNullable), common };
}

const parameterAt = ({ parameters }: Signature, index: number): ParameterName | undefined =>
  parameters[Math.min(index, parameters.length - 1)]?.name;

function bareResult(
  result: string,
  types: readonly (SqlType | undefined)[],
  common: SqlType | null,
): SqlType | undefined {
  if (result === "T") return common ?? undefined;
  if (result.startsWith("$")) return types[Number(result.slice(1)) - 1];
  const [first, second] = types;
  return (
    resultTypes[result] ??
    (first === undefined ? undefined : derivedResults[result]?.(second === undefined ? [first] : [first, second]))
  );
}

/** Of functions with words between their arguments. */
const wordedUsages: Readonly<Record<string, string>> = {
  EXTRACT: "EXTRACT(DAY FROM temporal)",
  TRIM: "TRIM(BOTH text FROM text)",
  FLOOR: "FLOOR(temporal TO DAY)",
  CEIL: "CEIL(temporal TO DAY)",
  CEILING: "CEILING(temporal TO DAY)",
};

/** `SUBSTRING(text, integer[, integer])`. */
export function usageOf(name: string, { parameters }: Signature): string {
  const worded = wordedUsages[name];
  if (worded !== undefined && parameters.some((parameter) => parameter.name === "word")) return worded;
  const texts = parameters.map((parameter, index) => {
    const comma = index === 0 ? "" : ", ";
    const shown = parameter.name === "word" ? "DAY" : /^(T|any)$/.test(parameter.name) ? "value" : parameter.name;
    if (parameter.isRepeated) return `[${comma}${shown}, …]`;
    return parameter.isOptional ? `[${comma}${shown}]` : `${comma}${shown}`;
  });
  return `${name}(${texts.join("")})`;
}

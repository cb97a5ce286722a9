/**
 * Owns: values of declared types from parsed JSON.
 *
 * TBCJ1 Numbers are read by JSON.parse first, which is quick. One that lost digits by it, in a place where they count, is read again from its text.
 * TBCJ2 As Flink: a scalar may be given as a string too, a string as any value, whose JSON text it is then. Names are looked up exactly, own fields only.
 * TBCJ3 NULL, or a missing field, for a column that is NOT NULL is refused.
 */
import { type SqlType, typeText } from "../../sql/index.ts";
import type { TimestampStandard } from "../values/time-text.ts";
import { misfit, scalarText, ValueMisfit } from "../values/scalar-text.ts";

export type JsonReading = {
  readonly standard: TimestampStandard;
  readonly failsOnMissing: boolean;
  /** What cannot be read is NULL. */
  readonly ignoresErrors: boolean;
};

/** Of parsed JSON that is not null. */
type Read = (json: unknown) => unknown;
type Named = { readonly name: string; readonly type: SqlType };

/** A number may have lost digits: the text has to be parsed again, by `parseExactly` (TBCJ1). */
export class NeedsExactNumbers extends Error {}

type RawNumber = { readonly rawJSON: string };
type ExactJson = {
  rawJSON(text: string): RawNumber;
  isRawJSON(value: unknown): value is RawNumber;
  parse(
    text: string,
    revive: (name: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
};
/** ES2025, which TypeScript's es2024 library does not declare. */
const exactJson = JSON as unknown as ExactJson;

/** With numbers as they are written; JSON.stringify writes them so again. */
export function parseExactly(text: string): unknown {
  return exactJson.parse(text, (_name, value, { source }) =>
    typeof value === "number" && source !== undefined ? exactJson.rawJSON(source) : value,
  );
}

/** The object of a record. Errors: ValueMisfit, NeedsExactNumbers. */
export function jsonObjectReader(columns: readonly Named[], reading: JsonReading): Read {
  const fields = columns.map(({ name, type }) => ({
    name,
    read: nullableReader(`the field ${name}`, type, { read: jsonReader(type, reading), reading }),
  }));
  // Copied for each object: fields that are there already are written in less time than new ones.
  const blank: Record<string, unknown> = Object.fromEntries(columns.map(({ name }) => [name, null]));
  return (json) => {
    if (typeof json !== "object" || json === null || Array.isArray(json) || exactJson.isRawJSON(json))
      throw new ValueMisfit(`it is ${kindOf(json)}, not an object`);
    const row = { ...blank };
    for (const { name, read } of fields) {
      const isThere = Object.hasOwn(json, name);
      if (!isThere && reading.failsOnMissing) throw new ValueMisfit(`the field ${name} is missing`);
      row[name] = read(isThere ? (json as Readonly<Record<string, unknown>>)[name] : null);
    }
    return row;
  };
}

type Reader = { readonly read: Read; readonly reading: JsonReading };

/** Of what may be null, or of another kind. `what`: for messages. */
function nullableReader(what: string, type: SqlType, { read, reading }: Reader): Read {
  return (json) => {
    let value: unknown = null;
    try {
      if (json !== null) value = read(json);
    } catch (error) {
      if (!(error instanceof ValueMisfit)) throw error;
      if (!reading.ignoresErrors) throw new ValueMisfit(`${what}: ${error.message}`);
    }
    if (value === null && !type.isNullable)
      throw new ValueMisfit(`${what} is ${typeText(type)}, and the record has no value for it`);
    return value;
  };
}

function jsonReader(type: SqlType, reading: JsonReading): Read {
  switch (type.kind) {
    case "boolean": {
      const parse = parserOf(type, reading);
      return (json) => (typeof json === "boolean" ? json : parse(scalarOf(json, type)));
    }
    case "tinyint":
    case "smallint":
    case "int":
    case "bigint":
    case "decimal":
    case "interval":
      return exactReader(type, reading);
    case "float":
    case "double": {
      const parse = parserOf(type, reading);
      const isFloat = type.kind === "float";
      return (json) => (typeof json === "number" ? (isFloat ? Math.fround(json) : json) : parse(scalarOf(json, type)));
    }
    case "char":
    case "varchar":
      return stringOf;
    case "binary":
    case "varbinary":
    case "date":
    case "time":
    case "timestamp":
    case "timestamp_ltz": {
      const parse = parserOf(type, reading);
      return (json) => {
        if (typeof json !== "string") throw misfit(JSON.stringify(json), type);
        return parse(json);
      };
    }
    default:
      return nestedReader(type, reading);
  }
}

function nestedReader(type: SqlType, reading: JsonReading): Read {
  switch (type.kind) {
    case "array": {
      const read = elementReader("an element", type.element, reading);
      return (json) => {
        if (!Array.isArray(json)) throw new ValueMisfit(`it is ${kindOf(json)}, not an array`);
        return json.map(read);
      };
    }
    case "map":
      return mapReader(type.key, elementReader("a value", type.value, reading), reading);
    case "multiset":
      return mapReader(type.element, elementReader("a count", { kind: "int", isNullable: false }, reading), reading);
    case "row":
      return jsonObjectReader(type.fields, reading);
    default:
      throw new ValueMisfit(`${typeText(type)} is not in JSON`);
  }
}

function elementReader(what: string, type: SqlType, reading: JsonReading): Read {
  return nullableReader(what, type, { read: jsonReader(type, reading), reading });
}

function mapReader(keyType: SqlType, read: Read, reading: JsonReading): Read {
  const parse = parserOf(keyType, reading);
  return (json) => {
    if (typeof json !== "object" || json === null || Array.isArray(json))
      throw new ValueMisfit(`it is ${kindOf(json)}, not an object`);
    return new Map(Object.entries(json).map(([key, value]) => [parse(key), read(value)]));
  };
}

function parserOf(type: SqlType, { standard }: JsonReading): (text: string) => unknown {
  const scalar = scalarText(type, standard);
  if (scalar === null) throw new ValueMisfit(`${typeText(type)} has parts, and a key of JSON has none`);
  return scalar.parse;
}

/** JSON.parse gives a number of so many digits exactly, wherever its point is. */
const EXACT_DIGITS = 15;
const INTEGER_LIMITS: Readonly<Record<string, number>> = {
  tinyint: 2 ** 7,
  smallint: 2 ** 15,
  int: 2 ** 31,
  interval: 2 ** 53,
};

/** TBCJ1 */
function exactReader(type: SqlType, reading: JsonReading): Read {
  const parse = parserOf(type, reading);
  if (type.kind === "decimal") {
    const isExact = type.precision <= EXACT_DIGITS;
    return (json) => {
      if (typeof json === "number" && !isExact) throw new NeedsExactNumbers();
      return parse(scalarOf(json, type));
    };
  }
  const isBig = type.kind === "bigint";
  const limit = INTEGER_LIMITS[type.kind] ?? 0;
  return (json) => {
    if (typeof json !== "number") return parse(scalarOf(json, type));
    if (!Number.isSafeInteger(json)) throw new NeedsExactNumbers();
    if (isBig) return BigInt(json);
    if (json >= limit || json < -limit) throw misfit(String(json), type);
    return json;
  };
}

/** As text; a number as it is written. */
function scalarOf(json: unknown, type: SqlType): string {
  if (typeof json === "string") return json;
  if (exactJson.isRawJSON(json)) return json.rawJSON;
  if (typeof json === "number" || typeof json === "boolean") return String(json);
  throw misfit(JSON.stringify(json), type);
}

/** TBCJ2 */
function stringOf(json: unknown): string {
  if (typeof json === "string") return json;
  if (typeof json === "number") throw new NeedsExactNumbers();
  if (typeof json === "object" && json !== null && !exactJson.isRawJSON(json) && hasNumber(json))
    throw new NeedsExactNumbers();
  return exactJson.isRawJSON(json) ? json.rawJSON : JSON.stringify(json);
}

function hasNumber(json: object): boolean {
  return Object.values(json).some(
    (value: unknown) =>
      typeof value === "number" ||
      (typeof value === "object" && value !== null && !exactJson.isRawJSON(value) && hasNumber(value)),
  );
}

function kindOf(json: unknown): string {
  if (json === null) return "null";
  if (Array.isArray(json)) return "an array";
  if (exactJson.isRawJSON(json)) return "a number";
  switch (typeof json) {
    case "string":
      return "a string";
    case "number":
      return "a number";
    case "boolean":
      return "a boolean";
    default:
      return "an object";
  }
}

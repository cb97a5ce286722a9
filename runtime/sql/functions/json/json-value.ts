/**
 * Owns: from a value in a JSON document to one of SQL: RETURNING.
 *
 * SQUV1 As in Flink: a number loses what is behind its point for a whole number, a text is read as a number; what the type has no value for is an error, and ON ERROR decides.
 */
import { isInteger, isText } from "../../types/type-families.ts";
import type { SqlType } from "../../types/sql-type.ts";
import { cut, type Exact, powerOfTen, rescaled, wrapped } from "../decimals.ts";
import { isArray, isScalar, type JsonNode, scalarText, writeJson } from "./json-document.ts";

/** Undefined: the type has no such value. `node`: not null. */
type FromJson = (node: JsonNode) => unknown;

/** Of one value, for JSON_VALUE. Null: no value of JSON becomes one of this type. */
export function scalarFromJson(type: SqlType): FromJson | null {
  const read = readerOf(type);
  return read === null ? null : (node) => (isScalar(node) && node !== null ? read(scalarText(node)) : undefined);
}

/** For JSON_QUERY: a text, or an array of such values. Null: neither. */
export function documentFromJson(type: SqlType): FromJson | null {
  if (isText(type)) return writeJson;
  if (type.kind !== "array") return null;
  const { element } = type;
  // In an array of texts whatever is no text is written as JSON.
  const read = isText(element)
    ? (node: JsonNode) => (isScalar(node) ? scalarText(node) : writeJson(node))
    : scalarFromJson(element);
  if (read === null) return null;
  return (node) => {
    if (!isArray(node)) return undefined;
    const items = node.map((item) => (item === null ? (element.isNullable ? null : undefined) : read(item)));
    return items.includes(undefined) ? undefined : items;
  };
}

function readerOf(type: SqlType): ((text: string) => unknown) | null {
  if (isText(type)) return (text) => text;
  if (type.kind === "boolean")
    return (text) => (/^true$/i.test(text) ? true : /^false$/i.test(text) ? false : undefined);
  if (type.kind === "double" || type.kind === "float") {
    const narrowed = type.kind === "float" ? Math.fround : (value: number): number => value;
    return (text) => (NUMBER.test(text) ? narrowed(Number(text)) : undefined);
  }
  if (isInteger(type))
    return (text) => {
      const exact = exactOfText(text);
      if (exact === undefined) return undefined;
      const whole = cut(exact, 0);
      const value = wrapped(whole, type);
      return BigInt(value) === whole ? value : undefined;
    };
  if (type.kind !== "decimal") return null;
  const limit = powerOfTen(type.precision);
  return (text) => {
    const exact = exactOfText(text);
    const unscaled = exact === undefined ? undefined : rescaled(exact, type.scale);
    return unscaled === undefined || unscaled >= limit || unscaled <= -limit ? undefined : unscaled;
  };
}

const NUMBER = /^\s*([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?\s*$/;

function exactOfText(text: string): Exact | undefined {
  const parts = NUMBER.exec(text);
  if (parts === null) return undefined;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = parts;
  const unscaled = BigInt(`${sign === "-" ? "-" : ""}${whole}${fraction}`);
  const scale = fraction.length - Number(exponent);
  return scale >= 0 ? { unscaled, scale } : { unscaled: unscaled * powerOfTen(-scale), scale: 0 };
}

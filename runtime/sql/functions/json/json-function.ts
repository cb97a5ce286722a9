/**
 * Owns: JSON_VALUE, JSON_QUERY, JSON_EXISTS, JSON_OBJECT and JSON_ARRAY; JSON_STRING and IS JSON.
 *
 * SQUO1 What is not there is EMPTY, what cannot be read is an ERROR, and of each the query may say what it gives; otherwise it is NULL, and FALSE of JSON_EXISTS. In the mode `strict`, which
 *     is the default, what is not there is an ERROR, too. A JSON null is EMPTY.
 * SQUO2 What JSON_OBJECT and JSON_ARRAY have made stays JSON inside of another one of them; every other text is a text there.
 */
import { assert } from "../../../../base/index.ts";
import type { JsonBehavior, JsonCall } from "../../syntax/expression-tree.ts";
import type { SqlType } from "../../types/sql-type.ts";
import type { TypedExpression } from "../../validate/typed-tree.ts";
import { failExpression, nullAware, plain, rememberLast, typed } from "../implementations.ts";
import type { ScalarFactory, ScalarImplementation } from "../scalar-implementation.ts";
import { isArray, isObject, isScalar, type JsonNode, readJson } from "./json-document.ts";
import { findByPath, type Found, type JsonPath } from "./json-path.ts";
import { readJsonPath } from "./json-path-text.ts";
import { jsonText } from "./json-text.ts";
import { documentFromJson, scalarFromJson } from "./json-value.ts";

type JsonExpression = TypedExpression & { readonly kind: "json" };

/**
 * Called with the values of all arguments of the node: document and path, then the values of DEFAULT … ON EMPTY and DEFAULT … ON ERROR, as far as they are written; or what is
 * put into the object or array. Errors: SQL_EXPRESSION_FAILED, of the call, where the query says so.
 */
export function jsonFunction(node: JsonExpression): ScalarImplementation {
  const { name } = node.call;
  switch (name) {
    case "JSON_VALUE":
    case "JSON_QUERY":
      return queryFunction(node);
    case "JSON_EXISTS":
      return existsFunction(node);
    case "JSON_OBJECT":
      return objectFunction(node);
    case "JSON_ARRAY":
      return arrayFunction(node);
    default:
      throw new RangeError(`${name} is an aggregate function`);
  }
}

function pathOf({ arguments: [, path] }: JsonExpression): JsonPath {
  assert(path?.kind === "literal" && path.literal.kind === "string", "a path is a literal (SQUG1)");
  const read = readJsonPath(path.literal.value);
  assert(!("kind" in read), "a path was looked at where the query was checked (SQUG1)");
  return read;
}

function find(path: JsonPath, text: string): Found {
  const document = lastDocument(text);
  if (document !== undefined) return findByPath(path, document);
  return path.mode === "lax" ? { kind: "nothing" } : { kind: "error", reason: "the document is no JSON" };
}

/** Several calls of a row mostly read the same document. */
const lastDocument = rememberLast(readJson);

function existsFunction(node: JsonExpression): ScalarImplementation {
  const path = pathOf(node);
  const onError = behaviorText(node.call.onError) ?? "FALSE";
  const call = (text: string | null): boolean | null => {
    if (text === null) return null;
    const found = find(path, text);
    if (found.kind !== "error") return found.kind === "found" && found.node !== null;
    if (onError === "ERROR") return failJson(node.call, found.reason, "ERROR");
    return onError === "UNKNOWN" ? null : onError === "TRUE";
  };
  return { takesNulls: true, call };
}

const behaviorText = (behavior: JsonBehavior | null): string | null =>
  behavior === null ? null : behavior.kind === "default" ? "DEFAULT" : behavior.text;

type Outcome =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "empty" }
  | { readonly kind: "error"; readonly reason: string };

function queryFunction(node: JsonExpression): ScalarImplementation {
  const { call } = node;
  const path = pathOf(node);
  const judge = call.name === "JSON_VALUE" ? valueJudge(node, path) : documentJudge(node, path);
  const [onEmpty, onError] = [behaviorText(call.onEmpty) ?? "NULL", behaviorText(call.onError) ?? "NULL"];
  const otherwise = (event: "EMPTY" | "ERROR", reason: string, defaultValue: unknown): unknown => {
    switch (event === "EMPTY" ? onEmpty : onError) {
      case "ERROR":
        return failJson(call, reason, event);
      case "DEFAULT":
        return defaultValue;
      case "EMPTY ARRAY":
        return (node.type as SqlType).kind === "array" ? [] : "[]";
      case "EMPTY OBJECT":
        return "{}";
      default:
        return null;
    }
  };
  const implementation = (text: string | null, _path: string, ...defaults: readonly unknown[]): unknown => {
    if (text === null) return null;
    const outcome = judge(find(path, text));
    if (outcome.kind === "value") return outcome.value;
    const defaultOnError = defaults[onEmpty === "DEFAULT" ? 1 : 0];
    return outcome.kind === "empty"
      ? otherwise("EMPTY", "nothing is at the path", defaults[0])
      : otherwise("ERROR", outcome.reason, defaultOnError);
  };
  return { takesNulls: true, call: implementation };
}

const empty: Outcome = { kind: "empty" };

function valueJudge({ type }: JsonExpression, { mode }: JsonPath): (found: Found) => Outcome {
  const convert = scalarFromJson(type as SqlType);
  assert(convert !== null, "RETURNING has a type that JSON_VALUE gives");
  return (found) => {
    if (found.kind === "error") return found;
    if (found.kind === "nothing" || found.node === null) return empty;
    if (!isScalar(found.node))
      return mode === "lax" ? empty : { kind: "error", reason: "an object or an array is at the path" };
    return converted(convert, found.node);
  };
}

function documentJudge({ call: { wrapper }, type }: JsonExpression, { mode }: JsonPath): (found: Found) => Outcome {
  const convert = documentFromJson(type as SqlType);
  assert(convert !== null, "RETURNING has a type that JSON_QUERY gives");
  return (found) => {
    if (found.kind === "error") return found;
    if (found.kind === "nothing" || found.node === null) return empty;
    const wraps = wrapper === "UNCONDITIONAL" || (wrapper === "CONDITIONAL" && !isArray(found.node));
    const node = wraps ? [found.node] : found.node;
    if (isScalar(node))
      return mode === "lax" ? empty : { kind: "error", reason: "neither an object nor an array is at the path" };
    return converted(convert, node);
  };
}

function converted(convert: (node: JsonNode) => unknown, node: JsonNode): Outcome {
  const value = convert(node);
  return value === undefined
    ? { kind: "error", reason: "the value at the path has another type" }
    : { kind: "value", value };
}

function failJson({ name }: JsonCall, reason: string, event: "EMPTY" | "ERROR"): never {
  return failExpression(
    `${name} found no value: ${reason}`,
    `The query asks for ERROR ON ${event}; write NULL ON ${event} or a DEFAULT to go on.`,
  );
}

/** SQUO2. */
function partWriter(part: TypedExpression): (value: unknown) => string {
  const isJson = part.kind === "json" && (part.call.name === "JSON_OBJECT" || part.call.name === "JSON_ARRAY");
  return isJson ? String : jsonText(part.type);
}

function objectFunction({ call: { onNull }, arguments: parts }: JsonExpression): ScalarImplementation {
  const writers = parts.map(partWriter);
  const isAbsent = onNull === "ABSENT";
  const starts = constantStarts(parts);
  const call = (...values: readonly unknown[]): string => {
    if (starts === null) return objectOf(values, writers, isAbsent);
    let text = "";
    for (const [place, start] of starts.entries()) {
      const value = values[place * 2 + 1];
      if (value !== null || !isAbsent)
        text += `${text === "" ? "" : ","}${start}${writers[place * 2 + 1]?.(value) ?? "null"}`;
    }
    return `{${text}}`;
  };
  return { takesNulls: true, call };
}

/** Keys are mostly literals, each once: their JSON is made once. Null: they are not. */
function constantStarts(parts: readonly TypedExpression[]): readonly string[] | null {
  const keys = parts.flatMap((part, index) =>
    index % 2 === 0 && part.kind === "literal" && part.literal.kind === "string" ? [part.literal.value] : [],
  );
  if (keys.length * 2 < parts.length || new Set(keys).size < keys.length) return null;
  return keys.map((key) => `${JSON.stringify(key)}:`);
}

/** Of a key that is there twice the last value counts, at the place of the first. */
function objectOf(
  values: readonly unknown[],
  writers: readonly ((value: unknown) => string)[],
  isAbsent: boolean,
): string {
  const members = new Map<string, string>();
  for (let index = 0; index < values.length; index += 2) {
    const [key, value] = [values[index], values[index + 1]];
    if (key === null) failExpression("A key of JSON_OBJECT is NULL", "Give it a text: COALESCE(key, 'none').");
    if (value !== null || !isAbsent) members.set(String(key), writers[index + 1]?.(value) ?? "null");
  }
  return `{${Array.from(members, ([key, value]) => `${JSON.stringify(key)}:${value}`).join(",")}}`;
}

function arrayFunction({ call: { onNull }, arguments: parts }: JsonExpression): ScalarImplementation {
  const writers = parts.map(partWriter);
  const call = (...values: readonly unknown[]): string => {
    const items = values.flatMap((value, index) =>
      value === null && onNull !== "NULL" ? [] : [value === null ? "null" : (writers[index]?.(value) ?? "null")],
    );
    return `[${items.join(",")}]`;
  };
  return { takesNulls: true, call };
}

/** `IS JSON OBJECT`; of NULL it is FALSE. */
function isJson(fits: (node: JsonNode) => boolean, isNegated: boolean): ScalarFactory {
  return nullAware((text: string | null) => {
    const node = text === null ? undefined : readJson(text);
    return (node !== undefined && fits(node)) !== isNegated;
  });
}

const jsonForms: Readonly<Record<string, (node: JsonNode) => boolean>> = {
  JSON: () => true,
  "JSON OBJECT": isObject,
  "JSON ARRAY": isArray,
  "JSON SCALAR": isScalar,
};

/** Flink's JSON_QUOTE writes only ASCII. */
const asciiJson = (json: string): string =>
  json.replaceAll(/[\u0080-\uFFFF]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** What is no text of JSON stays as it is. */
function unquoted(text: string): string {
  const node = text.startsWith('"') ? readJson(text) : undefined;
  return typeof node === "string" ? node : text;
}

/** JSON_STRING, and the operators `IS JSON …` by their words. */
export const jsonFunctions: Readonly<Record<string, ScalarFactory>> = {
  JSON_QUOTE: plain((text: string) => asciiJson(JSON.stringify(text))),
  JSON_UNQUOTE: plain(unquoted),
  JSON_STRING: typed(({ arguments: [type] }) => {
    assert(type !== undefined, "JSON_STRING has an argument");
    return jsonText(type);
  }),
  ...Object.fromEntries(
    Object.entries(jsonForms).flatMap(([form, fits]) => [
      [`IS ${form}`, isJson(fits, false)],
      [`IS NOT ${form}`, isJson(fits, true)],
    ]),
  ),
};

/**
 * Owns: JSON documents in memory: reading and writing their texts.
 *
 * SQUJ1 A number keeps its digits: what a double would change stays as its text. So 1.50 and 9007199254740993 come out as they went in.
 */
/** A number that is kept as its text. An interface, which is no JsonObject to the compiler. */
interface RawNumber {
  readonly rawJSON: string;
}

export type JsonNode = null | boolean | number | string | RawNumber | readonly JsonNode[] | JsonObject;

/** No document has an object like a RawNumber: those are told apart by `isRawJSON`. */
type JsonObject = { readonly [name: string]: JsonNode };

// Of ES2026; the types of the language's library do not know them yet.
const { rawJSON, isRawJSON } = JSON as unknown as {
  readonly rawJSON: (text: string) => RawNumber;
  readonly isRawJSON: (value: unknown) => boolean;
};

const isRaw = (node: JsonNode): node is RawNumber => isRawJSON(node);

/** Numbers that may not come out of a double as they were: with a point, an exponent, or many digits. */
const DELICATE = /\d[.eE]|\d{16}|-0/;

const keepDigits = (_name: string, value: unknown, { source }: { readonly source?: string } = {}): unknown =>
  typeof value === "number" && source !== undefined && String(value) !== source ? rawJSON(source) : value;

/** Undefined: the text is no JSON. */
export function readJson(text: string): JsonNode | undefined {
  try {
    return DELICATE.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text);
  } catch (error) {
    // RangeError: a thousand brackets in one another are no document, either.
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Undefined: it has more levels than the language's stack, some thousands. Reading them needs no stack. */
export function writeJson(node: JsonNode): string | undefined {
  try {
    return JSON.stringify(node);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

export const isArray = (node: JsonNode): node is readonly JsonNode[] => Array.isArray(node);
export const isObject = (node: JsonNode): node is JsonObject =>
  typeof node === "object" && node !== null && !Array.isArray(node) && !isRaw(node);

type JsonScalar = null | boolean | number | string | RawNumber;
export const isScalar = (node: JsonNode): node is JsonScalar => !isArray(node) && !isObject(node);

/** Of a scalar: a text without quotes, everything else as it is written. */
export function scalarText(node: JsonScalar): string {
  return typeof node === "object" && node !== null ? node.rawJSON : String(node);
}

/** Null: no number. */
export function numberIn(node: JsonNode): number | null {
  if (typeof node === "number") return node;
  return isRaw(node) ? Number(node.rawJSON) : null;
}

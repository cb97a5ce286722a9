/**
 * Owns: columns of keys, whose type nobody declared: exact for whatever may be a key.
 *
 * Grammar: column = u32 form, u32 reserved, block (a self-contained block of encodeBatch) with
 *   form 0: strings · 1: int32 · 2: float64 · 3: strings that are key texts · 4: the declared type of a map's keys
 *   key text = JSON: "text" | number | true | false | null | ["n", "bigint's digits"] | ["f", "Infinity" | "-Infinity"]
 *            | ["a", item…] | ["o", name, value, name, value…]
 *
 * KY1 Decoding gives keys with the same identity and hash (also lone surrogates in strings, which JSON escapes).
 */
import { StreamError } from "../../../base/index.ts";
import {
  type ByteReader,
  type ByteWriter,
  decodeBatch,
  encodeBatch,
  type Key,
  t,
  type ValueType,
} from "../../record/index.ts";

const STRINGS = 0;
const INTEGERS = 1;
const NUMBERS = 2;
const TEXTS = 3;
const DECLARED = 4;

/** Appends a column; the writer is at an 8-byte boundary before and after. `type`: declared by the user, or null. */
export function encodeKeys(keys: readonly Key[], type: ValueType<unknown> | null, writer: ByteWriter): void {
  const form = type !== null && type.kind !== "any" ? DECLARED : formOf(keys);
  writer.u32(form);
  writer.u32(0);
  const rows = form === TEXTS ? keys.map(keyText) : keys;
  encodeBatch(typeOfForm(form, type), { rows, timestamps: null, keyHashes: null }, writer);
}

export function decodeKeys(type: ValueType<unknown> | null, reader: ByteReader): readonly Key[] {
  const form = reader.u32();
  reader.u32();
  const rows = decodeBatch(typeOfForm(form, type), reader).rows;
  return form === TEXTS ? (rows as readonly string[]).map(parseKeyText) : (rows as readonly Key[]);
}

function formOf(keys: readonly Key[]): number {
  const first = typeof keys[0];
  if (first !== "string" && first !== "number") return TEXTS;
  let areIntegers = first === "number";
  for (const key of keys) {
    if (typeof key !== first) return TEXTS;
    if (areIntegers && (key as number) !== ((key as number) | 0)) areIntegers = false;
  }
  if (first === "string") return STRINGS;
  return areIntegers ? INTEGERS : NUMBERS;
}

function typeOfForm(form: number, declared: ValueType<unknown> | null): ValueType<unknown> {
  if (form === STRINGS || form === TEXTS) return t.string;
  if (form === INTEGERS) return t.int32;
  if (form === NUMBERS) return t.float64;
  if (form === DECLARED && declared !== null) return declared;
  throw unreadable(`form ${form}`);
}

export function keyText(key: Key): string {
  return JSON.stringify(tagged(key));
}

export function parseKeyText(text: string): Key {
  return untagged(JSON.parse(text));
}

function tagged(key: Key): unknown {
  if (typeof key === "bigint") return ["n", String(key)];
  if (typeof key === "number") return Number.isFinite(key) ? key : ["f", String(key)];
  if (typeof key !== "object" || key === null) return key;
  if (Array.isArray(key)) return ["a", ...key.map(tagged)];
  return ["o", ...Object.entries(key).flatMap(([name, value]) => [name, tagged(value as Key)])];
}

function untagged(value: unknown): Key {
  if (!Array.isArray(value)) return value as Key;
  const [tag, ...items] = value as unknown[];
  if (tag === "n") return BigInt(items[0] as string);
  if (tag === "f") return Number(items[0]);
  if (tag === "a") return items.map(untagged);
  if (tag !== "o") throw unreadable(`a key tagged ${String(tag)}`);
  const entries: [string, Key][] = [];
  for (let index = 0; index + 1 < items.length; index += 2)
    entries.push([items[index] as string, untagged(items[index + 1])]);
  return Object.fromEntries(entries);
}

function unreadable(what: string): StreamError {
  return new StreamError(
    "CHECKPOINT_CORRUPT",
    `a state file has a column of keys in ${what}, which this version does not know; use the version that wrote it, or restore from another checkpoint`,
    { destiny: "terminal" },
  );
}

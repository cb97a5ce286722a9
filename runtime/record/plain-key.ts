/**
 * Owns: any value that a column can hold as a key, and back.
 *
 * PLK1 Values of one type are one key exactly when they are equal: a date is its milliseconds, bytes are hex text, NaN is the text `NaN`, a Map is a list of its
 *     entries in the order of their keys.
 */
import { type Key, keyIdentity } from "./key.ts";
import { DateValue } from "./plain-value.ts";
import { itemOf, keyOf, type ValueType } from "./value-type.ts";
import { setOwn } from "./value-codec.ts";

const NAN = "NaN";

/** Errors: KEY_INVALID, later, by whoever takes the key, where a value is none that a column can hold. */
export function plainKey(value: unknown): Key {
  if (typeof value === "number") return Number.isNaN(value) ? NAN : value;
  if (typeof value !== "object" || value === null) return value as Key;
  if (value instanceof DateValue) return plainKey(value.getTime());
  if (value instanceof Uint8Array) return hexOf(value);
  if (Array.isArray(value)) return value.map(plainKey);
  if (value instanceof Map) return entriesKey(value);
  const copy: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) setOwn(copy, name, plainKey(item));
  return copy as Key;
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

function entriesKey(map: ReadonlyMap<unknown, unknown>): Key {
  const entries = [...map].map(([key, value]) => [plainKey(key), plainKey(value)] as const);
  const order = new Map(entries.map((entry) => [entry, String(keyIdentity(entry[0]))]));
  const before = (left: (typeof entries)[number], right: (typeof entries)[number]): number =>
    (order.get(left) as string) < (order.get(right) as string) ? -1 : 1;
  return entries.sort(before);
}

/** The value of that type whose key it is. */
export function keptValue(type: ValueType<unknown>, key: Key): unknown {
  if (key === null) return null;
  switch (type.kind) {
    case "float64":
      return key === NAN ? Number.NaN : key;
    case "date":
      return new DateValue(key === NAN ? Number.NaN : (key as number));
    case "bytes":
      return new Uint8Array(Buffer.from(key as string, "hex"));
    case "list":
      return (key as readonly Key[]).map((item) => keptValue(itemOf(type), item));
    case "map":
      return new Map(
        (key as readonly (readonly [Key, Key])[]).map(([name, item]) => [
          keptValue(keyOf(type), name),
          keptValue(itemOf(type), item),
        ]),
      );
    case "record":
      return Object.fromEntries(
        (type.fields ?? []).map(({ name, type: field }) => [
          name,
          keptValue(field, (key as { readonly [name: string]: Key })[name] as Key),
        ]),
      );
    default:
      return key;
  }
}

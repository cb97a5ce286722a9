/** Owns: the keys and values of the checkpoint bench. */
import { t } from "streamjob";

/** 100 bytes as a value: an integer of 8, and a text of 92. */
export const Row = t.record({ updates: t.int64, text: t.string });
const TEXT_CHARS = 92;

export function keyOf(index: number): string {
  return `key-${index}`;
}

/** Goes through the keys in an order that looks random: a multiplicative hash of the number. */
export function updatedKey(index: number, keys: number): string {
  return keyOf((Math.imul(index, 0x9e3779b1) >>> 0) % keys);
}

/** The text of a key's value; a different one for each, as real values are. */
export function textOf(key: string): string {
  return key.padEnd(TEXT_CHARS, ".");
}

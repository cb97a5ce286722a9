/**
 * Owns: the hash of keys of several columns, and of bigints.
 *
 * CHC1 It is `keyHash` of the array of the columns' keys: FNV over the text of its identity, column by column, without making the text where numbers are whole
 *     and texts are plain ASCII.
 */
import { bigintHash, canonicalKey, keyHash, keyIdentity, mix } from "../key.ts";
import { plainKey } from "../plain-key.ts";
import type { ColumnBatch } from "./column-batch.ts";
import { type BigintColumn, type Column, isNull, type TextColumn, valueAt } from "./column.ts";
import type { ColumnField } from "./layout.ts";
import { readText } from "./text.ts";

const PRIME = 0x01000193;
const FNV_START = 0x811c9dc5;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const ASCII_END = 0x80;
const ZERO = 0x30;
const MINUS = 0x2d;
const TWO_32 = 2 ** 32;
const INTEGER_MAX = 2 ** 31 - 1;
/** Upper halves of bigints that are safe integers. */
const SAFE_WORD = 2 ** 20;

const OPENING = (keyIdentity([]) as string).slice(0, -1);
const CLOSING = "]";

/** Of the record at hand: the hash of what was fed, and how many UTF-16 units that was. */
type Feed = { hash: number; units: number };
type FeedValue = (feed: Feed, row: number) => void;

/** Fills `hashes`, by place. */
export function hashComposite(batch: ColumnBatch, places: readonly number[], hashes: Int32Array): void {
  const { rows, count, columns, layout } = batch;
  const feeders = places.map((place) =>
    feederOf(columns[place] as Column, (layout.fields as readonly ColumnField[])[place] as ColumnField),
  );
  const feed: Feed = { hash: 0, units: 0 };
  for (let at = 0; at < count; at++) {
    const row = rows[at] as number;
    feed.hash = FNV_START;
    feed.units = 0;
    feedText(feed, OPENING);
    for (let index = 0; index < feeders.length; index++) {
      if (index > 0) feedText(feed, ",");
      (feeders[index] as FeedValue)(feed, row);
    }
    feedText(feed, CLOSING);
    hashes[row] = mix(feed.hash ^ feed.units);
  }
}

/** Fills `hashes`, by place, of a column of bigints alone: `keyHash` of each is that of its digits. */
export function hashBigints(column: BigintColumn, rows: Int32Array, count: number, hashes: Int32Array): void {
  const { words, values } = column;
  const feed: Feed = { hash: 0, units: 0 };
  for (let at = 0; at < count; at++) {
    const row = rows[at] as number;
    const high = words[(row << 1) + 1] as number;
    if (high < -SAFE_WORD || high >= SAFE_WORD) {
      hashes[row] = keyHash(values[row] as bigint);
      continue;
    }
    feed.hash = FNV_START;
    feed.units = 0;
    feedInteger(feed, high * TWO_32 + ((words[row << 1] as number) >>> 0));
    hashes[row] = bigintHash(mix(feed.hash ^ feed.units));
  }
}

function feederOf(column: Column, field: ColumnField): FeedValue {
  const feedValue = valueFeederOf(column, field);
  const { nulls } = column;
  if (nulls === null) return feedValue;
  return (feed, row) => (isNull(nulls, row) ? feedText(feed, "n") : feedValue(feed, row));
}

function valueFeederOf(column: Column, field: ColumnField): FeedValue {
  const feedAny: FeedValue = (feed, row) => feedText(feed, canonicalKey(plainKey(valueAt(column, field, row))));
  switch (column.kind) {
    case "int32":
    case "float64": {
      const { values } = column;
      return (feed, row) => {
        const value = values[row] as number;
        if (Number.isSafeInteger(value)) feedInteger(feed, value);
        else feedText(feed, canonicalKey(plainKey(value)));
      };
    }
    case "bigint":
      return (feed, row) => feedBigint(feed, column, row);
    case "boolean":
      return (feed, row) => feedText(feed, column.values[row] === 1 ? "T" : "F");
    case "text":
      return field.type.kind === "bytes" ? feedAny : (feed, row) => feedJson(feed, column, row);
    default:
      return feedAny;
  }
}

function feedText(feed: Feed, text: string): void {
  let { hash } = feed;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), PRIME);
  feed.hash = hash;
  feed.units += text.length;
}

/** The digits of the number at hand, the last one first. */
const digits = new Uint8Array(20);

function feedInteger(feed: Feed, value: number): void {
  let { hash } = feed;
  let units = 0;
  if (value < 0) {
    hash = Math.imul(hash ^ MINUS, PRIME);
    units = 1;
  }
  let count = 0;
  let rest = Math.abs(value);
  // Those of 31 bits are divided as integers.
  while (rest > INTEGER_MAX) {
    const next = Math.floor(rest / 10);
    digits[count++] = ZERO + (rest - next * 10);
    rest = next;
  }
  let small = rest | 0;
  do {
    const next = (small / 10) | 0;
    digits[count++] = ZERO + small - Math.imul(next, 10);
    small = next;
  } while (small > 0);
  for (let at = count; at-- > 0; ) hash = Math.imul(hash ^ (digits[at] as number), PRIME);
  feed.hash = hash;
  feed.units += units + count;
}

/** A bigint is allocated for great ones only. */
function feedBigint(feed: Feed, { values, words }: BigintColumn, row: number): void {
  const high = words[(row << 1) + 1] as number;
  if (high >= -SAFE_WORD && high < SAFE_WORD) feedInteger(feed, high * TWO_32 + ((words[row << 1] as number) >>> 0));
  else feedText(feed, String(values[row]));
  feedText(feed, "n");
}

/** As JSON has the string. */
function feedJson(feed: Feed, column: TextColumn, row: number): void {
  const { bytes, starts, lengths } = column;
  const start = starts[row] as number;
  const length = lengths[row] as number;
  let hash = Math.imul(feed.hash ^ QUOTE, PRIME);
  for (let at = start; at < start + length; at++) {
    const byte = bytes[at] as number;
    if (byte < SPACE || byte >= ASCII_END || byte === QUOTE || byte === BACKSLASH)
      return feedText(feed, JSON.stringify(readText(column, row)));
    hash = Math.imul(hash ^ byte, PRIME);
  }
  feed.hash = Math.imul(hash ^ QUOTE, PRIME);
  feed.units += length + 2;
}

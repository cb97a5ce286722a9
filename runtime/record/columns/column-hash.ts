/**
 * Owns: the hash of records' keys, computed from the columns of the key.
 * Not here: text as it stands in the identity of a key of several columns (composite-hash.ts).
 *
 * CHK1 It is `keyHash` of the key that rows have there (KE1): of one column its value as `plainKey` has it, of several or none the array of theirs.
 *     So records of one key meet, whether they come as rows or as columns.
 */
import { hashNumber, type Key, keyHash, mix, TEXT_HASH_FACTOR, TEXT_HASH_FIRST } from "../key.ts";
import { plainKey } from "../plain-key.ts";
import type { ColumnBatch } from "./column-batch.ts";
import { type Column, isNull, type TextColumn, valueAt } from "./column.ts";
import { hashBigints, hashComposite } from "./composite-hash.ts";
import type { ColumnField } from "./layout.ts";
import { forEachUnit } from "./text.ts";

const HASH_OF_NULL = keyHash(null);
const HASH_OF_TRUE = keyHash(true);
const HASH_OF_FALSE = keyHash(false);

/** Fills `hashes`, by place, for the batch's records; `places`: the key's columns. Errors: KEY_INVALID. */
export function hashKeyColumns(batch: ColumnBatch, places: readonly number[], hashes: Int32Array): void {
  const { rows, count, columns, layout } = batch;
  const [place] = places;
  if (place === undefined || places.length > 1) hashComposite(batch, places, hashes);
  else hashColumn(columns[place] as Column, layout.fields[place] as ColumnField, rows, { count, hashes });
}

type Target = { readonly count: number; readonly hashes: Int32Array };

function hashColumn(column: Column, field: ColumnField, rows: Int32Array, target: Target): void {
  hashValues(column, field, rows, target);
  const { nulls } = column;
  if (nulls === null) return;
  for (let at = 0; at < target.count; at++) {
    const row = rows[at] as number;
    if (isNull(nulls, row)) target.hashes[row] = HASH_OF_NULL;
  }
}

function hashValues(column: Column, field: ColumnField, rows: Int32Array, { count, hashes }: Target): void {
  switch (column.kind) {
    case "float64":
    case "int32":
      for (let at = 0; at < count; at++) {
        const row = rows[at] as number;
        const value = column.values[row] as number;
        hashes[row] = Number.isNaN(value) ? keyHash(plainKey(value)) : hashNumber(value);
      }
      return;
    case "bigint":
      return hashBigints(column, rows, count, hashes);
    case "boolean":
      for (let at = 0; at < count; at++) {
        const row = rows[at] as number;
        hashes[row] = column.values[row] === 1 ? HASH_OF_TRUE : HASH_OF_FALSE;
      }
      return;
    case "text":
      if (field.type.kind === "bytes") return hashOthers(column, field, rows, { count, hashes });
      return hashTexts(column, rows, { count, hashes });
    default:
      return hashOthers(column, field, rows, { count, hashes });
  }
}

/** As rows do it; what is no key is refused there. */
function hashOthers(column: Column, field: ColumnField, rows: Int32Array, { count, hashes }: Target): void {
  for (let at = 0; at < count; at++) {
    const row = rows[at] as number;
    if (column.nulls === null || !isNull(column.nulls, row))
      hashes[row] = keyHash(plainKey(valueAt(column, field, row)) as Key);
  }
}

function hashTexts(column: TextColumn, rows: Int32Array, { count, hashes }: Target): void {
  const { starts, lengths } = column;
  let [start, length, hash] = [-1, -1, 0];
  for (let at = 0; at < count; at++) {
    const row = rows[at] as number;
    // Texts that repeat may be the same bytes.
    if (starts[row] !== start || lengths[row] !== length) {
      [start, length] = [starts[row] as number, lengths[row] as number];
      hash = hashText(column, row);
    }
    hashes[row] = hash;
  }
}

/** As `keyHash` of the string: over its UTF-16 units. */
function hashText({ bytes, starts, lengths }: TextColumn, row: number): number {
  const start = starts[row] as number;
  const end = start + (lengths[row] as number);
  let hash = TEXT_HASH_FIRST;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte >= 0x80) return hashWide(bytes, start, end);
    hash = Math.imul(hash ^ byte, TEXT_HASH_FACTOR);
  }
  return mix(hash ^ (end - start));
}

function hashWide(bytes: Uint8Array, start: number, end: number): number {
  let hash = TEXT_HASH_FIRST;
  let units = 0;
  forEachUnit(bytes, start, end, (unit) => {
    hash = Math.imul(hash ^ unit, TEXT_HASH_FACTOR);
    units += 1;
  });
  return mix(hash ^ units);
}

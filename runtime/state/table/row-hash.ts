/**
 * Owns: a hash of some fields of a row, for looking up rows in memory. It is in no file, so it need not stay as it is.
 *
 * RWH1 Fields that are the same (TKY1, `sameFields`) have one hash.
 */
import { type Column, isNull, keyHash, plainKey, type TextColumn } from "../../record/index.ts";

const SEED = 0x9e3779b9 | 0;
const OF_NULL = 0x5bd1e995;
const OF_NAN = 0x7ff80000;

const number = new Float64Array(1);
const words = new Int32Array(number.buffer);

const mixed = (hash: number, word: number): number => {
  const product = Math.imul(hash ^ word, 0x85ebca6b);
  return product ^ (product >>> 13);
};

/** Of the fields at these places. */
export function hashFields(columns: readonly Column[], places: readonly number[], row: number): number {
  let hash = SEED;
  for (let at = 0; at < places.length; at++) {
    const column = columns[places[at] as number] as Column;
    const isNothing = column.nulls !== null && isNull(column.nulls, row);
    hash = isNothing ? mixed(hash, OF_NULL) : mixValue(column, row, hash);
  }
  return mixed(hash, places.length);
}

function mixValue(column: Column, row: number, hash: number): number {
  switch (column.kind) {
    case "float64":
      return mixNumber(column.values[row] as number, hash);
    case "bigint":
      return mixed(mixed(hash, column.words[row << 1] as number), column.words[(row << 1) + 1] as number);
    case "int32":
    case "boolean":
      return mixed(hash, column.values[row] as number);
    case "text":
      return mixText(column, row, hash);
    case "objects":
      return mixObject(column.values[row], hash);
  }
}

function mixNumber(value: number, hash: number): number {
  if (Number.isNaN(value)) return mixed(hash, OF_NAN);
  // -0 is 0.
  number[0] = value + 0;
  return mixed(mixed(hash, words[0] as number), words[1] as number);
}

function mixText({ words: text, starts, lengths }: TextColumn, row: number, hash: number): number {
  const first = (starts[row] as number) >> 2;
  const length = lengths[row] as number;
  let result = mixed(hash, length);
  for (let word = first; word < first + ((length + 3) >> 2); word++) result = mixed(result, text[word] as number);
  return result;
}

function mixObject(value: unknown, hash: number): number {
  if (value === null) return mixed(hash, OF_NULL);
  if (typeof value === "bigint") return mixed(hash, Number(BigInt.asIntN(32, value)));
  return mixed(hash, keyHash(plainKey(value)));
}

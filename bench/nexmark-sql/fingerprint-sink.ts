/**
 * Owns: a sink that takes a table's changes, adds up a hash of each row, and drops it; one report of each subtask at its end.
 * The same in Java: bench/flink/src/main/java/FingerprintTable.java.
 *
 * NXF1 The sum is of the rows that are there in the end, in any order: a row that is taken back is subtracted. Two engines that have the same sum and number have, by all
 *     likelihood, the same rows. It is of determined columns, in the order of the row.
 * NXF2 A hash is of words of 32 bits: of whole numbers, times and decimals the low and the high one; of a text its bytes' number and the bytes, little-endian, padded with
 *     zeros; of NULL one of its own.
 * NXF3 Where the wall clock says which rows come, a row stands for as many as one of its columns says: what is counted is then the same, however it is parted.
 */
import { writeFileSync } from "node:fs";
import type { PlainSink, SinkWriter } from "streamjob";
import type { Column, ColumnBatch } from "../../runtime/record/index.ts";
import { isNull, type TextColumn } from "../../runtime/record/columns/column.ts";

export type Fingerprint = {
  /** Rows that are there in the end. */
  readonly rows: number;
  readonly sum: number;
  /** Rows that came, with those that were taken back. */
  readonly changes: number;
};

/** Numbers stay exact below this. */
const SUM_MODULUS = 2 ** 40;
const SEED = 0x9e3779b9 | 0;
const OF_NULL = 0x5bd1e995;
/** Of row kinds: those that add a row are even. */
const IS_TAKEN_BACK: readonly boolean[] = [false, true, false, true];
/** So that a hash of 32 bits times a weight is exact. */
const WEIGHT_MAX = 2 ** 20;

/** Of what several subtasks reported. */
export function sumOf(reports: readonly Fingerprint[]): Fingerprint {
  return reports.reduce(
    (total, { rows, sum, changes }) => ({
      rows: total.rows + rows,
      sum: (total.sum + sum) % SUM_MODULUS,
      changes: total.changes + changes,
    }),
    { rows: 0, sum: 0, changes: 0 },
  );
}

function mixed(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x85ebca6b);
  return product ^ (product >>> 13);
}

/** Mixes the values of a column into the hashes of their rows: a loop for each kind. */
function mixColumn(column: Column, rows: Int32Array, count: number, hashes: Int32Array): void {
  if (column.nulls !== null || column.kind === "objects") return mixOneByOne(column, rows, count, hashes);
  switch (column.kind) {
    case "bigint": {
      const { words } = column;
      for (let at = 0; at < count; at++) {
        const word = (rows[at] as number) << 1;
        hashes[at] = mixed(mixed(hashes[at] as number, words[word] as number), words[word + 1] as number);
      }
      return;
    }
    case "float64": {
      const { values } = column;
      for (let at = 0; at < count; at++)
        hashes[at] = mixWhole(values[rows[at] as number] as number, hashes[at] as number);
      return;
    }
    case "text":
      for (let at = 0; at < count; at++) hashes[at] = mixText(column, rows[at] as number, hashes[at] as number);
      return;
    default:
      return mixOneByOne(column, rows, count, hashes);
  }
}

function mixOneByOne(column: Column, rows: Int32Array, count: number, hashes: Int32Array): void {
  const { nulls } = column;
  for (let at = 0; at < count; at++) {
    const row = rows[at] as number;
    const hash = hashes[at] as number;
    const isNothing = nulls === null ? column.kind === "objects" && column.values[row] === null : isNull(nulls, row);
    hashes[at] = isNothing ? mixed(hash, OF_NULL) : mixValue(column, row, hash);
  }
}

function mixValue(column: Column, row: number, hash: number): number {
  switch (column.kind) {
    case "bigint":
      return mixed(mixed(hash, column.words[2 * row] as number), column.words[2 * row + 1] as number);
    case "float64":
    case "int32":
      return mixWhole(column.values[row] as number, hash);
    case "text":
      return mixText(column, row, hash);
    case "objects": {
      const value = column.values[row];
      if (typeof value !== "bigint") throw new Error("a result has a column that the fingerprint does not know");
      const low = Number(BigInt.asIntN(32, value));
      return mixed(mixed(hash, low), Number(BigInt.asIntN(32, value >> 32n)));
    }
    default:
      throw new Error(`a result has a column of kind ${column.kind}, which the fingerprint does not know`);
  }
}

function mixText({ words, starts, lengths }: TextColumn, row: number, hash: number): number {
  const length = lengths[row] as number;
  const first = (starts[row] as number) >> 2;
  const end = first + ((length + 3) >> 2);
  let result = mixed(hash, length);
  for (let word = first; word < end; word++) result = mixed(result, words[word] as number);
  return result;
}

function mixWhole(value: number, hash: number): number {
  if (!Number.isSafeInteger(value))
    throw new Error("a result has a number that is not whole: engines may differ in it");
  return mixed(mixed(hash, value | 0), Math.floor(value / 2 ** 32) | 0);
}

/** NXF3 */
function weightAt(column: Column, row: number): number {
  if (column.kind !== "bigint") throw new Error("a column that says how many rows one stands for is a BIGINT");
  const weight = column.words[2 * row] as number;
  if (weight < 0 || weight > WEIGHT_MAX)
    throw new Error(`a row stands for ${weight} others, which is too many to add up`);
  return weight;
}

class FingerprintWriter implements SinkWriter<unknown> {
  readonly #file: string;
  readonly #columns: readonly number[];
  readonly #weight: number | null;
  #hashes = new Int32Array(0);
  #rows = 0;
  #sum = 0;
  #changes = 0;

  constructor(file: string, { columns, weight }: Compared) {
    this.#file = file;
    this.#columns = columns;
    this.#weight = weight;
  }

  write(): void {
    throw new Error("a sink of columns got a row");
  }

  writeBatch({ columns, rows, count, marks: { rowKinds } }: ColumnBatch): void {
    if (this.#hashes.length < count) this.#hashes = new Int32Array(count);
    const hashes = this.#hashes.fill(SEED);
    for (const column of this.#columns) mixColumn(columns[column] as Column, rows, count, hashes);
    const weights = this.#weight === null ? null : (columns[this.#weight] as Column);
    let sum = this.#sum;
    let net = 0;
    for (let at = 0; at < count; at++) {
      const row = rows[at] as number;
      const isTaken = rowKinds !== null && IS_TAKEN_BACK[rowKinds[row] as number] === true;
      const weight = weights === null ? 1 : weightAt(weights, row);
      const added =
        weights === null ? (hashes[at] as number) >>> 0 : (((hashes[at] as number) >>> 0) * weight) % SUM_MODULUS;
      sum += isTaken ? -added : added;
      net += isTaken ? -weight : weight;
    }
    this.#sum = ((sum % SUM_MODULUS) + SUM_MODULUS) % SUM_MODULUS;
    this.#rows += net;
    this.#changes += count;
  }

  close(): void {
    const report: Fingerprint = { rows: this.#rows, sum: this.#sum, changes: this.#changes };
    writeFileSync(this.#file, JSON.stringify(report));
  }
}

/** Places of the columns that are determined, and of the one that says for how many rows one stands (NXF3); null: for itself. */
type Compared = { readonly columns: readonly number[]; readonly weight: number | null };

/** Reports go into `folder`. */
export function fingerprintSink(folder: string, compared: Compared): PlainSink<unknown> {
  return {
    kind: "sink",
    name: "fingerprint",
    guarantee: "at-least-once",
    takesBatches: true,
    createWriter: ({ subtask }) => new FingerprintWriter(`${folder}/query-${subtask}.json`, compared),
  };
}

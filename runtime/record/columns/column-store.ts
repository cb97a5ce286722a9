/**
 * Owns: the memory that one column of a batch is built in, by kind: values appended one by one, or gathered from another batch's column.
 * Called by: column-builder.ts; sources and operators that fill columns themselves.
 *
 * CSO1 A store holds `capacity` values; `clear` keeps its memory for the next batch.
 * CSO2 A value that does not fit the declared type is VALUE_NOT_SERIALIZABLE, as in blocks of rows (COL2).
 */
import { assert } from "../../../base/index.ts";
import { misfit, refuseMisfit } from "../misfit.ts";
import { findMisfit } from "../type-check.ts";
import { describeType, type TypeKind } from "../value-type.ts";
import {
  type BigintColumn,
  type BooleanColumn,
  type Column,
  type Float64Column,
  type Int32Column,
  isNull,
  type TextColumn,
} from "./column.ts";
import type { ColumnField } from "./layout.ts";
import type { StagedText } from "./staged-text.ts";
import { TextBytes } from "./text.ts";

/** Which values are gathered, and where they go to: `rows[from]` up to `rows[to - 1]`, from place `at` on. */
export type Gathering = { readonly rows: Int32Array; readonly from: number; readonly to: number; readonly at: number };

/** What a poisoned byte is (`debugColumns`). */
const POISON = 0xdb;
/** Of each text, to begin with. */
const TEXT_BYTES = 16;

abstract class ColumnStore {
  readonly field: ColumnField;
  readonly capacity: number;
  #nulls: Uint8Array | null = null;
  #hasNulls = false;

  constructor(field: ColumnField, capacity: number) {
    this.field = field;
    this.capacity = capacity;
  }

  protected get nulls(): Uint8Array | null {
    return this.#hasNulls ? this.#nulls : null;
  }

  /** Says that there is no value at this place; the type is nullable. */
  setNull(at: number): void {
    const { field } = this;
    if (!field.type.nullable) throw misfit(field.name, describeType(field.type), null, at);
    this.#nulls ??= new Uint8Array((this.capacity + 7) >> 3);
    this.#hasNulls = true;
    this.#nulls[at >> 3] = (this.#nulls[at >> 3] as number) | (1 << (at & 7));
  }

  /** A value as rows have it. Errors: CSO2. */
  put(value: unknown, at: number): void {
    if (value === null && this.field.type.nullable) {
      this.setNull(at);
      this.fillNeutral(at);
    } else {
      this.putValue(value, at);
    }
  }

  gather(column: Column, gathering: Gathering): void {
    const { rows, from, to, at } = gathering;
    this.gatherValues(column, gathering);
    const { nulls } = column;
    if (nulls === null) return;
    for (let place = from; place < to; place++)
      if (isNull(nulls, rows[place] as number)) this.setNull(at + place - from);
  }

  clear(): void {
    if (this.#hasNulls) this.#nulls?.fill(0);
    this.#hasNulls = false;
  }

  /** The column as it is; valid until `clear`. */
  abstract column(): Column;
  /** Overwrites what it holds. */
  abstract poison(): void;
  protected abstract putValue(value: unknown, at: number): void;
  protected abstract gatherValues(column: Column, gathering: Gathering): void;
  /** Where a null is, something of a fixed value stands: the bytes of equal batches are equal. */
  protected abstract fillNeutral(at: number): void;

  protected refuse(value: unknown, at: number): Error {
    const { name, type } = this.field;
    return misfit(name, describeType(type), value, at);
  }
}

export class Float64Store extends ColumnStore {
  readonly values: Float64Array;

  constructor(field: ColumnField, capacity: number) {
    super(field, capacity);
    this.values = new Float64Array(capacity);
  }

  column(): Float64Column {
    return { kind: "float64", values: this.values, nulls: this.nulls };
  }

  poison(): void {
    this.values.fill(Number.NaN);
  }

  protected putValue(value: unknown, at: number): void {
    const kind: TypeKind = this.field.type.kind;
    if (kind === "date") {
      if (findMisfit({ ...this.field.type, nullable: false }, value) !== null) throw this.refuse(value, at);
      this.values[at] = (value as Date).getTime();
      return;
    }
    const fits = kind === "float64" ? typeof value === "number" : Number.isSafeInteger(value);
    if (!fits) throw this.refuse(value, at);
    this.values[at] = value as number;
  }

  protected gatherValues(column: Column, { rows, from, to, at }: Gathering): void {
    const source = (column as Float64Column).values;
    const { values } = this;
    for (let place = from; place < to; place++) values[at + place - from] = source[rows[place] as number] as number;
  }

  protected fillNeutral(at: number): void {
    this.values[at] = 0;
  }
}

export class BigintStore extends ColumnStore {
  readonly values: BigInt64Array;
  readonly #words: Int32Array;

  constructor(field: ColumnField, capacity: number) {
    super(field, capacity);
    this.values = new BigInt64Array(capacity);
    this.#words = new Int32Array(this.values.buffer);
  }

  column(): BigintColumn {
    return { kind: "bigint", values: this.values, words: this.#words, nulls: this.nulls };
  }

  poison(): void {
    this.#words.fill(POISON);
  }

  protected putValue(value: unknown, at: number): void {
    if (typeof value !== "bigint" || BigInt.asIntN(64, value) !== value) throw this.refuse(value, at);
    this.values[at] = value;
  }

  // By words: a bigint in between would be allocated.
  protected gatherValues(column: Column, { rows, from, to, at }: Gathering): void {
    const source = (column as BigintColumn).words;
    const words = this.#words;
    for (let place = from; place < to; place++) {
      const row = (rows[place] as number) << 1;
      const target = (at + place - from) << 1;
      words[target] = source[row] as number;
      words[target + 1] = source[row + 1] as number;
    }
  }

  protected fillNeutral(at: number): void {
    this.values[at] = 0n;
  }
}

export class Int32Store extends ColumnStore {
  readonly values: Int32Array;

  constructor(field: ColumnField, capacity: number) {
    super(field, capacity);
    this.values = new Int32Array(capacity);
  }

  column(): Int32Column {
    return { kind: "int32", values: this.values, nulls: this.nulls };
  }

  poison(): void {
    this.values.fill(POISON);
  }

  protected putValue(value: unknown, at: number): void {
    if (findMisfit(this.field.type, value) !== null) throw this.refuse(value, at);
    this.values[at] = value as number;
  }

  protected gatherValues(column: Column, { rows, from, to, at }: Gathering): void {
    const source = (column as Int32Column).values;
    const { values } = this;
    for (let place = from; place < to; place++) values[at + place - from] = source[rows[place] as number] as number;
  }

  protected fillNeutral(at: number): void {
    this.values[at] = 0;
  }
}

export class BooleanStore extends ColumnStore {
  readonly values: Uint8Array;

  constructor(field: ColumnField, capacity: number) {
    super(field, capacity);
    this.values = new Uint8Array(capacity);
  }

  column(): BooleanColumn {
    return { kind: "boolean", values: this.values, nulls: this.nulls };
  }

  poison(): void {
    this.values.fill(POISON);
  }

  protected putValue(value: unknown, at: number): void {
    if (typeof value !== "boolean") throw this.refuse(value, at);
    this.values[at] = value ? 1 : 0;
  }

  protected gatherValues(column: Column, { rows, from, to, at }: Gathering): void {
    const source = (column as BooleanColumn).values;
    const { values } = this;
    for (let place = from; place < to; place++) values[at + place - from] = source[rows[place] as number] as number;
  }

  protected fillNeutral(at: number): void {
    this.values[at] = 0;
  }
}

/** Texts are put in the order of their places. */
export class TextStore extends ColumnStore {
  readonly #text: TextBytes;
  readonly #starts: Int32Array;
  readonly #lengths: Int32Array;
  readonly #isBytes: boolean;

  /** `bytes`: of all texts, to begin with. */
  constructor(field: ColumnField, capacity: number, bytes = capacity * TEXT_BYTES) {
    super(field, capacity);
    this.#text = new TextBytes(bytes);
    this.#starts = new Int32Array(capacity);
    this.#lengths = new Int32Array(capacity);
    this.#isBytes = field.type.kind === "bytes";
  }

  /** Bytes in use. */
  get used(): number {
    return this.#text.used;
  }

  putText(text: string, at: number): void {
    this.#starts[at] = this.#text.used;
    this.#lengths[at] = this.#text.write(text);
  }

  /** The staged text, which is ASCII. */
  putStaged({ words, length }: StagedText, at: number): void {
    this.#starts[at] = this.#text.used;
    this.#lengths[at] = length;
    this.#text.copyFour(words, length);
  }

  /** Bytes that are UTF-8 already, or of a column of bytes. */
  putBytes(bytes: Uint8Array, at: number): void {
    this.#starts[at] = this.#text.used;
    this.#lengths[at] = this.#text.writeBytes(bytes);
  }

  /** The text that is at another place. */
  putAgain(place: number, at: number): void {
    this.#starts[at] = this.#starts[place] as number;
    this.#lengths[at] = this.#lengths[place] as number;
  }

  /** What lies between two places in the bytes of another column. */
  putPart({ bytes, isWellFormed }: TextColumn, ...[start, end, at]: [start: number, end: number, at: number]): void {
    if (!isWellFormed) this.#text.isWellFormed = false;
    this.#starts[at] = this.#text.used;
    this.#lengths[at] = end - start;
    this.#text.copyPart(bytes, start, end);
  }

  /** A text of another column, by words. */
  putCopy({ words, starts, lengths, isWellFormed }: TextColumn, row: number, at: number): void {
    const length = lengths[row] as number;
    if (!isWellFormed) this.#text.isWellFormed = false;
    this.#starts[at] = this.#text.used;
    this.#lengths[at] = length;
    this.#text.copy(words, starts[row] as number, length);
  }

  column(): TextColumn {
    const { bytes, words, isWellFormed } = this.#text;
    return {
      kind: "text",
      bytes,
      words,
      starts: this.#starts,
      lengths: this.#lengths,
      isWellFormed,
      nulls: this.nulls,
    };
  }

  /** Of a null the length is 0 (CLM1). */
  override setNull(at: number): void {
    super.setNull(at);
    this.fillNeutral(at);
  }

  override clear(): void {
    super.clear();
    this.#text.clear();
  }

  poison(): void {
    this.#text.bytes.fill(POISON);
  }

  protected putValue(value: unknown, at: number): void {
    if (!this.#isBytes && typeof value === "string") this.putText(value, at);
    else if (this.#isBytes && findMisfit(this.field.type, value) === null) this.putBytes(value as Uint8Array, at);
    else throw this.refuse(value, at);
  }

  protected gatherValues(column: Column, { rows, from, to, at }: Gathering): void {
    const { words, starts, lengths, isWellFormed } = column as TextColumn;
    const text = this.#text;
    if (!isWellFormed) text.isWellFormed = false;
    for (let place = from; place < to; place++) {
      const row = rows[place] as number;
      const target = at + place - from;
      const length = lengths[row] as number;
      this.#starts[target] = text.used;
      this.#lengths[target] = length;
      text.copy(words, starts[row] as number, length);
    }
  }

  protected fillNeutral(at: number): void {
    this.#starts[at] = this.#text.used;
    this.#lengths[at] = 0;
  }
}

export class ObjectStore extends ColumnStore {
  // Others may still hold what was handed over: each batch has an array of its own.
  #values: unknown[] = [];

  column(): Column {
    return { kind: "objects", values: this.#values, nulls: null };
  }

  override clear(): void {
    super.clear();
    this.#values = [];
  }

  poison(): void {
    this.#values.fill(undefined);
  }

  override put(value: unknown, at: number): void {
    const { name, type } = this.field;
    const found = findMisfit(type, value);
    if (found !== null) throw refuseMisfit(name, found, at);
    this.#values[at] = value;
  }

  override setNull(at: number): void {
    this.put(null, at);
  }

  protected putValue(value: unknown, at: number): void {
    this.#values[at] = value;
  }

  protected gatherValues(column: Column, { rows, from, to, at }: Gathering): void {
    assert(column.kind === "objects", "columns of one field are of one kind");
    for (let place = from; place < to; place++) this.#values[at + place - from] = column.values[rows[place] as number];
  }

  protected fillNeutral(at: number): void {
    this.#values[at] = null;
  }
}

export type AnyStore = Float64Store | BigintStore | Int32Store | BooleanStore | TextStore | ObjectStore;

/** `bytes`: of all texts, to begin with. */
export function storeOf(field: ColumnField, capacity: number, bytes?: number): AnyStore {
  switch (field.kind) {
    case "float64":
      return new Float64Store(field, capacity);
    case "bigint":
      return new BigintStore(field, capacity);
    case "int32":
      return new Int32Store(field, capacity);
    case "boolean":
      return new BooleanStore(field, capacity);
    case "text":
      return new TextStore(field, capacity, bytes);
    case "objects":
      return new ObjectStore(field, capacity);
  }
}

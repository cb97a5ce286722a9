/**
 * Owns: making batches of columns, from row objects, from records of other batches, or column by column by whoever fills the stores itself.
 *
 * CBU1 What a builder hands over is a batch with memory of its own until it is released; released memory is used for the builder's next batches.
 * CBU2 A batch has a mark (timestamps, row kinds) only when one of its records has one.
 */
import type { ValueType } from "../value-type.ts";
import { isLiteral } from "../record-rows.ts";
import { NO_TIMESTAMP } from "../row-batch.ts";
import { rowKinds } from "../row-kind.ts";
import { refuseMisfit } from "../misfit.ts";
import { findMisfit } from "../type-check.ts";
import { ColumnBatch } from "./column-batch.ts";
import type { Column } from "./column.ts";
import { type AnyStore, storeOf } from "./column-store.ts";
import { type ColumnLayout, layoutOf } from "./layout.ts";
import { type RowPut, rowPutOf } from "./row-puts.ts";
import type { StagedText } from "./staged-text.ts";

/** Records of a batch, where nothing else bounds it. */
export const COLUMN_ROWS = 1024;
/** Memory that is kept for later. */
const FREE_MAX = 4;

type Memory = {
  readonly stores: readonly AnyStore[];
  readonly timestamps: Float64Array;
  readonly keyHashes: Int32Array;
  readonly rowKinds: Uint8Array;
};

/** Which records of a batch: those at the places `rows[from]` up to `rows[to - 1]`. */
export type Share = { readonly rows: Int32Array; readonly from: number; readonly to: number };

/** A field whose text is staged. */
export type StagedField = { readonly place: number; readonly text: StagedText };

export class ColumnBuilder {
  readonly layout: ColumnLayout;
  readonly capacity: number;
  /** Records so far. Who fills the stores itself sets it. */
  count = 0;
  #memory: Memory;
  #hasTimestamps = false;
  #hasHashes = false;
  #hasKinds = false;
  readonly #free: Memory[] = [];
  readonly #put: RowPut;
  readonly #staged: StagedText | null;

  /** `staged`: for rows whose field at that place is staged before they are appended. Errors: JOB_GRAPH_INVALID (LYT1). */
  constructor(type: ValueType<unknown>, capacity = COLUMN_ROWS, staged: StagedField | null = null) {
    this.layout = layoutOf(type);
    this.capacity = capacity;
    this.#put = rowPutOf(this.layout, staged?.place);
    this.#staged = staged?.text ?? null;
    this.#memory = this.#allocate();
  }

  /** Of the batch that is being built: others after `take`. */
  get stores(): readonly AnyStore[] {
    return this.#memory.stores;
  }

  get isFull(): boolean {
    return this.count === this.capacity;
  }

  /** To be filled by the caller: of each record the timestamp. */
  timestamps(): Float64Array {
    if (!this.#hasTimestamps) this.#memory.timestamps.fill(NO_TIMESTAMP, 0, this.count);
    this.#hasTimestamps = true;
    return this.#memory.timestamps;
  }

  /** The same for the hashes of keys. */
  keyHashes(): Int32Array {
    this.#hasHashes = true;
    return this.#memory.keyHashes;
  }

  /** The same for row kinds. */
  rowKinds(): Uint8Array {
    if (!this.#hasKinds) this.#memory.rowKinds.fill(rowKinds.insert, 0, this.count);
    this.#hasKinds = true;
    return this.#memory.rowKinds;
  }

  /** A row object. Errors: VALUE_NOT_SERIALIZABLE (CSO2). */
  appendRow(row: unknown, timestamp: number): void {
    const at = this.count;
    const isPut =
      typeof row === "object" &&
      row !== null &&
      isLiteral(row) &&
      this.#put(this.#memory.stores, row, at, this.#staged);
    if (!isPut) this.#putOdd(row, at);
    if (timestamp !== NO_TIMESTAMP || this.#hasTimestamps) this.timestamps()[at] = timestamp;
    if (this.#hasKinds) this.#memory.rowKinds[at] = rowKinds.insert;
    this.count = at + 1;
  }

  /** Records of a batch of the same layout; there is room for them. `keyHashes`: by place; default: the batch's. */
  append(batch: ColumnBatch, share: Share, keyHashes: Int32Array | null = null): void {
    const { stores, timestamps, rowKinds: kinds } = this.#memory;
    const { rows, from, to } = share;
    const at = this.count;
    for (let place = 0; place < stores.length; place++)
      (stores[place] as AnyStore).gather(batch.columns[place] as Column, { rows, from, to, at });
    const { marks } = batch;
    if (marks.timestamps !== null || this.#hasTimestamps) {
      this.timestamps();
      for (let index = from; index < to; index++)
        timestamps[at + index - from] = batch.timestampAt(rows[index] as number);
    }
    const hashes = keyHashes ?? marks.keyHashes;
    if (hashes !== null) this.#appendHashes(hashes, share);
    if (marks.rowKinds !== null || this.#hasKinds) {
      this.rowKinds();
      for (let index = from; index < to; index++)
        kinds[at + index - from] =
          marks.rowKinds === null ? rowKinds.insert : (marks.rowKinds[rows[index] as number] as number);
    }
    this.count = at + to - from;
  }

  /** The batch that was built, to be released by who takes it. */
  take(): ColumnBatch {
    const memory = this.#memory;
    const { stores, timestamps, keyHashes, rowKinds: kinds } = memory;
    const columns = stores.map((store) => store.column());
    const marks = {
      timestamps: this.#hasTimestamps ? timestamps : null,
      keyHashes: this.#hasHashes ? keyHashes : null,
      rowKinds: this.#hasKinds ? kinds : null,
    };
    const batch = new ColumnBatch(this.layout, columns, { count: this.count, marks }, (poisons) =>
      this.#giveBack(memory, poisons),
    );
    this.#memory = this.#free.pop() ?? this.#allocate();
    this.count = 0;
    this.#hasTimestamps = false;
    this.#hasHashes = false;
    this.#hasKinds = false;
    return batch;
  }

  /** All of a batch is of one edge, so all have hashes or none has. */
  #appendHashes(hashes: Int32Array, { rows, from, to }: Share): void {
    const { keyHashes } = this.#memory;
    this.#hasHashes = true;
    for (let index = from; index < to; index++)
      keyHashes[this.count + index - from] = hashes[rows[index] as number] as number;
  }

  #putOdd(row: unknown, at: number): void {
    const { fields, type } = this.layout;
    const found = findMisfit(type, row);
    if (found !== null) throw refuseMisfit("", found, at);
    for (const [place, { name }] of fields.entries())
      (this.#memory.stores[place] as AnyStore).put((row as Record<string, unknown>)[name], at);
  }

  #giveBack(memory: Memory, poisons: boolean): void {
    for (const store of memory.stores) {
      if (poisons) store.poison();
      store.clear();
    }
    if (this.#free.length < FREE_MAX) this.#free.push(memory);
  }

  #allocate(): Memory {
    const { capacity } = this;
    return {
      stores: this.layout.fields.map((field) => storeOf(field, capacity)),
      timestamps: new Float64Array(capacity),
      keyHashes: new Int32Array(capacity),
      rowKinds: new Uint8Array(capacity),
    };
  }
}

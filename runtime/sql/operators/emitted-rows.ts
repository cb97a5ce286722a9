/**
 * Owns: rows of an operator, put value by value, as they become batches of columns with their kinds and timestamps.
 * Called by: the emitters, which say what leaves (change-emitter.ts, row-emitter.ts).
 *
 * SQEM1 Rows leave in the order of their ends, when a batch is full or `flush` is called. Whoever emits flushes before its call of the operator ends.
 */
import { type AnyStore, ColumnBuilder, NO_TIMESTAMP, rowKinds } from "../../record/index.ts";
import type { Output } from "../../ports/index.ts";
import type { PlanRow } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";

export type RowKind = (typeof rowKinds)[keyof typeof rowKinds];

export class EmittedRows {
  readonly #builder: ColumnBuilder;
  readonly #output: Output<unknown>;
  /** Of the batch that is being built: null while all its rows are inserts. */
  #kinds: Uint8Array | null = null;
  /** Null while none of its rows has one. */
  #timestamps: Float64Array | null = null;

  constructor(row: PlanRow, output: Output<unknown>) {
    this.#builder = new ColumnBuilder(rowTypeOf(row));
    this.#output = output;
  }

  /** Where the values of the next row are put, at `at`: others after each `end`. */
  get stores(): readonly AnyStore[] {
    return this.#builder.stores;
  }

  get at(): number {
    return this.#builder.count;
  }

  /** All values of the row are there. */
  end(kind: RowKind, timestamp = NO_TIMESTAMP): void {
    const builder = this.#builder;
    const at = builder.count;
    if (kind !== rowKinds.insert) this.#kinds ??= builder.rowKinds();
    if (this.#kinds !== null) this.#kinds[at] = kind;
    if (timestamp !== NO_TIMESTAMP) this.#timestamps ??= builder.timestamps();
    if (this.#timestamps !== null) this.#timestamps[at] = timestamp;
    builder.count = at + 1;
    if (builder.isFull) this.flush();
  }

  flush(): void {
    if (this.#builder.count === 0) return;
    const batch = this.#builder.take();
    this.#kinds = null;
    this.#timestamps = null;
    this.#output.collectBatch(batch);
    batch.release();
  }
}

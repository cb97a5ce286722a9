/**
 * Owns: the records of batches of columns for one channel, or rows that leave as columns, gathered into batches of a good size for it.
 * Called by: record-writer.ts.
 *
 * CCL1 A batch is sent when it has as many records as the channel wants (`batchRows`), and no more than COLUMN_ROWS.
 */
import { COLUMN_ROWS, type ColumnBatch, ColumnBuilder, type StagedField, type ValueType } from "../record/index.ts";
import type { ChannelSender } from "./channel.ts";

type Gathered = {
  readonly type: ValueType<unknown>;
  readonly staged?: StagedField | null;
  readonly firstRows?: number;
};

export class ColumnCollector {
  readonly #sender: ChannelSender<never>;
  readonly #onFull: () => void;
  readonly #builder: ColumnBuilder;
  #limit: number;

  /** `staged`: of rows (`addRow`). `firstRows`: of the first batch at most; default: as of all others. */
  constructor(
    sender: ChannelSender<never>,
    { type, staged = null, firstRows = COLUMN_ROWS }: Gathered,
    onFull: () => void,
  ) {
    this.#sender = sender;
    this.#onFull = onFull;
    this.#builder = new ColumnBuilder(type, COLUMN_ROWS, staged);
    this.#limit = Math.min(firstRows, sender.batchRows);
  }

  /** The records at the places `rows[from]` up to `rows[to - 1]`. */
  add(
    batch: ColumnBatch,
    share: { readonly rows: Int32Array; readonly from: number; readonly to: number },
    keyHashes: Int32Array | null,
  ): void {
    const builder = this.#builder;
    const { rows, to } = share;
    for (let from = share.from; from < to; ) {
      const end = Math.min(to, from + this.#limit - builder.count);
      builder.append(batch, { rows, from, to: end }, keyHashes);
      from = end;
      if (builder.count >= this.#limit) this.flush();
    }
  }

  /** Errors: VALUE_NOT_SERIALIZABLE. */
  addRow(value: unknown, timestamp: number, keyHash: number): void {
    const builder = this.#builder;
    builder.keyHashes()[builder.count] = keyHash;
    builder.appendRow(value, timestamp);
    if (builder.count >= this.#limit) this.flush();
  }

  /** True when there was something to send. */
  flush(): boolean {
    if (this.#builder.count === 0) return false;
    this.#sender.sendColumns(this.#builder.take());
    this.#limit = Math.min(COLUMN_ROWS, this.#sender.batchRows);
    if (!this.#sender.isWritable) this.#onFull();
    return true;
  }
}

/**
 * Owns: the places of a chain where batches of columns go into an operator, and the two joints: columns to an operator of rows, rows to one of columns.
 * Not here: the head of a chain (column-loop.ts), which output leads where (chain.ts).
 *
 * COJ1 An operator takes everything in the order in which it was collected, rows and columns.
 * COJ2 What it has not taken when its task is to pause waits, copied, and is given to it again before anything that comes after it (TK5).
 * COJ3 Rows that are gathered for an operator of columns go on before the task takes anything but records of its source, and when its step
 *     ends: none waits longer, and none is behind a watermark or a barrier.
 */
import { assert } from "../../base/index.ts";
import { type ColumnBatch, ColumnBuilder, NO_TIMESTAMP, rowsOfColumns, type RowBatch } from "../record/index.ts";
import type { StreamOperator } from "../ports/index.ts";
import { blame, type Operator } from "./code-owner.ts";
import type { TaskEmissions } from "./emission-desk.ts";

type AnyOperator = StreamOperator<unknown, unknown>;

/** Where in a chain an operator stands. */
export type Joint = {
  readonly operator: AnyOperator;
  readonly names: Operator;
  readonly index: number;
  readonly emissions: TaskEmissions;
};

/** Takes batches for one operator; it does not keep them. */
export interface BatchEntry {
  give(batch: ColumnBatch): void;
}

/** `gatherer`: of an operator of columns that does not take rows. */
export function entryOf(joint: Joint, gatherer: RowGatherer | null): BatchEntry {
  if (joint.operator.processBatch === undefined) return new RowsEntry(joint);
  return gatherer === null ? new WholeEntry(joint) : new ColumnsEntry(joint, gatherer);
}

/** Into an operator of columns. */
class ColumnsEntry implements BatchEntry {
  readonly #joint: Joint;
  readonly #gatherer: RowGatherer;
  readonly #left: ColumnBatch[] = [];
  #from = 0;

  constructor(joint: Joint, gatherer: RowGatherer) {
    this.#joint = joint;
    this.#gatherer = gatherer;
    gatherer.entry = this;
  }

  give(batch: ColumnBatch): void {
    // COJ1
    this.#gatherer.flush();
    if (this.#left.length > 0) {
      this.#left.push(copyFrom(batch, 0));
      return;
    }
    const taken = this.#process(batch, 0);
    if (taken >= batch.count) return;
    this.#left.push(copyFrom(batch, taken));
    this.#joint.emissions.deferInput(this.#joint.index, this.#resume);
  }

  /** COJ2 */
  readonly #resume = (): boolean => {
    const { emissions, index } = this.#joint;
    for (let batch = this.#left[0]; batch !== undefined; batch = this.#left[0]) {
      this.#from = this.#process(batch, this.#from);
      if (this.#from < batch.count) return false;
      this.#from = 0;
      this.#left.shift();
      if (this.#left.length > 0 && emissions.isFull(index)) return false;
    }
    return true;
  };

  #process(batch: ColumnBatch, from: number): number {
    const { operator, names } = this.#joint;
    try {
      return operator.processBatch?.(batch, from) ?? batch.count;
    } catch (error) {
      throw blame(error, names);
    }
  }
}

/** Into an operator that takes batches whole, and rows as they are: nothing waits in between. Whether it wants rows alone is known when it is open. */
class WholeEntry implements BatchEntry {
  readonly #joint: Joint;
  readonly #asRows: RowsEntry;

  constructor(joint: Joint) {
    this.#joint = joint;
    this.#asRows = new RowsEntry(joint);
  }

  give(batch: ColumnBatch): void {
    const { operator, names } = this.#joint;
    if (operator.wantsRows === true) {
      this.#asRows.give(batch);
      return;
    }
    if (batch.count === 0) return;
    try {
      const taken = operator.processBatch?.(batch, 0);
      assert(taken === batch.count, "an operator that takes rows, too, takes batches whole");
    } catch (error) {
      throw blame(error, names);
    }
  }
}

/** Into an operator of rows. */
class RowsEntry implements BatchEntry {
  readonly #joint: Joint;
  readonly #left: RowBatch<unknown>[] = [];
  #row = 0;

  constructor(joint: Joint) {
    this.#joint = joint;
  }

  give(batch: ColumnBatch): void {
    if (batch.count === 0) return;
    this.#left.push(rowsOfColumns(batch));
    if (this.#left.length === 1 && !this.#goOn()) this.#joint.emissions.deferInput(this.#joint.index, this.#goOn);
  }

  readonly #goOn = (): boolean => {
    const { operator, names, emissions, index } = this.#joint;
    try {
      for (let batch = this.#left[0]; batch !== undefined; batch = this.#left[0]) {
        const { rows, timestamps } = batch;
        while (this.#row < rows.length) {
          const row = this.#row++;
          operator.process(rows[row], timestamps === null ? NO_TIMESTAMP : (timestamps[row] as number));
          if (emissions.isFull(index) && (this.#row < rows.length || this.#left.length > 1)) return false;
        }
        this.#row = 0;
        this.#left.shift();
      }
    } catch (error) {
      throw blame(error, names);
    }
    return true;
  };
}

/** Rows for an operator of columns: stands where that operator's `process` is called. */
export class RowGatherer {
  readonly #builder: ColumnBuilder;
  readonly #producer: Operator;
  entry: BatchEntry | null = null;

  /** `producer`: whose rows they are, and whose fault it is when they do not fit. */
  constructor(builder: ColumnBuilder, producer: Operator) {
    this.#builder = builder;
    this.#producer = producer;
  }

  process(value: unknown, timestamp: number): void {
    try {
      this.#builder.appendRow(value, timestamp);
    } catch (error) {
      throw blame(error, this.#producer);
    }
    if (this.#builder.isFull) this.flush();
  }

  /** True when there was something. */
  flush(): boolean {
    if (this.#builder.count === 0) return false;
    const batch = this.#builder.take();
    this.entry?.give(batch);
    batch.release();
    return true;
  }
}

/** A batch of its own, of the records from the one numbered `from` on. */
function copyFrom(batch: ColumnBatch, from: number): ColumnBatch {
  const builder = new ColumnBuilder(batch.layout.type, batch.count - from);
  builder.append(batch, { rows: batch.rows, from, to: batch.count });
  return builder.take();
}

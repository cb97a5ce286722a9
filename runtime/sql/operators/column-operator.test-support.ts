/**
 * Owns: driving an operator of columns with row objects and their kinds, and reading what it emits.
 *
 * Released batches are overwritten (debugColumns), and a batch that came in is gone when its call returns.
 */
import type { OperatorContext, OperatorFactory, Output, StreamOperator } from "../../ports/index.ts";
import { ColumnBuilder, debugColumns, NO_TIMESTAMP, rowKinds } from "../../record/index.ts";
import type { PlanRow } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";

export type Change = {
  readonly kind: keyof typeof rowKinds;
  readonly row: Readonly<Record<string, unknown>>;
  /** Absent: none. */
  readonly timestamp?: number;
};

const kindNames = Object.entries(rowKinds) as readonly (readonly [keyof typeof rowKinds, number])[];

export class ColumnOperatorDriver {
  readonly changes: Change[] = [];
  readonly watermarks: number[] = [];
  readonly statuses: boolean[] = [];
  readonly operator: StreamOperator<unknown, unknown>;
  readonly #builder: ColumnBuilder;

  constructor(factory: OperatorFactory<unknown, unknown>, input: PlanRow, context: Partial<OperatorContext> = {}) {
    debugColumns(true);
    this.#builder = new ColumnBuilder(rowTypeOf(input));
    this.operator = factory.create();
    const output: Output<unknown> = {
      collect: () => {
        throw new Error("an operator of columns emits batches");
      },
      collectBatch: (batch) => {
        const objects = batch.toRows();
        for (const [at, row] of objects.entries()) {
          const place = batch.rows[at] as number;
          const kind = batch.marks.rowKinds?.[place] ?? rowKinds.insert;
          const [name = "insert"] = kindNames.find(([, value]) => value === kind) ?? [];
          const timestamp = batch.timestampAt(place);
          this.changes.push({ kind: name, row, ...(timestamp === NO_TIMESTAMP ? {} : { timestamp }) });
        }
      },
      sideOutput: () => {
        throw new Error("there is no side output");
      },
      emitWatermark: (timestamp) => this.watermarks.push(timestamp),
      emitStatus: (idle) => this.statuses.push(idle),
    };
    void this.operator.open?.(context as OperatorContext, output);
  }

  /** In one batch, of which the records before `from` were taken already. */
  send(changes: readonly Change[], from = 0): void {
    for (const [at, { kind, row, timestamp }] of changes.entries()) {
      this.#builder.appendRow(row, timestamp ?? NO_TIMESTAMP);
      if (kind !== "insert") this.#builder.rowKinds()[at] = rowKinds[kind];
    }
    const batch = this.#builder.take();
    this.operator.processBatch?.(batch, from);
    batch.release();
  }
}

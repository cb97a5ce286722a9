/**
 * Owns: the changes of a table as records of a stream.
 *
 * TBCH1 A record for each change, in the order of the table's changes: what a query takes back comes as a record of its own, before what replaces it.
 */
import type { OperatorContext, OperatorFactory, Output, StreamOperator } from "../ports/index.ts";
import { type ColumnBatch, isAdded, rowKindTexts, t, type ValueType } from "../record/index.ts";

/** As Flink writes them: +I a new row, -U and +U a row before and after an update, -D a row that is gone. */
export type RowKind = "+I" | "-U" | "+U" | "-D";

/** `isAdded`: the row is new, or else one that came before is taken back. */
export type RetractRecord<R = Record<string, unknown>> = { readonly isAdded: boolean; readonly row: R };
export type ChangelogRecord<R = Record<string, unknown>> = { readonly kind: RowKind; readonly row: R };

export function retractType<R>(row: ValueType<R>): ValueType<RetractRecord<R>> {
  return t.record({ isAdded: t.boolean, row }) as ValueType<unknown> as ValueType<RetractRecord<R>>;
}

export function changelogType<R>(row: ValueType<R>): ValueType<ChangelogRecord<R>> {
  return t.record({ kind: t.string, row }) as ValueType<unknown> as ValueType<ChangelogRecord<R>>;
}

export const retractOperator: OperatorFactory<unknown, RetractRecord> = {
  kind: "operator",
  name: "retract stream",
  create: () =>
    new ChangesOperator((kind, row) => ({
      isAdded: isAdded(kind),
      row,
    })),
};

export const changelogOperator: OperatorFactory<unknown, ChangelogRecord> = {
  kind: "operator",
  name: "changelog stream",
  create: () => new ChangesOperator((kind, row) => ({ kind: rowKindTexts[kind] as RowKind, row })),
};

class ChangesOperator<O> implements StreamOperator<unknown, O> {
  readonly #recordOf: (kind: number, row: Record<string, unknown>) => O;
  #output!: Output<O>;
  #context!: OperatorContext;

  constructor(recordOf: (kind: number, row: Record<string, unknown>) => O) {
    this.#recordOf = recordOf;
  }

  open(context: OperatorContext, output: Output<O>): void {
    this.#context = context;
    this.#output = output;
  }

  process(): void {
    throw new Error("an operator of columns got a row");
  }

  processBatch(batch: ColumnBatch, from: number): number {
    const { rows, count } = batch;
    const { emission } = this.#context;
    const objects = batch.toRows(from);
    for (let at = from; at < count; ) {
      const place = rows[at] as number;
      const kind = batch.rowKindAt(place);
      this.#output.collect(
        this.#recordOf(kind, objects[at - from] as Record<string, unknown>),
        batch.timestampAt(place),
      );
      at += 1;
      if (emission?.isPaused === true) return at;
    }
    return count;
  }
}

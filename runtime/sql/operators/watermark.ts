/**
 * Owns: watermarks of a table's rows, by its WATERMARK FOR.
 *
 * SQXW1 A row's strategy is the greatest time that may still be late because of it: the watermark is the greatest of them so far, and it never goes back. A NULL there says nothing.
 * SQXW2 Rows get the time attribute as their timestamp. One without a time is refused: it would be in no window, and nobody would know.
 * SQXW3 Watermarks that come in are the source's, not the table's: they are not forwarded, but for the last one.
 */
import type { OperatorFactory, Output, StreamOperator } from "../../ports/index.ts";
import { ColumnBatch, type Float64Column, isNull, MIN_WATERMARK } from "../../record/index.ts";
import { compileHighest, type HighestOf } from "../codegen/highest.ts";
import { failExpression } from "../codegen/operation.ts";
import type { PlanRow, WatermarkNode } from "../plan/plan-tree.ts";
import type { SqlSession } from "../session.ts";
import { refuseRow } from "./batches-only.ts";

export function watermarkOperator(
  node: WatermarkNode,
  input: PlanRow,
  session: SqlSession,
): OperatorFactory<unknown, unknown> {
  return { kind: "operator", name: "watermark", create: () => new WatermarkOperator(node, input, session) };
}

class WatermarkOperator implements StreamOperator<unknown, unknown> {
  readonly ownsWatermarks = true;
  readonly emits = "input";
  readonly #node: WatermarkNode;
  readonly #input: PlanRow;
  readonly #session: SqlSession;
  #highestOf!: HighestOf;
  #output!: Output<unknown>;
  #watermark = MIN_WATERMARK;

  constructor(node: WatermarkNode, input: PlanRow, session: SqlSession) {
    this.#node = node;
    this.#input = input;
    this.#session = session;
  }

  open(_context: unknown, output: Output<unknown>): void {
    this.#output = output;
    this.#highestOf = compileHighest(this.#node.strategy, this.#input, this.#session);
  }

  process(): void {
    refuseRow();
  }

  processBatch(batch: ColumnBatch, from: number): number {
    const { count, rows, columns, layout } = batch;
    if (from === count) return count;
    const timestamps = this.#timesOf(batch, from);
    const selection = from === 0 ? batch.selection : rows.subarray(from, count);
    const marks = { ...batch.marks, timestamps };
    const reached = this.#highestOf(batch, from);
    this.#output.collectBatch(new ColumnBatch(layout, columns, { count: count - from, selection, marks }));
    if (reached > this.#watermark) {
      this.#watermark = reached;
      this.#output.emitWatermark(reached);
    }
    return count;
  }

  onStatus(idle: boolean): void {
    this.#output.emitStatus(idle);
  }

  /** By place (SQXW2). */
  #timesOf({ columns, rows, count }: ColumnBatch, from: number): Float64Array {
    const { values, nulls } = columns[this.#node.time] as Float64Column;
    if (nulls !== null)
      for (let at = from; at < count; at++)
        if (isNull(nulls, rows[at] as number)) failNoTime(this.#input[this.#node.time]?.name ?? "");
    return values;
  }
}

function failNoTime(column: string): never {
  return failExpression(
    `a row without a time: "${column}" is NULL, and the table's watermark goes by it`,
    "Declare a computed column that has a time for each row, as in COALESCE(…, …), or leave such rows out before they are written.",
  );
}

/**
 * Owns: the operator of a calc: rows that a condition holds for, as other columns.
 *
 * SQXV2 Where the plan says so, -U and +U of one row right behind it leave together, or not at all: who adds rows up has the same after both.
 * SQXV1 Kinds of rows and timestamps pass: what takes a row back takes back what was made of it, because the same row gives the same result.
 */
import type { OperatorContext, OperatorFactory, Output, StreamOperator } from "../../ports/index.ts";
import { type ColumnBatch, rowKinds, sameValueAt } from "../../record/index.ts";
import { type CompiledCalc, compileCalc } from "../codegen/calc.ts";
import type { CalcNode, PlanRow } from "../plan/plan-tree.ts";
import type { SqlSession } from "../session.ts";
import { RunningFunctions } from "../user-functions/running-functions.ts";
import { refuseRow } from "./batches-only.ts";

export function calcOperator(node: CalcNode, input: PlanRow, session: SqlSession): OperatorFactory<unknown, unknown> {
  return { kind: "operator", name: "calc", create: () => new CalcOperator(node, input, session) };
}

class CalcOperator implements StreamOperator<unknown, unknown> {
  readonly #node: CalcNode;
  readonly #input: PlanRow;
  readonly #session: SqlSession;
  #calc!: CompiledCalc;
  #output!: Output<unknown>;
  readonly #functions = new RunningFunctions();
  #kept = new Int32Array(0);
  /** What CURRENT_WATERMARK is; null: none came yet. */
  #watermark: number | null = null;

  constructor(node: CalcNode, input: PlanRow, session: SqlSession) {
    this.#node = node;
    this.#input = input;
    this.#session = session;
  }

  open(context: OperatorContext, output: Output<unknown>): void | Promise<void> {
    this.#output = output;
    const session = { ...this.#session, watermark: () => this.#watermark, functions: this.#functions };
    this.#calc = compileCalc(this.#input, this.#node, this.#node.row, session);
    return this.#functions.open(context);
  }

  close(): Promise<void> {
    return this.#functions.close();
  }

  process(): void {
    refuseRow();
  }

  onWatermark(timestamp: number): void {
    this.#watermark = timestamp;
  }

  processBatch(batch: ColumnBatch, from: number): number {
    const result = this.#calc.apply(batch, from);
    if (result !== null) {
      const kept = this.#node.leavesOutEqual === true ? this.#withoutEqual(result) : result;
      if (kept.count > 0) this.#output.collectBatch(kept);
      result.release();
    }
    return batch.count;
  }

  /** SQXV2 */
  #withoutEqual(batch: ColumnBatch): ColumnBatch {
    const { rows, count, columns } = batch;
    const kinds = batch.marks.rowKinds;
    if (kinds === null) return batch;
    if (this.#kept.length < count) this.#kept = new Int32Array(count);
    const kept = this.#kept;
    let size = 0;
    for (let at = 0; at < count; at++) {
      const row = rows[at] as number;
      const next = rows[at + 1] as number;
      const isUpdate = at + 1 < count && kinds[row] === rowKinds.updateBefore && kinds[next] === rowKinds.updateAfter;
      if (isUpdate && columns.every((column) => sameValueAt(column, row, column, next))) at += 1;
      else kept[size++] = row;
    }
    return size === count ? batch : batch.select(kept, size);
  }
}

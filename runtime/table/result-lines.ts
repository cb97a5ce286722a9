/**
 * Owns: the result of a query for whoever asks for it in another process: changes as lines on a TaskManager's standard output, and how they are read.
 *
 * RSLN1 A line is a mark that no text of a job begins with, and a JSON array: the kind of the change, then the values as SQL casts them to STRING, null for NULL.
 *     What else a job prints goes by.
 */
import type { OperatorFactory, Output, StreamOperator } from "../ports/index.ts";
import { type ColumnBatch, NO_TIMESTAMP, rowKindTexts } from "../record/index.ts";
import type { PlanRow } from "../sql/index.ts";
import { textsOf } from "./printed-table.ts";

/** The separator of texts of JSON (RFC 7464). */
const MARK = "\u001e";

export type ResultChange = {
  readonly kind: "+I" | "-U" | "+U" | "-D";
  readonly values: readonly (string | null)[];
};

/** `row`: the columns of what comes, all of them STRINGs. In one subtask. */
export function resultLines(row: PlanRow): OperatorFactory<unknown, string> {
  return { kind: "operator", name: "result", create: () => new ResultLines(row) };
}

class ResultLines implements StreamOperator<unknown, string> {
  readonly #row: PlanRow;
  #output!: Output<string>;

  constructor(row: PlanRow) {
    this.#row = row;
  }

  open(_context: unknown, output: Output<string>): void {
    this.#output = output;
  }

  process(): void {
    throw new Error("an operator of columns got a row");
  }

  processBatch(batch: ColumnBatch, from: number): number {
    const { rows, count } = batch;
    for (const [at, row] of batch.toRows(from).entries()) {
      const kind = rowKindTexts[batch.rowKindAt(rows[from + at] as number)];
      this.#output.collect(`${MARK}${JSON.stringify([kind, ...textsOf(this.#row, row as object)])}`, NO_TIMESTAMP);
    }
    return count;
  }
}

/** Null: the line is something else that the job has printed. */
export function resultChange(line: string): ResultChange | null {
  if (!line.startsWith(MARK)) return null;
  const [kind, ...values] = JSON.parse(line.slice(MARK.length)) as [ResultChange["kind"], ...(string | null)[]];
  return { kind, values };
}

/**
 * Owns: the result of a query for whoever asks for it in another process: changes as lines on a TaskManager's standard output, and how they are read.
 *
 * RSLN1 A line is a mark that no text of a job begins with, and a JSON array: the kind of the change, then the values as SQL casts them to STRING, null for NULL.
 *     What else a job prints goes by, also where it has not ended its line before. A line that was cut, as its process was killed, is no change.
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

/** What a line has: something else that the job has printed, or null; and a change, or null. */
export type ReadLine = { readonly printed: string | null; readonly change: ResultChange | null };

/** RSLN1 */
export function readResultLine(line: string): ReadLine {
  const at = line.lastIndexOf(MARK);
  if (at < 0) return { printed: line, change: null };
  const before = line.slice(0, at);
  return { printed: before === "" || before.startsWith(MARK) ? null : before, change: changeOf(line.slice(at + 1)) };
}

function changeOf(text: string): ResultChange | null {
  try {
    const [kind, ...values] = JSON.parse(text) as [ResultChange["kind"], ...(string | null)[]];
    return { kind, values };
  } catch {
    return null;
  }
}

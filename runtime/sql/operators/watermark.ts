/**
 * Owns: what the watermarks of a table are made from, by its WATERMARK FOR.
 * Not here: when they are emitted, idleness, splits (runtime/operators/basic/batch-watermarks-operator.ts).
 *
 * SQXW1 A row's strategy is the greatest time that may still be late because of it. A NULL there says nothing.
 * SQXW2 A row without a time is refused: it would be in no window, and nobody would know. Of a row that is deleted by its key only the key is there.
 */
import { type ColumnBatch, isAdded, isNull } from "../../record/index.ts";
import { compileHighest, type HighestOf } from "../codegen/highest.ts";
import { failExpression } from "../functions/implementations.ts";
import type { WatermarkNode } from "../plan/plan-tree.ts";
import type { SqlSession } from "../session.ts";

/** For one subtask. Errors of what it makes: SQL_EXPRESSION_FAILED. */
export function watermarksOf({ input, time, strategy }: WatermarkNode, session: SqlSession): HighestOf {
  const highestOf = compileHighest(strategy, input.row, session);
  return (batch, from) => {
    requireTimes(batch, from, time);
    return highestOf(batch, from);
  };
}

/** SQXW2 */
function requireTimes(batch: ColumnBatch, from: number, time: number): void {
  const { columns, rows, count, layout } = batch;
  const nulls = columns[time]?.nulls ?? null;
  if (nulls === null) return;
  for (let at = from; at < count; at++)
    if (isNull(nulls, rows[at] as number) && isAdded(batch.rowKindAt(rows[at] as number)))
      failExpression(
        `a row without a time: "${layout.fields[time]?.name}" is NULL, and the table's watermark goes by it`,
        "Declare a computed column that has a time for each row, as in COALESCE(…, …), or leave such rows out before they are written.",
      );
}

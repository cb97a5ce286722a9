/**
 * Owns: the greatest value that an expression has in a batch: what watermarks are made from.
 */
import { type ColumnBatch, type Float64Column, isNull, MIN_WATERMARK } from "../../record/index.ts";
import type { PlanRow } from "../plan/plan-tree.ts";
import type { SqlSession } from "../session.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";
import { compileCalc } from "./calc.ts";

/** Of the records from the one numbered `from` on, in milliseconds; MIN_WATERMARK where the expression is NULL for all of them. */
export type HighestOf = (batch: ColumnBatch, from: number) => number;

/** `time`: a TIMESTAMP or TIMESTAMP_LTZ of at most milliseconds. For one subtask. */
export function compileHighest(time: TypedExpression, input: PlanRow, session: SqlSession): HighestOf {
  const type = time.type as PlanRow[number]["type"];
  const output: PlanRow = [{ name: "time", type: { ...type, isNullable: true }, time: null }];
  const calc = compileCalc(input, { condition: null, values: [time] }, output, session);
  return (batch, from) => {
    const result = calc.apply(batch, from);
    if (result === null) return MIN_WATERMARK;
    const { values, nulls } = result.columns[0] as Float64Column;
    const { rows, count } = result;
    let highest = MIN_WATERMARK;
    for (let at = 0; at < count; at++) {
      const row = rows[at] as number;
      if (nulls !== null && isNull(nulls, row)) continue;
      const each = values[row] as number;
      if (each > highest) highest = each;
    }
    result.release();
    return highest;
  };
}

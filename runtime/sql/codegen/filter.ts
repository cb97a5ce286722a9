/**
 * Owns: the generated loop that lists the records of a batch for which a condition is TRUE.
 * Called by: calc.ts, operators/join-filter.ts.
 */
import type { Column, ColumnLayout } from "../../record/index.ts";
import type { PlanRow } from "../plan/plan-tree.ts";
import type { SqlSession } from "../session.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";
import { BatchSource, LOOP_HEAD } from "./batch-source.ts";
import { Code } from "./code.ts";
import { contextOf } from "./expression.ts";

/** Lists in `selected` the places `rows[from]` to `rows[count - 1]` that pass, in their order, and answers how many do. Columns that the condition does not read may be missing. */
export type Filter = (
  columns: readonly Column[],
  rows: Int32Array,
  ...[from, count, selected]: [number, number, Int32Array]
) => number;

export function compileFilter(
  input: PlanRow,
  { fields }: ColumnLayout,
  condition: TypedExpression,
  session: SqlSession,
): Filter {
  const code = new Code();
  const source = new BatchSource(input, fields);
  const { value } = contextOf(code, source, session, [condition]).generate(condition);
  code.line(`if (${value}) selected[n++] = r;`);
  return code.compile(
    ["columns", "rows", "from", "count", "selected"],
    `${source.head}\nlet n = 0;\n${LOOP_HEAD}\n${code.text}\n}\nreturn n;`,
  ) as Filter;
}

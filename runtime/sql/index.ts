/** Room `sql`: the text of SQL, its syntax tree, its types, what it means, what is wrong with it, and the operators that run it. */
export { compileHighest } from "./codegen/highest.ts";
export { aggregateOperator } from "./operators/aggregate.ts";
export { calcOperator } from "./operators/calc.ts";
export { expandOperator } from "./operators/expand.ts";
export { unnestOperator } from "./operators/unnest.ts";
export { valuesRows } from "./operators/values.ts";
export { watermarkOperator } from "./operators/watermark.ts";
export { describeProblem } from "./syntax/problem.ts";
export { statementText } from "./syntax/statement-text.ts";
export { type SqlType, typeText } from "./types/sql-type.ts";
export type { PlanMode, PlanNode, PlanRow, PlanSink } from "./plan/plan-tree.ts";
export { RowKeys } from "./rows/row-key.ts";
export { sqlTypeOf, valueTypeOf } from "./types/value-types.ts";
export { describeFunctions } from "./validate/functions/functions-page.ts";
export { schemaText } from "./validate/schema-text.ts";
export { validateScript, type ValidatedStatement } from "./validate/validate-script.ts";

/** Room `sql`: the text of SQL, its syntax tree, its types, what it means, what is wrong with it, and the operators that run it. */
export { aggregateOperator } from "./operators/aggregate.ts";
export { calcOperator } from "./operators/calc.ts";
export { expandOperator } from "./operators/expand.ts";
export { unnestOperator } from "./operators/unnest.ts";
export { valuesRows } from "./operators/values.ts";
export { watermarksOf } from "./operators/watermark.ts";
export { castToText } from "./plan/cast-to-text.ts";
export { describeProblem, type SqlProblem } from "./syntax/problem.ts";
export { windowAggregateOperator } from "./operators/window-aggregate.ts";
export { windowTableOperator } from "./operators/window-table.ts";
export { describeProblem } from "./syntax/problem.ts";
export type { Changes } from "./plan/plan-tree.ts";
export { rowTypeOf } from "./rows/row-type.ts";
export type { SqlSession } from "./session.ts";
/** Room `sql`: the text of SQL, its syntax tree, its types, what it means, what is wrong with it, and its plan. */
export { type ExplainedPlan, explainJson, explainText } from "./plan/explain.ts";
export { type PlanOptions, planScript, type ScriptPlan } from "./plan/plan-script.ts";
export { describeProblem } from "./syntax/problem.ts";
export { statementText } from "./syntax/statement-text.ts";
export { type SqlType, typeText } from "./types/sql-type.ts";
export type { PlanMode, PlanNode, PlanRow, PlanSink } from "./plan/plan-tree.ts";
export { RowKeys } from "./rows/row-key.ts";
export { sqlTypeOf, valueTypeOf } from "./types/value-types.ts";
export { describeFunctions } from "./validate/functions/functions-page.ts";
export type { CatalogTable, GivenTable } from "./validate/catalog.ts";
export { nearestName } from "./validate/names.ts";
export { schemaText } from "./validate/schema-text.ts";
export { validateScript, type ValidatedStatement } from "./validate/validate-script.ts";

/** Room `sql`: the text of SQL, its syntax tree, its types, what it means, what is wrong with it, its plan, and the operators that run it. */
export { aggregateOperator } from "./operators/aggregate.ts";
export { calcOperator } from "./operators/calc.ts";
export { expandOperator } from "./operators/expand.ts";
export { expiring } from "./operators/expiring-operator.ts";
export { windowJoinOperator } from "./operators/held-join.ts";
export { intervalJoinOperator } from "./operators/interval-join.ts";
export { joinOperator } from "./operators/join.ts";
export { deduplicateOperator, normalizeOperator } from "./operators/latest-rows.ts";
export { localAggregateOperator, partialKeysOf } from "./operators/local-aggregate.ts";
export { loadedLookupJoinOperator } from "./operators/loaded-lookup-join.ts";
export { type Lookup, lookupOf } from "./operators/lookup-join.ts";
export { overOperator } from "./operators/over.ts";
export { rankOperator } from "./operators/rank.ts";
export { rowsByKeyOperator } from "./operators/rows-by-key.ts";
export { sortOperator } from "./operators/sort.ts";
export { temporalJoinOperator } from "./operators/temporal-join.ts";
export { unnestOperator } from "./operators/unnest.ts";
export { valuesRows } from "./operators/values.ts";
export { watermarksOf } from "./operators/watermark.ts";
export { windowAggregateOperator } from "./operators/window-aggregate.ts";
export { windowTableOperator } from "./operators/window-table.ts";
export { aggregationKeys } from "./plan/aggregation-settings.ts";
export { castToText } from "./plan/cast-to-text.ts";
export { type ExplainedPlan, explainJson, explainText } from "./plan/explain.ts";
export { explainSvg } from "./plan/plan-picture.ts";
export { operatorName } from "./plan/operator-name.ts";
export { comparePlans, describeComparison, type PlanComparison } from "./plan/plan-comparison.ts";
export { type PlanOptions, planScript, type ScriptPlan } from "./plan/plan-script.ts";
export type { Changes, Kept, PlanMode, PlanNode, PlanRow, PlanSink, ScanFilter } from "./plan/plan-tree.ts";
export { inputsOf } from "./plan/rebuilt.ts";
export { readSavedPlan } from "./plan/saved-plan.ts";
export { keyOfSink, keyStepsOf } from "./plan/sink-steps.ts";
export { localUidOf, Uids } from "./plan/uids.ts";
export { isReadWhole } from "./validate/whole-lookups.ts";
export { RowKeys } from "./rows/row-key.ts";
export { rowTypeOf } from "./rows/row-type.ts";
export type { SqlSession } from "./session.ts";
export { describeProblem, type SqlProblem } from "./syntax/problem.ts";
export { statementText } from "./syntax/statement-text.ts";
export { type SqlType, typeText } from "./types/sql-type.ts";
export { fieldText, typeScriptOf } from "./types/type-script.ts";
export { sqlTypeOf, valueTypeOf } from "./types/value-types.ts";
export type { ArgumentsOf, FunctionContext, FunctionDefinition, OpenedFunction } from "./user-functions/definition.ts";
export {
  type AggregateFunction,
  aggregateFunction,
  type AggregateFunctionOptions,
  isFunctionDefinition,
  type ScalarFunction,
  scalarFunction,
  type ScalarFunctionOptions,
  type TableFunction,
  tableFunction,
  type TableFunctionOptions,
} from "./user-functions/definition.ts";
export { boundFunction } from "./user-functions/bound-function.ts";
export type { CatalogTable, FunctionSource, GivenFunction, GivenTable, LoadedFunction } from "./validate/catalog.ts";
export { codeModulesIn, isBuiltIn } from "./validate/created-function.ts";
export { describeFunctions } from "./validate/functions/functions-page.ts";
export { nearestName, quoted } from "./validate/names.ts";
export { reservedWords } from "./syntax/keywords.ts";
export type { Catalog } from "./validate/catalog.ts";
export { namesSecret, tableDefinitionText } from "./validate/definition-text.ts";
export { builtInFunctions } from "./validate/functions/function-table.ts";
export { schemaText } from "./validate/schema-text.ts";
export { type ScriptWorld, validateScript, type ValidatedStatement } from "./validate/validate-script.ts";

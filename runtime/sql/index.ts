/** Room `sql`: the text of SQL, its syntax tree, its types, what it means, what is wrong with it, and its plan. */
export { type ExplainedPlan, explainJson, explainText } from "./plan/explain.ts";
export { type PlanOptions, planScript, type ScriptPlan } from "./plan/plan-script.ts";
export { Uids } from "./plan/uids.ts";
export { describeProblem } from "./syntax/problem.ts";
export { statementText } from "./syntax/statement-text.ts";
export { sqlTypeOf, valueTypeOf } from "./types/value-types.ts";
export { describeFunctions } from "./validate/functions/functions-page.ts";
export { schemaText } from "./validate/schema-text.ts";
export { validateScript, type ValidatedStatement } from "./validate/validate-script.ts";

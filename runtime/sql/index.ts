/** Room `sql`: the text of SQL, its syntax tree, its types, and what is wrong with it. */
export { checkScript } from "./check/check-script.ts";
export { describeProblem, type SqlProblem } from "./syntax/problem.ts";
export type { Script } from "./syntax/script.ts";
export { statementText } from "./syntax/statement-text.ts";
export { sqlTypeOf, valueTypeOf } from "./types/value-types.ts";

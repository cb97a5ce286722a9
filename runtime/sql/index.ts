/** Room `sql`: the text of SQL, its syntax tree, and what is wrong with it. */
export { describeProblem, type SqlProblem } from "./syntax/problem.ts";
export { parseScript, type Script } from "./syntax/script.ts";
export { statementText } from "./syntax/statement-text.ts";

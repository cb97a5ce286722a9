/** Second door of the room `table`, for the engine and the shell: functions of scripts, statements one by one, results of queries. No package export. */
export type { FunctionSource } from "../sql/index.ts";
export { functionModules, type LoadModule } from "./function-modules.ts";
export { observedRows } from "./observed-rows.ts";
export { type DeclaredRows, rowDeclarations, tablesOf } from "./row-declarations.ts";
export { readResultLine, type ResultChange } from "./result-lines.ts";
export { type LookedStatement, ScriptSession } from "./script-session.ts";
export { queryJob } from "./sql-job.ts";
export { cutTo, tableLines, type Texts, widthsFor, widthsOf, widthsWithin } from "./table-text.ts";

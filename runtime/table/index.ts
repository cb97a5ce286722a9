/** Room `table`: SQL in a job module (`import { tableEnvironment } from "streamjob/table"`), and scripts of SQL as jobs. */
export type { ChangelogRecord, RetractRecord, RowKind } from "./changes.ts";
export type { LoadModule } from "./function-modules.ts";
export type { TableOptions } from "./given-stream.ts";
export { sqlJob } from "./sql-job.ts";
export type { Table, TableColumn } from "./table.ts";
export {
  type AggregateFunction,
  aggregateFunction,
  type AggregateFunctionOptions,
  type ArgumentsOf,
  type FunctionContext,
  type FunctionDefinition,
  type OpenedFunction,
  type ScalarFunction,
  scalarFunction,
  type ScalarFunctionOptions,
  type TableFunction,
  tableFunction,
  type TableFunctionOptions,
} from "../sql/index.ts";
export {
  type QueryRows,
  type TableEnvironment,
  tableEnvironment,
  type TableEnvironmentOptions,
} from "./table-environment.ts";

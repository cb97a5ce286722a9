/**
 * Owns: what is wrong with a table, so that it can be shown at its place in a script.
 */
import { StreamError } from "../../base/index.ts";

export type TableProblem = {
  /** What is wrong; no full stop. */
  readonly message: string;
  /** What to do; a sentence. */
  readonly remedy: string;
  /** The option that is wrong; where it is missing, there is none. */
  readonly option?: string;
  /** The column that is wrong. */
  readonly column?: string;
};

/** Found before the job runs; trying again does not help. */
export class TableError extends StreamError {
  readonly table: string;
  readonly problem: TableProblem;

  constructor(table: string, problem: TableProblem) {
    super("OPTION_INVALID", `table ${table}: ${problem.message}. ${problem.remedy}`, { destiny: "terminal" });
    this.name = "TableError";
    this.table = table;
    this.problem = problem;
  }
}

/**
 * Owns: what becomes of one statement, where nobody watches: its answer or its result in the format that was asked for, or its job until it ends.
 * Called by: script-run.ts; shell.ts for what needs no screen.
 */
import { explainJson, explainText } from "../../runtime/sql/index.ts";
import type { LookedStatement } from "../../runtime/table/engine.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { answerOf, rowOfTexts } from "./inquiries.ts";
import type { QueryRun, RunQuery } from "./query-run.ts";
import { type ResultShape, resultWriter } from "./result-format.ts";
import type { OutputFormat } from "./sql-words.ts";

export type StatementPlace = {
  readonly terminal: Terminal;
  readonly format: OutputFormat;
  readonly runQuery: RunQuery;
  /** Called with what runs, so that it can be stopped. */
  readonly onRun: (run: QueryRun) => void;
};

/** The columns of a query's result; null: the statement is none. */
export function shapeOf({ statement, plan }: LookedStatement): ResultShape | null {
  const [query] = plan.queries;
  if (statement.kind !== "queryStatement" || query === undefined) return null;
  const isWhole = plan.mode === "batch";
  return { row: query.input.row, isChanging: !isWhole && query.input.changes !== "append", isWhole };
}

/** True: it writes the tables of INSERT INTO. */
export const isInsert = ({ statement }: LookedStatement): boolean =>
  statement.kind === "insert" || statement.kind === "statementSet";

/** SHOW, DESCRIBE, EXPLAIN, SET alone. False: the statement is another one. */
export function writeAnswer(looked: LookedStatement, { terminal, format }: StatementPlace): boolean {
  if (looked.statement.kind === "explain") {
    terminal.out(format === "json" ? JSON.stringify(explainJson(looked.plan), null, 2) : explainText(looked.plan));
    return true;
  }
  const answer = answerOf(looked);
  if (answer === null) return false;
  if (answer.kind === "text") {
    terminal.out(answer.text);
    return true;
  }
  const shape = { row: rowOfTexts(answer.columns), isChanging: false, isWhole: true };
  const writer = resultWriter(format, shape, terminal.out);
  writer.begin();
  for (const values of answer.rows) writer.take({ kind: "+I", values });
  writer.end(true);
  return true;
}

/** The error that ended its job; null: all went well. Errors: those of runQuery. */
export async function runStatement(looked: LookedStatement, place: StatementPlace): Promise<Error | null> {
  const { terminal, format, runQuery, onRun } = place;
  if (writeAnswer(looked, place)) return null;
  const shape = shapeOf(looked);
  if (shape === null && !isInsert(looked)) return null;
  const writer = shape === null ? null : resultWriter(format, shape, terminal.out);
  writer?.begin();
  const run = await runQuery(looked, {
    onChange: (change) => writer?.take(change),
    onLine: shape === null ? terminal.out : terminal.say,
    say: shape === null ? terminal.say : () => {},
    colors: terminal.colors,
  });
  onRun(run);
  const error = await run.whenOver;
  writer?.end(error === null);
  return error;
}

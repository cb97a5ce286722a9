/**
 * Owns: what is wrong with a script, as a value, and how a person is shown it.
 *
 * SQLE1 A problem says what is wrong, where (line, column, a caret below the words), and what to do about it.
 */
import { lineAndColumnOf, type Span } from "./span.ts";

export type SqlProblem = {
  /** What is wrong; no full stop. */
  readonly message: string;
  /** What to do; a sentence. */
  readonly remedy: string;
  readonly at: Span;
};

/** Ends the work on one statement. Never leaves the room: those who call get the problem as a value. */
export class SqlFailure extends Error {
  readonly problem: SqlProblem;

  constructor(problem: SqlProblem) {
    super(problem.message);
    this.name = "SqlFailure";
    this.problem = problem;
  }
}

export function fail(at: Span, message: string, remedy: string): never {
  throw new SqlFailure({ message, remedy, at });
}

/** Longest part of a line that is shown on each side of the caret. */
const EXCERPT_SIDE = 100;

/** Several lines: `file:line:column: message`, the line of the script, carets, the remedy. `name`: of the script. */
export function describeProblem(problem: SqlProblem, text: string, name: string): string {
  const { line, column } = lineAndColumnOf(text, problem.at.start);
  const lineStart = problem.at.start - (column - 1);
  const lineEnd = text.indexOf("\n", lineStart);
  const whole = text.slice(lineStart, lineEnd < 0 ? text.length : lineEnd).replace(/\r$/, "");
  const cut = Math.max(0, column - 1 - EXCERPT_SIDE);
  const shown = whole.slice(cut, column - 1 + EXCERPT_SIDE);
  const before = shown.slice(0, column - 1 - cut).replace(/[^\t]/g, " ");
  const length = Math.max(1, Math.min(problem.at.end - problem.at.start, whole.length - (column - 1), EXCERPT_SIDE));
  const gutter = `${line} | `;
  return [
    `${name}:${line}:${column}: ${problem.message}`,
    `${gutter}${shown}`,
    `${" ".repeat(gutter.length - 2)}| ${before}${"^".repeat(length)}`,
    problem.remedy,
  ].join("\n");
}

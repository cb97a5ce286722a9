/**
 * Owns: the verdict over the rows of a run, and how it is printed: a plain table and the closing line.
 * Called by: verify.ts, test.ts.
 *
 * REP1  The run is good only if every row is good.
 * REP2  In CI a group that ran no test, and a skipped test, are failures: there nobody reads why.
 * REP3  What failed stands by name and error beneath the table: of a long log, people see the last page.
 */
import type { TestFailure } from "./counting-reporter.ts";

/** One line of the table. A check without tests of its own (format, types, …) counts as one test. */
export interface Row {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly seconds: number;
  /** The tests that failed; none for a check without tests of its own. */
  readonly failures: readonly TestFailure[];
  /** Why the row is bad beyond its counts, in words. */
  readonly problem?: string;
}

/** What is wrong with a row, in words, or undefined. */
export function rowProblem(row: Row, inCi: boolean): string | undefined {
  if (row.problem !== undefined) return row.problem;
  if (row.failed > 0) return "failed";
  if (inCi && row.passed + row.skipped === 0) return "no test ran, which CI does not accept";
  if (inCi && row.skipped > 0) return "tests were skipped, which CI does not accept";
  return undefined;
}

/** Whether every row is good (REP1, REP2). */
export function isGood(rows: readonly Row[], inCi: boolean): boolean {
  return rows.every((row) => rowProblem(row, inCi) === undefined);
}

/** The steps of verify with their seconds. */
export function stepTable(rows: readonly Row[]): string {
  return layOut([
    ["step", "seconds", "result"],
    ...rows.map((row) => [row.name, row.seconds.toFixed(1), rowProblem(row, false) ?? "ok"]),
  ]);
}

/** Every group with its counts. */
export function groupTable(rows: readonly Row[], inCi: boolean): string {
  return layOut([
    ["group", "passed", "failed", "skipped", "seconds", "result"],
    ...rows.map((row) => [
      row.name,
      String(row.passed),
      String(row.failed),
      String(row.skipped),
      row.seconds.toFixed(1),
      rowProblem(row, inCi) ?? (row.passed + row.skipped === 0 ? "no tests" : "ok"),
    ]),
  ]);
}

/** `N passed, N failed, N skipped` over all rows; a row that is bad without a failed or skipped test counts as one failure. */
export function closingLine(rows: readonly Row[], inCi: boolean): string {
  let [passed, failed, skipped] = [0, 0, 0];
  for (const row of rows) {
    const isSilentlyBad = row.failed === 0 && row.skipped === 0 && rowProblem(row, inCi) !== undefined;
    passed += row.passed;
    failed += row.failed + (isSilentlyBad ? 1 : 0);
    skipped += row.skipped;
  }
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** Every test that failed, with its group and its error; nothing when none did (REP3). */
export function failureList(rows: readonly Row[]): string {
  const failures = rows.flatMap((row) => row.failures.map((failure) => ({ group: row.name, ...failure })));
  return failures
    .map(({ group, name, error }) => `\nfailed in ${group}: ${name}\n${error.replaceAll(/^/gm, "  ")}\n`)
    .join("");
}

/** Columns of equal width: the first and the last to the left, numbers to the right. */
function layOut(lines: readonly (readonly string[])[]): string {
  const columns = lines[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  const isText = (column: number): boolean => column === 0 || column === columns - 1;
  return lines
    .map((line) =>
      line
        .map((cell, column) => (isText(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

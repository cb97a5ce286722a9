/**
 * Owns: the verdict over promises and its table: id, sentence, pass or fail, figures.
 * Does not own: running the tests (promises.ts), the list (test/promises/promises.ts).
 *
 * PTA1 A promise holds when every test with its id passed, and there is one: what nobody tried is not kept.
 */

/** One test of a promise. */
export type PromiseTest = { readonly name: string; readonly passed: boolean };
/** What a test measured, in a few words. */
export type Figure = { readonly id: string; readonly text: string };

export type PromiseRow = {
  readonly id: string;
  readonly sentence: string;
  readonly verdict: "pass" | "fail" | "fail: no test";
  /** How many tests there are of it. */
  readonly tests: number;
  readonly figures: string;
};

const FIGURES_SHOWN_MAX = 3;

/** The id that a test's name begins with; null: none. */
export function idOf(name: string): string | null {
  return /^(P-\d+)\b/.exec(name)?.[1] ?? null;
}

export function promiseRows(
  promises: Readonly<Record<string, string>>,
  tests: readonly PromiseTest[],
  figures: readonly Figure[],
): readonly PromiseRow[] {
  return Object.entries(promises).map(([id, sentence]) => {
    const own = tests.filter(({ name }) => idOf(name) === id);
    const texts = [...new Set(figures.filter((figure) => figure.id === id).map(({ text }) => text))];
    const verdict = own.length === 0 ? "fail: no test" : own.every(({ passed }) => passed) ? "pass" : "fail";
    return { id, sentence, verdict, tests: own.length, figures: texts.slice(-FIGURES_SHOWN_MAX).join("; ") };
  });
}

export const areKept = (rows: readonly PromiseRow[]): boolean => rows.every(({ verdict }) => verdict === "pass");

/** One line a promise, and how many of them hold. */
export function promiseTable(rows: readonly PromiseRow[]): string {
  const cells = [
    ["id", "promise", "tests", "result", "figures"],
    ...rows.map(({ id, sentence, verdict, tests, figures }) => [id, sentence, String(tests), verdict, figures]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const kept = rows.filter(({ verdict }) => verdict === "pass").length;
  return `${lines.join("\n")}\n\n${kept} of ${rows.length} promises kept`;
}

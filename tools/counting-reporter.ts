/**
 * Owns: a node:test reporter that writes the counts of a whole run as one line of JSON, after the run.
 * Does not own: what people read; the spec reporter runs beside it.
 * Called by: node --test, as tools/test-run.ts asks it to.
 *
 * CRE1  A file that holds no test is reported by node:test as one passed test; here it is named in `emptyFiles` and not counted.
 */
import type { TestEvent } from "node:test/reporters";

/** What a run of node:test counted. A test marked `todo` counts as skipped, a cancelled one as failed. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Files without any test, as the runner names them. */
  readonly emptyFiles: readonly string[];
}

/** The reporter itself: yields nothing until the run's own summary has come, and nothing at all when it never comes. */
export default async function* countingReporter(events: AsyncIterable<TestEvent>): AsyncGenerator<string, void> {
  const emptyFiles: string[] = [];
  for await (const event of events) {
    if (event.type === "test:pass" && isWholeFile(event.data)) emptyFiles.push(event.data.name);
    // Summaries of single files carry the file; the last one, of the run, does not.
    if (event.type === "test:summary" && event.data.file === undefined) {
      const { tests, passed, skipped, todo } = event.data.counts;
      const counts: TestCounts = {
        passed: passed - emptyFiles.length,
        failed: tests - passed - skipped - todo,
        skipped: skipped + todo,
        emptyFiles,
      };
      yield `${JSON.stringify(counts)}\n`;
    }
  }
}

function isWholeFile(data: { nesting: number; entryFile?: unknown }): boolean {
  return data.nesting === 0 && data.entryFile === undefined;
}

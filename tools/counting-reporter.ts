/**
 * Owns: a node:test reporter that writes the counts and the failures of a whole run as one line of JSON, after the run.
 * Does not own: what people read; the spec reporter runs beside it.
 * Called by: node --test, as tools/test-run.ts asks it to.
 *
 * CRE1  A file that holds no test is reported by node:test as one passed test; here it is named in `emptyFiles` and not counted.
 * CRE2  Only what failed itself is a failure: a suite whose test failed is not named beside that test.
 */
import { inspect } from "node:util";
import type { TestEvent } from "node:test/reporters";

/** What a run of node:test counted. A test marked `todo` counts as skipped, a cancelled one as failed. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Files without any test, as the runner names them. */
  readonly emptyFiles: readonly string[];
  /** In the order in which they were reported (CRE2). */
  readonly failures: readonly TestFailure[];
}

/** One test, hook or file that failed. */
export interface TestFailure {
  /** The test with the suites around it, outermost first. */
  readonly name: string;
  /** The error as node prints it, without colours, at most {@link ERROR_LINES_MAX} lines. */
  readonly error: string;
}

/** A diff of two long values must not push what else failed off the last page of a log. */
const ERROR_LINES_MAX = 40;

/** The reporter itself: yields nothing until the run's own summary has come, and nothing at all when it never comes. */
export default async function* countingReporter(events: AsyncIterable<TestEvent>): AsyncGenerator<string, void> {
  const emptyFiles: string[] = [];
  const failures: TestFailure[] = [];
  /** Of each file, the names of the tests that are being reported, by nesting. */
  const openNames = new Map<string, string[]>();
  for await (const event of events) {
    if (event.type === "test:start") namesOf(openNames, event.data)[event.data.nesting] = event.data.name;
    if (event.type === "test:fail" && !isMadeOfOthers(event.data.details.error)) {
      const around = namesOf(openNames, event.data).slice(0, event.data.nesting);
      failures.push({
        name: [...around, event.data.name].join(" > "),
        error: errorText(event.data.details.error),
      });
    }
    if (event.type === "test:pass" && isWholeFile(event.data)) emptyFiles.push(event.data.name);
    // Summaries of single files carry the file; the last one, of the run, does not.
    if (event.type === "test:summary" && event.data.file === undefined) {
      const { tests, passed, skipped, todo } = event.data.counts;
      const counts: TestCounts = {
        passed: passed - emptyFiles.length,
        failed: tests - passed - skipped - todo,
        skipped: skipped + todo,
        emptyFiles,
        failures,
      };
      yield `${JSON.stringify(counts)}\n`;
    }
  }
}

function isWholeFile(data: { nesting: number; entryFile?: unknown }): boolean {
  return data.nesting === 0 && data.entryFile === undefined;
}

function namesOf(openNames: Map<string, string[]>, data: { file?: string | undefined }): string[] {
  const file = data.file ?? "";
  const names = openNames.get(file) ?? [];
  openNames.set(file, names);
  return names;
}

/** Whether a suite or test failed only because one within it did (CRE2). */
function isMadeOfOthers(error: Error): boolean {
  return "failureType" in error && error.failureType === "subtestsFailed";
}

function errorText(error: Error): string {
  const lines = inspect(error.cause ?? error, { colors: false }).split("\n");
  const left = lines.length - ERROR_LINES_MAX;
  return [...lines.slice(0, ERROR_LINES_MAX), ...(left > 0 ? [`(${left} more lines)`] : [])].join("\n");
}

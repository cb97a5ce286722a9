/**
 * Owns: running a set of test files by node:test, with names for people on stdout and counts for the table.
 * Does not own: which files make a group (steps.ts), what the table looks like (report.ts).
 * Called by: steps.ts.
 *
 * RUN1  A run whose counts never came, or whose runner failed without a failed test, is a failure: silence is not success.
 * RUN2  What one process of a run has compiled the others take from a cache, which goes with the run: each of some hundred files is a
 *       process, and most of them load the same modules. Nothing is left over for another run.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestCounts, TestFailure } from "./counting-reporter.ts";
import { runInTerminal } from "./find-node.mjs";

export interface TestRun {
  readonly files: readonly string[];
  /** How many files run at the same time, at least 1. */
  readonly concurrency: number;
  /** A module with globalSetup and globalTeardown, for what all files share. */
  readonly setup?: string;
  /** Variables beside those of this process. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Longest time one test, and one file, may take. */
  readonly timeoutMs: number;
}

export interface TestOutcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What failed, by name. */
  readonly failures: readonly TestFailure[];
  /** Why the run is bad beyond its counts, in words. */
  readonly problem?: string;
}

const reporterPath = fileURLToPath(new URL("./counting-reporter.ts", import.meta.url));

/** Runs the files and counts. Never throws because of a test; a run that cannot be counted has one failure and says why (RUN1). */
export async function runTests(run: TestRun, environment: NodeJS.ProcessEnv): Promise<TestOutcome> {
  if (run.files.length === 0) return { passed: 0, failed: 0, skipped: 0, failures: [] };
  const folder = mkdtempSync(join(tmpdir(), "streamjob-counts-"));
  try {
    const countsPath = join(folder, "counts.json");
    // Set inside a test run: with it the runner would report to an outer runner instead of counting.
    const { NODE_TEST_CONTEXT: _outer, ...given } = environment;
    const env = { ...given, ...run.variables };
    env["NODE_COMPILE_CACHE"] = join(folder, "compiled");
    const exitCode = await runInTerminal(process.execPath, runnerArguments(run, countsPath), env);
    return outcomeOf(readText(countsPath), exitCode);
  } finally {
    // Tried again: a process that a test left behind may write to the cache as it ends.
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Judges what the reporter wrote (undefined or empty: nothing) together with the runner's exit code. */
export function outcomeOf(countsText: string | undefined, exitCode: number): TestOutcome {
  if (countsText === undefined || countsText.trim() === "") {
    return {
      passed: 0,
      failed: 1,
      skipped: 0,
      failures: [],
      problem: `the test runner ended with exit code ${exitCode} and no counts`,
    };
  }
  const { emptyFiles, ...counts }: TestCounts = JSON.parse(countsText);
  if (emptyFiles.length > 0) {
    return { ...counts, failed: counts.failed + emptyFiles.length, problem: `no test in ${emptyFiles.join(", ")}` };
  }
  if (exitCode !== 0 && counts.failed === 0) {
    return { ...counts, failed: 1, problem: `the test runner ended with exit code ${exitCode}` };
  }
  return counts;
}

function runnerArguments(run: TestRun, countsPath: string): string[] {
  return [
    "--test",
    `--test-concurrency=${run.concurrency}`,
    `--test-timeout=${run.timeoutMs}`,
    ...(run.setup === undefined ? [] : [`--test-global-setup=${run.setup}`]),
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    `--test-reporter=${reporterPath}`,
    `--test-reporter-destination=${countsPath}`,
    ...run.files,
  ];
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // the runner died before it opened the file: outcomeOf says so
  }
}

/**
 * Owns: stopping a job with a savepoint while things break.
 * Called by: the suites that run by seeds (exactly-once, sql).
 */
import assert from "node:assert/strict";
import { StreamError } from "../../base/index.ts";
import { answered, type JobRun } from "../integration/job-run.ts";

const ATTEMPTS = 20;

/** Path of the savepoint; null: it was over before. A savepoint that fails with whoever took it is asked for again. */
export async function stopped(run: JobRun, directory: string): Promise<string | null> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run.stop(directory);
    } catch (error) {
      if (!(error instanceof StreamError) || attempt === ATTEMPTS) throw error;
      if (run.outcome !== null || !(await run.comesBack(0))) {
        const completed = await answered(run.client.checkpoints());
        assert.equal(
          completed?.latest.savepoint ?? null,
          null,
          "it was stopped with a savepoint, and says that it failed",
        );
        return null;
      }
    }
  }
}

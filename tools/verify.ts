/**
 * Owns: `npm run verify`: format, lint, types, architecture, unit tests and dead code, all of them, with a table at the end.
 * Exit code 0 only if every step is good.
 */
import { isGood, stepTable } from "./report.ts";
import { runSteps, verifySteps } from "./steps.ts";

/** A verify that takes longer is no longer run before every commit. */
const LIMIT_SECONDS = 90;

const rows = await runSteps(verifySteps());
const totalSeconds = rows.reduce((sum, row) => sum + row.seconds, 0);
process.stdout.write(`\n${stepTable(rows)}\n`);
if (totalSeconds > LIMIT_SECONDS) {
  process.stdout.write(
    `verify took ${totalSeconds.toFixed(0)} s; its limit is ${LIMIT_SECONDS} s: make a slow test quicker.\n`,
  );
}
process.exitCode = isGood(rows, false) ? 0 : 1;

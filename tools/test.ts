/**
 * Owns: `npm test`, which is what CI runs: the steps of verify, then every group of test/, a table of counts, what failed, and a closing
 * line `N passed, N failed, N skipped`. `npm test -- <name> …` runs only the steps and groups named.
 * Exit code 0 only if everything is good; 2 for a name that does not exist.
 */
import { isInCi } from "../test/environment/ci.ts";
import { closingLine, failureList, groupTable, isGood } from "./report.ts";
import { runSteps, testGroups, verifySteps } from "./steps.ts";

const steps = [...verifySteps(), ...testGroups()];
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !steps.some((step) => step.name === name));
if (unknown.length > 0) {
  const known = steps.map((step) => step.name).join(", ");
  process.stderr.write(`There is no step or group called ${unknown.join(", ")}. There are: ${known}.\n`);
  process.exit(2);
}

const inCi = isInCi();
const rows = await runSteps(wanted.length === 0 ? steps : steps.filter((step) => wanted.includes(step.name)));
process.stdout.write(`\n${groupTable(rows, inCi)}\n${failureList(rows)}\n${closingLine(rows, inCi)}\n`);
process.exitCode = isGood(rows, inCi) ? 0 : 1;

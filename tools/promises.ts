/**
 * Owns: `npm run promises`: runs the tests of everything that the operator promises and prints one line for each promise.
 * `npm run promises -- P-3 P-12` runs only the files of those; `--cluster` runs the same files on a real cluster (test/environment),
 * that of `npm run env -- up cluster` if it is up. STREAMJOB_ALL=1: every place where something can be killed, not a sample.
 * Exit code 0 only if every promise asked for is kept; 2 for an id that does not exist.
 */
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promises } from "../test/promises/promises.ts";
import { childEnvironment, findNode, repositoryRoot, runInTerminal } from "./find-node.mjs";
import { areKept, type Figure, type PromiseTest, promiseRows, promiseTable } from "./promise-table.ts";

/** Every test starts processes: more of them at a time would measure the machine. */
const CONCURRENCY = 2;
/**
 * What a file says that loses a node of the cluster, has its API server started again, changes its definitions, or keeps it busy with dozens of
 * jobs: for others as well.
 */
const CHANGES_CLUSTER = /\babandon\(|\bcompactHistory\(|\bwithRules: false\b|\bopenObjectsOnly\(/;
const TIMEOUT_MS = 30 * 60_000;

const onCluster = process.argv.includes("--cluster");
const wanted = process.argv
  .slice(2)
  .filter((argument) => argument !== "--cluster")
  .map((id) => id.toUpperCase());
const unknown = wanted.filter((id) => promises[id] === undefined);
if (unknown.length > 0) {
  process.stderr.write(`There is no promise ${unknown.join(", ")}. There are: ${Object.keys(promises).join(", ")}.\n`);
  process.exit(2);
}

const asked = Object.fromEntries(Object.entries(promises).filter(([id]) => wanted.length === 0 || wanted.includes(id)));
const files = globSync("test/promises/*.test.ts", { cwd: repositoryRoot })
  .filter((file) => wanted.length === 0 || wanted.some((id) => isAbout(file, id)))
  .toSorted();
const folder = mkdtempSync(join(tmpdir(), "streamjob-promises-"));
try {
  const { tests, figures } = await run();
  const rows = promiseRows(asked, tests, figures);
  process.stdout.write(`\n${promiseTable(rows)}\n`);
  process.exitCode = areKept(rows) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** A file may prove several: what matters is what stands in it. */
function isAbout(file: string, id: string): boolean {
  return new RegExp(`["'\`]${id}\\b`).test(textOf(file));
}

async function run(): Promise<{ tests: readonly PromiseTest[]; figures: readonly Figure[] }> {
  const figuresPath = join(folder, "figures");
  const tests: PromiseTest[] = [];
  const isAlone = (file: string): boolean => onCluster && CHANGES_CLUSTER.test(textOf(file));
  const together = files.filter((file) => !isAlone(file));
  tests.push(...(await runFiles(together, CONCURRENCY, figuresPath)));
  tests.push(...(await runFiles(files.filter(isAlone), 1, figuresPath)));
  return { tests, figures: linesOf(figuresPath) as Figure[] };
}

async function runFiles(
  some: readonly string[],
  concurrency: number,
  figuresPath: string,
): Promise<readonly PromiseTest[]> {
  if (some.length === 0) return [];
  const testsPath = join(folder, `tests-${concurrency}`);
  const { NODE_TEST_CONTEXT: _outer, ...environment } = childEnvironment(findNode());
  const reporter = fileURLToPath(new URL("./promise-reporter.ts", import.meta.url));
  const args = [
    "--test",
    `--test-concurrency=${concurrency}`,
    ...(onCluster ? ["--test-global-setup=test/cluster/setup.ts"] : []),
    `--test-timeout=${TIMEOUT_MS}`,
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    `--test-reporter=${reporter}`,
    `--test-reporter-destination=${testsPath}`,
    ...some.map((file) => join(repositoryRoot, file)),
  ];
  const exitCode = await runInTerminal(process.execPath, args, {
    ...environment,
    STREAMJOB_FIGURES: figuresPath,
    ...(onCluster ? { STREAMJOB_PROMISES_ON: "kubernetes" } : {}),
  });
  if (exitCode !== 0) process.stdout.write(`\nThe test runner ended with exit code ${exitCode}.\n`);
  return linesOf(testsPath) as PromiseTest[];
}

function textOf(file: string): string {
  return readFileSync(join(repositoryRoot, file), "utf8");
}

function linesOf(path: string): unknown[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return []; // nothing was written: the table says that there was no test
  }
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line): unknown => JSON.parse(line));
}

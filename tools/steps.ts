/**
 * Owns: the list of what is checked (the steps of verify, the groups of test/) and running one of them.
 * Does not own: order between verify and groups, the verdict, the table.
 * Called by: verify.ts, test.ts.
 *
 * STE1  Every step runs, whatever the steps before it said; only a signal to this process ends the list early.
 * STE2  A folder of test/ that holds tests is always a group: no test can lie there without being run. Of faults it is a sample.
 */
import { existsSync, globSync, readdirSync } from "node:fs";
import { availableParallelism, constants } from "node:os";
import { join } from "node:path";
import { isInCi } from "../test/environment/ci.ts";
import { childEnvironment, findNode, repositoryRoot, runInTerminal } from "./find-node.mjs";
import type { Row } from "./report.ts";
import { runTests, type TestRun } from "./test-run.ts";

type TestsStep = { readonly kind: "tests"; readonly name: string; readonly run: TestRun };

export type Step =
  | { readonly kind: "command"; readonly name: string; readonly command: string; readonly args: readonly string[] }
  | TestsStep;

const MINUTE_MS = 60_000;
/** Each is a process of up to some hundred MiB. */
const UNIT_FILES_MAX = 8;

/** Known groups of test/, in the order in which they run: the quick ones first. Others follow by name. */
const groupOrder = [
  "docs",
  "golden",
  "integration",
  "conformance",
  "simulation",
  "s3",
  "data",
  "security",
  "e2e",
  "package",
  "image",
  "chaos",
  "promises",
  "environment",
  "kubernetes",
  "cluster",
];

/** The steps of `npm run verify`. */
export function verifySteps(root: string = repositoryRoot): Step[] {
  return [
    { kind: "command", name: "format", command: "biome", args: ["format", "."] },
    { kind: "command", name: "lint", command: "oxlint", args: ["--type-aware", "--deny-warnings"] },
    { kind: "command", name: "types", command: "tsc", args: ["--noEmit", "-p", "."] },
    testStep("architecture", testFiles(root, "test/architecture"), 2, 2 * MINUTE_MS),
    // The time: several times what the slowest file takes while other things keep the machine busy (57 s at a load of 25).
    testStep(
      "unit",
      testFiles(root, "{base,contract,settings,crds,runtime,operator,embedded,main,cli,examples,tools}"),
      unitConcurrency(),
      5 * MINUTE_MS,
    ),
    { kind: "command", name: "dead code", command: "knip", args: ["--no-progress"] },
  ];
}

/** One more file than there are processors, since a few mostly wait: for processes, for periods of grace. */
function unitConcurrency(): number {
  return Math.min(UNIT_FILES_MAX, availableParallelism() + 1);
}

/** The groups of test/ apart from architecture. They start processes and mostly wait, so two files run side by side. */
export function testGroups(root: string = repositoryRoot): Step[] {
  const folders = readdirSync(join(root, "test"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== "architecture")
    .map((entry) => entry.name)
    .filter((name) => name !== FAULTS)
    .filter((name) => groupOrder.includes(name) || testFiles(root, `test/${name}`).length > 0);
  const rank = (name: string): number => (groupOrder.includes(name) ? groupOrder.indexOf(name) : groupOrder.length);
  return folders
    .toSorted((a, b) => rank(a) - rank(b) || a.localeCompare(b))
    .map((name) => withSetup(testStep(name, testFiles(root, `test/${name}`), 2, 30 * MINUTE_MS), root))
    .concat(onCluster(root, "cluster-promises", "test/promises", CLUSTER_SAMPLE))
    .concat(onCluster(root, FAULTS, `test/${FAULTS}`, FAULTS_SAMPLE));
}

/** Promises that are kept on a real cluster as well, in every run. All of them: `npm run promises -- --cluster`. */
const CLUSTER_SAMPLE = /^test\/promises\/p(04|12|16)-/;

/** Faults of a real cluster. All of them: `npm run chaos -- cluster`. */
const FAULTS = "faults";
const FAULTS_SAMPLE = /\/(api-server-away|lost-node|node-drain)\.test\.ts$/;

/** One file at a time: who loses a node must not do it to others. */
function onCluster(root: string, name: string, folder: string, sample: RegExp): TestsStep[] {
  const files = testFiles(root, folder).filter((file) => sample.test(file));
  if (files.length === 0) return [];
  if (process.getuid?.() !== 0 && !isInCi()) {
    process.stderr.write(`tests left out: ${name}: a cluster of ours needs root; run npm test as root\n`);
    return [];
  }
  const step = testStep(name, files, 1, 30 * MINUTE_MS);
  const run = { ...step.run, setup: "test/cluster/setup.ts", variables: { STREAMJOB_PROMISES_ON: "kubernetes" } };
  return [{ ...step, run }];
}

/** What all files of a group share is in its `setup.ts`. */
function withSetup(step: TestsStep, root: string): TestsStep {
  const path = `test/${step.name}/setup.ts`;
  return existsSync(join(root, path)) ? { ...step, run: { ...step.run, setup: path } } : step;
}

/**
 * Runs the steps one after the other (STE1) and gives a row for each.
 * A SIGINT or SIGTERM to this process ends the running step and then this process, with 128 + the signal's number.
 */
export async function runSteps(steps: readonly Step[]): Promise<Row[]> {
  const environment = childEnvironment(findNode());
  const rows: Row[] = [];
  let stoppedBy: "SIGINT" | "SIGTERM" | undefined;
  process.once("SIGINT", () => (stoppedBy = "SIGINT"));
  process.once("SIGTERM", () => (stoppedBy = "SIGTERM"));
  for (const step of steps) {
    process.stdout.write(`\n== ${step.name}\n`);
    const row = await runStep(step, environment);
    rows.push(row);
    if (stoppedBy !== undefined) {
      process.stderr.write(`Stopped by ${stoppedBy} in step "${step.name}".\n`);
      process.exit(128 + constants.signals[stoppedBy]);
    }
    process.stdout.write(`== ${step.name}: ${row.failed === 0 ? "ok" : "FAILED"}, ${row.seconds.toFixed(1)} s\n`);
  }
  return rows;
}

async function runStep(step: Step, environment: NodeJS.ProcessEnv): Promise<Row> {
  const startedMs = performance.now();
  const secondsSoFar = (): number => (performance.now() - startedMs) / 1000;
  if (step.kind === "tests") {
    const outcome = await runTests(step.run, environment);
    return { name: step.name, ...outcome, seconds: secondsSoFar() };
  }
  const exitCode = await runInTerminal(step.command, step.args, environment);
  const isGood = exitCode === 0;
  return {
    name: step.name,
    passed: isGood ? 1 : 0,
    failed: isGood ? 0 : 1,
    skipped: 0,
    failures: [],
    seconds: secondsSoFar(),
    ...(isGood ? {} : { problem: `failed (exit code ${exitCode})` }),
  };
}

function testStep(name: string, files: readonly string[], concurrency: number, timeoutMs: number): TestsStep {
  return { kind: "tests", name, run: { files, concurrency, timeoutMs } };
}

function testFiles(root: string, folder: string): string[] {
  return globSync(`${folder}/**/*.test.ts`, { cwd: root }).toSorted();
}

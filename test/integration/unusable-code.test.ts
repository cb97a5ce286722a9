/** Code that cannot be used ends a run soon, and says what is wrong where: the job's module, and the processes themselves. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { streamjob } from "./command.ts";
import { inWorkspace } from "./workspace.ts";

const JOB = `import { job } from "streamjob";\n`;
const BUILD = "export default job((env) => { env.fromCollection([1]).print(); });";
const IN_SLOTS = `import { isMainThread } from "node:worker_threads";\n`;

type Case = readonly [text: string, exitCode: number, told: RegExp, timeout?: string];

const modules: Readonly<Record<string, Case>> = {
  "cannot be parsed": [`${JOB}export default job(() => { env.print( });`, 2, /at .*job\.ts:2: SyntaxError/],
  "is in conflict": [`${JOB}<<<<<<< HEAD\n${BUILD}\n=======\n>>>>>>> other`, 2, /at .*job\.ts:2: SyntaxError/],
  "imports what is not there": [`${JOB}import "./nowhere.ts";\n${BUILD}`, 2, /nowhere\.ts' imported from .*job\.ts/],
  "throws as it is loaded": [`${JOB}throw new Error("no luck");\n${BUILD}`, 2, /at .*job\.ts:2: Error: no luck/],
  "exports no job": [`${JOB}export const name = "words";`, 2, /job\.ts has no default export; write: export default/],
  "waits for nothing": [
    `${JOB}await new Promise(() => {});\n${BUILD}`,
    2,
    /job\.ts never becomes a job: a top-level `await`.*cannot come any more/,
  ],
  "waits for nothing as it builds": [
    `${JOB}export default job(() => new Promise(() => {}));`,
    2,
    /job\.ts never becomes a job: its build function waits/,
  ],
  "waits for nothing beside a timer": [
    `${JOB}setInterval(() => {}, 1000);\nawait new Promise(() => {});\n${BUILD}`,
    2,
    /job\.ts has not become a job within 1s: a top-level `await`/,
    "1s",
  ],
  "throws in slots alone": [
    `${JOB}${IN_SLOTS}if (!isMainThread) throw new Error("no luck");\n${BUILD}`,
    1,
    /FAILED[^]*at .*job\.ts:3: Error: no luck[^]*JOB_MODULE_INVALID/,
  ],
  "waits for nothing in slots alone": [
    `${JOB}${IN_SLOTS}if (!isMainThread) await new Promise(() => {});\n${BUILD}`,
    1,
    /FAILED[^]*job\.ts has not become a job within 10s[^]*JOB_MODULE_INVALID/,
    // Everywhere else it has to be enough.
    "10s",
  ],
};

for (const [what, [text, exitCode, told, timeout = "1m"]] of Object.entries(modules))
  test(`a run of a module that ${what} ends, with code ${exitCode} and what is wrong (LOA3, LOA4)`, () =>
    inWorkspace("unusable", async (workspace) => {
      writeFileSync(workspace.path("job.ts"), text);
      const { stderr, ...result } = await streamjob(
        workspace,
        "run",
        "job.ts",
        "-D",
        `pipeline.load-timeout=${timeout}`,
      );
      assert.equal(result.exitCode, exitCode, stderr);
      assert.match(stderr, told);
    }));

test("a run whose TaskManager's threads die as they start ends, with why (STH5, SIP1)", (context) =>
  inWorkspace("unusable", async (workspace) => {
    const preloaded = workspace.path("broken.cjs");
    // As when a file of the engine itself cannot be parsed.
    writeFileSync(
      preloaded,
      `const { isMainThread, workerData } = require("node:worker_threads");
if (!isMainThread && workerData?.start !== undefined) throw new SyntaxError("Unexpected token '<<'");`,
    );
    const module = workspace.path("job.ts");
    writeFileSync(module, JOB + BUILD);
    const before = process.env["NODE_OPTIONS"];
    context.after(() => {
      if (before === undefined) delete process.env["NODE_OPTIONS"];
      else process.env["NODE_OPTIONS"] = before;
    });
    process.env["NODE_OPTIONS"] = `${before ?? ""} --require=${preloaded}`;
    const run = await workspace.start({ module });
    const { failure } = await run.finish("FAILED");
    assert.equal(failure?.code, "TASK_MANAGER_LOST");
    assert.match(
      failure.message,
      /the TaskManager 1 process does not start \(10 times\): the thread of slot 0 died: Unexpected token '<<'; see .*taskmanager-1\.log/,
    );
  }));

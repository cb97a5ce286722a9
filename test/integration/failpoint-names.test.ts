/**
 * Every process that has failpoints refuses to start when STREAMJOB_FAILPOINTS has a name that it does not declare (FAI3).
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { exitCodes } from "../../main/index.ts";
import { DEADLINE_MS } from "./job-run.ts";
import { inWorkspace } from "./workspace.ts";

/** The program with its arguments; whether a runner tells it to start; a failpoint of the other half. */
const processes: Readonly<
  Record<string, { readonly args: readonly string[]; readonly isChild?: true; readonly foreign: string }>
> = {
  "a JobManager of a local cluster": {
    args: ["main/jobmanager-main.ts"],
    isChild: true,
    foreign: "op:before-activate",
  },
  "a TaskManager of a local cluster": {
    args: ["main/taskmanager-main.ts"],
    isChild: true,
    foreign: "op:before-activate",
  },
  "the JobManager of a pod": { args: ["main/pod-main.ts", "jobmanager"], foreign: "op:before-activate" },
  "the TaskManager of a pod": { args: ["main/pod-main.ts", "taskmanager"], foreign: "op:before-activate" },
  "an operator": { args: ["main/operator-main.ts"], foreign: "jm:after-manifest" },
};

describe("a failpoint that a process does not have is refused by", () => {
  for (const [name, { args, isChild, foreign }] of Object.entries(processes)) {
    it(name, async () => {
      for (const armed of ["jm:nowhere", foreign]) {
        const { exitCode, output } = await run(args, isChild === true, { STREAMJOB_FAILPOINTS: `${armed}=kill` });
        assert.match(output, new RegExp(`STREAMJOB_FAILPOINTS has \\\\?"${armed}`));
        assert.equal(exitCode, exitCodes.refused, output);
      }
    });
  }

  it("a control plane", () =>
    inWorkspace("failpoint-names", async (workspace) => {
      const { exitCode, output } = await run(["bin/streamjob", "up"], false, {
        STREAMJOB_HOME: workspace.path("home"),
        STREAMJOB_FAILPOINTS: "op:nowhere=kill",
      });
      assert.match(output, /STREAMJOB_FAILPOINTS has "op:nowhere"/);
      assert.equal(exitCode, 2, output);
    }));
});

async function run(
  [program = "", ...args]: readonly string[],
  isChild: boolean,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly exitCode: number | null; readonly output: string }> {
  const path = fileURLToPath(new URL(`../../${program}`, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe", ...(isChild ? (["ipc"] as const) : [])],
    timeout: DEADLINE_MS,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (piece: Buffer) => (output += piece));
  if (isChild) child.send({ kind: "start", config: {} });
  const exitCode = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { exitCode, output };
}

/** A signal that arrives twice because of who stands between the person and the job is one request. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { inWorkspace } from "./workspace.ts";

const COMMAND = fileURLToPath(new URL("../../bin/streamjob", import.meta.url));
const JOB = fileURLToPath(new URL("./jobs/word-count.ts", import.meta.url));

/** As npx does it: a program in the same group that passes on what it gets. */
const WRAPPER = `
const child = require("node:child_process").spawn(process.execPath, process.argv.slice(1), { stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
child.once("exit", (code) => (process.exitCode = code));
`;

test("Ctrl-C that reaches the group and is passed on by a wrapper as well cancels the job, and kills nothing", () =>
  inWorkspace("signals", async (workspace) => {
    const job = ["run", JOB, "--", "--count", "1000000", "--output", workspace.path("out")];
    const wrapper = spawn(process.execPath, ["-e", WRAPPER, COMMAND, ...job], {
      detached: true, // a group of its own, as a shell gives a command
      cwd: workspace.folder,
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, STREAMJOB_HOME: workspace.path("home"), NO_COLOR: "1" },
    });
    const group = -(wrapper.pid as number);
    let isOver = false;
    const closed = once(wrapper, "close").then(() => (isOver = true));
    workspace.onEnd(() => isOver || process.kill(group, "SIGKILL"));
    let said = "";
    await new Promise<void>((resolve, reject) => {
      wrapper.stderr?.on("data", (piece: Buffer) => {
        said += piece.toString();
        if (said.includes("Job is RUNNING")) resolve();
      });
      void closed.then(() => reject(new Error(`it ended before the job ran:\n${said}`)));
    });
    process.kill(group, "SIGINT");
    await closed;
    assert.match(said, /SIGINT: cancelling the job[^]*CANCELED after/);
    assert.doesNotMatch(said, /KILLED/);
    assert.equal(wrapper.exitCode, 0);
  }));

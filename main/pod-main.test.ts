import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { childEnvironment, sleep, systemClock } from "../base/index.ts";
import { POD_CONFIG_VERSION, type PodConfig, podVariables } from "../contract/index.ts";
import { podProgram } from "./pod-program.ts";

/** For what takes a moment. */
const PATIENCE_MS = 60_000;

/** How a JobManager ends that gets SIGTERM so long after its start. */
async function endOf(signalAfterMs: number, folder: string): Promise<NodeJS.Signals | number | null> {
  const config: PodConfig = {
    version: POD_CONFIG_VERSION,
    jobId: "a".repeat(32),
    jobName: null,
    program: { kind: "module", path: "/nowhere/job.ts" },
    args: [],
    options: {},
    storeUri: `file://${join(folder, String(signalAfterMs))}`,
    savepointDirectory: null,
    parallelism: 1,
    maxParallelism: null,
    taskManagers: 1,
    slots: 1,
  };
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", podProgram, "jobmanager"], {
    stdio: "ignore",
    env: childEnvironment({
      [podVariables.config]: JSON.stringify(config),
      [podVariables.rpcListen]: "127.0.0.1:0",
      [podVariables.restListen]: "127.0.0.1:0",
      [podVariables.podName]: "pod",
    }),
  });
  const exited = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
  await sleep(systemClock, signalAfterMs);
  child.kill("SIGTERM");
  const patience = systemClock.after(PATIENCE_MS, () => child.kill("SIGKILL"));
  const [code, signal] = await exited;
  patience.cancel();
  return signal ?? code;
}

test("POM2: SIGTERM ends a process at whatever moment of its start it comes: it is never lost", async () => {
  const folder = mkdtempSync(join(tmpdir(), "streamjob-pod-main-"));
  for (let afterMs = 60; afterMs <= 360; afterMs += 30) {
    assert.notEqual(await endOf(afterMs, folder), "SIGKILL", `after ${afterMs} ms`);
  }
  rmSync(folder, { recursive: true });
});

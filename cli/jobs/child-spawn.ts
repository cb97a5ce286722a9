/**
 * Owns: starting a child process of a job: the file it runs, its streams, its environment, its first message.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { childEnvironment, environmentVariable } from "../../base/index.ts";
import { cacheFolder } from "./home-folder.ts";
import type { FromChild, JobManagerConfig, TaskManagerConfig, ToChild } from "../../main/index.ts";
import type { ProcessLog } from "./process-log.ts";

const entries = {
  jobmanager: fileURLToPath(new URL("../../main/jobmanager-main.ts", import.meta.url)),
  taskmanager: fileURLToPath(new URL("../../main/taskmanager-main.ts", import.meta.url)),
};

export type ChildSpec = {
  readonly role: keyof typeof entries;
  /** Shown by `ps` behind the file, so that a person sees which job a process belongs to. */
  readonly label: string;
  readonly config: JobManagerConfig | TaskManagerConfig;
  /** STREAMJOB_FAILPOINTS of the child; undefined: none. */
  readonly failpoints: string | undefined;
  readonly log: ProcessLog;
  /** Where stdout goes: the runner's own, a function, or only the log. */
  readonly stdout: "inherit" | "log" | ((piece: Buffer) => void);
  readonly onMessage?: (message: FromChild) => void;
};

export function spawnChild(spec: ChildSpec): ChildProcess {
  const child = spawn(process.execPath, [entries[spec.role], spec.label], {
    stdio: ["ignore", spec.stdout === "inherit" ? "inherit" : "pipe", "pipe", "ipc"],
    serialization: "json",
    env: childEnvironment({
      STREAMJOB_FAILPOINTS: spec.failpoints,
      // Half of a process's start is compiling: a restarted one is back sooner with the code compiled by an earlier one.
      NODE_COMPILE_CACHE: environmentVariable("NODE_COMPILE_CACHE") ?? join(cacheFolder(), "node-compile-cache"),
    }),
  });
  if (child.stderr !== null) spec.log.follow(child.stderr);
  if (child.stdout !== null) {
    if (typeof spec.stdout === "function") child.stdout.on("data", spec.stdout);
    else spec.log.keep(child.stdout);
  }
  if (spec.onMessage !== undefined) child.on("message", spec.onMessage);
  const start: ToChild = { kind: "start", config: spec.config };
  // When it fails the process is dying, and its exit says so.
  if (child.pid !== undefined) child.send(start, () => {});
  return child;
}

/**
 * Owns: the life of one server: a process of its own that starts it, ends it, and removes its folder.
 * Called by: environment.ts, with a Supervised as JSON in its only argument.
 *
 * ESU1 Held by a leash (its stdin) it ends the server when who started it has ended, however that ended. Nothing is left behind.
 * ESU2 A server is ended with its whole process group: by SIGTERM, and after KILL_AFTER_MS by SIGKILL.
 */
import { spawn } from "node:child_process";
import { openSync, rmSync } from "node:fs";

export type Supervised = {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly logPath: string;
  readonly hasLeash: boolean;
};

const KILL_AFTER_MS = 10_000;

const { command, args, env, folder, logPath, hasLeash }: Supervised = JSON.parse(process.argv[2] ?? "");
const log = openSync(logPath, "a");
const child = spawn(command, args, {
  cwd: folder,
  env: { ...process.env, ...env },
  stdio: ["ignore", log, log],
  detached: true,
});
let isStopping = false;

function signalGroup(signal: "SIGTERM" | "SIGKILL"): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function stop(): void {
  if (isStopping) return;
  isStopping = true;
  signalGroup("SIGTERM");
  setTimeout(() => signalGroup("SIGKILL"), KILL_AFTER_MS);
}

process.on("SIGTERM", stop);
process.on("SIGINT", stop);
if (hasLeash) process.stdin.resume().on("end", stop).on("error", stop);
child.on("error", (error) => {
  process.stderr.write(`${command} cannot be started: ${error.message}\n`);
  process.exit(1);
});
child.on("exit", (code, signal) => {
  signalGroup("SIGKILL");
  if (!isStopping) process.stderr.write(`${command} ended by itself (${signal ?? code}); its log: ${logPath}\n`);
  // One that ended by itself leaves its log for whoever asks why.
  else rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.exit(isStopping ? 0 : 1);
});

/**
 * Owns: the life of one server: a process of its own that starts it, ends it, and removes its folder.
 * Called by: environment.ts, with a Supervised as JSON in its only argument. Failures of a server are asked for through control.ts.
 *
 * ESU1 Held by a leash (its stdin) it ends the server when who started it has ended, however that ended. Nothing is left behind.
 * ESU2 A server is ended with its whole process group: by SIGTERM, and after KILL_AFTER_MS by SIGKILL.
 * ESU3 While the server runs, its process id is in the file `pid` of its folder; while it does not, there is no such file.
 * ESU4 At SIGHUP it does what the file `wanted` says: the server stopped (its folder stays), or running again, as it was started.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export type Supervised = {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly logPath: string;
  readonly hasLeash: boolean;
  readonly afterwards: readonly (readonly string[])[];
};

/** What control.ts writes into the file `wanted`. */
export type Wanted = { readonly state: "running" } | { readonly state: "stopped"; readonly signal: Signal };
type Signal = "SIGTERM" | "SIGKILL";

const KILL_AFTER_MS = 10_000;

const { command, args, env, folder, logPath, hasLeash, afterwards }: Supervised = JSON.parse(process.argv[2] ?? "");
const log = openSync(logPath, "a");
const pidPath = join(folder, "pid");
let server: ChildProcess | null = null;
let isStopping = false;
let isEnding = false;
let wanted: Wanted = { state: "running" };

function start(): void {
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ["ignore", log, log],
    detached: true,
  });
  server = child;
  child.on("error", (error) => {
    process.stderr.write(`${command} cannot be started: ${error.message}\n`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => ended(child, signal ?? String(code)));
  if (child.pid === undefined) return;
  writeFileSync(`${pidPath}.new`, String(child.pid));
  renameSync(`${pidPath}.new`, pidPath);
}

function signalGroup({ pid }: ChildProcess, signal: Signal): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** ESU2 */
function endServer(signal: Signal): void {
  const child = server;
  if (child === null) return;
  isEnding = true;
  signalGroup(child, signal);
  setTimeout(() => {
    if (server === child) signalGroup(child, "SIGKILL");
  }, KILL_AFTER_MS).unref();
}

function stop(): void {
  if (isStopping) return;
  isStopping = true;
  if (server === null) leave();
  else endServer("SIGTERM");
}

/** ESU4 */
function obey(): void {
  if (isStopping) return;
  wanted = JSON.parse(readFileSync(join(folder, "wanted"), "utf8")) as Wanted;
  if (wanted.state === "stopped") endServer(wanted.signal);
  else if (server === null) start();
}

function ended(child: ChildProcess, how: string): void {
  signalGroup(child, "SIGKILL");
  server = null;
  rmSync(pidPath, { force: true });
  if (isStopping) return leave();
  if (isEnding) {
    isEnding = false;
    if (wanted.state === "running") start();
    return;
  }
  process.stderr.write(`${command} ended by itself (${how}); its log: ${logPath}\n`);
  // One that ended by itself leaves its log for whoever asks why.
  cleanUp();
  process.exit(1);
}

function cleanUp(): void {
  for (const [program = "", ...rest] of afterwards) {
    const { status, error } = spawnSync(program, rest, { stdio: ["ignore", log, log] });
    if (status !== 0)
      process.stderr.write(`after ${command}: ${program} ${rest.join(" ")}: ${String(error ?? status)}\n`);
  }
}

function leave(): void {
  cleanUp();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.exit(0);
}

process.on("SIGTERM", stop);
process.on("SIGINT", stop);
process.on("SIGHUP", obey);
if (hasLeash) process.stdin.resume().on("end", stop).on("error", stop);
// A standing server is held by nothing: this keeps the process while its server is stopped.
setInterval(() => undefined, 2 ** 30);
start();

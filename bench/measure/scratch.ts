/**
 * Owns: what a measurement leaves behind while it runs (folders, processes), and that all of it is gone at its end.
 *
 * SCR1 Whatever way the bench ends, short of SIGKILL, its folders are removed and the programs it started are ended.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { watchOthers } from "./machine.ts";
import { childrenSeconds } from "./processor-time.ts";

export type ProgramRun = {
  readonly exitCode: number | null;
  readonly stdout: string;
  /** The last part of it. */
  readonly stderr: string;
  /** User and system seconds of the whole process tree; undefined: not Linux. */
  readonly cpuSeconds: number | undefined;
  /** Share of all cores that other processes used meanwhile. */
  readonly others: number | undefined;
};

const OUTPUT_CHARS_MAX = 1 << 20;
const processEnds = new Set<() => void>();
const folders = new Set<string>();

// Processes before folders: nobody writes into a folder that is being removed.
process.on("exit", () => {
  for (const end of processEnds) end();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** SIGINT and SIGTERM end this process in the orderly way (SCR1), with exit code 130 or 143. */
export function endOnSignals(): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
}

/** Gives `use` an empty folder below the system's temporary one, and removes it afterwards. */
export async function withScratchFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "streamjob-bench-"));
  folders.add(folder);
  try {
    return await use(folder);
  } finally {
    folders.delete(folder);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `end` ends processes at once; it is called when this process ends before the function that is returned was called. */
export function endWithThisProcess(end: () => void): () => void {
  processEnds.add(end);
  return () => void processEnds.delete(end);
}

/** Ends the child with this process if it has not ended before. */
export function follow(child: ChildProcess): void {
  child.once(
    "exit",
    endWithThisProcess(() => void child.kill("SIGTERM")),
  );
}

/** Runs a program to its end. One at a time, so that `cpuSeconds` and `others` are this one's. Rejects when it does not start. */
export function runProgram(
  program: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): Promise<ProgramRun> {
  const secondsBefore = childrenSeconds();
  const others = watchOthers();
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: environment });
    follow(child);
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout = (stdout + text).slice(-OUTPUT_CHARS_MAX)));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr = (stderr + text).slice(-OUTPUT_CHARS_MAX)));
    child.once("error", reject);
    child.once("close", (exitCode) => {
      const seconds = childrenSeconds();
      const cpuSeconds = seconds === undefined || secondsBefore === undefined ? undefined : seconds - secondsBefore;
      resolve({ exitCode, stdout, stderr, cpuSeconds, others: others() });
    });
  });
}

/**
 * Owns: one process of a container: its start, its streams, its signals, its end.
 * Does not own: whether another follows (pod-worker.ts), what it runs (container-plan.ts).
 *
 * CPR1 A process leads its own group: a terminal's Ctrl-C reaches the control plane alone, and killing it takes its children along.
 * CPR2 It holds a leash: its stdin is a pipe from this process, which closes when this process dies, however it dies.
 *     `STREAMJOB_LEASH=stdin` tells the program to end then.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { constants } from "node:os";
import type { Readable, Writable } from "node:stream";
import { type Clock, childEnvironment, sleep } from "../../base/index.ts";
import type { ContainerLog } from "./container-log.ts";

export type ProcessPlan = {
  readonly command: string;
  readonly args: readonly string[];
  /** Beside what this process has in its own environment. */
  readonly env: Readonly<Record<string, string>>;
};

export type ProcessExit = {
  /** 128 + its number for a signal. */
  readonly exitCode: number;
  /** The last lines that it wrote, if it failed. */
  readonly message: string;
  readonly livedMs: number;
};

export type StartResult =
  | { readonly kind: "started"; readonly process: ContainerProcess }
  | { readonly kind: "failed"; readonly message: string };

/** Each piece of output, as it comes. */
export type OutputListener = (stream: "stdout" | "stderr", piece: Buffer) => void;

/** How long the last output of an exited process is waited for. */
const OUTPUT_GRACE_MS = 100;

/** What this process was told by its own environment and its children are not meant to hear. */
const NOT_INHERITED = { STREAMJOB_FAILPOINTS: undefined };

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

export class ContainerProcess {
  readonly pid: number;
  /** Resolves when the process is gone; never rejects. */
  readonly exited: Promise<ProcessExit>;
  #isGone = false;

  constructor(child: Child, pid: number, exited: Promise<ProcessExit>) {
    this.pid = pid;
    this.exited = exited;
    child.once("exit", () => (this.#isGone = true));
  }

  /** To the process alone, as a container's first process gets it. */
  signal(signal: NodeJS.Signals): void {
    if (!this.#isGone) send(this.pid, signal);
  }

  /** SIGKILL to it and all that it started (CPR1). Works on a stopped process too. */
  kill(): void {
    if (!this.#isGone) killGroup(this.pid);
  }
}

/** Starts a process. `log` is closed when its output ends. */
export async function startProcess(
  plan: ProcessPlan,
  log: ContainerLog,
  clock: Clock,
  onOutput: OutputListener,
): Promise<StartResult> {
  const startedMs = clock.monotonicMs();
  const failed = (error: unknown): StartResult => {
    log.close();
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: "failed", message: `${plan.command} cannot be started: ${reason}` };
  };
  let child: Child;
  try {
    child = spawnChild(plan);
  } catch (error) {
    return failed(error); // such as an environment that is too large for the system
  }
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].on("data", (piece: Buffer) => {
      log.write(piece);
      onOutput(stream, piece);
    });
  }
  // The leash is never written to; that its other end closes is no news (the exit is).
  child.stdin.on("error", () => undefined);
  const { pid } = child;
  if (pid === undefined) {
    return new Promise((resolve) => child.once("error", (error) => resolve(failed(error))));
  }
  child.on("error", () => undefined); // a signal that could not be sent: the process is gone, and its exit says so
  const exited = whenExited(child, pid, log, clock).then((exit) => ({
    ...exit,
    livedMs: clock.monotonicMs() - startedMs,
  }));
  return { kind: "started", process: new ContainerProcess(child, pid, exited) };
}

function spawnChild(plan: ProcessPlan): Child {
  return spawn(plan.command, plan.args, {
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
    env: childEnvironment({ ...NOT_INHERITED, ...plan.env, STREAMJOB_LEASH: "stdin" }),
  });
}

/** SIGKILL to a process group; nothing happens when it is gone. */
export function killGroup(pid: number): void {
  send(-pid, "SIGKILL");
}

async function whenExited(
  child: Child,
  pid: number,
  log: ContainerLog,
  clock: Clock,
): Promise<Omit<ProcessExit, "livedMs">> {
  const closed = new Promise<void>((resolve) => {
    child.once("close", () => {
      log.close();
      resolve();
    });
  });
  const exitCode = await new Promise<number>((resolve) => {
    child.once("exit", (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
  killGroup(pid); // what it left behind
  child.stdin.destroy();
  await Promise.race([closed, sleep(clock, OUTPUT_GRACE_MS)]);
  return { exitCode, message: exitCode === 0 ? "" : log.tail };
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // ESRCH: gone. EPERM: macOS says so of a group of which only the dead are left.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
}

/**
 * Owns: running the command `streamjob` as a person does, to its end or in the background.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { sleep, systemClock } from "../../base/index.ts";
import { DEADLINE_MS } from "./job-run.ts";
import type { Workspace } from "./workspace.ts";

const COMMAND = fileURLToPath(new URL("../../bin/streamjob", import.meta.url));
const LOOK_EVERY_MS = 25;

export type CommandResult = { readonly exitCode: number | null; readonly stdout: string; readonly stderr: string };

/** A command in the background; what it has written so far. */
export class RunningCommand {
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  #hasExited = false;
  stdout = "";
  stderr = "";

  constructor(workspace: Workspace, args: readonly string[]) {
    const child = spawn(process.execPath, [COMMAND, ...args], {
      cwd: workspace.folder,
      // A process group of its own, to end all of it.
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, STREAMJOB_HOME: workspace.path("home"), NO_COLOR: "1" },
    });
    this.#child = child;
    child.stdout?.on("data", (piece: Buffer) => (this.stdout += piece.toString()));
    child.stderr?.on("data", (piece: Buffer) => (this.stderr += piece.toString()));
    this.#exited = new Promise((resolve) => {
      child.once("close", (code) => {
        this.#hasExited = true;
        resolve(code);
      });
    });
    workspace.onEnd(() => this.#killGroup());
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    const endMs = systemClock.monotonicMs() + DEADLINE_MS;
    while (!condition()) {
      assert.ok(!this.#hasExited, `the command ended before ${what}:\n${this.stderr}`);
      assert.ok(systemClock.monotonicMs() < endMs, `waited in vain for ${what}:\n${this.stderr}`);
      await sleep(systemClock, LOOK_EVERY_MS);
    }
  }

  interrupt(): void {
    this.#child.kill("SIGINT");
  }

  async result(): Promise<CommandResult> {
    const timer = systemClock.after(DEADLINE_MS, () => this.#killGroup());
    const exitCode = await this.#exited;
    timer.cancel();
    return { exitCode, stdout: this.stdout, stderr: this.stderr };
  }

  #killGroup(): void {
    if (!this.#hasExited && this.#child.pid !== undefined) process.kill(-this.#child.pid, "SIGKILL");
  }
}

export function streamjob(workspace: Workspace, ...args: readonly string[]): Promise<CommandResult> {
  return new RunningCommand(workspace, args).result();
}

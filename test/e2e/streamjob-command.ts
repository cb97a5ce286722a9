/**
 * Owns: running the command `streamjob` as a person does, in a home of its own, and waiting for what it says.
 * Called by: the examples' tests.
 *
 * STCO1 Waits are for conditions, with a deadline; on a miss the error shows all that was said.
 * STCO2 `close` ends what was started here, and only that.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const repository = fileURLToPath(new URL("../..", import.meta.url));
const MAIN = join(repository, "cli", "main.ts");
/** For the longest of the waits, a whole rollback, on a busy machine; an error or an end is seen at once. */
const DEADLINE_MS = 180_000;
const LOOK_EVERY_MS = 20;

/** A folder that is `STREAMJOB_HOME`, working directory and everything else for the commands of one test. */
export class Workplace {
  readonly folder = mkdtempSync(join(tmpdir(), "streamjob-e2e-"));
  readonly #running: RunningCommand[] = [];

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Starts `streamjob <args>`. */
  start(...args: string[]): RunningCommand {
    return this.startScript(MAIN, ...args);
  }

  /** Starts a script with this Node. */
  startScript(script: string, ...args: string[]): RunningCommand {
    const command = new RunningCommand(script, args, { home: this.path("home"), cwd: this.folder });
    this.#running.push(command);
    return command;
  }

  /** Runs `streamjob <args>` to its end. */
  async run(...args: string[]): Promise<RunningCommand> {
    const command = this.start(...args);
    await command.exit();
    return command;
  }

  /** STCO2 */
  async close(): Promise<void> {
    for (const command of this.#running) command.kill();
    await Promise.all(this.#running.map((command) => command.exit()));
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

export class RunningCommand {
  stdout = "";
  stderr = "";
  exitCode: number | null = null;
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<number>;

  constructor(script: string, args: readonly string[], place: { readonly home: string; readonly cwd: string }) {
    this.#name = `streamjob ${args.join(" ")}`;
    // A test run inside a test run would report to it instead of to its own reader.
    const { NODE_TEST_CONTEXT: _outer, npm_lifecycle_event: _script, ...env } = process.env;
    this.#child = spawn(process.execPath, [script, ...args], {
      cwd: place.cwd,
      env: { ...env, STREAMJOB_HOME: place.home },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout?.setEncoding("utf8").on("data", (piece: string) => (this.stdout += piece));
    this.#child.stderr?.setEncoding("utf8").on("data", (piece: string) => (this.stderr += piece));
    this.#exited = new Promise((resolve) =>
      this.#child.once("close", (code) => {
        this.exitCode = code ?? 1;
        resolve(this.exitCode);
      }),
    );
  }

  /** The lines of stdout that are complete. */
  get lines(): string[] {
    return this.stdout.split("\n").slice(0, -1);
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** Waits until it is so (STCO1). */
  async until(what: string, isSo: () => boolean): Promise<void> {
    const deadlineMs = performance.now() + DEADLINE_MS;
    while (!isSo()) {
      if (this.exitCode !== null) throw this.#missed(`it ended with ${this.exitCode} before ${what}`);
      if (performance.now() > deadlineMs) throw this.#missed(`${what}: not in ${DEADLINE_MS / 1000} s`);
      await sleep(LOOK_EVERY_MS);
    }
  }

  /** The exit code (STCO1). */
  async exit(): Promise<number> {
    const timer = new AbortController();
    const late = sleep(3 * DEADLINE_MS, undefined, { signal: timer.signal }).then(
      () => {
        this.kill();
        throw this.#missed(`it did not end in ${(3 * DEADLINE_MS) / 1000} s`);
      },
      () => 0,
    );
    try {
      return await Promise.race([this.#exited, late]);
    } finally {
      timer.abort();
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** SIGKILL; its children see that it is gone, and end. */
  kill(): void {
    if (this.exitCode === null) this.#child.kill("SIGKILL");
  }

  #missed(what: string): Error {
    return new Error(`${this.#name}: ${what}\n--- stdout\n${this.stdout}\n--- stderr\n${this.stderr}`);
  }
}

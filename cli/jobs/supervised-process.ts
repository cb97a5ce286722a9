/**
 * Owns: keeping one child process alive, as a kubelet keeps a container: a process that dies is started again, later and later
 * while it keeps dying young.
 * Called by: local-cluster.ts.
 *
 * SU1 At most one process is alive at a time; a new one starts only after the old one has exited.
 * SU2 After `end` or `kill` none starts any more.
 * SU3 A process that lived `resetAfterMs` has proved itself: the wait is the first one again.
 */
import type { ChildProcess } from "node:child_process";
import { type Clock, sleep, type Timer } from "../../base/index.ts";
import type { ToChild } from "../../main/index.ts";

export type ProcessExit = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly livedMs: number;
};

export type Backoff = {
  readonly firstMs: number;
  readonly factor: number;
  readonly maxMs: number;
  readonly resetAfterMs: number;
};
export const defaultBackoff: Backoff = { firstMs: 100, factor: 2, maxMs: 5000, resetAfterMs: 3000 };

export type Supervision = {
  /** `start`: 0 for the first one. Must not throw. */
  readonly spawn: (start: number) => ChildProcess;
  /** After an exit: whether a new process is to be started. */
  readonly decide: (exit: ProcessExit) => "restart" | "end";
  readonly onStarted?: (pid: number) => void;
  /** `restartInMs` null: it stays down. */
  readonly onExit?: (exit: ProcessExit, restartInMs: number | null) => void;
  readonly backoff?: Backoff;
  readonly clock: Clock;
};

/** How long the last output of an exited process is waited for. */
const OUTPUT_GRACE_MS = 1000;

export class SupervisedProcess {
  readonly #supervision: Supervision;
  readonly #backoff: Backoff;
  #child: ChildProcess | null = null;
  #starts = 0;
  #waitMs: number;
  #waiting: Timer | null = null;
  #isEnding = false;
  readonly #ended = Promise.withResolvers<void>();

  constructor(supervision: Supervision) {
    this.#supervision = supervision;
    this.#backoff = supervision.backoff ?? defaultBackoff;
    this.#waitMs = this.#backoff.firstMs;
    this.#start();
  }

  /** Of the living process; null while there is none. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** How often a process was started, the first time included. */
  get startCount(): number {
    return this.#starts;
  }

  /** Resolves when the last process has exited and none will follow. */
  get whenEnded(): Promise<void> {
    return this.#ended.promise;
  }

  /** False: there is no process to tell. */
  send(message: ToChild): boolean {
    if (this.#child === null || !this.#child.connected) return false;
    // A failed send means that the process is dying; its exit says so.
    this.#child.send(message, () => {});
    return true;
  }

  /** Lets go of the process (PM1), ends it by SIGTERM after `graceMs`, by SIGKILL after as long again. */
  async end(graceMs: number): Promise<void> {
    const { clock } = this.#supervision;
    this.#stopRestarting();
    if (this.#child?.connected === true) this.#child.disconnect();
    const first = clock.after(graceMs, () => this.#child?.kill("SIGTERM"));
    const second = clock.after(2 * graceMs, () => this.#child?.kill("SIGKILL"));
    await this.whenEnded;
    first.cancel();
    second.cancel();
  }

  /** SIGKILL, at once. */
  async kill(): Promise<void> {
    this.#stopRestarting();
    this.#child?.kill("SIGKILL");
    await this.whenEnded;
  }

  /** SIGKILL; a new process is started as after any crash. */
  crash(): void {
    this.#child?.kill("SIGKILL");
  }

  #stopRestarting(): void {
    this.#isEnding = true;
    this.#waiting?.cancel();
    this.#waiting = null;
    if (this.#child === null) this.#ended.resolve();
  }

  #start(): void {
    const { clock, spawn, onStarted } = this.#supervision;
    const startedMs = clock.monotonicMs();
    const child = spawn(this.#starts++);
    this.#child = child;
    const closed = whenOutputEnded(child);
    let isOver = false;
    const over = (code: number | null, signal: NodeJS.Signals | null): void => {
      if (isOver) return;
      isOver = true;
      this.#afterExit({ code, signal, livedMs: clock.monotonicMs() - startedMs }, closed);
    };
    child.once("exit", over);
    // Not even started (no memory, no process left): there is no `exit` then.
    child.on("error", () => (child.pid === undefined ? over(null, null) : undefined));
    if (child.pid !== undefined) onStarted?.(child.pid);
  }

  #afterExit(exit: ProcessExit, closed: Promise<void>): void {
    const { clock, decide, onExit } = this.#supervision;
    this.#child = null;
    if (this.#isEnding || decide(exit) === "end") {
      this.#isEnding = true;
      onExit?.(exit, null);
      void Promise.race([closed, sleep(clock, OUTPUT_GRACE_MS)]).then(() => this.#ended.resolve());
      return;
    }
    if (exit.livedMs >= this.#backoff.resetAfterMs) this.#waitMs = this.#backoff.firstMs;
    const delayMs = this.#waitMs;
    this.#waitMs = Math.min(this.#backoff.maxMs, this.#waitMs * this.#backoff.factor);
    onExit?.(exit, delayMs);
    this.#waiting = clock.after(delayMs, () => {
      this.#waiting = null;
      this.#start();
    });
  }
}

/** The child's own event `close` does not come when its channel was closed on this side. */
async function whenOutputEnded(child: ChildProcess): Promise<void> {
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
  await Promise.all(streams.map((stream) => new Promise<void>((resolve) => stream.once("close", () => resolve()))));
}

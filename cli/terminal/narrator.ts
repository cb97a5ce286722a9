/**
 * Owns: the story of a job for the person who runs it: one line per thing that happened.
 * Not here: where the lines go (stderr: stdout belongs to the job), the processes' own logs (process-log.ts).
 */
import type pc from "picocolors";
import type { Clock, ErrorInfo } from "../../base/index.ts";
import { failureLines, failureReason } from "./failure-text.ts";
import type { JobOutcome } from "../jobs/cluster-options.ts";
import type { JobEvent } from "../../main/index.ts";
import type { ProcessExit } from "../jobs/supervised-process.ts";

/** Ways to colour text, or not to. */
export type Colors = ReturnType<typeof pc.createColors>;

export type NarratorOptions = {
  readonly name: string;
  readonly module: string;
  readonly clock: Clock;
  readonly colors: Colors;
  /** Takes one line without its end. */
  readonly write: (line: string) => void;
};

export class Narrator {
  readonly #options: NarratorOptions;

  constructor(options: NarratorOptions) {
    this.#options = options;
  }

  say(text: string): void {
    const time = new Date(this.#options.clock.nowMs()).toISOString().slice(11, 19);
    this.#options.write(`${this.#options.colors.dim(time)} ${text}`);
  }

  event(event: JobEvent): void {
    const { colors, module } = this.#options;
    switch (event.kind) {
      case "status":
        return this.#status(event);
      case "restored":
        return this.say(
          `Restored from ${event.isSavepoint ? "savepoint" : "checkpoint"} ${event.checkpointId}: ${event.path}`,
        );
      case "failure": {
        const reason = failureReason(event.error, module);
        const task = event.taskName?.replace(/ - attempt \d+$/, "");
        const where = task === undefined || reason.startsWith(task) ? "" : ` in ${task}`;
        return this.say(colors.yellow(`Failure${where}: ${reason}`));
      }
      case "checkpointFailed": {
        const what = event.isSavepoint ? "Savepoint" : "Checkpoint";
        return this.say(colors.yellow(`${what} ${event.checkpointId} failed: ${event.reason}`));
      }
      case "savepoint":
        return this.say(`Savepoint completed. Path: ${event.path}`);
      case "checkpoint":
        return; // the normal case: `streamjob list` and the log have it
    }
  }

  processEnded(name: string, pid: number | null, exit: ProcessExit, restartInMs: number | null): void {
    if (restartInMs === null) return;
    const how = exit.signal === null ? `exited with code ${exit.code}` : `was killed by ${exit.signal}`;
    this.say(
      this.#options.colors.yellow(`${name} (pid ${pid ?? "none"}) ${how}; starting a new one in ${restartInMs} ms.`),
    );
  }

  /** `error`: what a FAILED job failed with. */
  terminal(status: JobOutcome["status"], seconds: number, error: ErrorInfo | null): void {
    const { colors, module, name } = this.#options;
    const text = `Job "${name}" ${status} after ${seconds.toFixed(1)} s.`;
    if (status === "FINISHED" || status === "CANCELED") return this.say(colors.green(text));
    this.say(colors.red(text));
    for (const line of error === null ? [] : failureLines(error, module)) this.say(colors.red(`  ${line}`));
  }

  #status(event: Extract<JobEvent, { kind: "status" }>): void {
    switch (event.status) {
      case "RUNNING":
        return this.say(
          `Job is RUNNING: ${count(event.tasks, "task")} on ${count(event.taskManagers, "TaskManager")}.`,
        );
      case "RESTARTING":
      case "CANCELLING":
      case "SUSPENDED":
        return this.say(`Job is ${event.status}.`);
      default:
        return; // on the way to one of these, or told by `terminal`
    }
  }
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}

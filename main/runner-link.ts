/**
 * Owns: a child process's side of its life: the message that starts it, the leash to its runner, signals, and the end.
 * Called by: jobmanager-process.ts, taskmanager-process.ts.
 *
 * RL1 The process ends when its runner does (PM1): at once, or after `letGo` had LET_GO_MS to close things.
 * RL2 SIGINT and SIGHUP are the runner's business: a terminal sends them to the children too, and they are ignored here.
 * RL3 What nobody caught is logged and ends the process with `exitCodes.crashed`; the runner starts it again.
 */
import { checkFailpoints, checkLogLevel, type Clock, createLog, type Log, sleep, toErrorInfo } from "../base/index.ts";
import { exitCodes, type FromChild, type ToChild } from "./process-messages.ts";

export type RunnerLink = {
  readonly log: Log;
  /** Resolves when the message is on its way, also when there is nobody to tell: an exit right after a send can lose it. */
  send(message: FromChild): Promise<void>;
  onCancel(cancel: () => void): void;
  /** What to close when the runner lets go. */
  onLetGo(close: () => Promise<void>): void;
};

/** Longest time that closing may take when the runner lets go. */
const LET_GO_MS = 2000;

/** Waits for `start`, runs `body`, exits with the code it gives. */
export async function runChild<C>(
  role: string,
  clock: Clock,
  body: (config: C, link: RunnerLink) => Promise<number>,
): Promise<void> {
  const log = createLog({ process: role, pid: process.pid });
  if (process.send === undefined) {
    process.stderr.write(`This is the ${role} process of a job: it is started by "streamjob run".\n`);
    process.exit(2);
  }
  const crash = (error: unknown): void => {
    log.error({ err: error }, "the process crashed");
    process.exit(exitCodes.crashed);
  };
  process.on("uncaughtException", crash);
  process.on("unhandledRejection", crash);
  process.on("SIGINT", () => {});
  process.on("SIGHUP", () => {});
  let letGo: () => Promise<void> = () => Promise.resolve();
  let isCancelAsked = false;
  let cancel: () => void = () => {};
  process.once("disconnect", () => {
    void Promise.race([letGo(), sleep(clock, LET_GO_MS)]).then(() => process.exit(exitCodes.orphaned), crash);
  });
  const link: RunnerLink = {
    log,
    send: tell,
    onCancel: (next) => {
      cancel = next;
      if (isCancelAsked) next();
    },
    onLetGo: (next) => (letGo = next),
  };
  const config = await new Promise<C>((resolve) => {
    process.on("message", (message: ToChild) => {
      if (message.kind === "start") resolve(message.config as C);
      else {
        isCancelAsked = true;
        cancel();
      }
    });
  });
  try {
    checkFailpoints();
    checkLogLevel();
    process.exit(await body(config, link));
  } catch (error) {
    log.error({ err: error }, "the process failed");
    await tell({ kind: "refused", error: toErrorInfo(error) });
    process.exit(exitCodes.refused);
  }
}

function tell(message: FromChild): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected || process.send === undefined) return resolve();
    process.send(message, undefined, undefined, () => resolve());
  });
}

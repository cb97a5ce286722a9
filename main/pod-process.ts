/**
 * Owns: what the processes of an incarnation's pods have in common: configuration from variables, signals, the leash, their end.
 * Called by: pod-jobmanager.ts, pod-taskmanager.ts. Who runs them: a StatefulSet, or the embedded kubelet.
 *
 * PD1 They run until somebody ends them: SIGTERM, SIGINT, and with the leash the end of stdin close things within CLOSE_MS and leave the job
 *     as it is, for the process that comes next. Exit code 0.
 * PD2 What nobody caught is logged and ends the process with `exitCodes.crashed`; whoever runs the pod starts it again.
 * PD3 A configuration that cannot be read ends it with `exitCodes.refused`, after saying what is wrong with it.
 */
import { checkFailpoints, type Clock, createLog, environmentVariable, type Log, sleep } from "../base/index.ts";
import { type PodConfig, podVariables } from "../contract/index.ts";
import { invalidPodSetting, readPodConfig } from "./pod-settings.ts";
import { exitCodes } from "./process-messages.ts";

/** Longest time that closing may take. */
const CLOSE_MS = 800;

export type Address = { readonly host: string; readonly port: number };

export type PodProcess = {
  readonly config: PodConfig;
  readonly log: Log;
  /** The variable as `host:port`. Errors: OPTION_INVALID. */
  address(variable: string): Address;
  /** Errors: OPTION_INVALID when it is not set. */
  variable(name: string): string;
  /** What to close at the end. */
  onClose(close: () => Promise<void>): void;
  /** Ends the process at once. */
  exit(code: number): void;
};

/** Runs `body`, which returns when everything is started. */
export async function runPod(role: string, clock: Clock, body: (pod: PodProcess) => Promise<void>): Promise<void> {
  const log = createLog({ process: role, pid: process.pid, pod: environmentVariable(podVariables.podName) ?? null });
  const crash = (error: unknown): void => {
    log.error({ err: error }, "the process crashed");
    process.exit(exitCodes.crashed);
  };
  process.on("uncaughtException", crash);
  process.on("unhandledRejection", crash);
  process.on("SIGHUP", () => {});
  let close: () => Promise<void> = () => Promise.resolve();
  let isEnding = false;
  const end = (why: string): void => {
    if (isEnding) return;
    isEnding = true;
    log.info({ reason: why }, "the process is shutting down");
    void Promise.race([close(), sleep(clock, CLOSE_MS)]).then(() => process.exit(exitCodes.done), crash);
  };
  process.on("SIGTERM", () => end("SIGTERM"));
  process.on("SIGINT", () => end("SIGINT"));
  if (environmentVariable(podVariables.leash) === "stdin") watchStdin(() => end("its stdin was closed"));
  try {
    checkFailpoints();
    await body({
      config: readPodConfig(variable(podVariables.config), environmentVariable(podVariables.largeConfig)),
      log,
      address: (name) => parseAddress(name, variable(name)),
      variable,
      onClose: (next) => (close = next),
      exit: (code) => process.exit(code),
    });
  } catch (error) {
    log.error({ err: error }, "the process could not start");
    process.exit(exitCodes.refused);
  }
}

function watchStdin(onEnd: () => void): void {
  process.stdin.on("end", onEnd);
  process.stdin.on("error", onEnd);
  process.stdin.resume();
}

function variable(name: string): string {
  const value = environmentVariable(name);
  if (value !== undefined && value !== "") return value;
  throw invalidPodSetting(`the variable ${name} is not set`);
}

function parseAddress(name: string, text: string): Address {
  const match = /^(.+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) throw invalidPodSetting(`the variable ${name} is "${text}" and not host:port`);
  return { host: match[1] as string, port };
}

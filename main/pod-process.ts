/**
 * Owns: what the processes of an incarnation's pods have in common: configuration from variables, signals, the leash, their end.
 * Called by: pod-jobmanager.ts, pod-taskmanager.ts. Who runs them: a StatefulSet, or the embedded kubelet.
 *
 * PD1 They run until somebody ends them: SIGTERM, SIGINT, and with the leash the end of stdin. They close things within CLOSE_MS and leave the
 *     job as it is, for the process that comes next. Exit code 0.
 * PD4 On SIGTERM they first hand over what they do, so that nothing of it has to be done again, for as long as the pod's grace lasts: what is
 *     not handed over by then is lost as by SIGKILL, which the job survives as well. SIGINT, the leash, and a second SIGTERM wait for nothing.
 * PD2 What nobody caught is logged and ends the process with `exitCodes.crashed`; whoever runs the pod starts it again.
 * PD3 A configuration that cannot be read ends it with `exitCodes.refused`, after saying what is wrong with it.
 */
import {
  checkFailpoints,
  checkLogLevel,
  type Clock,
  createLog,
  environmentVariable,
  type Log,
  sleep,
} from "../base/index.ts";
import { type PodConfig, podVariables } from "../contract/index.ts";
import { invalidPodSetting } from "./pod-setting-error.ts";
import { readPodConfig } from "./pod-settings.ts";
import { PodEndpoints, type PodSources } from "./pod-endpoints.ts";
import { exitCodes } from "./process-messages.ts";

/** Longest time that closing may take. */
const CLOSE_MS = 800;
/** Of the pod's grace, for what comes after the handover: closing, and signals that come late. */
const RESERVE_MS = 2000;
/** Kubernetes' own. */
const DEFAULT_GRACE_SECONDS = 30;

export type Address = { readonly host: string; readonly port: number };

export type PodProcess = {
  readonly config: PodConfig;
  readonly log: Log;
  /** The variable as `host:port`. Errors: OPTION_INVALID. */
  address(variable: string): Address;
  /** Errors: OPTION_INVALID when it is not set. */
  variable(name: string): string;
  /** What to do at the end: `leave` before it, as long as there is time (PD4), and `close`. */
  onEnd(end: End): void;
  /** What its port for health and metrics says from now on. */
  onServe(sources: PodSources): void;
  /** Ends the process at once. */
  exit(code: number): void;
};

export type End = { readonly leave: () => Promise<void>; readonly close: () => Promise<void> };

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
  const endpoints = new PodEndpoints();
  const ending = new Ending(clock, log, crash, endpoints);
  process.on("SIGTERM", () => ending.leave("SIGTERM"));
  process.on("SIGINT", () => ending.close("SIGINT"));
  if (environmentVariable(podVariables.leash) === "stdin") watchStdin(() => ending.close("its stdin was closed"));
  try {
    checkFailpoints();
    checkLogLevel();
    ending.graceMs = readGraceMs();
    if (environmentVariable(podVariables.metricsListen) !== undefined) {
      await endpoints.listen(parseAddress(podVariables.metricsListen, variable(podVariables.metricsListen)), log);
    }
    await body({
      config: readPodConfig(variable(podVariables.config), environmentVariable(podVariables.largeConfig)),
      log,
      address: (name) => parseAddress(name, variable(name)),
      variable,
      onEnd: (end) => (ending.end = end),
      onServe: (sources) => (endpoints.sources = sources),
      exit: (code) => process.exit(code),
    });
  } catch (error) {
    log.error({ err: error }, "the process could not start");
    process.exit(exitCodes.refused);
  }
}

/** The end of the process (PD1, PD4). */
class Ending {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #crash: (error: unknown) => void;
  readonly #endpoints: PodEndpoints;
  end: End = { leave: () => Promise.resolve(), close: () => Promise.resolve() };
  graceMs = 0;
  #phase: "none" | "leaving" | "closing" = "none";

  constructor(clock: Clock, log: Log, crash: (error: unknown) => void, endpoints: PodEndpoints) {
    this.#endpoints = endpoints;
    this.#clock = clock;
    this.#log = log;
    this.#crash = crash;
  }

  leave(why: string): void {
    if (this.#phase !== "none") return this.close(`${why} again`);
    this.#phase = "leaving";
    this.#endpoints.isEnding = true;
    const { graceMs } = this;
    this.#log.info({ reason: why, graceMs }, "the process hands over what it does, and shuts down");
    const limit = sleep(this.#clock, Math.max(0, graceMs - RESERVE_MS)).then(() => "the grace period is nearly over");
    const done = this.end.leave().then(() => "all is handed over");
    void Promise.race([done, limit]).then((reason) => this.close(reason), this.#crash);
  }

  close(why: string): void {
    if (this.#phase === "closing") return;
    this.#phase = "closing";
    this.#endpoints.isEnding = true;
    this.#log.info({ reason: why }, "the process is shutting down");
    const closed = Promise.race([this.end.close(), sleep(this.#clock, CLOSE_MS)]);
    void closed.then(() => process.exit(exitCodes.done), this.#crash);
  }
}

function readGraceMs(): number {
  const name = podVariables.graceSeconds;
  const text = environmentVariable(name) ?? String(DEFAULT_GRACE_SECONDS);
  if (/^\d{1,6}$/.test(text)) return Number(text) * 1000;
  throw invalidPodSetting(`the variable ${name} is "${text}" and not a number of seconds`);
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

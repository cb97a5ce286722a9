/**
 * Owns: a job's processes on this machine: one JobManager and some TaskManagers, kept alive until the job has ended.
 * Not here: what a process does (jobmanager-process.ts, taskmanager-process.ts), how one is kept alive (supervised-process.ts).
 * Called by: `streamjob run`, the demo, the chaos tests.
 *
 * LC1 A JobManager comes back with the same job id, store and ports, and finds its checkpoint by the store alone.
 * LC2 A TaskManager comes back under a new id.
 * LC3 Only what the JobManager says ends the job: a process that dies without a word is started again; but not for ever, when it has never worked (silent-process.ts).
 * LC4 The record in the registry names the living processes; it is written before anybody is told of a new one.
 * LC5 Failpoints are given to the first start of a process only, so that a test's kill happens once.
 */
import type { ChildProcess } from "node:child_process";
import pc from "picocolors";
import {
  type Clock,
  environmentVariable,
  type ErrorInfo,
  fromErrorInfo,
  processIdentity,
  type Random,
  StreamError,
  systemClock,
  systemRandom,
  type Timer,
  toErrorInfo,
} from "../../base/index.ts";
import { storeUriOf } from "../../runtime/storage/index.ts";
import { spawnChild } from "./child-spawn.ts";
import type { ClusterPids, JobOutcome, LocalClusterOptions } from "./cluster-options.ts";
import { chooseFreePort, requireFreePort } from "./free-port.ts";
import { type HomeFolder, homeFolder } from "./home-folder.ts";
import { type JobRecord, pruneRecords, writeRecord } from "./job-registry.ts";
import { stopWithSavepoint, takeSavepoint, type TriggeredJob } from "./job-triggers.ts";
import { type Colors, Narrator } from "../terminal/narrator.ts";
import { checkpointRootOf, type LoadedJob, loadJob, slotsPerTaskManager, withSavepointFolder } from "./job-request.ts";
import { ProcessLog } from "./process-log.ts";
import { exitCodes, type FromChild, type JobEvent, type JobManagerConfig } from "../../main/index.ts";
import { readVersion } from "../../main/version.ts";
import { RestClient } from "./rest-client.ts";
import { refusalOfSilence } from "./silent-process.ts";
import { type ProcessExit, SupervisedProcess } from "./supervised-process.ts";
import { WarningFilter } from "../terminal/warning-filter.ts";

/** How long the job may take to be cancelled before its processes are killed. */
const CANCEL_GRACE_MS = 30_000;
/** How long a process may take to end when it is let go, and again after SIGTERM. */
const END_GRACE_MS = 4000;
/** Least time between two writes of the record that only tell of a checkpoint. */
const RECORD_EVERY_MS = 500;

/** How long after the end of a process broken connections are taken for its echo. */
const ECHO_MS = 3000;

/** What is known of one TaskManager's processes. */
type TaskManagerStart = {
  readonly index: number;
  readonly log: ProcessLog;
  /** One of them has had slots that listened. */
  hasServed: boolean;
  /** Why the last one could not start. */
  refusal: ErrorInfo | null;
};

type Plan = {
  readonly taskManagers: number;
  readonly slots: number;
  readonly restore: JobManagerConfig["restore"];
  readonly restPort: number;
  readonly rpcPort: number;
};

/**
 * Loads the job, starts its processes and resolves when the JobManager serves its ports.
 * Errors: those of createLocalCluster; what the JobManager refuses to start with (SAVEPOINT_NOT_FOUND, STATE_INCOMPATIBLE, …).
 */
export async function startLocalCluster(options: LocalClusterOptions): Promise<LocalCluster> {
  const cluster = await createLocalCluster(options);
  await cluster.whenListening;
  return cluster;
}

/** Loads the job and starts its processes. Errors: those of preflight.ts; PORT_IN_USE; STORE_FULL and STORE_UNAVAILABLE of the registry. */
export async function createLocalCluster(options: LocalClusterOptions): Promise<LocalCluster> {
  const random = options.random ?? systemRandom;
  const job = await loadJob(options);
  const taskManagers = options.taskManagers ?? 1;
  const slots = slotsPerTaskManager(job.graph, taskManagers, options.slots);
  const restore =
    options.restore === undefined
      ? null
      : {
          path: storeUriOf(options.restore.path),
          allowNonRestoredState: options.restore.allowNonRestoredState ?? false,
        };
  const restPort = await (options.restPort === undefined
    ? chooseFreePort(random)
    : requireFreePort(options.restPort, "--rest-port"));
  const rpcPort = await (options.rpcPort === undefined
    ? chooseFreePort(random, [restPort])
    : requireFreePort(options.rpcPort, "--rpc-port"));
  return new LocalCluster(options, job, { taskManagers, slots, restore, restPort, rpcPort });
}

/** Made by createLocalCluster. */
export class LocalCluster {
  readonly jobId: string;
  readonly name: string;
  readonly home: HomeFolder;
  readonly #options: LocalClusterOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #job: LoadedJob;
  readonly #plan: Plan;
  readonly #narrator: Narrator;
  readonly #warnings: WarningFilter;
  readonly #say: (line: string) => void;
  readonly #colors: Colors;
  readonly #logs: ProcessLog[] = [];
  readonly #jobManager: SupervisedProcess;
  readonly #taskManagers: SupervisedProcess[] = [];
  readonly #taskManagerPids: (number | null)[] = [];
  readonly #listening = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<JobOutcome>();
  #record: JobRecord;
  #recordTimer: Timer | null = null;
  #hasListened = false;
  #processEndedMs = Number.NEGATIVE_INFINITY;
  #isCancelAsked = false;
  #cancelTimer: Timer | null = null;
  #outcome: JobOutcome | null = null;
  #refusal: ErrorInfo | null = null;

  constructor(options: LocalClusterOptions, job: LoadedJob, plan: Plan) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
    this.#job = job;
    this.#plan = plan;
    this.jobId = options.jobId ?? this.#random.hex(16);
    this.name = job.graph.configuration.jobName;
    this.home = homeFolder(options.home);
    this.#say = options.say ?? ((line) => void process.stderr.write(`${line}\n`));
    this.#colors = options.colors ?? pc.createColors(process.stderr.isTTY === true && pc.isColorSupported);
    this.#narrator = new Narrator({
      name: this.name,
      module: job.module,
      clock: this.#clock,
      colors: this.#colors,
      write: this.#say,
    });
    this.#warnings = new WarningFilter(this.#clock, (text, isError) =>
      this.#narrator.say(isError ? this.#colors.red(text) : this.#colors.yellow(text)),
    );
    this.#record = {
      version: 1,
      jobId: this.jobId,
      name: this.name,
      module: job.module,
      restUrl: `http://127.0.0.1:${plan.restPort}`,
      runnerPid: process.pid,
      runnerIdentity: processIdentity(process.pid),
      pids: { jobManager: null, taskManagers: [] },
      startedMs: this.#clock.nowMs(),
      checkpointRoot: checkpointRootOf(job.graph, this.home.checkpoints, this.jobId),
      jobManagerRestarts: 0,
      lastCheckpoint: null,
      lastSavepoint: null,
      terminal: null,
    };
    pruneRecords(this.home);
    writeRecord(this.home, this.#record);
    this.#narrator.say(
      `Job "${this.name}" ${this.jobId}, REST ${this.restUrl}, checkpoints in ${this.#record.checkpointRoot}`,
    );
    // Nobody may be waiting yet when it is refused.
    this.#listening.promise.catch(() => {});
    this.#jobManager = this.#superviseJobManager();
    for (let i = 0; i < plan.taskManagers; i++) this.#taskManagers.push(this.#superviseTaskManager(i));
  }

  get restUrl(): string {
    return this.#record.restUrl;
  }

  /** Store URI of the job's own root. */
  get checkpointRoot(): string {
    return this.#record.checkpointRoot;
  }

  /** Rejects when the JobManager refuses the job before it ever served its ports. */
  get whenListening(): Promise<void> {
    return this.#listening.promise;
  }

  /** Resolves when the job and all its processes have ended. */
  waitTerminal(): Promise<JobOutcome> {
    return this.#ended.promise;
  }

  pids(): ClusterPids {
    const taskManagers = this.#taskManagerPids.filter((pid) => pid !== null);
    return { jobManager: this.#record.pids.jobManager, taskManagers };
  }

  /** `directory`: path or URI; absent: the job's default. Returns the savepoint's URI. Errors: SAVEPOINT_NO_TARGET as REQUEST_INVALID, SAVEPOINT_FAILED. */
  savepoint(directory?: string): Promise<string> {
    return takeSavepoint(this.#triggered(), directory ?? null);
  }

  /** As savepoint; the job FINISHES with it. `drain`: windows and timers fire first, as if the data had ended. */
  stopWithSavepoint(directory?: string, options: { readonly drain?: boolean } = {}): Promise<string> {
    return stopWithSavepoint(this.#triggered(), { directory: directory ?? null, drain: options.drain ?? false });
  }

  /** Cancels the job, waits until everything has ended; kills what has not after 30 s. */
  stop(): Promise<JobOutcome> {
    if (!this.#isCancelAsked && this.#outcome === null) {
      this.#isCancelAsked = true;
      this.#jobManager.send({ kind: "cancel" });
      this.#cancelTimer = this.#clock.after(CANCEL_GRACE_MS, () => {
        this.#narrator.say(`The job was not cancelled in ${CANCEL_GRACE_MS / 1000} s; killing its processes.`);
        void this.kill();
      });
    }
    return this.waitTerminal();
  }

  /** SIGKILL to all processes, at once. The checkpoints stay. */
  async kill(): Promise<JobOutcome> {
    this.#outcome ??= { status: "KILLED", failure: null, restarts: 0 };
    await Promise.all([this.#jobManager.kill(), ...this.#taskManagers.map((taskManager) => taskManager.kill())]);
    return this.waitTerminal();
  }

  #triggered(): TriggeredJob {
    const client = new RestClient(this.restUrl, this.jobId);
    return { client, record: () => this.#record, clock: this.#clock, random: this.#random };
  }

  #superviseJobManager(): SupervisedProcess {
    const log = this.#openLog("jobmanager");
    const config: JobManagerConfig = {
      jobId: this.jobId,
      module: this.#job.module,
      options: withSavepointFolder(this.#job, this.home.savepoints),
      args: this.#job.args,
      storeUri: this.#record.checkpointRoot,
      rpcPort: this.#plan.rpcPort,
      restPort: this.#plan.restPort,
      taskManagers: this.#plan.taskManagers,
      restore: this.#plan.restore,
      version: readVersion(),
    };
    const supervised = new SupervisedProcess({
      spawn: (start) => {
        this.#refusal = null;
        return spawnChild({
          role: "jobmanager",
          label: this.jobId,
          config,
          failpoints: start === 0 ? this.#failpointsOf("jobManager") : undefined,
          log,
          stdout: "log",
          onMessage: (message) => this.#fromJobManager(message),
        });
      },
      decide: (exit) => this.#decideJobManager(exit),
      onStarted: (pid) => this.#updateRecord({ pids: { ...this.#record.pids, jobManager: pid } }),
      onExit: (exit, restartInMs) => this.#jobManagerExited(exit, restartInMs),
      clock: this.#clock,
      ...(this.#options.backoff === undefined ? {} : { backoff: this.#options.backoff }),
    });
    void supervised.whenEnded.then(() => this.#finish());
    return supervised;
  }

  #superviseTaskManager(index: number): SupervisedProcess {
    const name = `taskmanager-${index + 1}`;
    const log = this.#openLog(name);
    const start: TaskManagerStart = { index, log, hasServed: false, refusal: null };
    const supervised: SupervisedProcess = new SupervisedProcess({
      spawn: (count) => this.#spawnTaskManager(start, count),
      decide: () => {
        if (this.#outcome === null && !start.hasServed) this.#giveUpOn(start, supervised.startCount);
        return this.#outcome === null ? "restart" : "end";
      },
      onStarted: (pid) => this.#setTaskManagerPid(index, pid),
      onExit: (exit, restartInMs) => {
        const pid = this.#taskManagerPids[index] ?? null;
        if (this.#outcome === null) {
          this.#processEndedMs = this.#clock.monotonicMs();
          this.#narrator.processEnded(`TaskManager ${index + 1}`, pid, exit, restartInMs);
        }
        this.#setTaskManagerPid(index, null);
      },
      clock: this.#clock,
      ...(this.#options.backoff === undefined ? {} : { backoff: this.#options.backoff }),
    });
    return supervised;
  }

  #spawnTaskManager(start: TaskManagerStart, count: number): ChildProcess {
    const { index, log } = start;
    start.refusal = null;
    return spawnChild({
      role: "taskmanager",
      label: this.jobId,
      // LC2
      config: {
        jobId: this.jobId,
        taskManagerId: `taskmanager-${index + 1}-${this.#random.hex(3)}`,
        jobManagerPort: this.#plan.rpcPort,
        slots: this.#plan.slots,
        memory: this.#job.graph.configuration.memory,
      },
      failpoints: count === 0 ? this.#failpointsOf(index) : undefined,
      log,
      stdout: this.#options.stdout ?? "inherit",
      onMessage: (message) => {
        if (message.kind === "listening") start.hasServed = true;
        if (message.kind === "refused") start.refusal = message.error;
      },
    });
  }

  /** SIP1: without one of its TaskManagers the job would wait for slots for ever. What is stored of it stays. */
  #giveUpOn({ index, refusal }: TaskManagerStart, startCount: number): void {
    const failure = refusalOfSilence({
      name: `TaskManager ${index + 1}`,
      code: "TASK_MANAGER_LOST",
      startCount,
      logFile: `${this.home.logs(this.jobId)}/taskmanager-${index + 1}.log`,
      refusal,
    });
    if (failure === null) return;
    this.#outcome = { status: "FAILED", failure, restarts: 0 };
    void this.#jobManager.end(END_GRACE_MS);
  }

  #fromJobManager(message: FromChild): void {
    switch (message.kind) {
      case "listening":
        this.#hasListened = true;
        this.#listening.resolve();
        if (this.#isCancelAsked) this.#jobManager.send({ kind: "cancel" });
        return;
      case "refused":
        this.#refusal = message.error;
        return;
      case "event":
        return this.#jobEvent(message.event);
      case "terminal":
        this.#outcome ??= { status: message.status, failure: message.failure, restarts: message.restarts };
        this.#record = { ...this.#record, lastCheckpoint: message.lastCheckpoint };
        this.#warnings.tell("the JobManager is lost");
        if (message.failure !== null) this.#warnings.tell(firstLine(message.failure.message));
    }
  }

  #jobEvent(event: JobEvent): void {
    if (event.kind === "failure") this.#warnings.tell(firstLine(event.error.message));
    // The JobManager's warning has the reason alone: the failure says it with the tasks that ran there.
    if (event.kind === "failure" && event.error.code === "TASK_MANAGER_LOST")
      this.#warnings.tell("a TaskManager is lost");
    if (event.kind === "checkpointFailed") this.#warnings.tell(firstLine(event.reason));
    if (event.kind !== "failure" || !this.#isEcho(event.error.code)) this.#narrator.event(event);
    if (event.kind === "savepoint") this.#updateRecord({ lastSavepoint: event.path });
    if (event.kind !== "checkpoint" || event.path === null) return;
    this.#record = { ...this.#record, lastCheckpoint: event.path };
    this.#recordTimer ??= this.#clock.after(RECORD_EVERY_MS, () => this.#updateRecord({}));
  }

  /** A connection that breaks because a process has just died: that it died is told already. */
  #isEcho(code: string | null | undefined): boolean {
    return code === "CONNECTION_LOST" && this.#clock.monotonicMs() - this.#processEndedMs < ECHO_MS;
  }

  /** LC3 */
  #decideJobManager(exit: ProcessExit): "restart" | "end" {
    if (this.#outcome !== null) return "end";
    if (exit.code === exitCodes.fenced) {
      const error = new StreamError("FENCED", `another JobManager has taken over job ${this.jobId}`, {
        destiny: "terminal",
      });
      this.#outcome = { status: "FENCED", failure: toErrorInfo(error), restarts: 0 };
      return "end";
    }
    const refusal = this.#refusal ?? this.#silence();
    if (refusal === null || !this.#isFinal(refusal)) return "restart";
    this.#outcome = { status: "FAILED", failure: refusal, restarts: 0 };
    return "end";
  }

  /** Trying again helps a JobManager that has worked before, unless it cannot restore. */
  #isFinal(refusal: ErrorInfo): boolean {
    if (!this.#hasListened) return true;
    return refusal.destiny === "terminal" && refusal.code !== "PORT_IN_USE";
  }

  #silence(): ErrorInfo | null {
    if (this.#hasListened) return null;
    return refusalOfSilence({
      name: "JobManager",
      code: "JOB_MANAGER_LOST",
      startCount: this.#jobManager.startCount,
      logFile: `${this.home.logs(this.jobId)}/jobmanager.log`,
      refusal: null,
    });
  }

  #jobManagerExited(exit: ProcessExit, restartInMs: number | null): void {
    this.#processEndedMs = this.#clock.monotonicMs();
    this.#warnings.tell("the JobManager is lost"); // as every TaskManager is about to warn
    if (restartInMs !== null)
      this.#narrator.processEnded("JobManager", this.#record.pids.jobManager, exit, restartInMs);
    const jobManagerRestarts = this.#record.jobManagerRestarts + (restartInMs === null ? 0 : 1);
    this.#updateRecord({ jobManagerRestarts, pids: { ...this.#record.pids, jobManager: null } });
  }

  /** The JobManager has exited for good. */
  async #finish(): Promise<void> {
    this.#cancelTimer?.cancel();
    const outcome = this.#outcome ?? { status: "KILLED" as const, failure: null, restarts: 0 };
    this.#outcome = outcome;
    await Promise.all(this.#taskManagers.map((taskManager) => taskManager.end(END_GRACE_MS)));
    this.#warnings.flush();
    const { status, failure, restarts } = outcome;
    const endedMs = this.#clock.nowMs();
    this.#updateRecord({
      pids: { jobManager: null, taskManagers: [] },
      terminal: { status, endedMs, restarts, failure: failure?.message ?? null },
    });
    if (!this.#hasListened && failure !== null) this.#listening.reject(fromErrorInfo(failure));
    else this.#narrator.terminal(status, (endedMs - this.#record.startedMs) / 1000, failure);
    this.#listening.resolve();
    for (const log of this.#logs) log.close();
    this.#ended.resolve(outcome);
  }

  #setTaskManagerPid(index: number, pid: number | null): void {
    this.#taskManagerPids[index] = pid;
    if (this.#record.terminal !== null) return;
    const { jobManager, taskManagers } = this.pids();
    this.#updateRecord({ pids: { jobManager, taskManagers: [...taskManagers] } });
  }

  #updateRecord(changes: Partial<JobRecord>): void {
    this.#recordTimer?.cancel();
    this.#recordTimer = null;
    this.#record = { ...this.#record, ...changes };
    try {
      writeRecord(this.home, this.#record);
    } catch (error) {
      // A full disk must not end a job that runs; the next write may go through.
      this.#narrator.say(this.#colors.yellow(`The job's record is out of date: ${(error as Error).message}`));
    }
  }

  #failpointsOf(process: "jobManager" | number): string | undefined {
    const { failpoints } = this.#options;
    if (failpoints === undefined) {
      return process === "jobManager" || process === 0 ? environmentVariable("STREAMJOB_FAILPOINTS") : undefined;
    }
    return process === "jobManager" ? failpoints.jobManager : failpoints.taskManagers?.[process];
  }

  #openLog(name: string): ProcessLog {
    const log = new ProcessLog({
      folder: this.home.logs(this.jobId),
      name,
      onWarning: (text, isError, code) => this.#warnings.take(name, text, isError, () => this.#isEcho(code)),
      onPlain: (line) => this.#say(line),
    });
    this.#logs.push(log);
    return log;
  }
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

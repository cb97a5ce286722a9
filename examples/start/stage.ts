/**
 * Owns: one run of the word count on this machine: its processes, and what the acts do to them and see of them.
 * Not here: the order of the acts (acts.ts).
 *
 * SG1 Every wait ends: with what it waits for, with the end of the job, or after STILL_MS in which nothing happened.
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type JobOutcome, type LocalCluster, RestClient, startLocalCluster } from "../../runtime/cli/index.ts";
import type { Audit } from "./audit.ts";

const JOB = fileURLToPath(new URL("../01-word-count/job.ts", import.meta.url));
const COMMAND = fileURLToPath(new URL("../../runtime/cli/main.ts", import.meta.url));
const LOOK_EVERY_MS = 50;
/** A job in which nothing happens for so long is stuck. */
const STILL_MS = 60_000;
/** What the job said lately, kept for the case that it fails. */
const SAID_MAX = 40;

export type StageOptions = {
  /** Everything is written below it: `home`, `counts`, `savepoints`. */
  readonly folder: string;
  readonly names: readonly string[];
  readonly linesPerSecond: number;
  readonly splitBytes: number;
  readonly audit: Audit;
  /** Told how many rows there are, again and again. */
  readonly onProgress: (rows: number) => void;
};

/** Something did not go as it should; the message is for the person. */
export class ActFailure extends Error {}

export class Stage {
  /** What the runner said, newest last. */
  readonly said: string[] = [];
  readonly #options: StageOptions;
  #cluster: LocalCluster | null = null;
  #outcome: JobOutcome | null = null;
  #starting: Promise<void> | null = null;
  #isClosed = false;

  constructor(options: StageOptions) {
    this.#options = options;
  }

  /** Of the run that is on. */
  get cluster(): LocalCluster {
    if (this.#cluster === null) throw new ActFailure("no job was started yet");
    return this.#cluster;
  }

  /** How the job ended; null: it has not. */
  get outcome(): JobOutcome | null {
    return this.#outcome;
  }

  /** Starts the job on two TaskManager processes, from a savepoint if one is given. */
  start(parallelism: number, savepoint: string | null): Promise<void> {
    if (this.#isClosed) throw new ActFailure("The run was ended.");
    this.#starting = this.#start(parallelism, savepoint);
    return this.#starting;
  }

  async #start(parallelism: number, savepoint: string | null): Promise<void> {
    const { folder, names, linesPerSecond, splitBytes } = this.#options;
    const options = {
      "--output": join(folder, "counts"),
      "--lines-per-second": linesPerSecond,
      "--split-bytes": splitBytes,
    };
    this.#outcome = null;
    const cluster = await startLocalCluster({
      module: JOB,
      args: [...Object.entries(options).flatMap(([name, value]) => [name, String(value)]), "--", ...names],
      parallelism,
      taskManagers: 2,
      home: join(folder, "home"),
      say: (line) => this.#hear(line),
      ...(savepoint === null ? {} : { restore: { path: savepoint } }),
    });
    this.#cluster = cluster;
    void cluster.waitTerminal().then((outcome) => (this.#outcome = outcome));
  }

  /** Waits until so many rows are visible; false: the job ended before. */
  async reach(rows: number): Promise<boolean> {
    return this.#until(`the ${rows}th row`, () => this.#options.audit.look() >= rows);
  }

  /** Kills a process with SIGKILL; resolves when records are written again by a new incarnation of the job, after how many ms. */
  async killAndRecover(pid: number): Promise<number | null> {
    const { audit } = this.#options;
    const before = audit.writers();
    process.kill(pid, "SIGKILL");
    const killedMs = performance.now();
    const isBack = await this.#until("records after the kill", () =>
      [...audit.writers()].some((writer) => !before.has(writer)),
    );
    return isBack ? performance.now() - killedMs : null;
  }

  /** Waits until both TaskManagers and the JobManager are there again. */
  async crew(): Promise<{ readonly jobManager: number; readonly taskManagers: readonly number[] }> {
    await this.#until("the new process", () => {
      const { jobManager, taskManagers } = this.cluster.pids();
      return jobManager !== null && taskManagers.length === 2;
    });
    const { jobManager, taskManagers } = this.cluster.pids();
    return { jobManager: jobManager ?? 0, taskManagers };
  }

  /** The checkpoint that the job was last restored from; null: none. */
  async restored(): Promise<number | null> {
    const { restUrl, jobId } = this.cluster;
    const { latest } = await new RestClient(restUrl, jobId).checkpoints();
    return latest.restored?.id ?? null;
  }

  /** `streamjob stop`, as a person would; returns the savepoint's path. */
  async stopWithSavepoint(): Promise<string> {
    const { folder } = this.#options;
    const text = await this.#command("stop", this.cluster.jobId, "--savepoint-path", join(folder, "savepoints"));
    const path = /Savepoint completed\. Path: (\S+)/.exec(text)?.[1];
    if (path === undefined) throw new ActFailure(`streamjob stop named no savepoint: ${text}`);
    await this.finish();
    return path;
  }

  /** Waits for the end of the job, which has to be FINISHED. */
  async finish(): Promise<void> {
    await this.#until("the end of the job", () => false);
    this.#options.audit.look();
    if (this.#outcome?.status !== "FINISHED") {
      throw new ActFailure(
        `The job ended as ${this.#outcome?.status}: ${this.#outcome?.failure?.message ?? "no reason"}`,
      );
    }
  }

  /** Cancels the job and waits until its processes have ended; no other is started. */
  async close(): Promise<void> {
    this.#isClosed = true;
    // A start that is under way has its processes already.
    await this.#starting?.catch(() => {});
    await this.#cluster?.stop();
  }

  /** SIGKILL to all processes of the job. */
  async kill(): Promise<void> {
    this.#isClosed = true;
    await this.#cluster?.kill();
  }

  async #until(what: string, isThere: () => boolean): Promise<boolean> {
    const { audit, onProgress } = this.#options;
    let stillSinceMs = performance.now();
    let rows = audit.rows;
    for (;;) {
      // The person has ended the run: there are no further acts.
      if (this.#isClosed) return new Promise(() => {});
      if (isThere()) return true;
      if (this.#outcome !== null) return false;
      if (audit.look() !== rows) stillSinceMs = performance.now();
      rows = audit.rows;
      onProgress(rows);
      if (performance.now() - stillSinceMs > STILL_MS) {
        throw new ActFailure(`Nothing has happened for ${STILL_MS / 1000} s while waiting for ${what}.`);
      }
      await sleep(LOOK_EVERY_MS);
    }
  }

  #hear(line: string): void {
    this.said.push(line);
    if (this.said.length > SAID_MAX) this.said.shift();
  }

  #command(...args: string[]): Promise<string> {
    const env = { ...process.env, STREAMJOB_HOME: join(this.#options.folder, "home") };
    return new Promise((resolve, reject) => {
      execFile(process.execPath, [COMMAND, ...args], { env }, (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new ActFailure(`streamjob ${args[0]} failed: ${stderr.trim()}`));
      });
    });
  }
}

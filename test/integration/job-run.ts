/**
 * Owns: one job of a process test: its processes, its story, its REST, waiting for what happens to it.
 * Not here: the folder it lives in, and what is said of a failure (workspace.ts).
 *
 * JRU1 Nothing is waited for by time: `until` looks at a condition again and again, up to a deadline.
 */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { type Random, sleep, StreamError, systemClock, systemRandom } from "../../base/index.ts";
import {
  homeFolder,
  type JobOutcome,
  type LocalCluster,
  type LocalClusterOptions,
  RestClient,
} from "../../cli/index.ts";
import { createLocalCluster } from "../../cli/jobs/local-cluster.ts";
import type { JobStatusName } from "../../contract/index.ts";

/** Generous: the machine may be busy with other things. */
export const DEADLINE_MS = 180_000;
const LOOK_EVERY_MS = 25;

export type RunOptions = Omit<LocalClusterOptions, "say" | "stdout" | "home"> & {
  readonly home?: string;
  /** Becomes the job's id: to start a second JobManager on the root of another one. Default: a new one. */
  readonly jobId?: string;
};

type Home = {
  readonly home: string;
  /** The job may wait for it before it ends. */
  readonly mayEndFile: string;
};

/** What is waited for, looked at again and again; false: not yet. */
type Condition = () => boolean | Promise<boolean>;

export class JobRun {
  /** What the person would read, line by line. */
  readonly story: string[] = [];
  readonly #options: RunOptions & Home;
  #clusterOrNull: LocalCluster | null = null;
  #outcomeOrNull: JobOutcome | null = null;
  #printed = "";

  constructor(options: RunOptions & Home) {
    this.#options = options;
  }

  /** Errors: what the cluster is refused for. */
  async open(): Promise<void> {
    const { jobId, home, mayEndFile: _mayEnd, ...options } = this.#options;
    mkdirSync(home, { recursive: true });
    const cluster = await createLocalCluster({
      backoff: { firstMs: 50, factor: 2, maxMs: 1000, resetAfterMs: 2000 },
      ...options,
      home,
      say: (line) => this.story.push(line),
      stdout: (piece) => (this.#printed += piece.toString()),
      ...(jobId === undefined ? {} : { random: withJobId(jobId) }),
    });
    this.#clusterOrNull = cluster;
    void cluster.waitTerminal().then((outcome) => (this.#outcomeOrNull = outcome));
    await cluster.whenListening;
  }

  get cluster(): LocalCluster {
    assert.ok(this.#clusterOrNull !== null, "the job was not started");
    return this.#clusterOrNull;
  }

  get jobId(): string {
    return this.#clusterOrNull?.jobId ?? "not started";
  }

  /** null while it runs. */
  get outcome(): JobOutcome | null {
    return this.#outcomeOrNull;
  }

  get client(): RestClient {
    return new RestClient(this.cluster.restUrl, this.cluster.jobId);
  }

  /** What the tasks wrote to stdout so far. */
  get stdout(): string {
    return this.#printed;
  }

  get logFolder(): string {
    return homeFolder(this.#options.home).logs(this.jobId);
  }

  /** Waits for a condition; fails when the job ends before, or at the deadline. */
  async until(what: string, condition: Condition, deadlineMs: number = DEADLINE_MS): Promise<void> {
    const endMs = systemClock.monotonicMs() + deadlineMs;
    for (;;) {
      const outcome = this.#outcomeOrNull;
      if (await condition()) return;
      if (outcome !== null) {
        assert.fail(`the job ended as ${outcome.status} before ${what}: ${outcome.failure?.message ?? "no reason"}`);
      }
      assert.ok(systemClock.monotonicMs() < endMs, `waited ${deadlineMs} ms in vain for ${what}`);
      await sleep(systemClock, LOOK_EVERY_MS);
    }
  }

  /** null: the JobManager does not answer now. */
  async status(): Promise<JobStatusName | null> {
    return (await answered(this.client.status())) ?? null;
  }

  /** The newest completed checkpoint: its id, and when it was triggered; null: none, or no answer. */
  async newest(): Promise<{ readonly id: number; readonly triggeredMs: number } | null> {
    const completed = (await answered(this.client.checkpoints()))?.latest.completed ?? null;
    return completed === null ? null : { id: completed.id, triggeredMs: completed.trigger_timestamp };
  }

  /** The id of the checkpoint or savepoint that the present JobManager restored; null: none, or no answer. */
  async restored(): Promise<number | null> {
    return (await answered(this.client.checkpoints()))?.latest.restored?.id ?? null;
  }

  /** Waits for a checkpoint that was triggered from now on, or after the time given. */
  async nextCheckpoint(afterMs: number = systemClock.nowMs()): Promise<number> {
    let id = 0;
    await this.until("the next checkpoint", async () => {
      const newest = await this.newest();
      if (newest === null || newest.triggeredMs < afterMs) return false;
      id = newest.id;
      return true;
    });
    return id;
  }

  /** Waits until it runs and has completed a checkpoint triggered after `sinceMs`; false: it has ended instead. */
  async comesBack(sinceMs: number): Promise<boolean> {
    await this.until("the job to come back", async () => {
      if (this.outcome !== null) return true;
      const newest = await this.newest();
      return newest !== null && newest.triggeredMs > sinceMs && (await this.status()) === "RUNNING";
    });
    return this.outcome === null;
  }

  /** GET of a path below /v1/jobs/<id>, as it comes. Errors: JOB_MANAGER_LOST, as of `client`. */
  async get(path: string): Promise<unknown> {
    const url = `${this.cluster.restUrl}/v1/jobs/${this.jobId}${path}`;
    try {
      const response = await fetch(url);
      return await response.json();
    } catch (cause) {
      throw new StreamError("JOB_MANAGER_LOST", `the JobManager does not answer at ${url}`, { cause });
    }
  }

  /** TaskManagers that are registered, with their process ids. */
  async taskManagers(): Promise<readonly { readonly pid: number; readonly id: string; readonly freeSlots: number }[]> {
    const response = await fetch(`${this.cluster.restUrl}/v1/taskmanagers`);
    return ((await response.json()) as { taskmanagers: { pid: number; id: string; freeSlots: number }[] }).taskmanagers;
  }

  /** Takes a savepoint; returns its path. The job goes on. */
  savepoint(directory: string): Promise<string> {
    return this.cluster.savepoint(directory);
  }

  /** `streamjob stop`: returns the savepoint's path when the job has finished. */
  async stop(directory: string, drain = false): Promise<string> {
    const path = await this.cluster.stopWithSavepoint(directory, { drain });
    await this.#end("FINISHED", DEADLINE_MS);
    return path;
  }

  /** Lets a job end that was held back, waits for its end, and that it is the one expected. */
  async finish(expected: JobOutcome["status"] = "FINISHED", deadlineMs: number = DEADLINE_MS): Promise<JobOutcome> {
    if (expected === "FINISHED") writeFileSync(this.#options.mayEndFile, "");
    return this.#end(expected, deadlineMs);
  }

  async #end(expected: JobOutcome["status"], deadlineMs: number): Promise<JobOutcome> {
    await this.until(`its end as ${expected}`, () => this.#outcomeOrNull !== null, deadlineMs);
    const outcome = this.#outcomeOrNull as JobOutcome;
    assert.equal(outcome.status, expected, outcome.failure?.message);
    return outcome;
  }

  cancel(): Promise<JobOutcome> {
    return this.cluster.stop();
  }

  /** SIGKILL to what is left of it. */
  async kill(): Promise<void> {
    if (this.#clusterOrNull !== null && this.#outcomeOrNull === null) await this.#clusterOrNull.kill();
  }
}

/** Undefined: nobody answered, which is normal while a JobManager is down. */
export async function answered<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof StreamError && error.code === "JOB_MANAGER_LOST") return undefined;
    throw error;
  }
}

/** The runner draws its job's id first, and nothing else of that length. */
function withJobId(jobId: string): Random {
  return { next: systemRandom.next, hex: (bytes) => (bytes === 16 ? jobId : systemRandom.hex(bytes)) };
}

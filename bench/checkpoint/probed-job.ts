/**
 * Owns: the job of the checkpoint bench as processes on this machine: starting it, waiting for what its probes tell, asking
 * for checkpoints, ending it. Not here: the order of these, and the figures (checkpoint.ts).
 *
 * PJ1 Every wait ends: with what it waits for, with the end of the job, or when nothing has moved for STILL_MS.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type JobOutcome, type LocalCluster, RestClient, startLocalCluster } from "../../cli/index.ts";
import type { CheckpointStatisticsMessage } from "../../contract/index.ts";
import { endWithThisProcess } from "../measure/scratch.ts";
import type { ProbeReport } from "./stall-probe.ts";

const JOB = fileURLToPath(new URL("./job.ts", import.meta.url));
const LOOK_EVERY_MS = 50;
/** A job in which nothing moves for so long is stuck. */
const STILL_MS = 120_000;
/** What the job said lately, kept for the case that it fails. */
const SAID_MAX = 40;

export type ProbedJobOptions = {
  /** Everything is written below it. */
  readonly folder: string;
  readonly keys: number;
  readonly updatesPerSecond: number;
  readonly parallelism: number;
  /** Where checkpoints go; null: into `folder`. */
  readonly directory: string | null;
  /** Location of a checkpoint to start from; null: none. */
  readonly restore: string | null;
};

export class ProbedJob {
  /** Epoch milliseconds of the moment in which its processes were about to be started. */
  readonly startedMs: number;
  readonly #cluster: LocalCluster;
  readonly #client: RestClient;
  readonly #folder: string;
  readonly #parallelism: number;
  readonly #said: readonly string[];
  readonly #letGo: () => void;
  #outcome: JobOutcome | null = null;

  private constructor(start: {
    readonly startedMs: number;
    readonly cluster: LocalCluster;
    readonly folder: string;
    readonly parallelism: number;
    readonly said: readonly string[];
  }) {
    this.startedMs = start.startedMs;
    this.#cluster = start.cluster;
    this.#client = new RestClient(start.cluster.restUrl, start.cluster.jobId);
    this.#folder = start.folder;
    this.#parallelism = start.parallelism;
    this.#said = start.said;
    this.#letGo = endWithThisProcess(() => {
      const { jobManager, taskManagers } = start.cluster.pids();
      for (const pid of [jobManager, ...taskManagers]) if (pid !== null) process.kill(pid, "SIGKILL");
    });
    void start.cluster.waitTerminal().then((outcome) => (this.#outcome = outcome));
  }

  /** On one TaskManager with as many slots as the parallelism. */
  static async start(options: ProbedJobOptions): Promise<ProbedJob> {
    const { folder, parallelism } = options;
    const probes = join(folder, "probes");
    mkdirSync(probes, { recursive: true });
    const said: string[] = [];
    const startedMs = Date.now();
    const cluster = await startLocalCluster({
      module: JOB,
      args: [String(options.keys), String(options.updatesPerSecond), probes],
      parallelism,
      taskManagers: 1,
      home: join(folder, "home"),
      say: (line) => {
        said.push(line);
        if (said.length > SAID_MAX) said.shift();
      },
      ...(options.directory === null ? {} : { options: { "execution.checkpointing.dir": options.directory } }),
      ...(options.restore === null ? {} : { restore: { path: options.restore } }),
    });
    return new ProbedJob({ startedMs, cluster, folder: probes, parallelism, said });
  }

  /** What the probes have told so far; fewer than the parallelism at first. */
  probes(): readonly ProbeReport[] {
    return readdirSync(this.#folder).flatMap((name) => {
      try {
        return [JSON.parse(readFileSync(join(this.#folder, name), "utf8")) as ProbeReport];
      } catch {
        return []; // it is being written
      }
    });
  }

  /** Waits until the probes of all subtasks tell what `isThere` wants. */
  async until(what: string, isThere: (probes: readonly ProbeReport[]) => boolean): Promise<readonly ProbeReport[]> {
    let probes = this.probes();
    let movedMs = performance.now();
    for (let before = ""; probes.length < this.#parallelism || !isThere(probes); probes = this.probes()) {
      const now = JSON.stringify(probes);
      if (now !== before) movedMs = performance.now();
      before = now;
      this.#check(what, movedMs);
      await sleep(LOOK_EVERY_MS);
    }
    return probes;
  }

  /** One checkpoint, as the JobManager's statistics have it. */
  async checkpoint(): Promise<Extract<CheckpointStatisticsMessage, { className: "completed" }>> {
    const triggerId = randomBytes(16).toString("hex");
    const askedMs = performance.now();
    await this.#client.triggerCheckpoint(triggerId);
    for (;;) {
      const state = await this.#client.checkpoint(triggerId);
      if (state.kind === "failed") throw this.#failure(`the checkpoint failed: ${state.reason}`);
      if (state.kind === "completed") {
        const { history } = await this.#client.checkpoints();
        const found = history.find((checkpoint) => String(checkpoint.id) === state.result);
        if (found?.className === "completed") return found;
        throw this.#failure(`checkpoint ${state.result} is complete, and not in the JobManager's statistics`);
      }
      this.#check("the checkpoint", askedMs);
      await sleep(LOOK_EVERY_MS);
    }
  }

  /** Cancels the job and waits until its processes have ended. Its last checkpoint stays. */
  async end(): Promise<void> {
    await this.#cluster.stop();
    this.#letGo();
  }

  #check(what: string, sinceMs: number): void {
    if (this.#outcome !== null) {
      const { status, failure } = this.#outcome;
      throw this.#failure(`the job ended as ${status} before ${what}: ${failure?.message ?? "no reason"}`);
    }
    if (performance.now() - sinceMs > STILL_MS) {
      throw this.#failure(`nothing has moved for ${STILL_MS / 1000} s while waiting for ${what}`);
    }
  }

  #failure(message: string): Error {
    return new Error(`${message}\nThe job said:\n${this.#said.join("\n")}`);
  }
}

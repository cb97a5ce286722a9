/**
 * Owns: the word count as a StreamJob on an embedded cluster: its processes, and what the acts do to them and see of them.
 * Not here: the order of the acts (acts.ts), the manifest's text (manifest.ts).
 *
 * STAG1 Every wait ends: with what it waits for, with the end of the job, or after STILL_MS in which nothing happened.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readStreamJobStatus, type StreamJobStatus } from "../../crds/index.ts";
import { createLog } from "../../base/index.ts";
import { type ControlPlane, startControlPlane } from "../../main/control-plane/index.ts";
import { RestClient } from "../../cli/index.ts";
import type { Audit } from "./audit.ts";
import { Manifest, wordCountManifest } from "./manifest.ts";

const JOB = fileURLToPath(new URL("../01-word-count/job.ts", import.meta.url));
const BROKEN_JOB = fileURLToPath(new URL("./broken-job.ts", import.meta.url));
const KEY = { namespace: "default", name: "word-count" };
const REST_PORT = 8081;
const LOOK_EVERY_MS = 50;
/** A job in which nothing happens for so long is stuck. */
const STILL_MS = 60_000;
/** What the job said lately, kept for the case that it fails. */
const SAID_MAX = 40;

export type StageOptions = {
  /** Everything is written below it: the manifest, `counts`, `cluster` with checkpoints, savepoints and logs. */
  readonly folder: string;
  readonly names: readonly string[];
  readonly linesPerSecond: number;
  readonly splitBytes: number;
  readonly audit: Audit;
  /** Told how many rows there are, again and again. */
  readonly onProgress: (rows: number) => void;
};

export type Crew = { readonly jobManager: number; readonly taskManagers: readonly number[] };

/** Something did not go as it should; the message is for the person. */
export class ActFailure extends Error {}

export class Stage {
  readonly manifest: Manifest;
  readonly #options: StageOptions;
  #plane: ControlPlane | null = null;
  #starting: Promise<void> | null = null;
  #isClosed = false;
  #status: StreamJobStatus | null = null;

  constructor(options: StageOptions) {
    this.#options = options;
    const { folder, names, linesPerSecond, splitBytes } = options;
    const flags = {
      "--output": join(folder, "counts"),
      "--lines-per-second": linesPerSecond,
      "--split-bytes": splitBytes,
    };
    const args = [...Object.entries(flags).flatMap(([name, value]) => [name, String(value)]), "--", ...names];
    this.manifest = new Manifest(join(folder, "word-count.yaml"), wordCountManifest({ module: JOB, args }));
  }

  /** Starts the cluster and applies the manifest; resolves when the job is Ready. */
  start(): Promise<void> {
    if (this.#isClosed) throw new ActFailure("The run was ended.");
    this.#starting = this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    const folder = join(this.#options.folder, "cluster");
    const log = createLog({ process: "control-plane" }, { file: join(folder, "control-plane.log") });
    this.#plane = await startControlPlane({ folder, log });
    await this.apply();
    await this.#until("the job to run", (status) => typeof status.active?.firstCheckpointAt === "string");
  }

  /** What `kubectl apply` does with the manifest as it is now. */
  async apply(): Promise<void> {
    await this.#cluster().api.apply("StreamJob", this.manifest.read(), { fieldManager: "npm-start" });
  }

  /** Waits until so many rows are visible; false: the job ended before. */
  async reach(rows: number): Promise<boolean> {
    return this.#until(`the ${rows}th row`, () => this.#options.audit.look() >= rows);
  }

  /** Kills a process with SIGKILL; resolves when records are written again by a new attempt of the job, after how many ms. */
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

  /** Waits until every pod of the active incarnation has a process. */
  async crew(taskManagers = 2): Promise<Crew> {
    const pids = (): readonly (number | null)[] => {
      const incarnation = this.#status?.active?.incarnation;
      const pods = ["jobmanager-0", ...Array.from({ length: taskManagers }, (_, index) => `taskmanager-${index}`)];
      return pods.map((pod) =>
        this.#cluster().kubelet.pidOf({ namespace: KEY.namespace, name: `${KEY.name}-${incarnation}-${pod}` }),
      );
    };
    await this.#until("the new process", () => pids().every((pid) => pid !== null));
    const [jobManager, ...others] = pids();
    return { jobManager: jobManager ?? 0, taskManagers: others.map((pid) => pid ?? 0) };
  }

  /** The checkpoint that the job was last restored from; null: none. */
  async restored(): Promise<number | null> {
    const active = this.#status?.active;
    const pod = `${KEY.name}-${active?.incarnation}-jobmanager-0.${KEY.name}-${active?.incarnation}`;
    const address = await this.#cluster().kubelet.addressOf(KEY.namespace, pod, REST_PORT);
    if (active === undefined || address === null) return null;
    const { latest } = await new RestClient(`http://${address}`, active.jobId).checkpoints();
    return latest.restored?.id ?? null;
  }

  /** Waits until the operator has carried out what the manifest says now; gives the status, or null when the job ended before. */
  async settled(): Promise<StreamJobStatus | null> {
    const generation = (await this.#cluster().api.get("StreamJob", KEY))?.metadata.generation ?? 0;
    const isSettled = await this.#until(
      `generation ${generation}`,
      ({ observedGeneration, operation }) => observedGeneration >= generation && operation === undefined,
    );
    return isSettled ? this.#status : null;
  }

  /** Waits until the version that runs is one to roll back to; false: the job ended before. */
  stable(): Promise<boolean> {
    return this.#until("the version to be stable", ({ active }) => typeof active?.stableAt === "string");
  }

  /** Edits the manifest to run the broken version. */
  breakIt(): void {
    this.manifest.edit("spec.job.module", BROKEN_JOB);
  }

  /** What the operator and the job said, newest last. */
  async said(): Promise<string[]> {
    if (this.#plane === null) return [];
    const { items } = await this.#plane.api.list("Event", { namespace: KEY.namespace });
    return items.map(({ eventTime, reason, note }) => `${eventTime.slice(11, 19)} ${reason}: ${note}`).slice(-SAID_MAX);
  }

  /** Waits for the end of the job, which has to be FINISHED. */
  async finish(): Promise<void> {
    await this.#until("the end of the job", () => false);
    this.#options.audit.look();
    const ended = this.#status?.active?.ended;
    if (ended?.status !== "FINISHED") throw new ActFailure(`The job ended as ${ended?.status}: ${ended?.message}`);
  }

  /** Ends the cluster and all its processes; no other is started. */
  async close(): Promise<void> {
    this.#isClosed = true;
    // A start that is under way has its processes already.
    await this.#starting?.catch(() => {});
    await this.#plane?.stop();
  }

  #cluster(): ControlPlane {
    if (this.#plane === null) throw new ActFailure("no cluster was started yet");
    return this.#plane;
  }

  /** False: the job ended before. */
  async #until(what: string, isThere: (status: StreamJobStatus) => boolean): Promise<boolean> {
    const { audit, onProgress } = this.#options;
    let stillSinceMs = performance.now();
    let rows = audit.rows;
    for (;;) {
      // The person has ended the run: there are no further acts.
      if (this.#isClosed) return new Promise(() => {});
      const status = await this.#readStatus();
      if (isThere(status)) return true;
      if (status.active !== undefined && status.active.ended !== null) return false;
      if (audit.look() !== rows) stillSinceMs = performance.now();
      rows = audit.rows;
      onProgress(rows);
      if (performance.now() - stillSinceMs > STILL_MS) {
        throw new ActFailure(`Nothing has happened for ${STILL_MS / 1000} s while waiting for ${what}.`);
      }
      await sleep(LOOK_EVERY_MS);
    }
  }

  async #readStatus(): Promise<StreamJobStatus> {
    const job = await this.#cluster().api.get("StreamJob", KEY);
    const read = readStreamJobStatus(job?.status);
    if (read.kind === "unreadable") throw new ActFailure("The status of the StreamJob cannot be read.");
    this.#status = read.status;
    return read.status;
  }
}

/**
 * Owns: where a promise is tested: a cluster (rig-cluster.ts) with real JobManager and TaskManager processes, a word count whose sink can be
 * compared with a count made without the engine, and the means to break things.
 * Not here: what is promised (s*.test.ts).
 *
 * RIG1 The sink is what is believed: every test ends with `assertExact` (all of it) or `assertUnbroken` (all so far).
 * RIG2 A failure says what reproduces it: the StreamJob's status, events, pods, and where the folder with all logs is.
 * RIG3 What a test began that goes on by itself (looking, watching) ends with the rig by `ending`: a test that fails leaves nothing that keeps
 *     its process.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Condition,
  type PodTemplate,
  readStreamJobStatus,
  type StreamJob,
  type StreamJobSpec,
  type StreamJobStatus,
} from "../../crds/index.ts";
import type { Controller, ControllerOptions } from "../../operator/controller/index.ts";
import type { ConfigMap, KubernetesApi, Pod } from "../../operator/kubernetes/api/index.ts";
import type { OperatorFailpointName } from "../../operator/apply/index.ts";
import { sleep, systemClock } from "../../base/index.ts";
import { type IncarnationMessage, incarnationSchema } from "../../contract/index.ts";
import { expectedLines } from "../integration/jobs/word-count.ts";
import { assertRunningCounts, assertSameLines, countedWord, readLines } from "../integration/part-files.ts";
import { inWorkspace, type Workspace } from "../integration/workspace.ts";
import { ArmedImages } from "./armed-images.ts";
import { openEmbeddedRigCluster } from "./embedded-rig-cluster.ts";
import { JobManagerRelay } from "./jobmanager-relay.ts";
import { OperatorRun, type OperatorRunOptions } from "./operator-run.ts";
import { isOnKubernetes, NAMESPACE, type RigCluster, type RigClusterOptions } from "./rig-cluster.ts";

export { NAMESPACE };

export const WORD_COUNT = fileURLToPath(new URL("./jobs/counted-words.ts", import.meta.url));
const WORDS = 31;
const POLL_MS = 20;
/** For what should take a second or two, or ten with images and containers; the machine may be busy. */
const PATIENCE_MS = isOnKubernetes ? 480_000 : 60_000;
const DEPLOY_TIMEOUT = isOnKubernetes ? "10m" : "30s";

export type RigOptions = Omit<RigClusterOptions, "operatorAddressOf"> & {
  /** Records of the bounded word count: more than a test has time for, until `hurry`. Default 200 000. */
  readonly records?: number;
  /** Records a second, until `hurry`. Default 600. */
  readonly rate?: number;
};

export type RestCall = {
  readonly number?: number | undefined;
  readonly name?: string;
  readonly method?: "GET" | "POST" | "PUT" | "PATCH";
  readonly body?: object;
};

/** The part that tests read. */
export type CheckpointsText = {
  readonly latest: { readonly restored: { readonly id: number; readonly external_path: string } | null };
};

/** Runs the body on a cluster of its own; stops everything afterwards, whatever came of it. */
export function withRig(name: string, options: RigOptions, body: (rig: Rig) => Promise<void>): Promise<void> {
  return inWorkspace(`promise-${name}`, async (workspace) => {
    const rig = await Rig.open(workspace, options);
    try {
      await body(rig);
    } catch (error) {
      workspace.note(await rig.describe());
      throw error;
    } finally {
      await rig.close();
    }
  });
}

export class Rig {
  readonly workspace: Workspace;
  readonly cluster: RigCluster;
  /** Between all operators and all JobManagers. */
  readonly relay: JobManagerRelay;
  readonly images: ArmedImages;
  readonly output: string;
  readonly records: number;
  readonly rate: number;
  #looks = 0;
  readonly #ending = new AbortController();
  readonly #operators: { stop(): Promise<void> }[] = [];

  private constructor(
    workspace: Workspace,
    parts: { readonly cluster: RigCluster; readonly relay: JobManagerRelay; readonly images: ArmedImages },
    options: RigOptions,
  ) {
    this.workspace = workspace;
    this.cluster = parts.cluster;
    this.relay = parts.relay;
    this.images = parts.images;
    this.output = workspace.path("output");
    this.records = options.records ?? 200_000;
    this.rate = options.rate ?? 600;
  }

  static async open(workspace: Workspace, options: RigOptions): Promise<Rig> {
    const { records: _, rate: __, ...clusterOptions } = options;
    const relay = new JobManagerRelay();
    const images = new ArmedImages();
    // Only then: it loads everything that a real cluster is made of.
    const open = isOnKubernetes
      ? (await import("./kubernetes-rig-cluster.ts")).openKubernetesRigCluster
      : openEmbeddedRigCluster;
    const cluster = await open(workspace, images, {
      ...clusterOptions,
      operatorAddressOf: relay.between,
    });
    return new Rig(workspace, { cluster, relay, images }, options);
  }

  get api(): KubernetesApi {
    return this.cluster.api;
  }

  /** RIG3 */
  get ending(): AbortSignal {
    return this.#ending.signal;
  }

  async close(): Promise<void> {
    this.#ending.abort();
    for (const operator of this.#operators) await operator.stop();
    await this.cluster.close();
    await this.relay.close();
  }

  /** The word count as a StreamJob; `spec` is laid over the defaults of these tests, field by field at its top. */
  manifest(spec: Partial<StreamJobSpec> = {}, name = "wc"): StreamJob {
    return {
      apiVersion: "streamjob.dev/v1alpha1",
      kind: "StreamJob",
      metadata: { name, namespace: NAMESPACE },
      spec: {
        job: { module: WORD_COUNT, args: this.args() },
        parallelism: 2,
        checkpoints: { interval: "300ms" },
        restart: { strategy: "fixed-delay", attempts: 10_000, delay: "50ms" },
        ...spec,
        ...this.#pods(spec),
        upgrade: { stability: { window: "1s", maxRestarts: 2 }, deployTimeout: DEPLOY_TIMEOUT, ...spec.upgrade },
      },
    };
  }

  /** What a test says of pods, laid over what they need on this cluster. */
  #pods(spec: Partial<StreamJobSpec>): Pick<StreamJobSpec, "jobManager" | "taskManager"> {
    const { jobManager, taskManager } = spec;
    const jobManagerNeeds = this.cluster.podTemplate("jobmanager");
    const taskManagerNeeds = this.cluster.podTemplate("taskmanager");
    if (jobManagerNeeds === null || taskManagerNeeds === null) return {};
    return {
      jobManager: { ...jobManager, podTemplate: laidOver(jobManagerNeeds, jobManager?.podTemplate) },
      taskManager: { ...taskManager, podTemplate: laidOver(taskManagerNeeds, taskManager?.podTemplate) },
    };
  }

  /** Of the word count, for this rig's output. */
  args(more: readonly string[] = []): string[] {
    const { records, rate, output } = this;
    const paced = ["--count", String(records), "--rate", String(rate), "--hurry", this.workspace.path("hurry")];
    return [...paced, "--words", String(WORDS), "--output", output, ...more];
  }

  apply(manifest: StreamJob): Promise<StreamJob> {
    return this.api.apply("StreamJob", manifest, { fieldManager: "streamjob-cli" });
  }

  async job(name = "wc"): Promise<StreamJob> {
    const job = await this.api.get("StreamJob", { namespace: NAMESPACE, name });
    assert.ok(job !== null, `there is no StreamJob ${name}`);
    return job;
  }

  async status(name = "wc"): Promise<StreamJobStatus> {
    const read = readStreamJobStatus((await this.job(name)).status);
    assert.equal(read.kind, "read");
    return (read as { status: StreamJobStatus }).status;
  }

  async condition(type: string, name = "wc"): Promise<Condition | undefined> {
    return (await this.status(name)).conditions.find((condition) => condition.type === type);
  }

  async until(what: string, isSo: () => boolean | Promise<boolean>, patienceMs = PATIENCE_MS): Promise<void> {
    const endMs = systemClock.monotonicMs() + patienceMs;
    for (;;) {
      if (await isSo()) return;
      if (systemClock.monotonicMs() > endMs) throw new Error(`waited ${patienceMs} ms in vain for ${what}`);
      await sleep(systemClock, POLL_MS);
    }
  }

  /** As `kubectl wait --for=condition=Ready` with the generation that the object has now. */
  ready(name = "wc", patienceMs = PATIENCE_MS): Promise<void> {
    return this.until(`${name} to be Ready`, () => this.isReady(name), patienceMs);
  }

  async isReady(name = "wc"): Promise<boolean> {
    const job = await this.job(name);
    const status = await this.status(name);
    const ready = status.conditions.find(({ type }) => type === "Ready");
    return (
      status.observedGeneration === job.metadata.generation &&
      ready?.status === "True" &&
      ready.observedGeneration === job.metadata.generation
    );
  }

  phase(phase: StreamJobStatus["phase"], name = "wc", patienceMs = PATIENCE_MS): Promise<void> {
    return this.until(`phase ${phase}`, async () => (await this.status(name)).phase === phase, patienceMs);
  }

  /** Of an incarnation, with its job and configuration; null: it has none. */
  async configMap(incarnation: number): Promise<ConfigMap | null> {
    const labels = { "streamjob.dev/job": "wc", "streamjob.dev/incarnation": String(incarnation) };
    return (await this.api.list("ConfigMap", { namespace: NAMESPACE, labels })).items[0] ?? null;
  }

  async pods(name = "wc"): Promise<readonly Pod[]> {
    const labels = { "streamjob.dev/job": name };
    return (await this.api.list("Pod", { namespace: NAMESPACE, labels })).items;
  }

  /** A change that means nothing and brings an operator's look. */
  async lookAgain(name = "wc"): Promise<void> {
    const labels = { "example.org/look": String(++this.#looks) };
    await this.api.patch("StreamJob", { namespace: NAMESPACE, name }, { metadata: { labels } });
  }

  /** Process of a pod of the active incarnation, such as `jobmanager-0`; null: it has none now. */
  async pid(suffix: string, name = "wc"): Promise<number | null> {
    const { incarnation } = await this.status(name);
    return this.cluster.pidOf({ namespace: NAMESPACE, name: `${name}-${incarnation}-${suffix}` });
  }

  /** kill -9; gives the process. */
  async kill(suffix: string, name = "wc"): Promise<number> {
    const pid = await this.pid(suffix, name);
    assert.ok(pid !== null, `pod ${suffix} has no process to kill`);
    process.kill(pid, "SIGKILL");
    this.workspace.note(`kill -9 ${pid} (${suffix})`);
    return pid;
  }

  /** SIGSTOP; a process that was sent one runs on for a moment. */
  async standStill(pid: number): Promise<void> {
    process.kill(pid, "SIGSTOP");
    await this.until(`process ${pid} to stand still`, () => standsStill(pid));
  }

  /** Waits until the sink has shown some more lines. */
  async moreLines(lines = 1): Promise<void> {
    const before = this.lines().length;
    await this.until(`${lines} more lines in the sink`, () => this.lines().length >= before + lines);
  }

  lines(): readonly string[] {
    return readLines(this.output);
  }

  /** From now on the source keeps to no rate: the job comes to its end. */
  hurry(): void {
    writeFileSync(this.workspace.path("hurry"), "");
  }

  /** Hurries the bounded job to its end. */
  async finish(name = "wc"): Promise<void> {
    this.hurry();
    await this.phase("Finished", name, 3 * PATIENCE_MS);
  }

  /** Hurries the bounded job to its end; its sink holds every line exactly once. */
  async assertExact(name = "wc"): Promise<void> {
    await this.finish(name);
    assertSameLines(this.lines(), expectedLines(this.records, WORDS));
  }

  /** Of each word the sink shows 1, 2, 3 … without a gap, each once. */
  assertUnbroken(): void {
    assertRunningCounts(this.lines().map(countedWord));
  }

  /** In this process; it ends with the test. */
  async startOperator(options: Partial<ControllerOptions> = {}): Promise<Controller> {
    const operator = await this.cluster.startOperator(options);
    this.#operators.push(operator);
    return operator;
  }

  /** In a process of its own, which can really be killed; it ends with the test. */
  runOperator(options: OperatorRunOptions = {}): OperatorRun {
    const log = this.workspace.path(`operator-${this.#operators.length + 1}.log`);
    const operator = new OperatorRun(this.cluster, log, options);
    this.#operators.push(operator);
    return operator;
  }

  /** Names of what an operator of this process reached, in order, while `body` ran; it looks at nothing before. */
  async reachedDuring(body: () => Promise<void>): Promise<readonly OperatorFailpointName[]> {
    const reached: OperatorFailpointName[] = [];
    const operator = await this.cluster.startOperator({ reach: (name) => reached.push(name) });
    try {
      await body();
    } finally {
      await operator.stop();
    }
    return reached;
  }

  /** What the JobManager of an incarnation says of itself, past the relay; null: it does not answer. */
  async incarnation(number?: number, name = "wc"): Promise<IncarnationMessage | null> {
    const text = await this.rest("/v1/streamjob/incarnation", { number, name });
    return text === null ? null : incarnationSchema.parse(JSON.parse(text));
  }

  /** The text of a JobManager's answer, past the relay; null: there was none. Default: of the active incarnation. */
  async rest(path: string, { number, name = "wc", method = "GET", body }: RestCall = {}): Promise<string | null> {
    const incarnation = number ?? (await this.status(name)).incarnation;
    const host = `${name}-${incarnation}-jobmanager-0.${name}-${incarnation}.${NAMESPACE}.svc`;
    const address = await this.cluster.addressOf(host, 8081);
    if (address === null) return null;
    try {
      const response = await fetch(`http://${address}${path}`, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return await response.text();
    } catch {
      return null; // it starts, or is gone
    }
  }

  /** Has an incarnation that runs complete its first checkpoint: one is asked for, and another one only if the job fails over. */
  async checkpointNow(number: number, name = "wc"): Promise<void> {
    let askedOf = "";
    await this.until(`incarnation ${number} to complete a checkpoint`, async () => {
      const seen = await this.incarnation(number, name);
      if (seen === null || seen.job?.status !== "RUNNING") return false;
      if (seen.completedCheckpoints > 0) return true;
      const execution = `${seen.epoch}/${seen.job.restarts}`;
      if (execution === askedOf) return false;
      const answer = await this.rest(`/v1/jobs/${seen.jobId}/checkpoints`, { number, name, method: "POST", body: {} });
      if (answer?.includes("request-id") === true) askedOf = execution;
      return false;
    });
  }

  /** As `checkpointNow`, once records flow: so that there is something to commit. */
  async checkpointOfLines(number: number, name = "wc"): Promise<void> {
    await this.until(`records to flow in incarnation ${number}`, async () => {
      const { jobId = "" } = (await this.incarnation(number, name)) ?? {};
      return /"write-records":[1-9]/.test((await this.rest(`/v1/jobs/${jobId}`, { number, name })) ?? "");
    });
    await this.checkpointNow(number, name);
  }

  /** What a JobManager tells of its checkpoints, past the relay, as Flink's REST has it. */
  async checkpoints(number: number, name = "wc"): Promise<CheckpointsText> {
    const { jobId = "" } = (await this.incarnation(number, name)) ?? {};
    const text = await this.rest(`/v1/jobs/${jobId}/checkpoints`, { number, name });
    assert.ok(text !== null, `the JobManager of incarnation ${number} does not answer`);
    return JSON.parse(text) as CheckpointsText;
  }

  /** Waits until the active incarnation has completed that many more checkpoints. */
  async moreCheckpoints(count: number, name = "wc"): Promise<void> {
    const number = (await this.status(name)).incarnation;
    const seen = async (): Promise<number> => (await this.incarnation(number, name))?.completedCheckpoints ?? 0;
    const before = await seen();
    await this.until(
      `${count} more checkpoints of incarnation ${number}`,
      async () => (await seen()) >= before + count,
    );
  }

  /** Folders of savepoints of this job, complete ones only (their manifest is there). */
  async savepoints(name = "wc"): Promise<readonly string[]> {
    return (await this.savepointFolders(name)).filter((folder) => existsSync(join(folder, "_metadata")));
  }

  /** All of them, whatever is in them. */
  async savepointFolders(name = "wc"): Promise<readonly string[]> {
    const { uid = "" } = (await this.job(name)).metadata;
    const folder = join(this.cluster.storeFolder, NAMESPACE, "savepoints", `${name}-${uid.slice(0, 8)}`);
    if (!existsSync(folder)) return [];
    return readdirSync(folder).map((each) => join(folder, each));
  }

  /** Store of an incarnation. */
  storeFolder(jobId: string): string {
    return join(this.cluster.storeFolder, NAMESPACE, jobId);
  }

  /** RIG2 */
  async describe(): Promise<string> {
    const jobs = (await this.api.list("StreamJob", { namespace: NAMESPACE })).items;
    const pods = (await this.api.list("Pod", { namespace: NAMESPACE })).items;
    const events = (await this.api.list("Event", { namespace: NAMESPACE })).items;
    return [
      `logs in ${this.cluster.logs.join(", ")}`,
      ...jobs.map((job) => `${job.metadata.name} generation ${job.metadata.generation}: ${JSON.stringify(job.status)}`),
      ...pods.map((pod) => `pod ${pod.metadata.name}: ${JSON.stringify(pod.status)}`),
      ...events.map((event) => `${event.eventTime} ${event.type} ${event.reason}: ${event.note}`),
      `${this.lines().length} lines in the sink`,
    ].join("\n  ");
  }
}

const laidOver = (needs: PodTemplate, given: PodTemplate = {}): PodTemplate => ({
  ...needs,
  ...given,
  spec: { ...needs.spec, ...given.spec },
});

/** SIGSTOP has taken effect. */
export function standsStill(pid: number): boolean {
  return /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
}

/** How often an operator of this process has looked at a StreamJob, whatever came of it. */
export async function looksOf(operator: Controller): Promise<number> {
  const counts = (await operator.registry.metrics()).matchAll(/reconcile_seconds_count\S* (\d+)/g);
  return [...counts].reduce((sum, [, count = "0"]) => sum + Number(count), 0);
}

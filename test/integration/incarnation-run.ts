/**
 * Owns: one incarnation of a process test: its JobManager and TaskManagers as in pods, its REST, waiting for what happens to it.
 * Not here: an operator, StatefulSets: a test says itself what is started, killed and started again.
 *
 * IR1 Processes hang on this one's leash, and are killed with the workspace, by their pids.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import type { z } from "zod";
import { sleep, systemClock, systemRandom } from "../../base/index.ts";
import { isAlive } from "../../cli/index.ts";
import { podProgram } from "../../main/index.ts";
import { chooseFreePort } from "../../cli/jobs/free-port.ts";
import {
  type ActivationRequest,
  activationAnswerSchema,
  activationConflictSchema,
  disposalStatusSchema,
  type IncarnationMessage,
  incarnationSchema,
  type PodConfig,
  type PreflightAnswer,
  podVariables,
  preflightAnswerSchema,
  type RestoreMessage,
  savepointStatusSchema,
  triggerResponseSchema,
} from "../../contract/index.ts";
import type { Workspace } from "./workspace.ts";

const DEADLINE_MS = 180_000;
const LOOK_EVERY_MS = 10;

/** A trigger's or activation's id, the same for the same words. */
export function hexOf(words: string): string {
  return createHash("sha256").update(words).digest("hex").slice(0, 32);
}

export type IncarnationRunOptions = {
  readonly name: string;
  readonly module: string;
  readonly args: readonly string[];
  readonly parallelism?: number;
  readonly taskManagers?: number;
  readonly options?: Readonly<Record<string, string>>;
  /** Default: the sources, by this Node. */
  readonly launch?: Launch;
};

/** Starts a program of a pod; `variables` are those of its container. Its stdin is its leash. */
export type Launch = (
  program: "jobmanager" | "taskmanager",
  variables: Readonly<Record<string, string>>,
) => ChildProcess;

export class IncarnationRun {
  readonly name: string;
  readonly jobId: string;
  readonly storeUri: string;
  readonly config: PodConfig;
  readonly #launch: Launch;
  readonly #ports: { readonly rpc: number; readonly rest: number };
  /** Variables of all its processes, beside those that it sets itself. */
  readonly env: Record<string, string> = {};
  jobManager: ChildProcess | null = null;
  taskManagers: ChildProcess[] = [];
  log = "";

  private constructor(
    workspace: Workspace,
    options: IncarnationRunOptions,
    ports: { readonly rpc: number; readonly rest: number },
  ) {
    this.#launch = options.launch ?? ((program, variables) => spawnSources(program, variables, workspace.folder));
    this.#ports = ports;
    this.name = options.name;
    this.jobId = hexOf(`${workspace.folder}/${options.name}`);
    this.storeUri = `file://${workspace.path("store", this.jobId)}`;
    this.config = {
      version: 1,
      jobId: this.jobId,
      jobName: options.name,
      program: { kind: "module", path: options.module },
      args: [...options.args],
      options: { "execution.checkpointing.interval": "100 ms", ...options.options },
      storeUri: this.storeUri,
      savepointDirectory: null,
      parallelism: options.parallelism ?? 2,
      maxParallelism: null,
      taskManagers: options.taskManagers ?? 1,
      slots: options.parallelism ?? 2,
    };
    workspace.onEnd(() => {
      for (const child of [this.jobManager, ...this.taskManagers]) if (child !== null) killNow(child);
    });
  }

  /** Nothing runs yet. */
  static async make(workspace: Workspace, options: IncarnationRunOptions): Promise<IncarnationRun> {
    const rpc = await chooseFreePort(systemRandom);
    return new IncarnationRun(workspace, options, { rpc, rest: await chooseFreePort(systemRandom, [rpc]) });
  }

  /** All of its pods, in standby. */
  static async standby(workspace: Workspace, options: IncarnationRunOptions): Promise<IncarnationRun> {
    const run = await IncarnationRun.make(workspace, options);
    run.startTaskManagers();
    run.startJobManager();
    await run.phase("standby");
    await run.until("its TaskManagers are ready", (seen) => seen.taskManagersReady === run.config.taskManagers);
    return run;
  }

  startJobManager(failpoints?: string): void {
    this.jobManager = this.#spawn("jobmanager", `${this.name}-jobmanager-0`, failpoints);
  }

  startTaskManagers(failpoints?: string): void {
    for (let index = 0; index < this.config.taskManagers; index++) {
      this.taskManagers.push(this.#spawn("taskmanager", `${this.name}-taskmanager-${index}`, failpoints));
    }
  }

  /** SIGKILL, and the end of the process. */
  async killJobManager(): Promise<void> {
    if (this.jobManager !== null) await killed(this.jobManager);
  }

  async killTaskManagers(): Promise<void> {
    for (const child of this.taskManagers.splice(0)) await killed(child);
  }

  async killAll(): Promise<void> {
    await this.killJobManager();
    await this.killTaskManagers();
  }

  get(): Promise<IncarnationMessage | null> {
    return this.#ask("GET", "/streamjob/incarnation", incarnationSchema).catch(() => null);
  }

  preflight(from: RestoreMessage): Promise<PreflightAnswer> {
    return this.#ask("POST", "/streamjob/preflight", preflightAnswerSchema, { from });
  }

  /** Returns the HTTP status. */
  async activate(request: Omit<ActivationRequest, "activationId">, id = `activate ${this.name}`): Promise<number> {
    const body: ActivationRequest = { activationId: hexOf(id), ...request };
    const response = await fetch(`${this.url}/streamjob/activation`, { method: "PUT", body: JSON.stringify(body) });
    const answer: unknown = await response.json();
    if (response.status === 409) activationConflictSchema.parse(answer);
    else assert.equal(activationAnswerSchema.parse(answer).activationId, body.activationId);
    return response.status;
  }

  /** Starts a stop with a savepoint at exactly that path. */
  async stop(targetPath: string, triggerId: string): Promise<void> {
    await this.#ask("POST", `/jobs/${this.jobId}/stop`, triggerResponseSchema, { targetPath, triggerId });
  }

  async savepoint(targetPath: string, triggerId: string): Promise<void> {
    await this.#ask("POST", `/jobs/${this.jobId}/savepoints`, triggerResponseSchema, { targetPath, triggerId });
  }

  /** The location of a completed trigger; waits for it. Errors: what it failed for. */
  async outcome(triggerId: string): Promise<string> {
    let location = "";
    await this.#wait(`the outcome of trigger ${triggerId}`, async () => {
      const path = `/jobs/${this.jobId}/savepoints/${triggerId}`;
      const answer = await this.#ask("GET", path, savepointStatusSchema).catch(() => null);
      if (answer?.status.id !== "COMPLETED") return false;
      const failure = answer.operation?.["failure-cause"];
      if (failure !== undefined) throw new Error(failure["stack-trace"]);
      location = answer.operation?.location ?? "";
      return true;
    });
    return location;
  }

  /** Has the state in a store deleted; why it is not, or null. */
  async collect(storeUri: string, triggerId: string): Promise<string | null> {
    await this.#ask("POST", "/streamjob/collections", triggerResponseSchema, { storeUri, triggerId });
    let failure: string | null = null;
    await this.#wait(`the collection of ${storeUri}`, async () => {
      const path = `/streamjob/collections/${triggerId}`;
      const { status, operation } = await this.#ask("GET", path, disposalStatusSchema);
      failure = operation?.["failure-cause"]?.["stack-trace"] ?? null;
      return status.id === "COMPLETED";
    });
    return failure;
  }

  async phase(phase: IncarnationMessage["phase"]): Promise<IncarnationMessage> {
    return this.until(`phase ${phase}`, (seen) => seen.phase === phase);
  }

  /** Waits until what it says of itself is as expected, and gives that. */
  async until(what: string, isAsExpected: (seen: IncarnationMessage) => boolean): Promise<IncarnationMessage> {
    let seen: IncarnationMessage | null = null;
    await this.#wait(what, async () => {
      seen = await this.get();
      return seen !== null && isAsExpected(seen);
    });
    return seen as unknown as IncarnationMessage;
  }

  /** Waits for RUNNING and a checkpoint of its own that was completed from now on. */
  async proven(): Promise<IncarnationMessage> {
    const sinceMs = systemClock.nowMs();
    return this.until(
      "a new checkpoint while running",
      ({ job, lastCheckpoint }) => job?.status === "RUNNING" && (lastCheckpoint?.timeMs ?? 0) > sinceMs,
    );
  }

  get url(): string {
    return `http://127.0.0.1:${this.#ports.rest}/v1`;
  }

  async #wait(what: string, condition: () => Promise<boolean>): Promise<void> {
    const endMs = systemClock.monotonicMs() + DEADLINE_MS;
    while (!(await condition())) {
      assert.ok(
        systemClock.monotonicMs() < endMs,
        `waited in vain for ${what} of ${this.name}; it says ${JSON.stringify(await this.get())}\n${this.log.slice(-6000)}`,
      );
      await sleep(systemClock, LOOK_EVERY_MS);
    }
  }

  async #ask<S extends z.ZodType>(method: string, path: string, schema: S, body?: object): Promise<z.output<S>> {
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(this.url + path, { method, ...init });
    const answer: unknown = await response.json();
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
    return schema.parse(answer);
  }

  #spawn(role: "jobmanager" | "taskmanager", podName: string, failpoints = ""): ChildProcess {
    const child = this.#launch(role, {
      STREAMJOB_FAILPOINTS: failpoints,
      [podVariables.config]: JSON.stringify(this.config),
      [podVariables.rpcListen]: `127.0.0.1:${this.#ports.rpc}`,
      [podVariables.restListen]: `127.0.0.1:${this.#ports.rest}`,
      [podVariables.jobManager]: `127.0.0.1:${this.#ports.rpc}`,
      [podVariables.podName]: podName,
      [podVariables.podIp]: "127.0.0.1",
      [podVariables.leash]: "stdin",
      ...this.env,
    });
    const keep = (piece: Buffer): void => void (this.log += piece.toString());
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);
    return child;
  }
}

function spawnSources(program: string, variables: Readonly<Record<string, string>>, cwd: string): ChildProcess {
  return spawn(process.execPath, [podProgram, program], {
    cwd,
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, ...variables },
  });
}

function killNow(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  if (isAlive(child.pid)) process.kill(child.pid, "SIGCONT");
  child.kill("SIGKILL");
}

/** Kills it and waits for its end. */
async function killed(child: ChildProcess): Promise<void> {
  const ended = exitOf(child);
  killNow(child);
  await ended;
}

/** Waits for the end of a process; its exit code. */
export function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once("exit", (code) => resolve(code)));
}

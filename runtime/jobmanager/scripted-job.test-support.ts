/**
 * Owns: for tests: a job module in a folder of its own, a real JobManager for it, and the scripted TaskManagers that run it.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { loadStreamGraph } from "../program/index.ts";
import { type JobId, jobId, seededRandom, silentLog, systemClock } from "../../base/index.ts";
import { buildJobGraph, type JobGraph } from "../graph/index.ts";
import { openStore } from "../storage/index.ts";
import type { JobControl, TriggerState } from "./control.ts";
import { type Incarnation, type IncarnationOptions, startIncarnation } from "./standby/incarnation.ts";
import { type JobManager, startJobManager } from "./job-manager.ts";
import type { Ending, JobManagerOptions } from "./job-manager-options.ts";
import { type Script, ScriptedWorld } from "./scripted-world.test-support.ts";

const JOB_ID = "0123456789abcdef0123456789abcdef";
export const TWO_VERTICES = `
import { job } from "streamjob";
export default job((env) => {
  env.fromCollection([1, 2, 3, 4], { uid: "numbers" })
    .keyBy((n) => n % 2)
    .reduce((a, b) => a + b, { uid: "sum" })
    .print({ uid: "out" });
});`;
export const TWO_REGIONS = `
import { job } from "streamjob";
export default job((env) => {
  env.fromCollection([1, 2, 3, 4], { uid: "numbers" }).print({ uid: "out" });
});`;
export const OTHER_UIDS = TWO_VERTICES.replace('"sum"', '"total"');

export type Setting = {
  readonly folder: string;
  readonly module: string;
  readonly storeUri: string;
  readonly options: Record<string, string>;
  readonly world: ScriptedWorld;
  readonly graph: JobGraph;
};
export type Running = { readonly manager: JobManager; readonly ended: Promise<Ending> };

export async function setting(
  t: TestContext,
  given: { module?: string; options?: Record<string, string>; script?: Partial<Script> } = {},
): Promise<Setting> {
  const folder = await mkdtemp(join(tmpdir(), "jobmanager-"));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }));
  const module = join(folder, "job.ts");
  await writeFile(module, given.module ?? TWO_VERTICES);
  const options = {
    "parallelism.default": "2",
    "execution.checkpointing.interval": "1 h",
    "heartbeat.timeout": "500 ms",
    "restart-strategy.type": "fixed-delay",
    "restart-strategy.fixed-delay.attempts": "3",
    "restart-strategy.fixed-delay.delay": "20 ms",
    ...given.options,
  };
  const graph = buildJobGraph(await loadStreamGraph({ module, options, args: [] }));
  const world = new ScriptedWorld(() => graph, jobId(JOB_ID), given.script);
  return { folder, module, storeUri: join(folder, "root"), options, world, graph };
}

export async function start(t: TestContext, place: Setting, more: Partial<JobManagerOptions> = {}): Promise<Running> {
  let ending: (status: Ending) => void = () => {};
  const ended = new Promise<Ending>((resolve) => {
    ending = resolve;
  });
  const manager = await startJobManager({
    job: { module: place.module, options: place.options, args: [], jobId: JOB_ID },
    storeUri: place.storeUri,
    rpcHost: "127.0.0.1",
    rpcPort: 0,
    restore: null,
    clock: systemClock,
    random: seededRandom(Math.floor(systemClock.nowMs())),
    log: silentLog,
    onTerminal: ending,
    ...more,
  });
  t.after(() => manager.close());
  return { manager, ended };
}

export const incarnationJobId = (name: string): JobId => jobId(Buffer.from(name.padEnd(16)).toString("hex"));

/** An incarnation of the job, with a store of its own and a job id made of its name; TaskManagers come by `place.world.add`. */
export async function incarnation(
  t: TestContext,
  place: Setting,
  name: string,
  more: Partial<IncarnationOptions> = {},
): Promise<Incarnation & { readonly storeUri: string }> {
  const started = await startIncarnation({
    job: {
      module: place.module,
      options: place.options,
      args: [],
      jobId: incarnationJobId(name),
    },
    storeUri: join(place.folder, name),
    rpcHost: "127.0.0.1",
    rpcPort: 0,
    clock: systemClock,
    random: seededRandom(Math.floor(systemClock.nowMs())),
    log: silentLog,
    onFenced: () => assert.fail(`${name} was fenced by itself`),
    ...more,
  });
  t.after(() => started.close());
  return Object.assign(started, { storeUri: `file://${join(place.folder, name)}` });
}

/** A job running on two TaskManagers. */
export async function running(t: TestContext, place: Setting, more: Partial<JobManagerOptions> = {}): Promise<Running> {
  const job = await start(t, place, { expectedTaskManagers: 2, ...more });
  await place.world.add("a", job.manager.rpcPort, 1);
  await place.world.add("b", job.manager.rpcPort, 1);
  await until("it runs", () => job.manager.job().status === "RUNNING");
  return job;
}

export async function until(what: string, condition: () => boolean, withinMs = 60_000): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + withinMs;
  while (!condition()) {
    assert.ok(systemClock.monotonicMs() < deadlineMs, `in time: ${what}`);
    await new Promise((resolve) => systemClock.after(2, () => resolve(undefined)));
  }
}

type Checkpointing = { readonly manager: Pick<JobControl, "triggerCheckpoint" | "trigger"> };

/** A checkpoint is completed. */
export async function checkpoint({ manager }: Checkpointing): Promise<void> {
  await checkpointEnds(manager, "a checkpoint is completed", ({ kind }) => kind === "completed");
}

/** A checkpoint fails for this reason. */
export async function failedCheckpoint({ manager }: Checkpointing, reason: RegExp): Promise<void> {
  const isWanted = (state: TriggerState): boolean => state.kind === "failed" && reason.test(state.error.message);
  await checkpointEnds(manager, `a checkpoint fails with ${reason}`, isWanted);
}

/** One that timed out first is taken again: when the machine stalls, a short timeout is over before the tasks have answered. */
async function checkpointEnds(
  manager: Checkpointing["manager"],
  what: string,
  isWanted: (state: TriggerState) => boolean,
): Promise<void> {
  const trigger = (): string => {
    const answer = manager.triggerCheckpoint(null);
    assert.ok(answer.kind === "accepted", what);
    return answer.triggerId;
  };
  let triggerId = trigger();
  await until(what, () => {
    const state = manager.trigger(triggerId) ?? { kind: "inProgress" };
    if (state.kind === "inProgress") return false;
    if (isWanted(state)) return true;
    assert.match(state.kind === "failed" ? state.error.message : "it is completed", /not complete after/, what);
    triggerId = trigger();
    return false;
  });
}

/** The text that the scripted tasks keep as state. */
export function restoredText(place: Setting, attempt: number, vertex = 0): string | null {
  const deployment = place.world.deployed.find(({ task }) => task.attempt === attempt && task.vertex === vertex);
  const blob = deployment?.restore[0]?.operator[0]?.[0]?.blob;
  return blob?.kind === "inline" ? Buffer.from(blob.base64, "base64").toString() : null;
}

export const filesOf = async (place: Setting): Promise<string[]> =>
  (await (await openStore(place.storeUri)).list("")).map((object) => object.key);

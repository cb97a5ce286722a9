/**
 * Owns: the commands that change one field of a StreamJob: suspend, resume, restart, approve, pause, unpause.
 *
 * SJ1 A change is a patch of that field alone, by the person's field manager: a manifest that names the field wins when it is applied
 *     next, one that does not leaves it.
 */
import { APPROVE_ANNOTATION, PAUSED_ANNOTATION, type StreamJob } from "../../crds/index.ts";
import type { ExitCode } from "../terminal/terminal.ts";
import { statusOf } from "../../operator/reconcile/index.ts";
import { type CommandContext, namespaceFlag } from "./command-context.ts";
import { delayOf } from "./in-the-way.ts";
import { conditionOf } from "./job-facts.ts";
import { readyAt } from "./job-goals.ts";
import type { JobCommand, WaitMs } from "./manifest-command.ts";
import { getNamed } from "./named-objects.ts";
import { waitForJobs } from "./wait-for-jobs.ts";

/** Errors: OBJECT_NOT_FOUND. */
export async function suspendCommand(context: CommandContext, command: JobCommand<"suspend">): Promise<ExitCode> {
  const job = await getNamed(context.api, "StreamJob", command.job, command.namespace);
  return setState(context, job, "suspended", command.waitMs);
}

/** Errors: OBJECT_NOT_FOUND. */
export async function resumeCommand(context: CommandContext, command: JobCommand<"resume">): Promise<ExitCode> {
  const job = await getNamed(context.api, "StreamJob", command.job, command.namespace);
  return setState(context, job, "running", command.waitMs);
}

async function setState(
  context: CommandContext,
  job: StreamJob,
  state: "running" | "suspended",
  waitMs: WaitMs,
): Promise<ExitCode> {
  const { name } = job.metadata;
  const said = state === "suspended" ? "suspended" : "to run";
  if ((job.spec.state ?? "running") === state) {
    context.terminal.out(`${name} is already ${said}`);
    return settle(context, job, waitMs);
  }
  const patched = await patch(context, job, { spec: { state } });
  context.terminal.out(state === "suspended" ? suspension(job) : resumption(job));
  sayDelay(context, patched);
  return settle(context, patched, waitMs);
}

function suspension(job: StreamJob): string {
  const {
    metadata: { name },
    spec,
  } = job;
  const { active } = statusOf(job);
  if (active?.ended?.status === "FINISHED" && active.ended.savepoint === null) {
    return `${name} has FINISHED and stays FINISHED; it does not start again until it is resumed`;
  }
  if (active !== undefined && active.ended === null && spec.upgrade?.mode === "stateless") {
    return `suspending ${name}; its state is discarded, because upgrade.mode is stateless`;
  }
  return `suspending ${name}; its state is kept`;
}

function resumption(job: StreamJob): string {
  const { resume, active } = statusOf(job);
  const { name } = job.metadata;
  if (active !== undefined) return `${name} is no longer suspended`;
  return resume === undefined || resume.kind === "none"
    ? `starting ${name} without state`
    : `resuming ${name} from its kept state`;
}

/** IW1 */
function sayDelay({ terminal }: CommandContext, job: StreamJob): void {
  const delay = delayOf(job);
  if (delay !== null) terminal.say(delay);
}

/** Errors: OBJECT_NOT_FOUND. */
export async function restartCommand(context: CommandContext, command: JobCommand<"restart">): Promise<ExitCode> {
  const job = await getNamed(context.api, "StreamJob", command.job, command.namespace);
  const { restartNonce } = job.spec;
  // A counter goes on as one; anything else is replaced by what is surely new.
  const next =
    typeof restartNonce === "number" ? restartNonce + 1 : new Date(context.terminal.clock.nowMs()).toISOString();
  const patched = await patch(context, job, { spec: { restartNonce: next } });
  const { name } = job.metadata;
  context.terminal.out(
    job.spec.state === "suspended"
      ? `${name} is suspended; it restarts when it is resumed`
      : `restarting ${name} (restartNonce ${next})`,
  );
  sayDelay(context, patched);
  if (job.spec.upgrade?.approval === "manual" && job.spec.state !== "suspended") {
    context.terminal.say(
      `It waits for approval: \`streamjob approve ${name}${namespaceFlag(job.metadata.namespace)}\``,
    );
  }
  return settle(context, patched, command.waitMs);
}

/** Errors: OBJECT_NOT_FOUND. */
export async function approveCommand(context: CommandContext, command: JobCommand<"approve">): Promise<ExitCode> {
  const job = await getNamed(context.api, "StreamJob", command.job, command.namespace);
  const { name, generation = 0 } = job.metadata;
  const { out } = context.terminal;
  const blocked = conditionOf(statusOf(job), "UpgradeBlocked");
  if (blocked?.status !== "True" || blocked.reason !== "AwaitingApproval") {
    out(`${name} has no change waiting for approval`);
    return 0;
  }
  await patch(context, job, { metadata: { annotations: { [APPROVE_ANNOTATION]: String(generation) } } });
  out(`${name}: generation ${generation} is approved`);
  sayDelay(context, job);
  return 0;
}

/** Errors: OBJECT_NOT_FOUND. */
export async function pauseCommand(
  context: CommandContext,
  command: JobCommand<"pause"> | JobCommand<"unpause">,
): Promise<ExitCode> {
  const job = await getNamed(context.api, "StreamJob", command.job, command.namespace);
  const { name, namespace } = job.metadata;
  const { out } = context.terminal;
  const isPaused = job.metadata.annotations?.[PAUSED_ANNOTATION] === "true";
  if (isPaused === (command.kind === "pause")) {
    out(`${name} is ${isPaused ? "already paused" : "not paused"}`);
    return 0;
  }
  const value = command.kind === "pause" ? "true" : null;
  await patch(context, job, { metadata: { annotations: { [PAUSED_ANNOTATION]: value } } });
  out(
    command.kind === "pause"
      ? `${name} is paused: it is not managed, not even self-healing, until \`streamjob unpause ${name}${namespaceFlag(namespace)}\``
      : `${name} is managed again`,
  );
  return 0;
}

/** With the uid as a precondition: what was looked at is what is changed. */
function patch(
  { api }: CommandContext,
  { metadata }: StreamJob,
  change: { spec?: object; metadata?: object },
): Promise<StreamJob> {
  const { namespace, name, uid } = metadata;
  return api.patch("StreamJob", { namespace, name }, { ...change, metadata: { ...change.metadata, uid } });
}

async function settle(context: CommandContext, { metadata }: StreamJob, waitMs: WaitMs): Promise<ExitCode> {
  if (waitMs === null) return 0;
  const { namespace, name, generation = 0 } = metadata;
  return waitForJobs(context, [{ key: { namespace, name }, goal: readyAt(generation) }], waitMs);
}

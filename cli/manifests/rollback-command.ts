/**
 * Owns: `streamjob rollback`: which revision is meant, and the request for it.
 */
import { ROLLBACK_TO_ANNOTATION, type StreamJob, type StreamJobStatus } from "../../crds/index.ts";
import { type SpecRevision, statusOf } from "../../operator/reconcile/index.ts";
import { StreamError } from "../../base/index.ts";
import type { ExitCode } from "../terminal/terminal.ts";
import { type CommandContext, namespaceFlag } from "./command-context.ts";
import { delayOf } from "./in-the-way.ts";
import { revisionsOf } from "./job-facts.ts";
import { runsRevision } from "./job-goals.ts";
import type { JobCommand } from "./manifest-command.ts";
import { getNamed } from "./named-objects.ts";
import { waitForJobs } from "./wait-for-jobs.ts";

/** Errors: OBJECT_NOT_FOUND, JOB_STATE_CONFLICT. */
export async function rollbackCommand(context: CommandContext, command: JobCommand<"rollback">): Promise<ExitCode> {
  const { api, terminal } = context;
  const job = await getNamed(api, "StreamJob", command.job, command.namespace);
  const { name, namespace, uid } = job.metadata;
  const status = statusOf(job);
  const revisions = await revisionsOf(api, job);
  const history = `\`streamjob history ${name}${namespaceFlag(namespace)}\` lists the revisions`;
  if (status.active === undefined) {
    throw conflict(`${name} does not run, so there is nothing to roll back; ${history}`);
  }
  const wanted = command.to === null ? previousRevision(status, revisions) : findRevision(revisions, command.to);
  if (wanted === null) {
    throw command.to === null
      ? conflict(`${name} has run only one revision, so there is none to roll back to; ${history}`)
      : new StreamError("OBJECT_NOT_FOUND", `${name} has no revision "${command.to}"; ${history}`, {
          destiny: "terminal",
        });
  }
  if (wanted.name === status.active.revision) {
    terminal.out(runsAlready(name, wanted, status));
    return 0;
  }
  assertPossible(job, wanted, status);
  const sinceMs = terminal.clock.nowMs();
  await api.patch(
    "StreamJob",
    { namespace, name },
    { metadata: { uid, annotations: { [ROLLBACK_TO_ANNOTATION]: wanted.name } } },
  );
  terminal.out(`${name} is rolled back to ${wanted.name} (generation ${wanted.generation}), with its current state`);
  const delay = delayOf(job);
  if (delay !== null) terminal.say(delay);
  else if (status.operation !== undefined) terminal.say(`The ${status.operation.kind} in progress ends first.`);
  terminal.say(
    `The manifest still has the new spec: change it back as well. Generation ${job.metadata.generation} is not retried.`,
  );
  if (command.waitMs === null) return 0;
  const goal = runsRevision(wanted.name, sinceMs);
  return waitForJobs(context, [{ key: { namespace, name }, goal }], command.waitMs);
}

function runsAlready(name: string, { name: revision }: SpecRevision, { operation }: StreamJobStatus): string {
  if (operation === undefined || operation.revision === revision) return `${name} already runs ${revision}`;
  return `${name} still runs ${revision}, and the ${operation.kind} to generation ${operation.toGeneration} is in progress: to abandon it, apply the previous manifest`;
}

/** The operator would take the request away and do nothing, or keep it for another time. Errors: JOB_STATE_CONFLICT. */
function assertPossible({ metadata, spec }: StreamJob, wanted: SpecRevision, { failed }: StreamJobStatus): void {
  const { name } = metadata;
  if (failed?.revision === wanted.name) {
    throw conflict(
      `${name} cannot be rolled back to ${wanted.name}: it is marked as failed (${failed.reason}); to retry it, apply its manifest with another restartNonce`,
    );
  }
  if (spec.state === "suspended")
    throw conflict(`${name} is suspended or being suspended: resume it first, then roll it back`);
}

/** The last stable one before what runs; where that is what runs, the one that was rolled out before it. */
export function previousRevision(status: StreamJobStatus, revisions: readonly SpecRevision[]): SpecRevision | null {
  const { active, stable, failed, history } = status;
  const isKept = (revision: string | undefined): boolean =>
    revision !== undefined && revision !== active?.revision && revisions.some(({ name }) => name === revision);
  if (isKept(stable?.revision)) return revisions.find(({ name }) => name === stable?.revision) ?? null;
  const ran = history.findLast(
    ({ what, revision }) =>
      /^(deployed|upgraded|resumed|recovered|rolled back)$/.test(what) &&
      isKept(revision) &&
      revision !== failed?.revision,
  );
  if (ran !== undefined) return revisions.find(({ name }) => name === ran.revision) ?? null;
  const current = revisions.find(({ name }) => name === active?.revision)?.number ?? Number.POSITIVE_INFINITY;
  return revisions.findLast(({ number, name }) => number < current && name !== failed?.revision) ?? null;
}

/** By name, hash or number. */
function findRevision(revisions: readonly SpecRevision[], text: string): SpecRevision | null {
  return revisions.find(({ name, hash, number }) => [name, hash, String(number)].includes(text)) ?? null;
}

function conflict(message: string): StreamError {
  return new StreamError("JOB_STATE_CONFLICT", message, { destiny: "terminal" });
}

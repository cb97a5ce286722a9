/**
 * Owns: what of a StreamJob is asked when it is shown, since no object says it as it is now.
 * Called by: `get`, `describe`.
 *
 * LIF1 The status holds a checkpoint that may be minutes old, and deleted since: the operator writes it seldom, to keep the API server quiet. So
 *     the JobManager is asked. When it does not answer, what the status says is shown as such.
 * LIF2 What runs is what the revision of the active incarnation says, not what the spec asks for.
 */
import { formatTime, readStreamJobStatus, type StreamJob, type StreamJobStatus } from "../../crds/index.ts";
import type { JobManagerApi } from "../../operator/engine/index.ts";
import type { CommandContext } from "./command-context.ts";
import { revisionsOf } from "./job-facts.ts";

export type ShownCheckpoint = NonNullable<StreamJobStatus["lastCheckpoint"]>;

export type LiveFacts = {
  /** null: there is none. */
  readonly lastCheckpoint: ShownCheckpoint | null;
  /** False: the JobManager did not answer, and that is what the status says. */
  readonly isCheckpointCurrent: boolean;
  /** Of what runs; null: nothing does, or it cannot be known. */
  readonly parallelism: number | null;
};

/** Never fails for a JobManager. Errors: ApiError. */
export async function liveFactsOf(
  { api, jobManagers }: Pick<CommandContext, "api" | "jobManagers">,
  job: StreamJob,
): Promise<LiveFacts> {
  const read = readStreamJobStatus(job.status);
  if (read.kind === "unreadable") return { lastCheckpoint: null, isCheckpointCurrent: false, parallelism: null };
  const { active, lastCheckpoint = null } = read.status;
  if (active === undefined || active.ended !== null) {
    return { lastCheckpoint, isCheckpointCurrent: true, parallelism: null };
  }
  const [asked, parallelism] = await Promise.all([
    askCheckpoint(jobManagers, job, active),
    runningParallelism(api, job, active),
  ]);
  const isCheckpointCurrent = asked !== undefined;
  return { lastCheckpoint: isCheckpointCurrent ? asked : lastCheckpoint, isCheckpointCurrent, parallelism };
}

type Active = NonNullable<StreamJobStatus["active"]>;

/** null: it has completed none; undefined: it does not say. */
async function askCheckpoint(
  jobManagers: Pick<JobManagerApi, "incarnation">,
  { metadata: { namespace, name } }: StreamJob,
  { incarnation, jobId, activationId }: Active,
): Promise<ShownCheckpoint | null | undefined> {
  // The port ends each call by itself (JA1).
  const { signal } = new AbortController();
  const answer = await jobManagers.incarnation({ namespace, job: name, incarnation, jobId }, signal);
  if (answer.kind !== "answer" || answer.value.activation?.activationId !== activationId) return undefined;
  const { lastCheckpoint } = answer.value;
  if (lastCheckpoint === null) return null;
  const { id, timeMs, path, sizeBytes } = lastCheckpoint;
  return { id, time: formatTime(timeMs), path, sizeBytes };
}

/** LIF2 */
async function runningParallelism(
  api: CommandContext["api"],
  job: StreamJob,
  { generation, revision }: Active,
): Promise<number | null> {
  if (generation === job.metadata.generation) return job.spec.parallelism ?? 1;
  const kept = (await revisionsOf(api, job)).find(({ name }) => name === revision);
  return kept === undefined ? null : (kept.spec.parallelism ?? 1);
}

/** `2`; `2 -> 3` while another version runs than is wanted; `(3)` while nothing runs. */
export function parallelismText({ spec }: StreamJob, { parallelism }: LiveFacts): string {
  const wanted = spec.parallelism ?? 1;
  if (parallelism === null) return `(${wanted})`;
  return parallelism === wanted ? String(wanted) : `${parallelism} -> ${wanted}`;
}

/**
 * Owns: having a running job take a savepoint or checkpoint, from the request to its outcome.
 * Called by: the commands (steer-commands.ts), LocalCluster.
 *
 * JT1 The request carries its own trigger id and is sent again whenever the JobManager does not know it: a JobManager that dies
 *     in the middle and comes back does it after all, and none does it twice.
 */
import { type Clock, type Random, StreamError } from "../../base/index.ts";
import { locationTrouble } from "../../contract/index.ts";
import { storeUriOf } from "../../runtime/storage/index.ts";
import { isRunnerAlive, type JobRecord } from "./job-registry.ts";
import { awaitTrigger, type RestClient, type TriggerOutcome } from "./rest-client.ts";

export type TriggeredJob = {
  readonly client: RestClient;
  /** As the runner has written it down last; null: it is gone. */
  readonly record: () => JobRecord | null;
  readonly clock: Clock;
  readonly random: Random;
};

/** The canonical URI of a folder that a person named. A plain path may climb, as in any shell. Errors: OPTION_INVALID (LCN1). */
export function savepointPlace(directory: string): string {
  const isUri = /^[A-Za-z][A-Za-z0-9+.-]*:/.test(directory);
  const trouble = isUri ? locationTrouble(directory) : null;
  const uri = trouble === null ? storeUriOf(directory) : directory;
  const found = trouble ?? locationTrouble(uri);
  if (found === null) return uri;
  throw new StreamError("OPTION_INVALID", `the folder ${JSON.stringify(directory)} ${found}`, { destiny: "terminal" });
}

/** Whether the job may still answer. */
export function mayRun(record: JobRecord): boolean {
  return record.terminal === null && isRunnerAlive(record);
}

/** `directory` null: the job's default. Returns the savepoint's URI. Errors: SAVEPOINT_FAILED, and what REST refuses it with. */
export async function takeSavepoint(job: TriggeredJob, directory: string | null): Promise<string> {
  const triggerId = job.random.hex(16);
  const location = directory === null ? null : savepointPlace(directory);
  const request = (): Promise<void> => job.client.triggerSavepoint(triggerId, location);
  return completed(await awaitOutcome(job, request, () => job.client.savepoint(triggerId)), "savepoint");
}

/** As takeSavepoint; the job ends with it. `drain`: first as if the data had ended. */
export async function stopWithSavepoint(
  job: TriggeredJob,
  options: { readonly directory: string | null; readonly drain: boolean },
): Promise<string> {
  const triggerId = job.random.hex(16);
  const location = options.directory === null ? null : savepointPlace(options.directory);
  const before = job.record()?.lastSavepoint ?? null;
  const request = (): Promise<void> => job.client.triggerStop(triggerId, location, options.drain);
  const outcome = await awaitOutcome(job, request, () => job.client.savepoint(triggerId));
  // The JobManager has ended before it was asked: its runner wrote down where the savepoint is.
  const after = job.record();
  const path = after?.terminal?.status === "FINISHED" && after.lastSavepoint !== before ? after.lastSavepoint : null;
  return outcome === null && path !== null ? path : completed(outcome, "savepoint");
}

/** Returns the checkpoint's id. Errors: SAVEPOINT_FAILED, and what REST refuses it with. */
export async function takeCheckpoint(job: TriggeredJob): Promise<string> {
  const triggerId = job.random.hex(16);
  const request = (): Promise<void> => job.client.triggerCheckpoint(triggerId);
  return completed(await awaitOutcome(job, request, () => job.client.checkpoint(triggerId)), "checkpoint");
}

/** null: the job ended and nobody answers any more. */
function awaitOutcome(
  job: TriggeredJob,
  request: () => Promise<void>,
  poll: () => Promise<TriggerOutcome>,
): Promise<TriggerOutcome | null> {
  return awaitTrigger(job.clock, poll, request, () => {
    const record = job.record();
    return record === null || !mayRun(record);
  });
}

function completed(outcome: TriggerOutcome | null, what: string): string {
  if (outcome?.kind === "completed") return outcome.result;
  const reason = outcome?.kind === "failed" ? outcome.reason : "the job ended first";
  throw new StreamError("SAVEPOINT_FAILED", `the ${what} was not completed: ${reason}`);
}

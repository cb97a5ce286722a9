/**
 * Owns: the commands that steer a running job over REST: savepoint, stop, cancel, checkpoint. Their texts are Flink's.
 *
 * SC1 A command returns when what it asked for has happened, or has failed; not when it was accepted.
 */
import { type Clock, sleep, StreamError } from "../base/index.ts";
import { storeUriOf } from "../storage/index.ts";
import type { HomeFolder } from "./home-folder.ts";
import { findJob } from "./job-reference.ts";
import { isAlive, type JobRecord, readRecord, readRecords } from "./job-registry.ts";
import { awaitTrigger, RestClient, type TriggerOutcome } from "./rest-client.ts";
import type { ExitCode, Terminal } from "./terminal.ts";

/** How long an accepted cancel or stop may take to show in the registry. */
const END_TIMEOUT_MS = 60_000;

type Target = { readonly record: JobRecord; readonly client: RestClient; readonly isOver: () => boolean };

export async function savepointCommand(
  home: HomeFolder,
  terminal: Terminal,
  reference: string,
  directory: string | null,
): Promise<ExitCode> {
  const { record, client, isOver } = target(home, reference);
  const triggerId = terminal.random.hex(16);
  const location = directory === null ? null : storeUriOf(directory);
  terminal.say(`Triggering savepoint for job ${record.jobId}.`);
  const trigger = (): Promise<void> => client.triggerSavepoint(triggerId, location);
  await trigger();
  terminal.say("Waiting for response...");
  const path = completed(
    await awaitTrigger(terminal.clock, () => client.savepoint(triggerId), trigger, isOver),
    record,
    "savepoint",
  );
  terminal.out(`Savepoint completed. Path: ${path}`);
  terminal.say("You can resume your program from this savepoint with the run command.");
  return 0;
}

export async function stopCommand(
  home: HomeFolder,
  terminal: Terminal,
  reference: string,
  options: { readonly directory: string | null; readonly drain: boolean },
): Promise<ExitCode> {
  const { record, client, isOver } = target(home, reference);
  const triggerId = terminal.random.hex(16);
  const location = options.directory === null ? null : storeUriOf(options.directory);
  terminal.say(`Suspending job "${record.jobId}" with a savepoint.`);
  const trigger = (): Promise<void> => client.triggerStop(triggerId, location, options.drain);
  await trigger();
  const outcome = await awaitTrigger(terminal.clock, () => client.savepoint(triggerId), trigger, isOver);
  // The JobManager has ended before it was asked: its runner wrote down where the savepoint is.
  const after = readRecord(home, record.jobId);
  const isNew = after !== null && after.terminal?.status === "FINISHED" && after.lastSavepoint !== record.lastSavepoint;
  const path = outcome === null && isNew ? after.lastSavepoint : completed(outcome, record, "savepoint");
  terminal.out(`Savepoint completed. Path: ${path}`);
  return awaitEnd(home, terminal, { record, client, isOver }, "FINISHED");
}

export async function cancelCommand(home: HomeFolder, terminal: Terminal, reference: string): Promise<ExitCode> {
  const found = target(home, reference);
  terminal.say(`Cancelling job ${found.record.jobId}.`);
  await found.client.cancel();
  const code = await awaitEnd(home, terminal, found, "CANCELED");
  if (code === 0) terminal.out(`Cancelled job ${found.record.jobId}.`);
  return code;
}

export async function checkpointCommand(home: HomeFolder, terminal: Terminal, reference: string): Promise<ExitCode> {
  const { record, client, isOver } = target(home, reference);
  const triggerId = terminal.random.hex(16);
  terminal.say(`Triggering checkpoint for job ${record.jobId}.`);
  const trigger = (): Promise<void> => client.triggerCheckpoint(triggerId);
  await trigger();
  terminal.say("Waiting for response...");
  const id = completed(
    await awaitTrigger(terminal.clock, () => client.checkpoint(triggerId), trigger, isOver),
    record,
    "checkpoint",
  );
  terminal.out(`Checkpoint ${id} for job ${record.jobId} completed.`);
  return 0;
}

/** Errors: JOB_NOT_FOUND; JOB_STATE_CONFLICT when the job has ended. */
function target(home: HomeFolder, reference: string): Target {
  const record = findJob(readRecords(home), reference, mayRun);
  const { jobId, terminal } = record;
  if (terminal !== null) {
    throw new StreamError(
      "JOB_STATE_CONFLICT",
      `job ${jobId} has already reached the terminal state ${terminal.status}`,
    );
  }
  if (!isAlive(record.runnerPid)) {
    const resume =
      record.lastCheckpoint === null
        ? ""
        : ` Resume it with: streamjob run ${record.module} -s ${record.lastCheckpoint}`;
    throw new StreamError(
      "JOB_STATE_CONFLICT",
      `job ${jobId} is not running: its runner (pid ${record.runnerPid}) is gone.${resume}`,
    );
  }
  const isOver = (): boolean => {
    const now = readRecord(home, jobId);
    return now === null || !mayRun(now);
  };
  return { record, client: new RestClient(record.restUrl, jobId), isOver };
}

function mayRun(record: JobRecord): boolean {
  return record.terminal === null && isAlive(record.runnerPid);
}

function completed(outcome: TriggerOutcome | null, record: JobRecord, what: string): string {
  if (outcome?.kind === "completed") return outcome.result;
  const reason = outcome?.kind === "failed" ? outcome.reason : "the job ended before";
  throw new StreamError("SAVEPOINT_FAILED", `the ${what} of job ${record.jobId} was not completed: ${reason}`);
}

/** Waits until the runner has written down that the job has ended. */
async function awaitEnd(home: HomeFolder, terminal: Terminal, { record }: Target, wanted: string): Promise<ExitCode> {
  const status = await endedStatus(home, terminal.clock, record.jobId);
  if (status === wanted) return 0;
  terminal.say(
    status === null
      ? `Job ${record.jobId} has not ended after ${END_TIMEOUT_MS / 1000} s; streamjob list shows its state.`
      : `Job ${record.jobId} ended as ${status}, not ${wanted}.`,
  );
  return 1;
}

/** null: it has not ended in END_TIMEOUT_MS. */
async function endedStatus(home: HomeFolder, clock: Clock, jobId: string): Promise<string | null> {
  const deadlineMs = clock.monotonicMs() + END_TIMEOUT_MS;
  while (clock.monotonicMs() < deadlineMs) {
    const record = readRecord(home, jobId);
    if (record === null) return null;
    if (record.terminal !== null) return record.terminal.status;
    if (!isAlive(record.runnerPid)) return "LOST";
    await sleep(clock, 50);
  }
  return null;
}

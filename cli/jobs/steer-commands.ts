/**
 * Owns: the commands that steer a running job over REST: savepoint, stop, cancel, checkpoint. Their texts are Flink's.
 *
 * STC1 A command returns when what it asked for has happened, or has failed; not when it was accepted.
 */
import { sleep, StreamError } from "../../base/index.ts";
import type { HomeFolder } from "./home-folder.ts";
import { findJob } from "./job-reference.ts";
import { isRunnerAlive, type JobRecord, readRecord, readRecords } from "./job-registry.ts";
import { mayRun, stopWithSavepoint, takeCheckpoint, takeSavepoint, type TriggeredJob } from "./job-triggers.ts";
import { RestClient } from "./rest-client.ts";
import type { ExitCode, Terminal } from "../terminal/terminal.ts";

/** How long an accepted cancel or stop may take to show in the registry. */
/** Longer than the JobManager waits for a task that does not stop, whose thread it then ends. */
const END_TIMEOUT_MS = 90_000;

type Target = { readonly record: JobRecord; readonly job: TriggeredJob };

export async function savepointCommand(
  home: HomeFolder,
  terminal: Terminal,
  reference: string,
  directory: string | null,
): Promise<ExitCode> {
  const { record, job } = target(home, terminal, reference);
  terminal.say(`Triggering savepoint for job ${record.jobId}.`);
  terminal.out(`Savepoint completed. Path: ${await takeSavepoint(job, directory)}`);
  terminal.say("You can resume your program from this savepoint with the run command.");
  return 0;
}

export async function stopCommand(
  home: HomeFolder,
  terminal: Terminal,
  reference: string,
  options: { readonly directory: string | null; readonly drain: boolean },
): Promise<ExitCode> {
  const { record, job } = target(home, terminal, reference);
  terminal.say(`Suspending job "${record.jobId}" with a savepoint.`);
  terminal.out(`Savepoint completed. Path: ${await stopWithSavepoint(job, options)}`);
  return awaitEnd(terminal, { record, job }, "FINISHED");
}

export async function cancelCommand(home: HomeFolder, terminal: Terminal, reference: string): Promise<ExitCode> {
  const found = target(home, terminal, reference);
  terminal.say(`Cancelling job ${found.record.jobId}.`);
  await found.job.client.cancel();
  const code = await awaitEnd(terminal, found, "CANCELED");
  if (code === 0) terminal.out(`Cancelled job ${found.record.jobId}.`);
  return code;
}

export async function checkpointCommand(home: HomeFolder, terminal: Terminal, reference: string): Promise<ExitCode> {
  const { record, job } = target(home, terminal, reference);
  terminal.say(`Triggering checkpoint for job ${record.jobId}.`);
  terminal.out(`Checkpoint ${await takeCheckpoint(job)} for job ${record.jobId} completed.`);
  return 0;
}

/** Errors: JOB_NOT_FOUND; JOB_STATE_CONFLICT when the job has ended. */
function target(home: HomeFolder, terminalOf: Terminal, reference: string): Target {
  const record = findJob(readRecords(home), reference, mayRun);
  const { jobId, terminal } = record;
  if (terminal !== null) {
    throw new StreamError(
      "JOB_STATE_CONFLICT",
      `job ${jobId} has already reached the terminal state ${terminal.status}`,
    );
  }
  if (!isRunnerAlive(record)) {
    // The id, and not a path: which checkpoint is the newest is asked when it is resumed.
    const resume = ` Resume it with: streamjob run ${record.module} -s ${jobId.slice(0, 8)}`;
    throw new StreamError(
      "JOB_STATE_CONFLICT",
      `job ${jobId} is not running: its runner (pid ${record.runnerPid}) is gone.${resume}`,
    );
  }
  const client = new RestClient(record.restUrl, jobId);
  const { clock, random } = terminalOf;
  return { record, job: { client, record: () => readRecord(home, jobId), clock, random } };
}

/** Waits until the runner has written down that the job has ended. */
async function awaitEnd(terminal: Terminal, { record, job }: Target, wanted: string): Promise<ExitCode> {
  const status = await endedStatus(job);
  if (status === wanted) return 0;
  terminal.say(
    status === null
      ? `Job ${record.jobId} has not ended after ${END_TIMEOUT_MS / 1000} s; streamjob list shows its state.`
      : `Job ${record.jobId} ended as ${status}, not ${wanted}.`,
  );
  return 1;
}

/** null: it has not ended in END_TIMEOUT_MS. */
async function endedStatus({ clock, record }: TriggeredJob): Promise<string | null> {
  const deadlineMs = clock.monotonicMs() + END_TIMEOUT_MS;
  while (clock.monotonicMs() < deadlineMs) {
    const now = record();
    if (now === null) return null;
    if (now.terminal !== null) return now.terminal.status;
    if (!isRunnerAlive(now)) return "LOST";
    await sleep(clock, 50);
  }
  return null;
}

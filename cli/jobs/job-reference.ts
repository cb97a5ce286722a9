/**
 * Owns: which job a person means by `<job>`: an id, the unique beginning of one, or a name.
 */
import { StreamError } from "../../base/index.ts";
import type { JobRecord } from "./job-registry.ts";

/**
 * Finds the job. A name means the one running job of that name; ids mean any job, also ended ones.
 * Errors: JOB_NOT_FOUND, also when it is ambiguous; the message lists what it could be.
 */
export function findJob(
  records: readonly JobRecord[],
  reference: string,
  isRunning: (record: JobRecord) => boolean,
): JobRecord {
  const exact = records.find((record) => record.jobId === reference);
  if (exact !== undefined) return exact;
  const running = records.filter((record) => record.name === reference && isRunning(record));
  if (running.length === 1 && running[0] !== undefined) return running[0];
  if (running.length > 1)
    throw notFound(`${running.length} running jobs are called "${reference}"; use an id: ${listIds(running)}`);
  const begun = /^[0-9a-f]+$/.test(reference) ? records.filter((record) => record.jobId.startsWith(reference)) : [];
  if (begun.length === 1 && begun[0] !== undefined) return begun[0];
  if (begun.length > 1)
    throw notFound(`"${reference}" is a prefix of ${begun.length} ids; use more characters: ${listIds(begun)}`);
  const ended = records.find((record) => record.name === reference);
  if (ended !== undefined)
    throw notFound(`no running job is called "${reference}"; the last one of that name was ${ended.jobId}`);
  throw notFound(`there is no job "${reference}"; streamjob list shows the jobs that were started here`);
}

function listIds(records: readonly JobRecord[]): string {
  return records
    .slice(0, 5)
    .map((record) => record.jobId)
    .join(", ");
}

function notFound(message: string): StreamError {
  return new StreamError("JOB_NOT_FOUND", message, { destiny: "terminal" });
}

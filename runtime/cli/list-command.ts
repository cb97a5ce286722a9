/**
 * Owns: `streamjob list`: the jobs of the registry as a table, asking each that may run.
 *
 * LI1 Paths are those of now: a job that runs is asked, and of any other the store is.
 */
import { StreamError } from "../base/index.ts";
import type { HomeFolder } from "./home-folder.ts";
import { isAlive, type JobRecord, readRecords } from "./job-registry.ts";
import { RestClient } from "./rest-client.ts";
import { storedStateOf } from "./stored-state.ts";
import { formatTable } from "./table.ts";
import type { ExitCode, Terminal } from "./terminal.ts";

const ASK_TIMEOUT_MS = 2000;
const HEADINGS = ["JOB ID", "NAME", "STATUS", "STARTED", "RESTARTS", "LAST CHECKPOINT", "LAST SAVEPOINT"];

export async function listCommand(home: HomeFolder, terminal: Terminal): Promise<ExitCode> {
  const records = readRecords(home, (path) =>
    terminal.say(`${path} cannot be read as a job's record; it is left out.`),
  );
  if (records.length === 0) {
    terminal.out("No jobs have been started here.");
    return 0;
  }
  const rows = await Promise.all(records.map(describe));
  for (const line of formatTable([HEADINGS, ...rows])) terminal.out(line);
  return 0;
}

async function describe(record: JobRecord): Promise<string[]> {
  const row = (status: string, restarts: string, checkpoint: string | null, savepoint: string | null): string[] => [
    record.jobId,
    record.name,
    status,
    `${new Date(record.startedMs).toISOString().slice(0, 19)}Z`,
    restarts,
    checkpoint ?? "-",
    savepoint ?? "-",
  ];
  const { terminal } = record;
  if (terminal === null && isAlive(record.runnerPid)) {
    try {
      const client = new RestClient(record.restUrl, record.jobId, ASK_TIMEOUT_MS);
      const [status, restarts, checkpoints] = await Promise.all([
        client.status(),
        client.restarts(),
        client.checkpoints(),
      ]);
      const { completed, savepoint } = checkpoints.latest;
      if (completed !== null && !completed.discarded) {
        return row(status, String(restarts), completed.external_path, savepoint?.external_path ?? record.lastSavepoint);
      }
      const stored = await storedStateOf(record); // a JobManager that has just been started again
      return row(status, String(restarts), stored.checkpoint, stored.savepoint);
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      // Its JobManager is starting again, or stopped.
      const stored = await storedStateOf(record);
      return row("UNREACHABLE", "-", stored.checkpoint, stored.savepoint);
    }
  }
  // LI1
  const { checkpoint, savepoint } = await storedStateOf(record);
  if (terminal !== null) return row(terminal.status, String(terminal.restarts), checkpoint, savepoint);
  return row("NOT RUNNING (runner gone)", "-", checkpoint, savepoint);
}

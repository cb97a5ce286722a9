/**
 * Owns: `streamjob list`: the jobs of the registry as a table, asking each that may run.
 */
import type { HomeFolder } from "./home-folder.ts";
import { isRunnerAlive, type JobRecord, readRecords } from "./job-registry.ts";
import { RestClient } from "./rest-client.ts";
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
  const { terminal, lastCheckpoint, lastSavepoint } = record;
  if (terminal !== null) return row(terminal.status, String(terminal.restarts), lastCheckpoint, lastSavepoint);
  if (!isRunnerAlive(record)) return row("NOT RUNNING (runner gone)", "-", lastCheckpoint, lastSavepoint);
  try {
    const client = new RestClient(record.restUrl, record.jobId, ASK_TIMEOUT_MS);
    const [status, restarts, checkpoints] = await Promise.all([
      client.status(),
      client.restarts(),
      client.checkpoints(),
    ]);
    const { completed, savepoint } = checkpoints.latest;
    return row(
      status,
      String(restarts),
      completed?.external_path ?? lastCheckpoint,
      savepoint?.external_path ?? lastSavepoint,
    );
  } catch {
    return row("UNREACHABLE", "-", lastCheckpoint, lastSavepoint); // its JobManager is starting again, or stopped
  }
}

/**
 * Owns: `streamjob list`: the jobs of the registry as a table, asking each that may run.
 *
 * LI1 Paths are those of now: a job that runs is asked, and of any other the store is.
 */
import { StreamError } from "../../base/index.ts";
import type { JobDetailsMessage } from "../../contract/index.ts";
import type { HomeFolder } from "./home-folder.ts";
import { isRunnerAlive, type JobRecord, readRecords } from "./job-registry.ts";
import { RestClient } from "./rest-client.ts";
import { ageText } from "../manifests/job-facts.ts";
import type { ListFormat } from "../manifests/manifest-command.ts";
import { showAsValue } from "../terminal/report.ts";
import { storedStateOf } from "./stored-state.ts";
import { formatTable, shortened } from "../terminal/table.ts";
import type { ExitCode, Terminal } from "../terminal/terminal.ts";

const ASK_TIMEOUT_MS = 2000;
const ID_LENGTH_MIN = 8;
const NAME_LENGTH_MAX = 24;

const HEADINGS = ["ID", "NAME", "STATUS", "AGE", "RESTARTS", "KEPT"];
const WIDE_HEADINGS = ["JOB ID", "NAME", "STATUS", "STARTED", "RESTARTS", "LAST CHECKPOINT", "LAST SAVEPOINT"];

/** One job, as it is now. */
export type ListedJob = {
  readonly jobId: string;
  readonly name: string;
  readonly status: string;
  /** RFC 3339. */
  readonly startedAt: string;
  /** null: nobody says. */
  readonly restarts: number | null;
  readonly lastCheckpoint: string | null;
  readonly lastSavepoint: string | null;
  /** Tasks that make no progress, each with what it waits for. */
  readonly stuck: readonly string[];
  readonly module: string;
  readonly restUrl: string;
};

export async function listCommand(home: HomeFolder, terminal: Terminal, output: ListFormat): Promise<ExitCode> {
  const records = readRecords(home, (_path, why) => terminal.say(`${why}. It is skipped.`));
  const jobs = await Promise.all(records.map(lookAt));
  if (await showAsValue(terminal, output, () => ({ items: jobs }))) return 0;
  if (jobs.length === 0) {
    terminal.out("No jobs have been started here.");
    return 0;
  }
  const nowMs = terminal.clock.nowMs();
  const ids = jobs.map(({ jobId }) => jobId);
  const rows =
    output === "wide" ? [WIDE_HEADINGS, ...jobs.map(wideRow)] : [HEADINGS, ...jobs.map((job) => row(job, ids, nowMs))];
  for (const line of formatTable(rows)) terminal.out(line);
  for (const { name, stuck } of jobs) for (const task of stuck) terminal.out(`${name}: no progress in ${task}`);
  return 0;
}

/** In 80 columns: the beginning of the id by which other commands find it, and what `run -s` can start from. */
function row(job: ListedJob, ids: readonly string[], nowMs: number): string[] {
  const { jobId, name, status, startedAt, restarts, lastCheckpoint, lastSavepoint } = job;
  const kept =
    lastCheckpoint === null
      ? lastSavepoint === null
        ? "-"
        : "savepoint"
      : lastSavepoint === null
        ? "checkpoint"
        : "both";
  return [
    uniqueBeginning(jobId, ids),
    shortened(name, NAME_LENGTH_MAX),
    status,
    ageText(startedAt, nowMs),
    restarts === null ? "-" : String(restarts),
    kept,
  ];
}

function uniqueBeginning(id: string, ids: readonly string[]): string {
  for (let length = ID_LENGTH_MIN; length < id.length; length++) {
    const beginning = id.slice(0, length);
    if (ids.filter((each) => each.startsWith(beginning)).length === 1) return beginning;
  }
  return id;
}

function wideRow({ jobId, name, status, startedAt, restarts, lastCheckpoint, lastSavepoint }: ListedJob): string[] {
  const started = `${startedAt.slice(0, 19)}Z`;
  const shown = restarts === null ? "-" : String(restarts);
  return [jobId, name, status, started, shown, lastCheckpoint ?? "-", lastSavepoint ?? "-"];
}

/** LI1 */
async function lookAt(record: JobRecord): Promise<ListedJob> {
  const { jobId, name, module, restUrl, terminal } = record;
  const about = { jobId, name, module, restUrl, startedAt: new Date(record.startedMs).toISOString() };
  if (terminal === null && isRunnerAlive(record)) return { ...about, ...(await askOrLookUp(record)) };
  const { checkpoint, savepoint } = await storedStateOf(record);
  return {
    ...about,
    status: terminal?.status ?? "NOT RUNNING",
    restarts: terminal?.restarts ?? null,
    lastCheckpoint: checkpoint,
    lastSavepoint: savepoint,
    stuck: [],
  };
}

type Progress = Pick<ListedJob, "status" | "restarts" | "lastCheckpoint" | "lastSavepoint" | "stuck">;

async function askOrLookUp(record: JobRecord): Promise<Progress> {
  try {
    const client = new RestClient(record.restUrl, record.jobId, ASK_TIMEOUT_MS);
    const [details, restarts, checkpoints] = await Promise.all([
      client.details(),
      client.restarts(),
      client.checkpoints(),
    ]);
    const about = { status: details.state, restarts, stuck: stuckTasks(details) };
    const { completed, savepoint } = checkpoints.latest;
    if (completed !== null && !completed.discarded) {
      const lastSavepoint = savepoint?.external_path ?? record.lastSavepoint;
      return { ...about, lastCheckpoint: completed.external_path, lastSavepoint };
    }
    const stored = await storedStateOf(record); // a JobManager that has just been started again
    return { ...about, lastCheckpoint: stored.checkpoint, lastSavepoint: stored.savepoint };
  } catch (error) {
    if (!(error instanceof StreamError)) throw error;
    // Its JobManager is starting again, or stopped.
    const stored = await storedStateOf(record);
    return {
      status: "UNREACHABLE",
      restarts: null,
      lastCheckpoint: stored.checkpoint,
      lastSavepoint: stored.savepoint,
      stuck: [],
    };
  }
}

function stuckTasks({ vertices }: JobDetailsMessage): readonly string[] {
  return vertices.flatMap(({ name, parallelism, stuck = [] }) =>
    stuck.map((task) => {
      const seconds = Math.round(task["for-ms"] / 1000);
      return `${name} (${task.subtask + 1}/${parallelism}) for ${seconds} s: ${task.on}`;
    }),
  );
}

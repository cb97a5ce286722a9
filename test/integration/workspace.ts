/**
 * Owns: where a process test lives: a folder of its own with its own STREAMJOB_HOME, the jobs it started, and what is said when it
 * fails. Not here: one job (job-run.ts), what went into the output (part-files.ts).
 * Called by: the tests of test/integration and test/chaos.
 *
 * WOR1 A workspace ends only processes that it started, by their pids.
 * WOR2 A failure says what reproduces it: the notes (seed, kill log), each job's story, and where the logs are; the folder is kept.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { JobRun, type RunOptions } from "./job-run.ts";

const STORY_LINES = 40;

export class Workspace {
  /** Absolute; removed after a test that passed. */
  readonly folder: string;
  /** Lines that reproduce a failure, or make sense of one. */
  readonly notes: string[] = [];
  readonly #runs: JobRun[] = [];
  readonly #cleanups: (() => void)[] = [];
  #isClosed = false;

  constructor(name: string) {
    this.folder = mkdtempSync(join(tmpdir(), `streamjob-${name}-`));
  }

  /** An absolute path in the folder. */
  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  /** For jobs that do not end before it is there (heldSource); made when the end of one is waited for. */
  get mayEndFile(): string {
    return this.path("may-end");
  }

  /** A folder in the folder, made. */
  makeFolder(name: string): string {
    const path = this.path(name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  note(line: string): void {
    this.notes.push(line);
  }

  /**
   * Starts a job whose home is in the folder, unless another one is given; resolves when its JobManager serves its ports. Errors: the workspace
   * is closed, since its test has been given up.
   */
  async start(options: RunOptions): Promise<JobRun> {
    if (this.#isClosed) throw new Error("a job is started in a workspace that is closed");
    rmSync(this.mayEndFile, { force: true });
    const run = new JobRun({ home: this.path("home"), mayEndFile: this.mayEndFile, ...options });
    this.#runs.push(run);
    await run.open();
    return run;
  }

  /** Runs when the test is over, whatever came of it; the last one first. */
  onEnd(cleanup: () => void): void {
    this.#cleanups.push(cleanup);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const cleanup of this.#cleanups.toReversed()) cleanup();
    for (const run of this.#runs) await run.kill();
  }

  report(): string {
    const stories = this.#runs.map(
      (run) => `job ${run.jobId}, logs in ${run.logFolder}\n    ${run.story.slice(-STORY_LINES).join("\n    ")}`,
    );
    return [`kept: ${this.folder}`, ...this.notes, ...stories].join("\n  ");
  }
}

/** Runs a test's body in a workspace (WOR1, WOR2). `name`: part of the folder's name. */
export async function inWorkspace(name: string, body: (workspace: Workspace) => Promise<void>): Promise<void> {
  const workspace = new Workspace(name);
  let failure: unknown = null;
  try {
    await body(workspace);
  } catch (error) {
    failure = error ?? new Error("the test threw nothing");
  }
  await workspace.close();
  if (failure === null) {
    rmSync(workspace.folder, { recursive: true, force: true });
    return;
  }
  const message = failure instanceof Error ? failure.message : String(failure);
  throw new Error(`${message}\n  ${workspace.report()}`, { cause: failure });
}

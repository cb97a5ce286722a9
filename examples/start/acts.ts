/**
 * Owns: the order of what happens to the job: two kills, a stop with a savepoint, a resumption at another parallelism.
 *
 * AC1 Each act begins when the rows seen so far say so, not at a time; a job that ends early ends the acts, and says so.
 */
import type { Stage } from "./stage.ts";
import { type Story, thousands } from "./story.ts";

/** When an act begins, as a share of all rows. */
const KILL_TASK_MANAGER_AT = 0.25;
const KILL_JOB_MANAGER_AT = 0.45;
const STOP_AT = 0.65;

/** Runs the job to its end with nothing done to it. */
export async function playCalm(stage: Stage, story: Story): Promise<void> {
  await begin(stage, story);
  await end(stage, story);
}

/** Runs the job to its end, with everything that can happen to it. `rows`: how many there will be. */
export async function playAll(stage: Stage, story: Story, rows: number): Promise<void> {
  await begin(stage, story);
  const acts: readonly [at: number, act: () => Promise<void>][] = [
    [KILL_TASK_MANAGER_AT, () => killTaskManager(stage, story)],
    [KILL_JOB_MANAGER_AT, () => killJobManager(stage, story)],
    [STOP_AT, () => stopAndResume(stage, story)],
  ];
  for (const [at, act] of acts) {
    if (!(await stage.reach(Math.ceil(rows * at)))) {
      story.tell("The text is at its end: too little is left for the rest of the acts.");
      break;
    }
    await act();
  }
  await end(stage, story);
}

async function begin(stage: Stage, story: Story): Promise<void> {
  await stage.start(2, null);
  const { jobManager, taskManagers } = await stage.crew();
  story.tell(`The job is started, at parallelism 2 with a checkpoint every second: JobManager ${jobManager},`);
  story.add(`TaskManagers ${taskManagers.join(" and ")}; each is a process. Its REST is at ${stage.cluster.restUrl}.`);
}

async function killTaskManager(stage: Stage, story: Story): Promise<void> {
  const victim = (await stage.crew()).taskManagers.at(-1) as number;
  story.tell(`kill -9 ${victim}: a TaskManager, with its half of the counts.`);
  const afterMs = await stage.killAndRecover(victim);
  if (afterMs === null) return;
  const { taskManagers } = await stage.crew();
  story.tell(`Words flow again, ${seconds(afterMs)} after the kill${await restoredFrom(stage)}.`);
  story.add(`TaskManagers are now ${taskManagers.join(" and ")}.`);
}

async function killJobManager(stage: Stage, story: Story): Promise<void> {
  const victim = (await stage.crew()).jobManager;
  story.tell(`kill -9 ${victim}: the JobManager, which knows which checkpoint is the last.`);
  const afterMs = await stage.killAndRecover(victim);
  if (afterMs === null) return;
  const { jobManager } = await stage.crew();
  story.tell(`Words flow again, ${seconds(afterMs)} after the kill${await restoredFrom(stage)}.`);
  story.add(`The new JobManager, ${jobManager}, found it in the store of checkpoints alone.`);
}

async function stopAndResume(stage: Stage, story: Story): Promise<void> {
  story.tell("streamjob stop: the job takes a savepoint and ends.");
  const path = await stage.stopWithSavepoint();
  story.tell(`Stopped. Savepoint: ${path}`);
  await stage.start(3, path);
  const { jobManager, taskManagers } = await stage.crew();
  story.tell(`Resumed from it at parallelism 3: JobManager ${jobManager}, TaskManagers ${taskManagers.join(" and ")}.`);
}

async function end(stage: Stage, story: Story): Promise<void> {
  await stage.finish();
  story.tell("The text is at its end, and so is the job.");
}

async function restoredFrom(stage: Stage): Promise<string> {
  const restored = await stage.restored();
  return restored === null ? "" : `, from checkpoint ${restored}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** What stands behind the progress bar. */
export function progressWords(rows: number, all: number): string {
  return `${thousands(rows)} of ${thousands(all)} words counted`;
}

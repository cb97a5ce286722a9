/**
 * Owns: the order of what happens to the job: two kills, an upgrade by editing its manifest, a bad version that is rolled back.
 *
 * ACT1 Each act begins when the rows seen so far say so, not at a time; a job that ends early ends the acts, and says so.
 */
import { ActFailure, type Stage } from "./stage.ts";
import { type Story, thousands } from "./story.ts";

/** When an act begins, as a share of all rows: early, for the old version reads on while a new one starts, however long that takes. */
const KILL_TASK_MANAGER_AT = 0.08;
const KILL_JOB_MANAGER_AT = 0.16;
const UPGRADE_AT = 0.24;
const BREAK_AT = 0.4;

const TASK_MANAGERS_AFTER = 3;

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
    [UPGRADE_AT, () => upgrade(stage, story)],
    [BREAK_AT, () => breakAndRollBack(stage, story)],
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
  story.tell(`Applied: ${stage.manifest.path}`);
  await stage.start();
  const { jobManager, taskManagers } = await stage.crew();
  story.tell(`The operator runs it at parallelism 2 with a checkpoint every second: JobManager ${jobManager},`);
  story.add(`TaskManagers ${taskManagers.join(" and ")}; each is a process.`);
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

async function upgrade(stage: Stage, story: Story): Promise<void> {
  stage.manifest.edit("spec.parallelism", TASK_MANAGERS_AFTER);
  stage.manifest.edit("spec.taskManager.replicas", TASK_MANAGERS_AFTER);
  story.tell(
    `The manifest is edited: parallelism ${TASK_MANAGERS_AFTER}, on ${TASK_MANAGERS_AFTER} TaskManagers. Applied.`,
  );
  await stage.apply();
  const status = await stage.settled();
  if (status === null) return;
  const { jobManager, taskManagers } = await stage.crew(TASK_MANAGERS_AFTER);
  story.tell(`Upgraded, from savepoint ${status.lastSavepoint?.path}`);
  story.add(`JobManager ${jobManager}, TaskManagers ${taskManagers.join(", ")}.`);
}

async function breakAndRollBack(stage: Stage, story: Story): Promise<void> {
  if (!(await stage.stable())) return;
  stage.breakIt();
  story.tell("The manifest is edited again: a version of the job that throws at its first line. Applied.");
  await stage.apply();
  const status = await stage.settled();
  if (status === null) return;
  if (status.failed === undefined || status.active?.revision === status.failed.revision) {
    throw new ActFailure(`The bad version was not rolled back: ${JSON.stringify(status.conditions)}`);
  }
  story.tell(`Rolled back to generation ${status.active?.generation}, with the state that there was:`);
  story.add(status.failed.reason);
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

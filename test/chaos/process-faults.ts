/**
 * Owns: what is done to the processes of a running job: the rows of the fault matrix that need nothing else.
 * Called by: the suites that run by seeds (exactly-once, sql), which know when.
 */
import { type Random, sleep, systemClock } from "../../base/index.ts";
import type { JobRun } from "../integration/job-run.ts";

export type ProcessPlace = { readonly run: JobRun; readonly random: Random };

type ProcessFault = (place: ProcessPlace) => Promise<void>;

/** A process that stands still for less is not taken for dead. */
export const HEARTBEAT_MS = 2500;

/** Whoever was stopped goes on when the function resolves. */
export const processFaults = {
  "1 a TaskManager is killed": async ({ run, random }) => {
    const { taskManagers } = run.cluster.pids();
    signal(taskManagers[Math.floor(random.next() * taskManagers.length)], "SIGKILL");
  },
  "1 all TaskManagers are killed": async ({ run }) => {
    for (const pid of run.cluster.pids().taskManagers) signal(pid, "SIGKILL");
  },
  "2 the JobManager is killed": async ({ run }) => signal(run.cluster.pids().jobManager, "SIGKILL"),
  "4 the JobManager stands still": async ({ run, random }) => {
    await standStill([run.cluster.pids().jobManager], HEARTBEAT_MS * (0.2 + random.next()));
  },
  "5 a TaskManager stands still until another has taken over, and goes on": async ({ run, random }) => {
    const { taskManagers } = run.cluster.pids();
    await standStill([taskManagers[Math.floor(random.next() * taskManagers.length)]], HEARTBEAT_MS * 2);
  },
} satisfies Record<string, ProcessFault>;

export type ProcessFaultName = keyof typeof processFaults;

/** No pid, or none any more: it is down already. */
export function signal(pid: number | null | undefined, name: NodeJS.Signals): void {
  if (typeof pid !== "number") return;
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function standStill(pids: readonly (number | null | undefined)[], ms: number): Promise<void> {
  for (const pid of pids) signal(pid, "SIGSTOP");
  await sleep(systemClock, ms);
  for (const pid of pids) signal(pid, "SIGCONT");
}

/**
 * Owns: processes that stand still at a failpoint (SIGSTOP): finding them, and letting them go on.
 * Called by: the suites that run by seeds (exactly-once, sql).
 *
 * XOH1 One at a time stands still. If a second TaskManager comes to the failpoint, it goes on at once: else nobody could take over.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type Random, sleep, systemClock } from "../../base/index.ts";
import { answered, type JobRun } from "../integration/job-run.ts";
import { HEARTBEAT_MS, signal } from "./process-faults.ts";

const run = promisify(execFile);
/** If so many checkpoints are complete and nobody stands still, the failpoint was the spare TaskManager's alone. */
const CHECKPOINTS_MAX = 8;

/** Waits until a process of the job stands still; null: none did. */
export async function someoneHeld(job: JobRun): Promise<number | null> {
  let held: number | null = null;
  await job.until("somebody to stand still at the failpoint", async () => {
    held = (await stoppedPids(job))[0] ?? null;
    if (held !== null || job.outcome !== null) return true;
    const completed = await answered(job.client.checkpoints());
    return (completed?.counts.completed ?? 0) >= CHECKPOINTS_MAX;
  });
  return held;
}

/** Lets it stand still until the job has come back without it; a JobManager, which nobody replaces here, for a moment. */
export async function holdUntilTakenOver(job: JobRun, held: number, random: Random): Promise<void> {
  const sinceMs = systemClock.nowMs();
  if (held === job.cluster.pids().jobManager) await sleep(systemClock, HEARTBEAT_MS * (0.2 + random.next()));
  else {
    await job.until("another to take over while a TaskManager stands still", async () => {
      for (const pid of await stoppedPids(job)) if (pid !== held) signal(pid, "SIGCONT"); // XOH1
      if (job.outcome !== null) return true;
      const newest = await job.newest();
      return newest !== null && newest.triggeredMs > sinceMs && (await job.status()) === "RUNNING";
    });
  }
  signal(held, "SIGCONT");
}

/** Whoever stands still goes on. */
export async function letGo(job: JobRun): Promise<void> {
  for (const pid of await stoppedPids(job)) signal(pid, "SIGCONT");
}

async function stoppedPids(job: JobRun): Promise<number[]> {
  const { jobManager, taskManagers } = job.cluster.pids();
  const pids = [jobManager, ...taskManagers].filter((pid) => pid !== null);
  if (pids.length === 0) return [];
  // Without those that have just ended; with none of them left it exits with 1.
  const { stdout } = await run("ps", ["-o", "pid=,stat=", "-p", pids.join(",")]).catch(
    (error: { readonly code?: unknown; readonly stdout?: string }) => {
      if (error.code === 1) return { stdout: error.stdout ?? "" };
      throw error;
    },
  );
  return stdout
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, state = ""]) => state.startsWith("T"))
    .map(([pid]) => Number(pid));
}

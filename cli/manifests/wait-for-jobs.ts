/**
 * Owns: waiting for StreamJobs on behalf of a command, with the story on stderr meanwhile.
 * Called by: every command with --wait.
 */
import type { ObjectKey } from "../../operator/kubernetes/api/index.ts";
import { formatDuration, StreamError } from "../../base/index.ts";
import type { ExitCode, Terminal } from "../terminal/terminal.ts";
import type { CommandContext } from "./command-context.ts";
import { JobFollower } from "./job-follower.ts";
import type { Goal, Outcome } from "./job-goals.ts";

export type Awaited = { readonly key: ObjectKey; readonly goal: Goal };

const PLANE_LOOK_MS = 1000;

/** 0: all came as wanted; 1: one cannot, or not in time. Says which and why. Errors: CONTROL_PLANE_UNAVAILABLE when it ends meanwhile. */
export async function waitForJobs(
  { api, terminal, isAlive }: CommandContext,
  jobs: readonly Awaited[],
  timeoutMs: number,
): Promise<ExitCode> {
  const names = new Set(jobs.map(({ key }) => `${key.namespace}/${key.name}`));
  const namespaces = new Set(jobs.map(({ key }) => key.namespace));
  const [only = null] = namespaces.size === 1 ? namespaces : [];
  const follower = new JobFollower({
    api,
    terminal,
    namespace: only,
    isFollowed: ({ namespace, name }) => names.has(`${namespace}/${name}`),
  });
  let isOver = false;
  try {
    await follower.start();
    const judge = (): readonly (Outcome | null)[] => jobs.map(({ key, goal }) => goal(follower.get(key)));
    const lookLater = (): void => {
      if (isOver) return;
      follower.nudge();
      terminal.clock.after(PLANE_LOOK_MS, lookLater);
    };
    lookLater();
    const waited = await follower.until(() => {
      const outcomes = judge();
      return outcomes.every((outcome) => outcome !== null) || !isAlive() ? outcomes : null;
    }, timeoutMs);
    if (waited.kind === "came" && waited.value.includes(null)) throw planeEnded();
    const outcomes = waited.kind === "came" ? waited.value : judge();
    return report(terminal, jobs, outcomes, timeoutMs);
  } finally {
    isOver = true;
    await follower.stop();
  }
}

function planeEnded(): StreamError {
  const message =
    "the control plane stopped while this command waited: `streamjob run <manifest>` starts one, and the jobs continue";
  return new StreamError("CONTROL_PLANE_UNAVAILABLE", message, { destiny: "retry" });
}

function report(
  { out, say, colors }: Terminal,
  jobs: readonly Awaited[],
  outcomes: readonly (Outcome | null)[],
  timeoutMs: number,
): ExitCode {
  let exitCode: ExitCode = 0;
  for (const [index, { key }] of jobs.entries()) {
    const outcome = outcomes[index] ?? null;
    if (outcome?.kind === "reached") {
      out(`${key.name}: ${outcome.message}`);
      continue;
    }
    exitCode = 1;
    const why =
      outcome === null
        ? `not after ${formatDuration(timeoutMs)}; it continues without this command: \`streamjob describe ${key.name}\` shows its progress`
        : outcome.message;
    say(colors.red(`${key.name}: ${why}`));
  }
  return exitCode;
}

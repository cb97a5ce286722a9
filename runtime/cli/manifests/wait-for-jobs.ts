/**
 * Owns: waiting for StreamJobs on behalf of a command, with the story on stderr meanwhile.
 * Called by: every command with --wait.
 */
import { formatDuration } from "../../../crds/index.ts";
import type { KubernetesApi, ObjectKey } from "../../../operator/kubernetes/index.ts";
import type { ExitCode, Terminal } from "../terminal.ts";
import { JobFollower } from "./job-follower.ts";
import type { Goal, Outcome } from "./job-goals.ts";

export type Awaited = { readonly key: ObjectKey; readonly goal: Goal };

/** 0: all came as wanted; 1: one cannot, or not in time. Says which and why. */
export async function waitForJobs(
  api: KubernetesApi,
  terminal: Terminal,
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
  try {
    await follower.start();
    const judge = (): readonly (Outcome | null)[] => jobs.map(({ key, goal }) => goal(follower.get(key)));
    const waited = await follower.until(() => {
      const outcomes = judge();
      return outcomes.every((outcome) => outcome !== null) ? outcomes : null;
    }, timeoutMs);
    const outcomes = waited.kind === "came" ? waited.value : judge();
    return report(terminal, jobs, outcomes, timeoutMs);
  } finally {
    await follower.stop();
  }
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
        ? `not after ${formatDuration(timeoutMs)}; it goes on without this command: \`streamjob describe ${key.name}\` shows where it is`
        : outcome.message;
    say(colors.red(`${key.name}: ${why}`));
  }
  return exitCode;
}

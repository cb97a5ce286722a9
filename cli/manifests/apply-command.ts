/**
 * Owns: `streamjob apply`: manifests to the control plane, and the wait for their jobs.
 */
import { StreamError } from "../../base/index.ts";
import type { ExitCode, Terminal } from "../terminal/terminal.ts";
import { appliedLine, applyObjects, type AppliedObject } from "./apply-objects.ts";
import type { CommandContext } from "./command-context.ts";
import { readyAt } from "./job-goals.ts";
import type { JobCommand } from "./manifest-command.ts";
import { readManifestSet, type ManifestSet } from "./manifest-set.ts";
import { withCheckedScripts } from "./manifest-scripts.ts";
import { readSources, readStdin, STDIN } from "./manifest-sources.ts";
import { type ManifestProblem, problemLine } from "./manifest-text.ts";
import { type Awaited, waitForJobs } from "./wait-for-jobs.ts";

/** Errors: MANIFEST_INVALID, with nothing sent. */
export async function applyCommand(
  context: CommandContext,
  { sources, namespace, waitMs }: JobCommand<"apply">,
): Promise<ExitCode> {
  const { api, terminal, isLocal } = context;
  const set = await readNamed(terminal, sources, namespace, isLocal);
  const { applied, problems } = await applyObjects(api, set.objects, terminal);
  for (const each of applied) terminal.out(appliedLine(each));
  refuseProblems(problems, applied.length > 0);
  if (waitMs === null) return 0;
  const jobs = applied.flatMap(awaitedJob);
  return jobs.length === 0 ? 0 : waitForJobs(context, jobs, waitMs);
}

/** The manifests that were named, whole; `isLocal` as in readManifestSet. Errors: MANIFEST_INVALID. */
export async function readNamed(
  terminal: Terminal,
  sources: readonly string[],
  namespace: string,
  isLocal: boolean,
): Promise<ManifestSet> {
  const stdin = sources.includes(STDIN) ? await readStdin() : Buffer.alloc(0);
  const set = await withCheckedScripts(readManifestSet(readSources(sources, stdin), namespace, isLocal));
  for (const file of set.leftOut) terminal.say(`${file} skipped: it contains no Kubernetes object.`);
  refuseProblems(set.problems, false);
  for (const warning of set.warnings) terminal.say(terminal.colors.yellow(problemLine(warning)));
  return set;
}

/** Errors: MANIFEST_INVALID, when there are any. */
export function refuseProblems(problems: readonly ManifestProblem[], isPartlyDone: boolean): void {
  if (problems.length === 0) return;
  const what = problems.length === 1 ? "there is a mistake" : `there are ${problems.length} mistakes`;
  const done = isPartlyDone ? "the rest was not applied" : "nothing was applied";
  const lines = problems.map((problem) => `\n  ${problemLine(problem)}`).join("");
  throw new StreamError("MANIFEST_INVALID", `${what} in the manifests, ${done}:${lines}`, { destiny: "terminal" });
}

function awaitedJob({ manifest, object }: AppliedObject): Awaited[] {
  if (manifest.kind !== "StreamJob") return [];
  const { namespace, name } = manifest;
  return [{ key: { namespace, name }, goal: readyAt(object.metadata.generation ?? 0) }];
}

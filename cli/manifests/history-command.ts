/**
 * Owns: `streamjob history`: what happened to a StreamJob, and which revisions of its spec are kept.
 */
import { revisionHash, statusOf } from "../../operator/reconcile/index.ts";
import { revisionName } from "../../operator/engine/index.ts";
import { showAsValue } from "../terminal/report.ts";
import { formatTable } from "../terminal/table.ts";
import type { ExitCode } from "../terminal/terminal.ts";
import { type CommandContext, namespaceFlag } from "./command-context.ts";
import { revisionsOf } from "./job-facts.ts";
import type { JobCommand } from "./manifest-command.ts";
import { getNamed } from "./named-objects.ts";

/** Errors: OBJECT_NOT_FOUND, STATUS_UNREADABLE. */
export async function historyCommand(
  { api, terminal }: CommandContext,
  command: JobCommand<"history">,
): Promise<ExitCode> {
  const { out } = terminal;
  const columns = command.output === "wide" ? null : terminal.columns;
  const job = await getNamed(api, "StreamJob", command.job, command.namespace);
  const { name, namespace } = job.metadata;
  const status = statusOf(job);
  const revisions = await revisionsOf(api, job);
  const { active, stable, failed } = status;
  const specRevision = revisionName(name, revisionHash(job.spec));
  const marksOf = (revision: string): string[] => [
    ...(revision === active?.revision ? [active.ended === null ? "runs" : "ran last"] : []),
    ...(revision === stable?.revision ? ["stable"] : []),
    ...(revision === failed?.revision ? [`failed: ${failed.reason}`] : []),
    ...(revision === specRevision ? ["current spec"] : []),
  ];
  const isShown = await showAsValue(terminal, command.output, () => ({
    history: status.history,
    revisions: revisions.toReversed().map((revision) => ({
      number: revision.number,
      name: revision.name,
      generation: revision.generation,
      is: marksOf(revision.name),
    })),
  }));
  if (isShown) return 0;
  if (status.history.length === 0) out(`Nothing has happened to ${name} yet.`);
  else {
    const rows = status.history.map(({ at, what, generation, incarnation, revision, why }) => [
      `${at.slice(0, 19)}Z`,
      what,
      String(generation),
      incarnation === null ? "-" : String(incarnation),
      revision,
      why,
    ]);
    for (const line of formatTable([["AT", "WHAT", "GENERATION", "INCARNATION", "REVISION", "WHY"], ...rows], columns))
      out(line);
  }
  if (revisions.length === 0) return 0;
  const rows = revisions
    .toReversed()
    .map(({ number, name, generation }) => [String(number), name, String(generation), marksOf(name).join(", ")]);
  out("");
  for (const line of formatTable([["REVISION", "NAME", "GENERATION", "IS"], ...rows], columns)) out(line);
  terminal.say(`To roll back: streamjob rollback ${name}${namespaceFlag(namespace)} --to <revision>`);
  return 0;
}

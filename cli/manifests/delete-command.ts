/**
 * Owns: `streamjob delete`: a StreamJob or a snapshot, and what stays behind in words.
 */
import { snapshotWithDefaults, withDefaults, validateStreamJob } from "../../crds/index.ts";
import { sleep } from "../../base/index.ts";
import type { ExitCode } from "../terminal/terminal.ts";
import type { CommandContext } from "./command-context.ts";
import { snapshotStays } from "./in-the-way.ts";
import { isGone } from "./job-goals.ts";
import type { JobCommand } from "./manifest-command.ts";
import { getNamed, listAll } from "./named-objects.ts";
import { waitForJobs } from "./wait-for-jobs.ts";

const POLL_MS = 200;

/** Errors: OBJECT_NOT_FOUND. */
export async function deleteCommand(context: CommandContext, command: JobCommand<"delete">): Promise<ExitCode> {
  return command.what === "jobs" ? deleteJob(context, command) : deleteSnapshot(context, command);
}

async function deleteJob(context: CommandContext, command: JobCommand<"delete">): Promise<ExitCode> {
  const { api, terminal } = context;
  const job = await getNamed(api, "StreamJob", command.name, command.namespace);
  const { namespace, name, uid } = job.metadata;
  await api.delete("StreamJob", { namespace, name }, uid === undefined ? {} : { uid });
  const { deletion } = validateStreamJob(job).kind === "valid" ? withDefaults(job.spec) : { deletion: null };
  const how = deletion?.savepoint === true ? ", after a last savepoint" : "";
  const rest =
    deletion === null || deletion.keepState
      ? "; its checkpoints and savepoints stay"
      : "; its checkpoints go too, its savepoints stay";
  terminal.out(`${name} is to be deleted${how}${rest}`);
  if (command.waitMs === null) return 0;
  return waitForJobs(context, [{ key: { namespace, name }, goal: isGone(uid) }], command.waitMs);
}

async function deleteSnapshot({ api, terminal }: CommandContext, command: JobCommand<"delete">): Promise<ExitCode> {
  const { clock, out, say, colors } = terminal;
  const snapshot = await getNamed(api, "StreamJobSnapshot", command.name, command.namespace);
  const { namespace, name, uid } = snapshot.metadata;
  await api.delete("StreamJobSnapshot", { namespace, name }, uid === undefined ? {} : { uid });
  const { disposeOnDelete } = snapshotWithDefaults(snapshot.spec);
  const files = disposeOnDelete ? ", with its savepoint's files" : "; its savepoint's files stay";
  const why = snapshotStays(snapshot, await listAll(api, "StreamJob", { namespace }));
  out(why === null ? `snapshot ${name} is deleted${files}` : `snapshot ${name} stays for now: ${why}`);
  if (why !== null) say(`It is to be deleted${files}, as soon as nothing is in the way any more.`);
  if (command.waitMs === null) return 0;
  const deadlineMs = clock.monotonicMs() + command.waitMs;
  while ((await api.get("StreamJobSnapshot", { namespace, name }))?.metadata.uid === uid) {
    if (clock.monotonicMs() > deadlineMs) {
      say(
        colors.red(
          `snapshot ${name} is still being deleted: ${why ?? "its files have not gone yet, and its StreamJob's JobManager deletes them"}`,
        ),
      );
      return 1;
    }
    await sleep(clock, POLL_MS);
  }
  return 0;
}

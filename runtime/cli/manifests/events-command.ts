/**
 * Owns: `streamjob events`: what the control plane told, oldest first; with --watch what it tells from now on.
 */
import { WatchCache } from "../../../operator/kubernetes/index.ts";
import { silentLog } from "../../base/index.ts";
import { formatTable } from "../table.ts";
import type { ExitCode } from "../terminal.ts";
import type { CommandContext } from "./command-context.ts";
import { EVENT_HEADINGS, eventRow, eventsOf, isAbout, lastSeen } from "./event-list.ts";
import { untilInterrupted } from "./interruption.ts";
import type { JobCommand } from "./manifest-command.ts";
import { getNamed } from "./named-objects.ts";

/** Errors: OBJECT_NOT_FOUND for a job that is not there and about which nothing was told. */
export async function eventsCommand(
  context: CommandContext,
  { job, namespace, watch }: JobCommand<"events">,
): Promise<ExitCode> {
  const { api, terminal } = context;
  const { out, say, clock, random } = terminal;
  const events = await eventsOf(api, job, namespace);
  if (events.length === 0) {
    if (job !== null) await getNamed(api, "StreamJob", job, namespace);
    say(`No events${job === null ? ` in namespace ${namespace}` : ` about ${job}`}; they are kept for an hour.`);
  } else {
    const nowMs = clock.nowMs();
    for (const line of formatTable([EVENT_HEADINGS, ...events.map((event) => eventRow(event, nowMs))])) out(line);
  }
  if (!watch) return 0;
  const known = new Map(events.map((event) => [event.metadata.uid, lastSeen(event)]));
  const cache = new WatchCache(api, "Event", { clock, random, log: silentLog, namespace });
  cache.subscribe(({ kind, object }) => {
    if (kind === "deleted" || !isAbout(object, job) || known.get(object.metadata.uid) === lastSeen(object)) return;
    known.set(object.metadata.uid, lastSeen(object));
    const [, type = "", reason = "", about = "", note = ""] = eventRow(object, clock.nowMs());
    out(`${lastSeen(object).slice(11, 19)}  ${type.padEnd(7)}  ${reason}  ${about}  ${note}`);
  });
  cache.start();
  try {
    await untilInterrupted(context);
  } finally {
    await cache.stop();
  }
  return 0;
}

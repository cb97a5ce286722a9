/**
 * Owns: `streamjob events`: what the control plane told, oldest first; with --watch what it tells from now on.
 */
import { stringify } from "yaml";
import { type Event } from "../../operator/kubernetes/api/index.ts";
import { WatchCache } from "../../operator/kubernetes/machinery/index.ts";
import { silentLog } from "../../base/index.ts";
import { showAsValue } from "../terminal/report.ts";
import { formatTable } from "../terminal/table.ts";
import type { ExitCode } from "../terminal/terminal.ts";
import type { CommandContext } from "./command-context.ts";
import {
  EVENT_HEADINGS,
  eventRow,
  eventsOf,
  isAbout,
  lastSeen,
  WIDE_EVENT_HEADINGS,
  wideEventRow,
} from "./event-list.ts";
import { untilInterrupted } from "./interruption.ts";
import type { JobCommand } from "./manifest-command.ts";
import { getNamed, readable } from "./named-objects.ts";

/** Errors: OBJECT_NOT_FOUND for a job that is not there and about which nothing was told. */
export async function eventsCommand(context: CommandContext, command: JobCommand<"events">): Promise<ExitCode> {
  const { job, namespace, watch, output } = command;
  const { api, terminal } = context;
  const { out, clock, random } = terminal;
  const events = await eventsOf(api, job, namespace);
  if (events.length === 0 && job !== null) await getNamed(api, "StreamJob", job, namespace);
  const list = (): object => ({ apiVersion: "v1", kind: "List", items: events.map(readable) });
  if (!(await showAsValue(terminal, output, list))) showTable(context, events, command);
  if (!watch) return 0;
  const known = new Map(events.map((event) => [event.metadata.uid, lastSeen(event)]));
  const cache = new WatchCache(api, "Event", { clock, random, log: silentLog, namespace });
  cache.subscribe(({ kind, object }) => {
    if (kind === "deleted" || !isAbout(object, job) || known.get(object.metadata.uid) === lastSeen(object)) return;
    known.set(object.metadata.uid, lastSeen(object));
    if (output === "json") return out(JSON.stringify(readable(object)));
    if (output === "yaml") return out(`---\n${stringify(readable(object), { lineWidth: 0 }).trimEnd()}`);
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

function showTable({ terminal }: CommandContext, events: readonly Event[], command: JobCommand<"events">): void {
  const { out, say, clock, columns } = terminal;
  const { job, namespace, output } = command;
  if (events.length === 0) {
    return say(`No events${job === null ? ` in namespace ${namespace}` : ` about ${job}`}; they are kept for an hour.`);
  }
  if (output === "wide") {
    for (const line of formatTable([WIDE_EVENT_HEADINGS, ...events.map(wideEventRow)])) out(line);
    return;
  }
  const nowMs = clock.nowMs();
  const rows = [EVENT_HEADINGS, ...events.map((event) => eventRow(event, nowMs))];
  for (const line of formatTable(rows, columns)) out(line);
}

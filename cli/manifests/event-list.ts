/**
 * Owns: Events about StreamJobs: which belong to a job, in which order, as rows.
 */
import { type Event, type KubernetesApi } from "../../operator/kubernetes/api/index.ts";
import { ageText } from "./job-facts.ts";
import { listAll } from "./named-objects.ts";

/** When it was last seen, RFC 3339. */
export const lastSeen = (event: Event): string => event.series?.lastObservedTime ?? event.eventTime;

/** Whether it is about the StreamJob of that name, or about something that was made for it; null: about any. */
export function isAbout({ regarding }: Event, job: string | null): boolean {
  if (job === null) return true;
  return regarding.name === job || (regarding.kind !== "StreamJob" && regarding.name.startsWith(`${job}-`));
}

/** The newest last. */
export async function eventsOf(api: KubernetesApi, job: string | null, namespace: string): Promise<readonly Event[]> {
  const events = await listAll(api, "Event", { namespace });
  return events
    .filter((event) => isAbout(event, job))
    .toSorted((a, b) => Date.parse(lastSeen(a)) - Date.parse(lastSeen(b)));
}

export const EVENT_HEADINGS = ["LAST SEEN", "TYPE", "REASON", "OBJECT", "NOTE"];

export function eventRow(event: Event, nowMs: number): string[] {
  const { type, reason, note, regarding, series } = event;
  const times = series === undefined ? "" : ` (${series.count} times)`;
  const object = `${regarding.kind.toLowerCase()}/${regarding.name}`;
  return [ageText(lastSeen(event), nowMs), type, reason, object, `${note}${times}`.replace(/\s*\n\s*/g, " ")];
}

export const WIDE_EVENT_HEADINGS = ["FIRST SEEN", "LAST SEEN", "TIMES", "TYPE", "REASON", "FROM", "OBJECT", "NOTE"];

export function wideEventRow(event: Event): string[] {
  const { type, reason, note, regarding, series, eventTime, reportingController, reportingInstance } = event;
  return [
    `${eventTime.slice(0, 19)}Z`,
    `${lastSeen(event).slice(0, 19)}Z`,
    String(series?.count ?? 1),
    type,
    reason,
    `${reportingController}, ${reportingInstance}`,
    `${regarding.kind.toLowerCase()}/${regarding.name}`,
    note.replace(/\s*\n\s*/g, " "),
  ];
}

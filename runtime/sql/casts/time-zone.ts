/**
 * Owns: the clock of a time zone: from instants to the date and time that it shows there, and back.
 *
 * SQXZ1 A time that is there twice is the earlier instant; one that is left out is as much later as the clock is put forward (Java's ZoneId).
 */
import { StreamError } from "../../../base/index.ts";

export type TimeZone = {
  /** Both in milliseconds: of the calendar there, counted as if it were UTC. */
  readonly localOf: (instant: number) => number;
  readonly instantOf: (local: number) => number;
};

const DAY_MS = 86_400_000;
/** Zones change at such times only. */
const STEP_MS = 900_000;
const OFFSETS_MAX = 4096;

const UTC: TimeZone = { localOf: (instant) => instant, instantOf: (local) => local };
const zones = new Map<string, TimeZone>();

/** `name`: of the IANA database. Errors: OPTION_INVALID. */
export function timeZoneOf(name: string): TimeZone {
  let zone = zones.get(name);
  if (zone === undefined) {
    zone = /^(?:UTC|GMT|Z|Etc\/UTC)$/i.test(name) ? UTC : zoneOf(name);
    zones.set(name, zone);
  }
  return zone;
}

function zoneOf(name: string): TimeZone {
  const format = formatOf(name);
  const offsets = new Map<number, number>();
  const offsetAt = (instant: number): number => {
    const step = Math.floor(instant / STEP_MS);
    let offset = offsets.get(step);
    if (offset === undefined) {
      if (offsets.size >= OFFSETS_MAX) offsets.clear();
      offset = shownAt(format, step * STEP_MS) - step * STEP_MS;
      offsets.set(step, offset);
    }
    return offset;
  };
  return {
    localOf: (instant) => instant + offsetAt(instant),
    instantOf: (local) => {
      const before = offsetAt(local - DAY_MS);
      if (offsetAt(local - before) === before) return local - before;
      const after = offsetAt(local + DAY_MS);
      return offsetAt(local - after) === after ? local - after : local - before;
    },
  };
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const numeric = "numeric";
  try {
    return new Intl.DateTimeFormat("en-US-u-ca-iso8601", {
      timeZone,
      hourCycle: "h23",
      era: "short",
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
      second: numeric,
    });
  } catch (cause) {
    throw new StreamError(
      "OPTION_INVALID",
      `there is no time zone "${timeZone}": use a name of the IANA database, as in Europe/Berlin, or UTC`,
      { destiny: "terminal", cause },
    );
  }
}

/** What the clock shows, in milliseconds as if it were UTC. */
function shownAt(format: Intl.DateTimeFormat, instant: number): number {
  const parts = new Map(format.formatToParts(instant).map(({ type, value }) => [type, value]));
  const of = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type));
  const year = /^b/i.test(parts.get("era") ?? "") ? 1 - of("year") : of("year");
  return daysOf(year, of("month"), of("day")) * DAY_MS + ((of("hour") * 60 + of("minute")) * 60 + of("second")) * 1000;
}

/** Days since 1970-01-01 of a date of the Gregorian calendar. */
export function daysOf(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const ofEra = shifted - era * 400;
  const ofYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146_097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - 719_468;
}

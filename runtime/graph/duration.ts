/**
 * Owns: durations as people write them: `500 ms`, `1s`, `10 min`, `1h`, `2 d`; a plain number is milliseconds.
 */

const UNIT_MS: Readonly<Record<string, number>> = {
  "": 1,
  ...Object.fromEntries(["ms", "milli", "millis", "millisecond", "milliseconds"].map((unit) => [unit, 1])),
  ...Object.fromEntries(["s", "sec", "secs", "second", "seconds"].map((unit) => [unit, 1000])),
  ...Object.fromEntries(["m", "min", "minute", "minutes"].map((unit) => [unit, 60_000])),
  ...Object.fromEntries(["h", "hour", "hours"].map((unit) => [unit, 3_600_000])),
  ...Object.fromEntries(["d", "day", "days"].map((unit) => [unit, 86_400_000])),
};

/** What to tell someone whose duration was not understood. */
export const DURATION_FORMS = 'a duration such as "500 ms", "1s", "10 min", "1 h", or a number of milliseconds';

/** Whole milliseconds, or undefined when the text is no duration; a fraction is allowed where it makes whole milliseconds. */
export function parseDurationMs(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text);
  const unit = UNIT_MS[match?.[2]?.toLowerCase() ?? "?"];
  if (match === null || unit === undefined) return undefined;
  const milliseconds = Math.round(Number(match[1]) * unit * 1e6) / 1e6;
  return Number.isSafeInteger(milliseconds) ? milliseconds : undefined;
}

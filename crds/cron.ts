/**
 * Owns: schedules as manifests write them: five fields of cron, in UTC.
 * Does not own: when one is due (operator/reconcile/snapshots/schedule.ts). Called by: the schema of `savepoints.schedule`, that file.
 *
 *   field = part ("," part)*        part = "*" | "*" "/" step | value | value "-" value ("/" step)?
 *
 * Values: minute 0-59, hour 0-23, day 1-31, month 1-12 or JAN-DEC, weekday 0-7 or SUN-SAT (0 and 7 are Sunday). A range may go round:
 * `22-4` is 22 to 23 and 0 to 4, `FRI-MON` four days. Steps are at least 1. Also: a day `L` (the last) and `15W` (the nearest working
 * day), a weekday `5L` (the last Friday of the month), and for all days `LW` (the last working day).
 *
 * CF1 What the pattern accepts the parser accepts, every value within its bounds: a schedule is wrong when it is written, or never.
 */

type Field = {
  readonly name: string;
  /** Of one value. */
  readonly value: string;
  readonly step: string;
  /** Other parts. */
  readonly others: string;
  /** Another whole field. */
  readonly alone?: string;
  readonly min: number;
  /** The last before it begins again. */
  readonly max: number;
  readonly names: readonly string[];
};

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"] as const;
const DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"] as const;

/** Upper or lower case, letter by letter: a pattern of an API server has no flag for that. */
const anyCase = (names: readonly string[]): string =>
  names.map((name) => name.replace(/[A-Z]/g, (letter) => `[${letter}${letter.toLowerCase()}]`)).join("|");

const DAY = "0?[1-9]|[12][0-9]|3[01]";
const WEEKDAY = `0?[0-7]|${anyCase(DAYS)}`;

const fields: readonly Field[] = [
  { name: "minute", value: "[0-5]?[0-9]", step: "0?[1-9]|[1-5][0-9]", others: "", min: 0, max: 59, names: [] },
  { name: "hour", value: "[01]?[0-9]|2[0-3]", step: "0?[1-9]|1[0-9]|2[0-3]", others: "", min: 0, max: 23, names: [] },
  { name: "day", value: DAY, step: DAY, others: `|L|(${DAY})W`, alone: "LW", min: 1, max: 31, names: [] },
  {
    name: "month",
    value: `0?[1-9]|1[0-2]|${anyCase(MONTHS)}`,
    step: "0?[1-9]|1[0-2]",
    others: "",
    min: 1,
    max: 12,
    names: MONTHS,
  },
  { name: "weekday", value: WEEKDAY, step: "0?[1-7]", others: `|(${WEEKDAY})L`, min: 0, max: 6, names: DAYS },
];

/** For JavaScript and RE2, anchored. */
export const CRON_PATTERN = `^${fields.map(fieldPattern).join(" ")}$`;

/** What the schedule has to be, in words. */
export const CRON_ADVICE =
  'must be five cron fields separated by single spaces, such as "0 3 * * *": ' +
  "minute 0-59, hour 0-23, day 1-31, month 1-12, weekday 0-7; each *, a value, a range such as 1-5, a step such as */15, or a list of them";

function fieldPattern({ value, step, others, alone }: Field): string {
  const part = `([*](/(${step}))?|(${value})(-(${value})(/(${step}))?)?${others})`;
  const list = `${part}(,${part})*`;
  return alone === undefined ? list : `(${list}|${alone})`;
}

/** The same schedule without ranges that go round, which parsers of cron do not take. */
export function plainSchedule(schedule: string): string {
  return schedule
    .split(" ")
    .map((text, place) => {
      const field = fields[place];
      return field === undefined
        ? text
        : text
            .split(",")
            .map((part) => plainPart(part, field))
            .join(",");
    })
    .join(" ");
}

function plainPart(part: string, field: Field): string {
  const [range = "", step] = part.split("/");
  const [from, to] = range.split("-").map((value) => numberOf(value, field));
  if (from === undefined || to === undefined || from <= to) return part;
  const values: number[] = [];
  const size = field.max - field.min + 1;
  for (let value = from; value <= to + size; value += Number(step ?? 1)) {
    values.push(((value - field.min) % size) + field.min);
  }
  return values.join(",");
}

function numberOf(text: string, { names, min }: Field): number {
  const place = names.indexOf(text.toUpperCase());
  return place === -1 ? Number(text) : place + min;
}

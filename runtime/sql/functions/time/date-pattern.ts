/**
 * Owns: patterns of dates and times in Java's letters (`yyyy-MM-dd HH:mm:ss.SSS`): reading and writing texts by them.
 *
 * SQUI1 Letters are those of DateTimeFormatter and SimpleDateFormat where the two agree: G y u M L d D H h k K m s S a E z Z X x, `'text'` and `''`. Another letter is an error.
 * SQUI2 Names of months and days are English.
 * SQUI3 What a text lacks is that of 1970-01-01 00:00:00. A day or an hour that there is not makes the text unreadable. (Ours: Flink takes the last day of the month for the 31st of
 *     February, and January of the next year for a 13th month.)
 */
import { failExpression } from "../implementations.ts";
import { type CivilDay, civilOf, DAY_MS, dayOfWeek, dayOfYear, daysInMonth, daysOf } from "./calendar.ts";

type Token =
  | { readonly kind: "text"; readonly text: string }
  /** `width`: of a number that others follow without anything between; null: as many digits as there are. */
  | { readonly kind: "letter"; readonly letter: string; readonly count: number; readonly width: number | null };

export type ReadTime = {
  readonly clockMs: number;
  /** Beside the milliseconds. */
  readonly nanos: number;
  /** Of a zone in the text; null: there was none. */
  readonly offsetMs: number | null;
};

export type DatePattern = {
  /** Whether it has letters that show the zone. */
  readonly showsZone: boolean;
  /** `zone`: of the clock, at that time; null: nothing is known of it, and it is shown as UTC. */
  readonly write: (clockMs: number, nanos: number, zone: ShownZone | null) => string;
  /** Null: the text is not of this pattern. `lenient`: numbers may have fewer digits, and what follows the pattern does not count, as in SimpleDateFormat. */
  readonly read: (text: string, isLenient: boolean) => ReadTime | null;
};

export type ShownZone = { readonly name: string; readonly offsetMs: number };

const NUMERIC = "yuMLdDHhkKmsS";
const LETTERS = /^[GyuMLdDHhkKmsSaEzZXx]$/;

const UTC: ShownZone = { name: "UTC", offsetMs: 0 };

/** Errors: SQL_EXPRESSION_FAILED (SQUI1). */
export function datePattern(pattern: string): DatePattern {
  const tokens = tokensOf(pattern);
  const letters = new Set(tokens.flatMap((token) => (token.kind === "letter" ? [token.letter] : [])));
  const showsZone = /[zZXx]/.test([...letters].join(""));
  return {
    showsZone,
    write: showsZone || letters.has("S") ? writer(tokens) : remembering(writer(tokens), finestUnit(letters)),
    read: (text, isLenient) => readText(tokens, text, isLenient),
  };
}

const writer =
  (tokens: readonly Token[]): DatePattern["write"] =>
  (clockMs, nanos, zone) => {
    const days = Math.floor(clockMs / DAY_MS);
    const { year, month, day } = civilOf(days);
    const shown: ShownTime = { days, year, month, day, time: clockMs - days * DAY_MS, nanos, zone: zone ?? UTC };
    let text = "";
    for (const token of tokens) text += token.kind === "text" ? token.text : written(token, shown);
    return text;
  };

type ShownTime = CivilDay & {
  readonly days: number;
  /** Milliseconds of the day. */
  readonly time: number;
  readonly nanos: number;
  readonly zone: ShownZone;
};

/** Within it, all texts are the same. */
function finestUnit(letters: ReadonlySet<string>): number {
  if (letters.has("s")) return 1000;
  if (letters.has("m")) return 60_000;
  return ["H", "h", "k", "K", "a"].some((letter) => letters.has(letter)) ? 3_600_000 : DAY_MS;
}

/** Rows come mostly in the order of their times: many have the same text as the one before. */
function remembering(write: DatePattern["write"], unitMs: number): DatePattern["write"] {
  let [lastUnit, lastText] = [Number.NaN, ""];
  return (clockMs, nanos, zone) => {
    const unit = Math.floor(clockMs / unitMs);
    if (unit !== lastUnit) [lastUnit, lastText] = [unit, write(clockMs, nanos, zone)];
    return lastText;
  };
}

function tokensOf(pattern: string): readonly Token[] {
  const tokens: Token[] = [];
  for (const [run, quoted, letters] of pattern.matchAll(/'((?:[^']|'')*)'|(([A-Za-z])\3*)|[^A-Za-z']+|'/g)) {
    if (run === "''") tokens.push({ kind: "text", text: "'" });
    else if (quoted !== undefined) tokens.push({ kind: "text", text: quoted.replaceAll("''", "'") });
    else if (run === "'") failPattern(pattern, "a quote that is not closed");
    else if (letters === undefined) tokens.push({ kind: "text", text: run });
    else {
      const letter = letters.slice(0, 1);
      if (!LETTERS.test(letter)) failPattern(pattern, `the letter ${letter}`);
      tokens.push({ kind: "letter", letter, count: letters.length, width: null });
    }
  }
  return tokens.map((token, index) => {
    const next = tokens[index + 1];
    const isAdjacent = isNumber(token) && next !== undefined && isNumber(next);
    return token.kind === "letter" && (isAdjacent || token.letter === "S") ? { ...token, width: token.count } : token;
  });
}

function failPattern(pattern: string, what: string): never {
  failExpression(
    `The pattern '${pattern}' has ${what}`,
    "Letters mean what they mean in Java's DateTimeFormatter, as in yyyy-MM-dd HH:mm:ss.SSS; put text into quotes: yyyy''T''HH.",
  );
}

const isNumber = (token: Token): boolean =>
  token.kind === "letter" && NUMERIC.includes(token.letter) && !(/[ML]/.test(token.letter) && token.count > 2);

const MONTHS = "January February March April May June July August September October November December".split(" ");
const DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");

function padded(value: number, count: number): string {
  if (count === 2 && value >= 0 && value < 100) return value < 10 ? `0${value}` : String(value);
  return `${value < 0 ? "-" : ""}${String(Math.abs(value)).padStart(count, "0")}`;
}

function written({ letter, count }: Letter, { days, year, month, day, time, nanos, zone }: ShownTime): string {
  switch (letter) {
    case "G":
      return year > 0 ? "AD" : "BC";
    case "y":
    case "u":
      return writtenYear(year, letter, count);
    case "M":
    case "L":
      return writtenMonth(month, count);
    case "d":
      return padded(day, count);
    case "D":
      return padded(dayOfYear(days), count);
    case "E": {
      const name = DAYS[dayOfWeek(days) - 1] ?? "";
      return count < 4 ? name.slice(0, 3) : name;
    }
    case "a":
      return time < DAY_MS / 2 ? "AM" : "PM";
    case "S":
      return (String(time % 1000).padStart(3, "0") + String(nanos).padStart(6, "0")).padEnd(count, "0").slice(0, count);
    case "z":
      return zone.name;
    case "Z":
    case "X":
    case "x":
      return writtenOffset(zone.offsetMs, letter, count);
    default:
      return padded(partOfDay(letter, Math.floor(time / 3_600_000), time), count);
  }
}

function writtenYear(year: number, letter: string, count: number): string {
  const shown = letter === "y" && year <= 0 ? 1 - year : year;
  return count === 2 ? padded(((shown % 100) + 100) % 100, 2) : padded(shown, count);
}

function writtenMonth(month: number, count: number): string {
  if (count <= 2) return padded(month, count);
  const name = MONTHS[month - 1] ?? "";
  return count === 3 ? name.slice(0, 3) : name;
}

function partOfDay(letter: string, hour: number, time: number): number {
  switch (letter) {
    case "H":
      return hour;
    case "k":
      return hour === 0 ? 24 : hour;
    case "K":
      return hour % 12;
    case "h":
      return hour % 12 === 0 ? 12 : hour % 12;
    case "m":
      return Math.floor(time / 60_000) % 60;
    default:
      return Math.floor(time / 1000) % 60;
  }
}

function writtenOffset(offsetMs: number, letter: string, count: number): string {
  if (offsetMs === 0 && letter === "X") return "Z";
  const minutes = Math.abs(Math.trunc(offsetMs / 60_000));
  const [hours, rest] = [padded(Math.floor(minutes / 60), 2), padded(minutes % 60, 2)];
  const sign = offsetMs < 0 ? "-" : "+";
  if (letter === "Z")
    return count < 4 ? `${sign}${hours}${rest}` : `GMT${offsetMs === 0 ? "" : `${sign}${hours}:${rest}`}`;
  if (count === 1) return `${sign}${hours}${rest === "00" ? "" : rest}`;
  return count === 2 ? `${sign}${hours}${rest}` : `${sign}${hours}:${rest}`;
}

type Fields = Map<string, number>;

function readText(tokens: readonly Token[], text: string, isLenient: boolean): ReadTime | null {
  const fields: Fields = new Map();
  let place = 0;
  for (const token of tokens) {
    const read =
      token.kind === "text" ? readLiteral(token.text, text, place) : readLetter(token, text, place, isLenient);
    if (read === null) return null;
    if (token.kind === "letter") fields.set(token.letter, read.value);
    place = read.end;
  }
  return place < text.length && !isLenient ? null : timeOf(fields);
}

type Read = { readonly value: number; readonly end: number };

const readLiteral = (literal: string, text: string, place: number): Read | null =>
  text.startsWith(literal, place) ? { value: 0, end: place + literal.length } : null;

type Letter = Token & { readonly kind: "letter" };

function readLetter(token: Letter, text: string, place: number, isLenient: boolean): Read | null {
  const { letter, count } = token;
  if (isNumber(token)) return readNumber(token, text, place, isLenient);
  switch (letter) {
    case "M":
    case "L":
      return readName(MONTHS, count, text, place, 1);
    case "E":
      return readName(DAYS, count, text, place, 1);
    case "a":
      return readName(["AM", "PM"], 4, text, place, 0);
    case "G":
      return readName(["BC", "AD"], 4, text, place, 0);
    default:
      return readOffset(text, place);
  }
}

function readNumber({ letter, count, width }: Letter, text: string, place: number, isLenient: boolean): Read | null {
  const [least, most] =
    width !== null ? [isLenient && letter !== "S" ? 1 : width, width] : digitsOf(letter, count, isLenient);
  let end = place;
  while (end < text.length && end - place < most && isDigit(text.charCodeAt(end))) end++;
  if (end - place < (letter === "S" && isLenient ? 1 : least)) return null;
  const digits = text.slice(place, end);
  // A fraction is kept in nanoseconds.
  if (letter === "S") return { value: Number(digits.padEnd(9, "0").slice(0, 9)), end };
  const isShortYear = (letter === "y" || letter === "u") && count === 2 && digits.length === 2;
  return { value: Number(digits) + (isShortYear ? 2000 : 0), end };
}

const isDigit = (unit: number): boolean => unit >= 48 && unit <= 57;

function digitsOf(letter: string, count: number, isLenient: boolean): readonly [least: number, most: number] {
  if (isLenient) return [1, 9];
  if (letter === "y" || letter === "u") return count === 2 ? [2, 2] : [count, 9];
  return count === 1 ? [1, 9] : [count, count];
}

function readName(names: readonly string[], count: number, text: string, place: number, first: number): Read | null {
  for (const [index, name] of names.entries()) {
    const forms = count < 4 ? [name.slice(0, 3)] : [name];
    for (const form of forms)
      if (text.slice(place, place + form.length).toLowerCase() === form.toLowerCase())
        return { value: index + first, end: place + form.length };
  }
  return null;
}

function readOffset(text: string, place: number): Read | null {
  const [found, sign, hours = "0", minutes = "0"] =
    /^(?:Z|(?:GMT|UTC)?([+-])(\d{2}):?(\d{2})?|GMT|UTC)/.exec(text.slice(place)) ?? [];
  if (found === undefined) return null;
  const offset = (Number(hours) * 60 + Number(minutes)) * 60_000;
  return { value: sign === "-" ? -offset : offset, end: place + found.length };
}

function timeOf(fields: Fields): ReadTime | null {
  const days = dayOf(fields);
  const time = timeIn(fields);
  if (days === null || time === null) return null;
  const fraction = fields.get("S") ?? 0;
  const offset = fields.get("X") ?? fields.get("x") ?? fields.get("Z") ?? fields.get("z") ?? null;
  return {
    clockMs: days * DAY_MS + time + Math.floor(fraction / 1_000_000),
    nanos: fraction % 1_000_000,
    offsetMs: offset,
  };
}

function dayOf(fields: Fields): number | null {
  const written = fields.get("u") ?? fields.get("y") ?? 1970;
  const year = fields.get("G") === 0 ? 1 - written : written;
  const ofYear = fields.get("D");
  if (ofYear !== undefined) return ofYear < 1 || ofYear > 366 ? null : daysOf({ year, month: 1, day: 1 }) + ofYear - 1;
  const [month, day] = [fields.get("M") ?? fields.get("L") ?? 1, fields.get("d") ?? 1];
  return month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month) ? null : daysOf({ year, month, day });
}

function timeIn(fields: Fields): number | null {
  const hour = hourIn(fields);
  const [minute, second] = [fields.get("m") ?? 0, fields.get("s") ?? 0];
  if (hour === null || minute > 59 || second > 59) return null;
  return ((hour * 60 + minute) * 60 + second) * 1000;
}

function hourIn(fields: Fields): number | null {
  const hour = fields.get("H") ?? fields.get("k");
  if (hour !== undefined) return hour > (fields.has("H") ? 23 : 24) ? null : hour % 24;
  const half = fields.get("h") ?? fields.get("K");
  if (half === undefined) return 0;
  return half > 12 ? null : (half % 12) + (fields.get("a") === 1 ? 12 : 0);
}

/**
 * Owns: rows of texts as lines of a table, as Flink's SQL client draws them. Pure.
 *
 * TBTX1 A column is as wide as its type's values may be, where it is drawn before its rows are known: what is wider is cut, and ends in `...`.
 * TBTX2 Characters that steer a terminal are shown, as `\n` and `\u001b`: rows are anybody's.
 */
import { type PlanRow, type SqlType, typeText } from "../sql/index.ts";

/** A row's values as text; null is NULL. */
export type Texts = readonly (string | null)[];

/** The lines of a table whose columns have these names and widths. */
export type TableLines = {
  readonly rule: string;
  readonly header: string;
  line(texts: Texts): string;
};

const NULL_TEXT = "<NULL>";
const CUT = "...";
const TEXT_WIDTH_MAX = 30;
const SHORT_WIDTH = 8;
const TIMESTAMP_WIDTH = 20;
/** Sign and point. */
const DECIMAL_EXTRA = 2;
const WIDTHS: Partial<Record<SqlType["kind"], number>> = {
  boolean: 5,
  tinyint: 4,
  smallint: 6,
  int: 11,
  bigint: 20,
  date: 10,
};

export function tableLines(names: readonly string[], widths: readonly number[]): TableLines {
  const rule = `+${widths.map((width) => "-".repeat(width + 2)).join("+")}+`;
  const line = (texts: Texts): string =>
    `|${texts.map((text, place) => ` ${cell(text ?? NULL_TEXT, widths[place] as number)} `).join("|")}|`;
  return { rule, header: line(names), line };
}

/** TBTX1 */
export function widthsOf(row: PlanRow): readonly number[] {
  return row.map(({ name, type }) => Math.max(lengthOf(name), NULL_TEXT.length, widthOfType(type)));
}

/** So that nothing is cut. */
export function widthsFor(names: readonly string[], rows: readonly Texts[]): readonly number[] {
  return names.map((name, place) =>
    rows.reduce((width, row) => Math.max(width, lengthOf(row[place] ?? NULL_TEXT)), lengthOf(name)),
  );
}

/** At most `width` for the whole line, as far as names and short values let it: the widest columns give first. */
export function widthsWithin(widths: readonly number[], names: readonly string[], width: number): readonly number[] {
  const least = widths.map((each, place) => Math.min(each, Math.max(lengthOf(names[place] ?? ""), SHORT_WIDTH)));
  const capped = (most: number): readonly number[] =>
    widths.map((each, place) => Math.max(least[place] ?? 0, Math.min(each, most)));
  const isTooWide = (each: readonly number[]): boolean => each.reduce((sum, one) => sum + one + 3, 1) > width;
  let most = width;
  while (most > SHORT_WIDTH && isTooWide(capped(most))) most -= 1;
  return isTooWide(widths) ? capped(most) : widths;
}

/** The columns and their types, in the form of CREATE TABLE. */
export function schemaLines(row: PlanRow): readonly string[] {
  const columns = row.map(
    ({ name, type }, place) => `  \`${name}\` ${typeText(type)}${place + 1 < row.length ? "," : ""}`,
  );
  return ["(", ...columns, ")"];
}

function widthOfType(type: SqlType): number {
  switch (type.kind) {
    case "char":
    case "varchar":
      return Math.min(type.length, TEXT_WIDTH_MAX);
    case "decimal":
      return type.precision + DECIMAL_EXTRA;
    case "timestamp":
    case "timestamp_ltz":
      return TIMESTAMP_WIDTH + type.precision;
    default:
      return WIDTHS[type.kind] ?? TEXT_WIDTH_MAX;
  }
}

/** On the right, as numbers stand. */
function cell(text: string, width: number): string {
  const shown = oneLine(text);
  const cut = cutTo(shown, width, CUT);
  return " ".repeat(width - lengthOf(cut)) + cut;
}

/** At most so many columns of a terminal; what is wider is cut, and ends in `mark`. */
export function cutTo(text: string, width: number, mark: string): string {
  if (lengthOf(text) <= width) return text;
  let [cut, used] = ["", 0];
  for (const character of text) {
    used += lengthOf(character);
    if (used > width - mark.length) break;
    cut += character;
  }
  return cut + mark;
}

/** TBTX2 */
const oneLine = (text: string): string => text.replaceAll(/\p{Cc}/gu, shownControl);

const CONTROL_NAMES: Readonly<Record<string, string>> = { "\n": "n", "\r": "r", "\t": "t" };

function shownControl(character: string): string {
  const name = CONTROL_NAMES[character];
  return `\\${name ?? `u${character.charCodeAt(0).toString(16).padStart(4, "0")}`}`;
}

/** Columns of a terminal: a character of Chinese, Japanese or Korean takes two. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

function lengthOf(text: string): number {
  let columns = 0;
  for (const character of oneLine(text)) columns += WIDE.test(character) ? 2 : 1;
  return columns;
}

/**
 * Owns: functions that make texts of texts, and find places in them. Patterns, hashes and encodings: regexp-functions.ts, encoding-functions.ts.
 *
 * SQUT1 What Flink answers with NULL (a negative length, padding with nothing) is NULL, though no argument is: signature.ts says so with `?`.
 */
import { lengthOf, placeOf, reversed, slice, trimmed } from "./characters.ts";
import { failExpression, type Integer, nullAware, numberOf, plain, typed } from "./implementations.ts";
import type { CallSite, ScalarFactory } from "./scalar-implementation.ts";

/** Characters of a text that a function makes: more would take the memory of the whole task. */
const LENGTH_MAX = 2 ** 28;

function requireLength(length: number, name: string): void {
  if (length > LENGTH_MAX)
    failExpression(
      `${name} would make a text of ${length} characters, more than ${LENGTH_MAX}`,
      "Check the number that it is given.",
    );
}

/** Places are as in Flink: from the end when negative, and 0 is the first one. */
function substring(text: string, place: Integer, count?: Integer): string | null {
  if (count !== undefined && count < 0) return null;
  const from = numberOf(place);
  const start = from > 0 ? from - 1 : from === 0 ? 0 : lengthOf(text) + from;
  if (start < 0) return "";
  return slice(text, start, count === undefined ? Number.MAX_SAFE_INTEGER : start + numberOf(count));
}

function right(text: string, count: Integer): string {
  const length = lengthOf(text);
  return slice(text, Math.max(0, length - Math.max(0, numberOf(count))), length);
}

function overlay(text: string, put: string, place: Integer, count?: Integer): string {
  const [start, length] = [numberOf(place), lengthOf(text)];
  if (start <= 0 || start > length) return text;
  const covered = count === undefined ? lengthOf(put) : numberOf(count);
  // Flink's: what is left over is put behind only after a length that ends inside of the text.
  const rest = covered > 0 && start + covered <= length ? slice(text, start - 1 + covered, length) : "";
  return slice(text, 0, start - 1) + put + rest;
}

function padded(side: "left" | "right"): ScalarFactory {
  const name = side === "left" ? "LPAD" : "RPAD";
  return plain((text: string, length: Integer, filling: string) => {
    const wanted = numberOf(length);
    if (wanted < 0 || filling === "") return null;
    requireLength(wanted, name);
    const missing = wanted - lengthOf(text);
    if (missing <= 0) return slice(text, 0, wanted);
    const padding = slice(filling.repeat(Math.ceil(missing / lengthOf(filling))), 0, missing);
    return side === "left" ? padding + text : text + padding;
  });
}

function capitalized(text: string): string {
  return text.toLowerCase().replaceAll(/[\p{L}\p{N}]+/gu, (word) => {
    const [first = ""] = word;
    return first.toUpperCase() + word.slice(first.length);
  });
}

function translated(text: string, from: string, to: string): string {
  const targets = Array.from(to);
  const map = new Map<string, string>();
  for (const [index, character] of Array.from(from).entries())
    if (!map.has(character)) map.set(character, targets[index] ?? "");
  let result = "";
  for (const character of text) result += map.get(character) ?? character;
  return result;
}

function repeated(text: string, times: Integer): string {
  const count = Math.max(0, numberOf(times));
  requireLength(text.length * count, "REPEAT");
  return text.repeat(count);
}

/** The part behind so many separators. Of an empty text there are no parts, not even an empty one. */
function partAt(text: string, separator: string, place: Integer): string | null {
  if (place < 0 || text === "") return null;
  if (separator === "") return numberOf(place) === 0 ? text : null;
  let start = 0;
  for (let passed = numberOf(place); passed > 0; passed--) {
    const found = text.indexOf(separator, start);
    if (found < 0) return null;
    start = found + separator.length;
  }
  const end = text.indexOf(separator, start);
  return text.slice(start, end < 0 ? text.length : end);
}

function trim({ words, arguments: [characters] }: CallSite): ReturnType<ScalarFactory> {
  const [side] = words;
  if (side !== "LEADING" && side !== "TRAILING" && side !== "BOTH")
    return { takesNulls: false, call: (text: string) => trimmed(text, " ", "BOTH") };
  // TRIM(LEADING FROM x): the grammar puts a NULL where no characters are written.
  if (characters?.kind === "null")
    return {
      takesNulls: true,
      call: (_: null, text: string | null) => (text === null ? null : trimmed(text, " ", side)),
    };
  return { takesNulls: false, call: (set: string, text: string) => trimmed(text, set, side) };
}

const trimmedAt = (side: Parameters<typeof trimmed>[2]): ScalarFactory =>
  plain((text: string, characters = " ") => trimmed(text, characters, side));

const located = (searched: string, text: string, from: Integer = 1): number => {
  const start = numberOf(from) - 1;
  return start < 0 ? 0 : placeOf(text, searched, start) + 1;
};

const characterLength = plain(lengthOf);
const substrings = plain(substring);

export const textFunctions: Readonly<Record<string, ScalarFactory>> = {
  UPPER: plain((text: string) => text.toUpperCase()),
  LOWER: plain((text: string) => text.toLowerCase()),
  INITCAP: plain(capitalized),
  CHAR_LENGTH: characterLength,
  CHARACTER_LENGTH: characterLength,
  OCTET_LENGTH: typed(({ arguments: [type] }) =>
    type?.kind === "binary" || type?.kind === "varbinary"
      ? (bytes: Uint8Array) => bytes.length
      : (text: string) => Buffer.byteLength(text, "utf8"),
  ),
  SUBSTRING: substrings,
  SUBSTR: substrings,
  LEFT: plain((text: string, count: Integer) => slice(text, 0, Math.max(0, numberOf(count)))),
  RIGHT: plain(right),
  TRIM: trim,
  LTRIM: trimmedAt("LEADING"),
  RTRIM: trimmedAt("TRAILING"),
  BTRIM: trimmedAt("BOTH"),
  POSITION: plain((searched: string, text: string) => located(searched, text)),
  LOCATE: plain(located),
  INSTR: plain((text: string, searched: string) => located(searched, text)),
  OVERLAY: plain(overlay),
  REPLACE: plain((text: string, old: string, replacement: string) => text.replaceAll(old, () => replacement)),
  TRANSLATE: plain(translated),
  REPEAT: plain(repeated),
  REVERSE: plain(reversed),
  LPAD: padded("left"),
  RPAD: padded("right"),
  CONCAT: plain((...texts: readonly string[]) => texts.join("")),
  CONCAT_WS: nullAware((separator: string | null, ...texts: readonly (string | null)[]) =>
    separator === null ? null : texts.filter((text) => text !== null).join(separator),
  ),
  SPLIT_INDEX: plain(partAt),
  SPLIT: plain((text: string, separator: string) => (separator === "" ? Array.from(text) : text.split(separator))),
  ELT: nullAware((place: Integer | null, ...texts: readonly (string | null)[]) =>
    place === null || place < 1 ? null : (texts[numberOf(place) - 1] ?? null),
  ),
  STARTSWITH: plain((text: string, start: string) => text.startsWith(start)),
  ENDSWITH: plain((text: string, end: string) => text.endsWith(end)),
  ASCII: plain((text: string) => (text === "" ? 0 : (Buffer.from(text.slice(0, 2), "utf8")[0] ?? 0))),
  CHR: plain((code: Integer) => (code < 0 ? "" : String.fromCharCode(numberOf(BigInt.asUintN(8, BigInt(code)))))),
};

/**
 * Owns: LIKE and SIMILAR TO: patterns as tests of texts.
 *
 * SQXK1 `_` is one character (a code point), `%` any number of them. Without ESCAPE, no character escapes; with it, it stands before itself, `_` or `%`.
 * SQXK2 A pattern of LIKE takes time in proportion to text and pattern, whatever they are: no backtracking over more than the last `%`.
 */
import type { TextMatch } from "./context.ts";
import { failExpression } from "../functions/implementations.ts";

type Test = (text: string) => boolean;

/** A character that is itself, or what stands for others. */
type PatternPart =
  | { readonly kind: "character"; readonly text: string }
  | { readonly kind: "one" }
  | { readonly kind: "any" };

export function likeTest(pattern: string, escape: string | null): Test {
  const parts = partsOf(pattern, escape);
  const match = escape === null ? simplePattern(pattern) : null;
  if (match !== null) return simpleTest(match);
  return (text) => fits(Array.from(text), parts);
}

function simpleTest({ kind, text: wanted }: TextMatch): Test {
  if (kind === "equal") return (text) => text === wanted;
  if (kind === "prefix") return (text) => text.startsWith(wanted);
  return kind === "suffix" ? (text) => text.endsWith(wanted) : (text) => text.includes(wanted);
}

/** Of a pattern without `_` whose only `%` are at its ends; null: another one. */
export function simplePattern(pattern: string): TextMatch | null {
  const [, before, text = "", after] = /^(%?)([^%_]*)(%?)$/s.exec(pattern) ?? [];
  if (before === undefined) return null;
  const isOpen = [before !== "", after !== ""];
  const kind = isOpen[0] ? (isOpen[1] ? "part" : "suffix") : isOpen[1] ? "prefix" : "equal";
  return { kind, text };
}

/** Goes back to behind the last `any` only: an earlier one need not take more. */
function fits(characters: readonly string[], parts: readonly PatternPart[]): boolean {
  let [at, place, lastAny, resumeAt] = [0, 0, -1, 0];
  while (at < characters.length) {
    const wanted = parts[place];
    if (wanted?.kind === "any") {
      lastAny = place;
      resumeAt = at;
      place += 1;
    } else if (wanted !== undefined && (wanted.kind === "one" || wanted.text === characters[at])) {
      at += 1;
      place += 1;
    } else if (lastAny >= 0) {
      resumeAt += 1;
      at = resumeAt;
      place = lastAny + 1;
    } else {
      return false;
    }
  }
  while (parts[place]?.kind === "any") place += 1;
  return place === parts.length;
}

function partsOf(pattern: string, escape: string | null): readonly PatternPart[] {
  checkEscape(escape);
  const characters = Array.from(pattern);
  const parts: PatternPart[] = [];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] as string;
    if (character === escape) {
      at += 1;
      parts.push({ kind: "character", text: escapedAt(characters, at, escape) });
    } else if (character === "_") parts.push({ kind: "one" });
    else if (character === "%") parts.push({ kind: "any" });
    else parts.push({ kind: "character", text: character });
  }
  return parts;
}

function checkEscape(escape: string | null): void {
  if (escape !== null && Array.from(escape).length !== 1)
    failExpression(`ESCAPE '${escape}' is not one character`, "Write one, as in LIKE '10!%' ESCAPE '!'.");
}

function escapedAt(characters: readonly string[], at: number, escape: string): string {
  const character = characters[at];
  if (character !== undefined && ["_", "%", escape].includes(character)) return character;
  return failExpression(
    `the pattern '${characters.join("")}' has an escape character before something else than ${escape}, _ or %`,
    "Write the escape character twice where it stands for itself.",
  );
}

/** The classes of SQL's regular expressions. */
const classes: Readonly<Record<string, string>> = {
  "[:ALPHA:]": "\\p{Alphabetic}",
  "[:UPPER:]": "\\p{Uppercase}",
  "[:LOWER:]": "\\p{Lowercase}",
  "[:DIGIT:]": "\\d",
  "[:ALNUM:]": "\\p{Alphabetic}\\d",
  "[:SPACE:]": " ",
  "[:WHITESPACE:]": "\\s",
};

export function similarTest(pattern: string, escape: string | null): Test {
  checkEscape(escape);
  let source = "";
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] as string;
    const name = /^\[:\w+:\]/.exec(pattern.slice(at).toUpperCase())?.[0];
    if (character === escape) {
      at += 1;
      source += (pattern[at] ?? "").replace(/[\\^$.*+?()[\]{}|/-]/, "\\$&");
    } else if (name !== undefined && classes[name] !== undefined) {
      source += classes[name];
      at += name.length - 1;
    } else if (character === "_") source += ".";
    else if (character === "%") source += ".*";
    else source += /[\\$./]/.test(character) ? `\\${character}` : character;
  }
  const expression = regularExpression(pattern, source);
  return (text) => expression.test(text);
}

function regularExpression(pattern: string, source: string): RegExp {
  try {
    return new RegExp(`^(?:${source})$`, "su");
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return failExpression(
      `the pattern '${pattern}' of SIMILAR TO is no regular expression (${error.message})`,
      "Close what is opened, and put the ESCAPE character before what stands for itself.",
    );
  }
}

/** Of patterns that come with the rows: the last one is kept. */
export function testOfRows(make: (pattern: string, escape: string | null) => Test) {
  let [pattern, escape]: [string | null, string | null] = [null, null];
  let test: Test = () => false;
  return (text: string, wanted: string, wantedEscape: string | null = null): boolean => {
    if (wanted !== pattern || wantedEscape !== escape) {
      test = make(wanted, wantedEscape);
      [pattern, escape] = [wanted, wantedEscape];
    }
    return test(text);
  };
}

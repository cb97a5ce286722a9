/**
 * Owns: functions of regular expressions, and from Java's notation to JavaScript's.
 *
 * SQUR1 Patterns are written as in Java: flags in front (`(?i)`), `\Q…\E` and classes such as `\p{Alpha}` are understood. What only Java has (possessive quantifiers,
 *     intersections of classes) is a pattern that cannot be read.
 * SQUR2 A pattern that cannot be read matches nothing, as in Flink: REGEXP is FALSE, the others are NULL.
 */
import { lengthOf } from "./characters.ts";
import { failExpression, type Integer, numberOf, rememberLast, typed } from "./implementations.ts";
import type { ScalarFactory } from "./scalar-implementation.ts";

/** Java's POSIX classes; all are of ASCII alone. */
const posixClasses: Readonly<Record<string, string>> = {
  Lower: "a-z",
  Upper: "A-Z",
  ASCII: "\\x00-\\x7F",
  Alpha: "a-zA-Z",
  Digit: "0-9",
  Alnum: "a-zA-Z0-9",
  Punct: "!-\\/:-@\\[-`\\{-~",
  Graph: "!-~",
  Print: " -~",
  Blank: " \\t",
  Cntrl: "\\x00-\\x1F\\x7F",
  XDigit: "0-9a-fA-F",
  Space: " \\t\\n\\v\\f\\r",
};

/** Null: it cannot be read. */
function readPattern(java: string): RegExp | null {
  const [, front = ""] = /^\(\?([ims]+)\)/.exec(java) ?? [];
  const body = front === "" ? java : java.slice(front.length + 3);
  const source = translated(body);
  return compiled(source, `g${front}u`) ?? compiled(source, `g${front}`);
}

/** With the flag u characters beyond 16 bits are whole, but `\-` and others are no escapes: then without it. */
function compiled(source: string, flags: string): RegExp | null {
  try {
    return new RegExp(source, flags);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function translated(body: string): string {
  let isInClass = false;
  return body.replaceAll(
    /\\Q([\s\S]*?)(?:\\E|$)|\\p\{(?:Is)?(\w+)\}|\\P\{(?:Is)?(\w+)\}|\\[\s\S]|[[\]]/g,
    (token: string, quoted: string | undefined, positive: string | undefined, negative: string | undefined) => {
      if (quoted !== undefined) return quoted.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
      if (token === "[") isInClass = true;
      else if (token === "]") isInClass = false;
      else if (token === "\\z") return "$";
      else if (token === "\\A") return "^";
      const name = positive ?? negative;
      const posix = name === undefined ? undefined : posixClasses[name];
      if (posix === undefined) return name === undefined ? token : `\\${token[1]}{${name}}`;
      if (positive !== undefined) return isInClass ? posix : `[${posix}]`;
      return isInClass ? token : `[^${posix}]`;
    },
  );
}

const patternReader = (): ((java: string) => RegExp | null) => rememberLast(readPattern);

/** Patterns have the flag g, and with it a place where they go on. */
function firstMatch(pattern: RegExp, text: string): RegExpExecArray | null {
  pattern.lastIndex = 0;
  return pattern.exec(text);
}

/** Groups that a pattern has. */
const groupsOf = (pattern: RegExp): number =>
  (new RegExp(`${pattern.source}|`, pattern.flags).exec("")?.length ?? 1) - 1;

/** As Java's split: empty parts at the end do not count. */
function withoutEmptyEnd(parts: readonly string[]): readonly string[] {
  const end = parts.findLastIndex((part) => part !== "");
  return parts.slice(0, end + 1);
}

/** Cut where the pattern matches first; NULL where it does not. */
function entryOf(pair: string, by: RegExp): readonly [key: string, value: string | null] {
  const match = firstMatch(by, pair);
  if (match === null || match[0] === "") return [pair, null];
  return [pair.slice(0, match.index), pair.slice(match.index + match[0].length)];
}

export const regexpFunctions: Readonly<Record<string, ScalarFactory>> = {
  REGEXP: typed(() => {
    const patternOf = patternReader();
    return (text: string, java: string) => {
      const pattern = java === "" ? null : patternOf(java);
      return pattern !== null && firstMatch(pattern, text) !== null;
    };
  }),
  REGEXP_EXTRACT: typed(() => {
    const patternOf = patternReader();
    return (text: string, java: string, group: Integer = 0) => {
      const pattern = patternOf(java);
      return pattern === null ? null : (firstMatch(pattern, text)?.[numberOf(group)] ?? null);
    };
  }),
  REGEXP_COUNT: typed(() => {
    const patternOf = patternReader();
    return (text: string, java: string) => {
      const pattern = patternOf(java);
      return pattern === null ? null : Array.from(text.matchAll(pattern)).length;
    };
  }),
  REGEXP_EXTRACT_ALL: typed(() => {
    const patternOf = patternReader();
    return (text: string, java: string, group: Integer = 1) => {
      const pattern = patternOf(java);
      if (pattern === null || group < 0 || group > groupsOf(pattern)) return null;
      return Array.from(text.matchAll(pattern), (match) => match[numberOf(group)] ?? null);
    };
  }),
  REGEXP_INSTR: typed(() => {
    const patternOf = patternReader();
    return (text: string, java: string) => {
      const pattern = patternOf(java);
      if (pattern === null) return null;
      const match = firstMatch(pattern, text);
      return match === null ? 0 : lengthOf(text.slice(0, match.index)) + 1;
    };
  }),
  REGEXP_SUBSTR: typed(() => {
    const patternOf = patternReader();
    return (text: string, java: string) => {
      const pattern = patternOf(java);
      return pattern === null ? null : (firstMatch(pattern, text)?.[0] ?? null);
    };
  }),
  STR_TO_MAP: typed(() => {
    const [pairsBy, valueBy] = [patternReader(), patternReader()];
    return (text: string, between = ",", within = "=") => {
      const [pairs, value] = [pairsBy(between), valueBy(within)];
      if (pairs === null || value === null)
        return failExpression(
          `STR_TO_MAP by ${pairs === null ? between : within}, which is no pattern`,
          "Write signs such as | as \\|.",
        );
      return text === "" ? new Map() : new Map(withoutEmptyEnd(text.split(pairs)).map((pair) => entryOf(pair, value)));
    };
  }),
  REGEXP_REPLACE: typed(() => {
    const patternOf = patternReader();
    return (text: string, java: string, replacement: string) => {
      const pattern = patternOf(java);
      // By a function: in the replacement `$1` is not special, as in Flink.
      return pattern === null ? null : text.replace(pattern, () => replacement);
    };
  }),
};

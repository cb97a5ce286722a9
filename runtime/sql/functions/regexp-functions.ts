/**
 * Owns: functions of regular expressions, and from Java's notation to JavaScript's.
 *
 * SQUR1 Patterns are written as in Java: flags in front (`(?i)`), `\Q…\E` and classes such as `\p{Alpha}` are understood. What only Java has (possessive quantifiers,
 *     intersections of classes) is a pattern that cannot be read.
 * SQUR2 A pattern that cannot be read matches nothing, as in Flink: REGEXP is FALSE, the others are NULL.
 */
import { type Integer, numberOf, rememberLast, typed } from "./implementations.ts";
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
  REGEXP_REPLACE: typed(() => {
    const patternOf = patternReader();
    return (text: string, java: string, replacement: string) => {
      const pattern = patternOf(java);
      // By a function: in the replacement `$1` is not special, as in Flink.
      return pattern === null ? null : text.replace(pattern, () => replacement);
    };
  }),
};

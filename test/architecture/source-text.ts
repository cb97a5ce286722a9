/**
 * Owns: telling code from comments, strings, templates and regular expressions in a TypeScript source, and the imports in it.
 * Does not own: what an import may be; see rules.ts. It is no parser: it splits text, and knows no grammar beyond that.
 *
 * SOT1  In `code`, comments are gone and every string literal is `"n"`, n being its index in `strings`: a word in a comment or a
 *     string is never taken for code, and code inside `${…}` is still code.
 * SOT2  Line breaks stay, so that a position in `code` is on the line it had in the source.
 */

/** A source split into code and the contents of its string literals. */
export interface SourceText {
  readonly code: string;
  readonly strings: readonly string[];
}

export interface ImportReference {
  /** As written, such as `../base/index.ts` or `node:fs`. */
  readonly specifier: string;
  /** `entry`: named by `new URL("…", import.meta.url)`, the way a worker or a child process is started. */
  readonly kind: "import" | "entry";
  /** Names types alone, so that nothing of it is left when the code runs. */
  readonly isTypeOnly: boolean;
  /** Counted from 1. */
  readonly line: number;
}

/** Keywords after which a slash begins a regular expression and not a division. */
const beforeExpression = new Set(
  "return typeof instanceof in of new delete void throw case do else yield await default extends".split(" "),
);

/** Splits a source (SOT1, SOT2). */
export function splitSource(source: string): SourceText {
  const strings: string[] = [];
  let code = "";
  let at = 0;
  /** For each open template the depth of braces at which its `${` closes. */
  const templates: number[] = [];
  let depth = 0;

  const newlinesOf = (text: string): string => text.replace(/[^\n]/g, "");
  const addString = (content: string): void => {
    code += `"${strings.length}"${newlinesOf(content)}`;
    strings.push(content);
  };
  const readTemplateChunk = (): void => {
    const end = endOfTemplateChunk(source, at);
    addString(source.slice(at, end));
    at = end + (source[end] === "`" ? 1 : 2);
    if (source[end] !== "`") {
      templates.push(depth);
      depth += 1;
    }
  };

  while (at < source.length) {
    const char = source[at] ?? "";
    if (source.startsWith("//", at)) {
      at = positionOf(source, "\n", at);
    } else if (source.startsWith("/*", at)) {
      const end = Math.min(positionOf(source, "*/", at + 2) + 2, source.length);
      code += ` ${newlinesOf(source.slice(at, end))}`;
      at = end;
    } else if (char === '"' || char === "'") {
      const end = endOfQuoted(source, at + 1, char);
      addString(source.slice(at + 1, end));
      at = end + 1;
    } else if (char === "`") {
      at += 1;
      readTemplateChunk();
    } else if (char === "}" && templates.at(-1) === depth - 1) {
      templates.pop();
      depth -= 1;
      at += 1;
      code += " ";
      readTemplateChunk();
    } else if (char === "/" && beginsExpression(code)) {
      code += " 0 "; // a regular expression is a value; what is in it is not code
      at = endOfRegex(source, at);
    } else {
      if (char === "{") depth += 1;
      if (char === "}") depth -= 1;
      code += char;
      at += 1;
    }
  }
  return { code, strings };
}

/** Every import, re-export, dynamic import, import type and worker entry of a source, in the order of the text. */
export function importsOf(source: string): ImportReference[] {
  const { code, strings } = splitSource(source);
  const found: (ImportReference & { readonly index: number })[] = [];
  const collect = (pattern: RegExp, kind: ImportReference["kind"]): void => {
    for (const match of code.matchAll(pattern)) {
      const specifier = strings[Number(match[1])] ?? "";
      // The position of the literal, since a long import list has many lines.
      const index = match.index + match[0].lastIndexOf(`"${match[1]}"`);
      const line = code.slice(0, index).split("\n").length;
      found.push({ specifier, kind, isTypeOnly: namesTypesAlone(match[0]), line, index });
    }
  };
  collect(/(?<![\w$.])(?:import|export)\b[^;"()]*?\bfrom\s*"(\d+)"/g, "import");
  collect(/(?<![\w$.])import\s*"(\d+)"/g, "import");
  collect(/(?<![\w$.])import\s*\(\s*"(\d+)"/g, "import");
  collect(/\bnew\s+URL\s*\(\s*"(\d+)"\s*,\s*import\.meta\.(?:url|filename)\b/g, "entry");
  collect(/\bimport\.meta\.resolve\s*\(\s*"(\d+)"/g, "entry");
  return found.toSorted((a, b) => a.index - b.index).map(({ index: _index, ...reference }) => reference);
}

/** Of the text of an import or re-export, from its keyword on. */
function namesTypesAlone(statement: string): boolean {
  if (/^(?:import|export)\s+type\b/.test(statement)) return true;
  const names = /^(?:import|export)\s*\{([^}]*)\}/.exec(statement)?.[1]?.split(",") ?? [];
  return names.length > 0 && names.every((name) => name.trim() === "" || /^\s*type\s/.test(name));
}

/** Whether a slash after this code begins a regular expression: it does not after a value. */
function beginsExpression(code: string): boolean {
  const before = code.trimEnd();
  const word = /[\w$]+$/.exec(before)?.[0];
  if (word !== undefined) return beforeExpression.has(word);
  return !/[)\]}"]$|[\w$)\]}"]!$/.test(before); // `x!` asserts that a value is there
}

function endOfQuoted(source: string, from: number, quote: string): number {
  let at = from;
  while (at < source.length && source[at] !== quote && source[at] !== "\n") at += source[at] === "\\" ? 2 : 1;
  return at;
}

/** The position of the closing backtick or of the next `${`. */
function endOfTemplateChunk(source: string, from: number): number {
  let at = from;
  while (at < source.length && source[at] !== "`" && !source.startsWith("${", at)) at += source[at] === "\\" ? 2 : 1;
  return at;
}

function endOfRegex(source: string, from: number): number {
  let at = from + 1;
  let inClass = false;
  while (at < source.length && source[at] !== "\n" && (inClass || source[at] !== "/")) {
    if (source[at] === "[") inClass = true;
    if (source[at] === "]") inClass = false;
    at += source[at] === "\\" ? 2 : 1;
  }
  return at + 1;
}

/** Where the text begins, or the end of the source. */
function positionOf(source: string, text: string, from: number): number {
  const position = source.indexOf(text, from);
  return position === -1 ? source.length : position;
}

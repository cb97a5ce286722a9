/**
 * Owns: the text of a manifest as documents whose fields know where they stand.
 * Does not own: where the text comes from (manifest-sources.ts), what documents mean (manifest-set.ts). Pure.
 *
 * MT1 A text is taken whole or not at all: one syntax error, and none of its documents is used.
 * MT2 A field that is not there stands where its nearest parent does.
 */
import { type Document, isMap, isNode, isPair, isScalar, isSeq, LineCounter, type Node, parseAllDocuments } from "yaml";
import { checkValues, type ValueFinding } from "./manifest-values.ts";

/** Both from 1. */
export type Position = { readonly line: number; readonly column: number };

/** Something that is wrong with a manifest, and where. */
export type ManifestProblem = {
  /** File as the person named it. */
  readonly file: string;
  /** null: of the file as a whole. */
  readonly position: Position | null;
  /** Such as `spec.job.env[2].name`; empty: the document. */
  readonly field: string;
  readonly message: string;
};

export type ManifestDocument = {
  readonly value: unknown;
  /** What kubectl would read otherwise (MV2). */
  readonly warnings: readonly ManifestProblem[];
  /** Of the field with this path; `isKey`: of its name, else of its value. */
  positionOf(path: string, isKey?: boolean): Position;
};

export type ParsedText =
  | { readonly kind: "documents"; readonly documents: readonly ManifestDocument[] }
  | { readonly kind: "invalid"; readonly problems: readonly ManifestProblem[] };

/** YAML, of which JSON is a part; empty documents are left out. */
export function parseManifestText(text: string, file: string): ParsedText {
  const lines = new LineCounter();
  const place = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const parsed = parseAll(text, lines);
  if (parsed === null) {
    const message = "is nested too deeply to be read";
    return { kind: "invalid", problems: [{ file, position: null, field: "", message }] };
  }
  const documents: ManifestDocument[] = [];
  const problems: ManifestProblem[] = [];
  for (const document of parsed) {
    // What follows the first mistake is mostly a consequence of it.
    const [mistake] = document.errors;
    if (mistake !== undefined) {
      problems.push({ file, position: place(mistake.pos[0]), field: "", message: inOneLine(mistake.message) });
    }
    if (problems.length > 0 || document.contents === null) continue;
    const root: unknown = document.contents;
    const start = isNode(root) ? (root.range?.[0] ?? 0) : 0;
    const at = ({ offset, message }: ValueFinding): ManifestProblem => ({
      file,
      position: place(offset),
      field: "",
      message,
    });
    const findings = checkValues(document);
    problems.push(...findings.problems.map(at));
    if (problems.length > 0) continue;
    try {
      const value: unknown = document.toJS();
      if (value === null) continue;
      documents.push({
        value,
        warnings: findings.warnings.map(at),
        positionOf: (path, isKey = false) => place(offsetOf(root, parsePath(path), isKey) ?? start),
      });
    } catch (error) {
      // An alias without its anchor, or too many of them.
      problems.push({ file, position: place(start), field: "", message: inOneLine((error as Error).message) });
    }
  }
  return problems.length > 0 ? { kind: "invalid", problems } : { kind: "documents", documents };
}

/** null: it is nested so deeply that the parser gives up. */
function parseAll(text: string, lineCounter: LineCounter): readonly Document[] | null {
  try {
    return [...parseAllDocuments(text, { lineCounter, prettyErrors: false, merge: true })];
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** `wc.yaml:3:5 spec.parallelism: must be …`. */
export function problemLine({ file, position, field, message }: ManifestProblem): string {
  const where = position === null ? file : `${file}:${position.line}:${position.column}`;
  return field === "" ? `${where}: ${message}` : `${where} ${field}: ${message}`;
}

/** `spec.job.env[2].name` as its parts; names that are no plain words are written as JSON. */
export function parsePath(path: string): (string | number)[] {
  const parts: (string | number)[] = [];
  for (const match of path.matchAll(/\[(\d+)\]|("(?:[^"\\]|\\.)*")|([^.[\]"]+)/g)) {
    const [, index, quoted, name] = match;
    if (index !== undefined) parts.push(Number(index));
    else if (quoted !== undefined) parts.push(JSON.parse(quoted) as string);
    else if (name !== undefined) parts.push(name);
  }
  return parts;
}

/** Offset in the text of the deepest part of the path that is there; null: nothing of it is. */
function offsetOf(root: unknown, path: readonly (string | number)[], isKey: boolean): number | null {
  let node: unknown = root;
  let offset: number | null = null;
  for (const [depth, part] of path.entries()) {
    const found = child(node, part);
    if (found === null) return offset;
    const isLast = depth === path.length - 1;
    // A missing field below is best looked for where its parent is named.
    const at = isLast && !isKey && isScalar(found.value) ? found.value : (found.key ?? found.value);
    offset = startOf(at) ?? startOf(found.value) ?? offset;
    node = found.value;
  }
  return offset;
}

function child(node: unknown, part: string | number): { readonly key: Node | null; readonly value: unknown } | null {
  if (isSeq(node)) {
    const item: unknown = typeof part === "number" ? node.items[part] : undefined;
    return item === undefined ? null : { key: null, value: item };
  }
  if (!isMap(node)) return null;
  for (const pair of node.items) {
    if (!isPair(pair)) continue;
    const key: unknown = pair.key;
    const name = isScalar(key) ? String(key.value) : null;
    if (name === String(part)) return { key: isNode(key) ? key : null, value: pair.value };
  }
  return null;
}

function startOf(node: unknown): number | null {
  return isNode(node) ? (node.range?.[0] ?? null) : null;
}

/** Of the parser. It runs out of stack where a text is nested too deeply, and says that of its own stack. */
function inOneLine(text: string): string {
  if (/call stack/.test(text)) return "is nested too deeply to be read";
  return text.replace(/\s+/g, " ").trim();
}

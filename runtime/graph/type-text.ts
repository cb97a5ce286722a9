/**
 * Owns: reading a type back from its text, the form in which checkpoints keep it (`describeType` writes it).
 *
 * TYT1 Parsing what describeType wrote gives the type's structure, unless a field's name itself holds `: `, `, `, `<` or `>`:
 *     then it is undefined, or a structure that describes to another text, which callers take for "cannot tell".
 */

export type ParsedType = {
  readonly kind: string;
  readonly nullable: boolean;
  readonly fields: readonly ParsedField[];
  /** Of a list: its items; of a map: its values; else null. */
  readonly item: ParsedType | null;
  /** As text: of a map, its keys; of a literal, its values; of a decimal, its scale. */
  readonly details: readonly string[];
};

export type ParsedField = { readonly name: string; readonly type: ParsedType; readonly optional: boolean };

/** Kinds of state whose type is described as a map's. */
const KEYED_KINDS: readonly string[] = ["map", "sliced-table", "row-table"];

/** Of a map state or a table the type of its keys, as text; the others have none. */
export type DeclaredType = { readonly key: string | null; readonly value: ParsedType };

const NULLABLE = " | null";

/** The structure of a described type, or undefined when the text is none. */
export function parseType(text: string): ParsedType | undefined {
  const nullable = text.endsWith(NULLABLE) && depthAt(text, text.length - NULLABLE.length) === 0;
  const base = nullable ? text.slice(0, -NULLABLE.length) : text;
  if (/^\w+$/.test(base)) return { kind: base, nullable, fields: [], item: null, details: [] };
  const inner = /^(\w+)<(.*)>$/s.exec(base);
  if (inner === null) return undefined;
  const kind = inner[1] ?? "";
  const parts = splitFields(inner[2] ?? "");
  const plain = { kind, nullable, fields: [], item: null, details: parts };
  if (kind === "literal" || kind === "decimal") return plain;
  if (kind === "list" || kind === "map") {
    const item = parts.length === (kind === "list" ? 1 : 2) ? parseType(parts.at(-1) ?? "") : undefined;
    return item === undefined ? undefined : { ...plain, item, details: parts.slice(0, -1) };
  }
  const fields: ParsedField[] = [];
  for (const part of parts) {
    const field = parseField(part);
    if (field === undefined) return undefined;
    fields.push(field);
  }
  return { ...plain, fields, details: [] };
}

function parseField(part: string): ParsedField | undefined {
  const colon = part.indexOf(": ");
  if (colon < 0) return undefined;
  const text = part.slice(colon + 2);
  const inner = /^optional<(.*)>$/s.exec(text)?.[1];
  const type = parseType(inner ?? text);
  return type === undefined ? undefined : { name: part.slice(0, colon), type, optional: inner !== undefined };
}

/** The type of a state's declaration; `kind`: of the state. */
export function parseDeclaredType(text: string, kind: string): DeclaredType | undefined {
  const value = parseType(text);
  if (value === undefined || !KEYED_KINDS.includes(kind)) return value === undefined ? undefined : { key: null, value };
  return value.item === null || value.nullable ? undefined : { key: value.details[0] ?? "", value: value.item };
}

function splitFields(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "<") depth++;
    else if (text[at] === ">") depth--;
    else if (depth === 0 && text.startsWith(", ", at)) {
      parts.push(text.slice(start, at));
      start = at + 2;
    }
  }
  if (start < text.length) parts.push(text.slice(start));
  return parts;
}

function depthAt(text: string, end: number): number {
  let depth = 0;
  for (let at = 0; at < end; at++) depth += text[at] === "<" ? 1 : text[at] === ">" ? -1 : 0;
  return depth;
}

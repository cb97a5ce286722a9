/**
 * Owns: reading a type back from its text, the form in which checkpoints keep it (`describeType` writes it).
 *
 * TYT1 Parsing what describeType wrote gives the type's structure, unless a field's name itself holds `: `, `, `, `<` or `>`:
 *     then it is undefined, or a structure that describes to another text, which callers take for "cannot tell".
 */

export type ParsedType = {
  readonly kind: string;
  readonly nullable: boolean;
  readonly fields: readonly { readonly name: string; readonly type: ParsedType }[];
};

/** Of a state: `map<key, value>` has a key type, as text; the others have none. */
export type DeclaredType = { readonly key: string | null; readonly value: ParsedType };

const NULLABLE = " | null";

/** The structure of a described type, or undefined when the text is none. */
export function parseType(text: string): ParsedType | undefined {
  const nullable = text.endsWith(NULLABLE) && depthAt(text, text.length - NULLABLE.length) === 0;
  const base = nullable ? text.slice(0, -NULLABLE.length) : text;
  if (/^\w+$/.test(base)) return { kind: base, nullable, fields: [] };
  const inner = /^(\w+)<(.*)>$/s.exec(base);
  if (inner === null) return undefined;
  const fields: { name: string; type: ParsedType }[] = [];
  for (const part of splitFields(inner[2] ?? "")) {
    const colon = part.indexOf(": ");
    const type = colon < 0 ? undefined : parseType(part.slice(colon + 2));
    if (type === undefined) return undefined;
    fields.push({ name: part.slice(0, colon), type });
  }
  return { kind: inner[1] ?? "", nullable, fields };
}

/** The type of a state's declaration. */
export function parseDeclaredType(text: string): DeclaredType | undefined {
  const map = /^map<(.*)>$/s.exec(text);
  const [key, valueText, ...more] = map === null ? [null, text] : splitFields(map[1] ?? "");
  const value = valueText === undefined || more.length > 0 ? undefined : parseType(valueText);
  return key === undefined || value === undefined ? undefined : { key, value };
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

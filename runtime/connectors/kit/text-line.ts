/**
 * Owns: how a value is written as one line of text where the user does not say.
 * Called by: the print and the files sink.
 *
 * TEL1 A string is written as it is; everything else is JSON without line ends in it.
 * TEL2 A bigint is written with all its digits, bytes as base64, a value that JSON does not know as null.
 */

/** The line of a value, without the line end. */
export function lineOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (isPlain(value)) return JSON.stringify(value) ?? "null";
  const asWritten = function (this: unknown, name: string, inner: unknown): unknown {
    // A Buffer has turned itself into an object of numbers by now; its holder still has it.
    const original = (this as Record<string, unknown>)[name];
    return jsonable(original instanceof Uint8Array ? original : inner);
  };
  return JSON.stringify(value, asWritten) ?? "null";
}

/** True when nothing in it needs `jsonable`; a flat look that spares most records the slow way. */
function isPlain(value: unknown): boolean {
  if (typeof value === "bigint") return false;
  if (typeof value !== "object" || value === null) return true;
  if (Array.isArray(value) || value instanceof Uint8Array) return false;
  for (const name in value) {
    const inner = (value as Record<string, unknown>)[name];
    if (typeof inner === "bigint" || (typeof inner === "object" && inner !== null)) return false;
  }
  return true;
}

function jsonable(value: unknown): unknown {
  if (typeof value === "bigint") return (JSON as unknown as JsonWithRawText).rawJSON(String(value));
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
  return value;
}

/** ES2025's JSON.rawJSON, which TypeScript's es2024 library does not declare. */
type JsonWithRawText = { rawJSON(text: string): unknown };

/**
 * Owns: turning a request's bytes into a checked message.
 * Called by: routes.ts.
 *
 * REB1 At most BODY_BYTES_MAX are read, whatever the headers say.
 * REB2 Depth is checked before JSON.parse sees the text, so that nesting cannot exhaust the stack.
 * REB3 No object with a key that could reach a prototype leaves this file.
 */
import type { z } from "zod";
import { RestError } from "./rest-error.ts";

/** 1 MiB. */
export const BODY_BYTES_MAX = 1024 * 1024;
const DEPTH_MAX = 32;
const forbiddenKeys: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** Reads and checks a body; an empty one counts as `{}`. Errors: RestError 413 and 400, the latter naming the field. */
export async function readMessage<S extends z.ZodType>(request: Request, schema: S): Promise<z.output<S>> {
  const text = await readText(request);
  const parsed = schema.safeParse(text.trim() === "" ? {} : parseJson(text));
  if (parsed.success) return parsed.data;
  throw new RestError(
    400,
    parsed.error.issues.slice(0, 10).map((issue) => {
      const field = issue.path.map(String).join(".");
      return `Bad request: ${field === "" ? "the body" : `field "${field}"`}: ${issue.message}`;
    }),
  );
}

async function readText(request: Request): Promise<string> {
  const announced = Number(request.headers.get("content-length") ?? 0);
  if (announced > BODY_BYTES_MAX) throw tooLarge();
  if (request.body === null) return "";
  const pieces: Uint8Array[] = [];
  let length = 0;
  const reader = request.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.byteLength;
    if (length > BODY_BYTES_MAX) {
      await reader.cancel();
      throw tooLarge();
    }
    pieces.push(value);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(pieces));
  } catch {
    throw new RestError(400, ["Bad request: the body is not UTF-8 text"]);
  }
}

function tooLarge(): RestError {
  return new RestError(413, [`The body is larger than the limit of ${BODY_BYTES_MAX} bytes`]);
}

function parseJson(text: string): unknown {
  if (depthOf(text) > DEPTH_MAX)
    throw new RestError(400, [`Bad request: the body is nested deeper than the limit of ${DEPTH_MAX}`]);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new RestError(400, [`Bad request: the body is not JSON: ${(error as Error).message}`]);
  }
  refuseForbiddenKeys(value);
  return value;
}

/** Deepest nesting of brackets outside strings; right for valid JSON, and never too small for any text. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (inString) {
      if (c === 0x5c) i++;
      else if (c === 0x22) inString = false;
    } else if (c === 0x22) inString = true;
    else if (c === 0x7b || c === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (c === 0x7d || c === 0x5d) depth--;
  }
  return deepest;
}

function refuseForbiddenKeys(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  for (const key of Object.keys(value)) {
    if (forbiddenKeys.has(key)) throw new RestError(400, [`Bad request: field "${key}" is not allowed`]);
    refuseForbiddenKeys((value as Record<string, unknown>)[key]);
  }
}
